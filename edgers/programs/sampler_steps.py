"""The steps of a sampler, as plain functions of the noisy and the clean answer.

Coefficients are worked out in float64; the answer stays float32.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.contract.sampler import Method, SamplerRule
from edgers.programs.schedule import Step

Reals = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Where a step begins."""

    step: Step
    """How noisy it is, before and after."""
    noisy: Reals
    """The answer as it stands."""
    clean: Reals
    """The clean answer that the network sees in it."""
    earlier: tuple[Step, Reals] | None
    """The step before, and the clean answer seen there; None at the first."""
    eta: float
    """Noise that DDIM adds, as a share of DDPM's."""
    draw: Callable[[], Reals]
    """Draws noise in the shape of the answer."""


def clean_answer(given: Reals, noisy: Reals, step: Step, rule: SamplerRule) -> Reals:
    """Work out the clean answer from what the network gives, within the limits of the rule.

    noisy = share × clean + rest × noise, and velocity = share × noise − rest × clean.
    """
    share, rest = math.sqrt(step.kept), math.sqrt(1 - step.kept)
    clean = given
    if rule.prediction == "epsilon":
        clean = _sum(1 / share, noisy, -rest / share, given)
    elif rule.prediction == "v":
        clean = _sum(share, noisy, -rest, given)
    if rule.clip is not None:
        clean = np.clip(clean, -rule.clip, rule.clip).astype(np.float32, copy=False)
    return clean


def ddpm_step(at: Moment) -> Reals:
    """Draw from the posterior of the forward process (Ho et al. 2020, eq. 7, small variance)."""
    now, after = at.step.kept, at.step.kept_next
    alpha = now / after
    of_clean = math.sqrt(after) * (1 - alpha) / (1 - now)
    of_noisy = math.sqrt(alpha) * (1 - after) / (1 - now)
    spread = math.sqrt((1 - alpha) * (1 - after) / (1 - now))
    return _drawn(_sum(of_clean, at.clean, of_noisy, at.noisy), spread, at.draw)


def ddim_step(at: Moment) -> Reals:
    """Step along the deterministic path, with `eta` of DDPM's noise (Song et al. 2021, eq. 12).

    The noise is that which goes with the clean answer after clipping.
    """
    now, after = at.step.kept, at.step.kept_next
    noise = _sum(1 / math.sqrt(1 - now), at.noisy, -math.sqrt(now / (1 - now)), at.clean)
    spread = at.eta * math.sqrt((1 - after) / (1 - now) * (1 - now / after))
    rest = math.sqrt(max(0.0, 1 - after - spread**2))
    return _drawn(_sum(math.sqrt(after), at.clean, rest, noise), spread, at.draw)


def dpm_step(at: Moment) -> Reals:
    """Step by DPM-Solver++ (2M) (Lu et al. 2022, algorithm 2); the first and last of order 1."""
    share, rest = math.sqrt(at.step.kept_next), math.sqrt(1 - at.step.kept_next)
    if not rest:
        # The end has no noise: its logarithm is infinite, and the step lands on the clean answer.
        return at.clean
    length = _half_log_snr(at.step.kept_next) - _half_log_snr(at.step.kept)
    clean = at.clean
    if at.earlier is not None:
        before, seen = at.earlier
        ratio = (_half_log_snr(at.step.kept) - _half_log_snr(before.kept)) / length
        clean = _sum(1 + 1 / (2 * ratio), clean, -1 / (2 * ratio), seen)
    return _sum(rest / math.sqrt(1 - at.step.kept), at.noisy, -share * math.expm1(-length), clean)


def _half_log_snr(kept: float) -> float:
    """Give lambda, log(share / rest)."""
    return 0.5 * (math.log(kept) - math.log1p(-kept))


def _sum(first: float, one: Reals, second: float, other: Reals) -> Reals:
    """Weigh two answers and add them up, in float32."""
    total: Reals = np.float32(first) * one + np.float32(second) * other
    return total


def _drawn(mean: Reals, spread: float, draw: Callable[[], Reals]) -> Reals:
    """Add noise, where there is to be some."""
    return _sum(1.0, mean, spread, draw()) if spread else mean


STEPS: Mapping[Method, Callable[[Moment], Reals]] = {
    "ddpm": ddpm_step,
    "ddim": ddim_step,
    "dpm-solver++": dpm_step,
}

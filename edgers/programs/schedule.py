"""The schedule of a sampler: how much of the answer is left in the noise at each step."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.contract.sampler import SamplerRule

COSINE_OFFSET = 0.008
"""Nichol and Dhariwal 2021, eq. 17: keeps the first betas from being too small."""
LARGEST_BETA = 0.999
"""Nichol and Dhariwal 2021, section 3.2: keeps the last one from being 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step from a noisy answer to a cleaner one."""

    time: int
    """Training step the answer stands at."""
    kept: float
    """Share of the clean answer's variance in it (alpha-bar)."""
    kept_next: float
    """Share of that after the step; 1 after the last."""


def schedule(rule: SamplerRule) -> tuple[Step, ...]:
    """Give the steps in order, the noisiest first."""
    kept = np.cumprod(1 - betas(rule))
    times = step_times(rule)
    after = [*(float(kept[time]) for time in times[1:]), 1.0]
    return tuple(
        Step(time=time, kept=float(kept[time]), kept_next=following)
        for time, following in zip(times, after, strict=True)
    )


def betas(rule: SamplerRule) -> npt.NDArray[np.float64]:
    """Give the variance that each training step adds."""
    count = rule.train_steps
    if rule.betas == "linear":
        return np.linspace(rule.beta_start, rule.beta_end, count)
    if rule.betas == "scaled-linear":
        return np.linspace(math.sqrt(rule.beta_start), math.sqrt(rule.beta_end), count) ** 2
    ends = np.arange(count + 1) / count
    left = np.cos((ends + COSINE_OFFSET) / (1 + COSINE_OFFSET) * math.pi / 2) ** 2
    added: npt.NDArray[np.float64] = np.minimum(1 - left[1:] / left[:-1], LARGEST_BETA)
    return added


def step_times(rule: SamplerRule) -> list[int]:
    """Give the training steps that are visited, the last of training first.

    `trailing`: counted down from the last, as 999, 979, … 19. `leading`: multiples of a whole
    number of steps down to 0, as 980, 960, … 0. (Names as in Lin et al. 2023, arXiv:2305.08891.)
    """
    if rule.spacing == "leading":
        ratio = rule.train_steps // rule.steps
        return [ratio * i for i in reversed(range(rule.steps))]
    return [round(rule.train_steps * (rule.steps - i) / rule.steps) - 1 for i in range(rule.steps)]

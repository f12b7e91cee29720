"""Ordered classes: a score for each but the first, that a pixel is of that class or a higher one.

So wet, flooded and deep flooded, or damage from none to destroyed, as in CORAL (Cao, Mirjalili &
Raschka 2020, Rank consistent ordinal regression).
"""

import numpy as np
import numpy.typing as npt

from edgers.kernels.score_rule import Decoded, ScoreRule

Reals = npt.NDArray[np.float32]


def decode_ordered(scores: Reals, rule: ScoreRule, *, with_probabilities: bool) -> Decoded:
    """Choose classes from cumulative scores, (class - 1, height, width).

    The class is as high as there are scores of at least the threshold, so that scores which
    contradict one another still count each once. The probability of a class is the one of reaching
    it less the one of reaching the next, at least 0, and those of a pixel sum up to 1.
    """
    not_finite = np.asarray(~np.isfinite(scores).all(axis=0))
    chances = reached(scores, rule)
    rank = (chances >= np.float32(rule.threshold)).sum(axis=0)
    rank[not_finite] = 0
    return Decoded(
        classes=rule.values[rank],
        not_finite=not_finite,
        probabilities=_by_class(chances) if with_probabilities else None,
    )


def reached(scores: Reals, rule: ScoreRule) -> Reals:
    """Give the probability that each score means, of any shape; NaN stays NaN."""
    if rule.activation == "none":
        return scores
    # Of large negative numbers the exponential overflows, and 1 / infinity is what is wanted.
    with np.errstate(over="ignore"):
        chances: Reals = np.float32(1) / (np.float32(1) + np.exp(-scores))
    return chances


def _by_class(chances: Reals) -> Reals:
    """Give the probability of each class, (class, height, width)."""
    one, none = np.ones_like(chances[:1]), np.zeros_like(chances[:1])
    # A higher class is never likelier to be reached than a lower one.
    falling = np.minimum.accumulate(np.concatenate([one, chances, none]), axis=0)
    found: Reals = falling[:-1] - falling[1:]
    return found

"""From a network's scores to classes and probabilities."""

import numpy as np
import numpy.typing as npt

from edgers.kernels.reference.scatter import scatter
from edgers.kernels.score_rule import Decoded, ScoreRule


def decode(
    scores: npt.NDArray[np.float32], rule: ScoreRule, *, with_probabilities: bool = False
) -> Decoded:
    """Choose a class for each pixel, and give the probability of each class where asked for.

    `scores` are (class, height, width), or (1, height, width) for the score of the second of two
    classes. The highest score wins, the first of equal ones. A pixel with a score that is NaN or
    infinite is told apart; it has the first class, and its probabilities mean nothing.
    """
    with np.errstate(all="ignore"):
        finite = np.logical_and.reduce(np.isfinite(scores))
        if len(scores) == 1:
            second = _activated(scores[0], rule)
            winner = (second >= np.float32(rule.threshold)).astype(np.intp)
            probabilities = np.stack([np.float32(1) - second, second])
        else:
            winner = np.argmax(scores, axis=0)
            probabilities = _activated(scores, rule)
    return Decoded(
        classes=rule.values[np.where(finite, winner, 0)],
        not_finite=np.logical_not(finite),
        probabilities=probabilities if with_probabilities else None,
    )


def settle(
    target: npt.NDArray[np.float32], part: npt.NDArray[np.float32],
    row_weights: npt.NDArray[np.float32], column_weights: npt.NDArray[np.float32], rule: ScoreRule,
) -> Decoded:  # fmt: skip
    """Add the last part to mixed scores, in place as `scatter` does, and choose classes."""
    scatter(target, part, row_weights, column_weights)
    return decode(target, rule)


def _activated(scores: npt.NDArray[np.float32], rule: ScoreRule) -> npt.NDArray[np.float32]:
    """Turn scores into probabilities."""
    if rule.activation == "none":
        return scores
    if rule.activation == "sigmoid" or scores.ndim == 2:
        result: npt.NDArray[np.float32] = np.float32(1) / (np.float32(1) + np.exp(-scores))
    else:
        powers = np.exp(scores - scores.max(axis=0))
        result = powers / powers.sum(axis=0)
    return result

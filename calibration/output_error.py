"""How far a network's output is from what it should be."""

from dataclasses import dataclass
from math import inf, log10

import numpy as np

from edgers.calibration.tiles import Tiles
from edgers.engines import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputError:
    """What another way to compute a network costs, without labels."""

    sqnr_db: float
    """Power of the output over power of the difference, in decibels; infinite where it is equal."""
    changed_share: float
    """Share of the pixels that get another class; 0 where the output has no axis of classes."""


def output_error(
    float_engine: Engine, candidate: Engine, tiles: Tiles, output: str, class_axis: int | None
) -> OutputError:
    """Compare the output of two engines over tiles, summed in float64.

    `class_axis` is the axis of scores in the output; with one score a pixel the class changes where
    its sign does. None where the output is no scores.
    """
    power = noise = 0.0
    changed = pixels = 0
    for tensors in tiles:
        expected = float_engine.infer(tensors)[output].astype(np.float64)
        found = candidate.infer(tensors)[output].astype(np.float64)
        power += float((expected**2).sum())
        noise += float(((found - expected) ** 2).sum())
        if class_axis is not None:
            apart = _classes(found, class_axis) != _classes(expected, class_axis)
            changed += int(apart.sum())
            pixels += apart.size
    return OutputError(
        sqnr_db=_decibel(power, noise), changed_share=changed / pixels if pixels else 0.0
    )


def _decibel(power: float, noise: float) -> float:
    if not noise:
        return inf
    return 10 * log10(power / noise) if power else -inf


def _classes(scores: np.ndarray, axis: int) -> np.ndarray:
    return scores.argmax(axis=axis) if scores.shape[axis] > 1 else scores > 0

"""How far a network's outputs are from what they should be."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log10
from typing import Any

import numpy as np
import numpy.typing as npt

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
    float_engine: Engine, candidate: Engine, tiles: Tiles, output: str, class_axis: int | None,
    others: Sequence[str] = (),
) -> OutputError:  # fmt: skip
    """Compare the outputs of two engines over tiles, summed in float64.

    `class_axis` is the axis of scores in the output; with one score a pixel the class changes where
    its sign does. None where the output is no scores. `others` are further outputs.
    """
    names = (output, *others)
    powers, noises = [0.0] * len(names), [0.0] * len(names)
    changed = pixels = 0
    for tensors in tiles:
        wanted, got = float_engine.infer(tensors), candidate.infer(tensors)
        for i, name in enumerate(names):
            expected, found = same_shape(wanted[name], got[name])
            powers[i] += float((expected**2).sum())
            noises[i] += float(((found - expected) ** 2).sum())
        if class_axis is not None:
            one, other = (_classes(each[output], class_axis) for each in (got, wanted))
            changed += int((one != other).sum())
            pixels += one.size
    return OutputError(
        sqnr_db=_decibel(*of_all(powers, noises)), changed_share=changed / pixels if pixels else 0.0
    )


def same_shape(
    one: npt.NDArray[Any], other: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Give two arrays in float64, zeros where one is shorter: so are boxes that it did not find."""
    if one.shape == other.shape:
        return one.astype(np.float64), other.astype(np.float64)
    shape = tuple(map(max, one.shape, other.shape))
    wide = [np.zeros(shape), np.zeros(shape)]
    for here, given in zip(wide, (one, other), strict=True):
        here[tuple(map(slice, given.shape))] = given
    return wide[0], wide[1]


def of_all(powers: Sequence[float], noises: Sequence[float]) -> tuple[float, float]:
    """Give power and noise of several outputs together: each weighs the same, whatever its unit."""
    count, first = len(powers), powers[0]
    shares = [
        noise * first / power if power else noise
        for power, noise in zip(powers[1:], noises[1:], strict=True)
    ]
    return count * first, noises[0] + sum(shares)


def _decibel(power: float, noise: float) -> float:
    if not noise:
        return inf
    return 10 * log10(power / noise) if power else -inf


def _classes(scores: npt.NDArray[Any], axis: int) -> npt.NDArray[Any]:
    wide = scores.astype(np.float64)
    return wide.argmax(axis=axis) if wide.shape[axis] > 1 else wide > 0

"""How far a network's outputs are from what they should be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, log10
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.calibration.tiles import Tiles
from edgers.engines import Engine, Tensors

NO_AXES: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputError:
    """What another way to compute a network costs, without labels."""

    sqnr_db: float
    """Power of the output over power of the difference, in decibels; infinite where it is equal."""
    changed_share: float
    """Share of the pixels that get another class; 0 where the output has no axis of classes."""


def output_error(
    float_engine: Engine, candidate: Engine, tiles: Tiles, output: str, class_axis: int | None,
    others: Sequence[str] = (), axes: Mapping[str, int] = NO_AXES,
) -> OutputError:  # fmt: skip
    """Compare the outputs of two engines over tiles, summed in float64.

    `class_axis` is the axis of scores in the output; with one score a pixel the class changes where
    its sign does. None where the output is no scores. `others` are further outputs, `axes` those of
    outputs along which numbers mean different things.
    """
    noise = OutputNoise((output, *others), axes)
    changed = pixels = 0
    for tensors in tiles:
        wanted, got = float_engine.infer(tensors), candidate.infer(tensors)
        noise.add(wanted, got)
        if class_axis is not None:
            one, other = (_classes(each[output], class_axis) for each in (got, wanted))
            changed += int((one != other).sum())
            pixels += one.size
    return OutputError(
        sqnr_db=_decibel(*noise.sums()), changed_share=changed / pixels if pixels else 0.0
    )


class OutputNoise:
    """Running power of outputs, and of their difference from what they should be.

    Each number along an axis of `axes` weighs as much as any other: pixels of a box and its score,
    or values in several units. So does each output. What is not finite in the first is left out.
    """

    def __init__(self, names: Sequence[str], axes: Mapping[str, int] = NO_AXES) -> None:
        """Begin with nothing counted, for outputs of these names."""
        self._names, self._axes = tuple(names), axes
        # One number stands for as many as an axis will turn out to have.
        self._powers = [np.zeros(1) for _ in names]
        self._noises = [np.zeros(1) for _ in names]

    def add(self, wanted: Tensors, got: Tensors) -> None:
        """Add a tile."""
        for i, name in enumerate(self._names):
            one, other = _same_shape(wanted[name], got[name])
            is_known = np.isfinite(one)
            rest = None
            if (axis := self._axes.get(name)) is not None:
                rest = tuple(at for at in range(one.ndim) if at != axis)
            with np.errstate(invalid="ignore", over="ignore"):
                power = np.sum(one**2, axis=rest, where=is_known)
                noise = np.sum((other - one) ** 2, axis=rest, where=is_known)
            self._powers[i] = self._powers[i] + power
            self._noises[i] = self._noises[i] + noise

    def sums(self) -> tuple[float, float]:
        """Give power and noise of all together."""
        powers, noises = np.concatenate(self._powers), np.concatenate(self._noises)
        if len(powers) == 1:
            return float(powers[0]), float(noises[0])
        with np.errstate(invalid="ignore"):
            shares = noises / np.where(powers > 0, powers, 1)
        return float(len(powers)), float(shares.sum())


def _same_shape(
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


def _decibel(power: float, noise: float) -> float:
    if not noise:
        return inf
    return 10 * log10(power / noise) if power else -inf


def _classes(scores: npt.NDArray[Any], axis: int) -> npt.NDArray[Any]:
    wide = scores.astype(np.float64)
    return wide.argmax(axis=axis) if wide.shape[axis] > 1 else wide > 0

"""Scaling steps as plain numpy: the reference every faster version must equal.

A step takes and gives float32 samples of shape (band, height, width) and works in place.
Parameters come as float32 arrays of shape (1, 1, 1) or (band, 1, 1). The arithmetic is the STAC
MLM one: `scale` divides and `offset` subtracts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
Parameters = Mapping[str, Samples]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRule:
    """What a scaling step needs and does."""

    parameters: tuple[str, ...]
    """Names of the numbers it takes."""
    apply: Callable[[Samples, Parameters], None]
    """Change samples in place."""
    nonzero: tuple[str, ...] = ()
    """Parameters it divides by."""
    above: tuple[str, str] | None = None
    """A pair of parameters of which the first must be greater."""


def _min_max(x: Samples, p: Parameters) -> None:
    np.subtract(x, p["minimum"], out=x)
    np.divide(x, p["maximum"] - p["minimum"], out=x)


def _z_score(x: Samples, p: Parameters) -> None:
    np.subtract(x, p["mean"], out=x)
    np.divide(x, p["stddev"], out=x)


def _clip(x: Samples, p: Parameters) -> None:
    np.clip(x, p["minimum"], p["maximum"], out=x)


def _clip_min(x: Samples, p: Parameters) -> None:
    np.maximum(x, p["minimum"], out=x)


def _clip_max(x: Samples, p: Parameters) -> None:
    np.minimum(x, p["maximum"], out=x)


def _offset(x: Samples, p: Parameters) -> None:
    np.subtract(x, p["value"], out=x)


def _scale(x: Samples, p: Parameters) -> None:
    np.divide(x, p["value"], out=x)


def _decibel(x: Samples, p: Parameters) -> None:
    """Power ratio to dB; `floor` keeps zero and negative power out of the logarithm."""
    np.maximum(x, p["floor"], out=x)
    np.log10(x, out=x)
    np.multiply(x, np.float32(10), out=x)


STEPS: Mapping[str, StepRule] = MappingProxyType(
    {
        "min-max": StepRule(
            parameters=("minimum", "maximum"), apply=_min_max, above=("maximum", "minimum")
        ),
        "z-score": StepRule(parameters=("mean", "stddev"), apply=_z_score, nonzero=("stddev",)),
        "clip": StepRule(
            parameters=("minimum", "maximum"), apply=_clip, above=("maximum", "minimum")
        ),
        "clip-min": StepRule(parameters=("minimum",), apply=_clip_min),
        "clip-max": StepRule(parameters=("maximum",), apply=_clip_max),
        "offset": StepRule(parameters=("value",), apply=_offset),
        "scale": StepRule(parameters=("value",), apply=_scale, nonzero=("value",)),
        "decibel": StepRule(parameters=("floor",), apply=_decibel, nonzero=("floor",)),
    }
)
"""Steps with numeric parameters, by name; `cast` is apart because it takes a type."""

CAST_TYPES = ("uint8", "int8", "uint16", "int16")
"""Integer types a `cast` step can pass through; wider ones do not fit float32 exactly."""


def cast(x: Samples, data_type: str) -> None:
    """Cut samples to whole numbers of a type, in place: toward zero, held to the type's range."""
    limits = np.iinfo(data_type)
    highest = np.float32(limits.max)
    if int(highest) > limits.max:
        # The largest 32-bit and 64-bit integers round up in float32, out of their range.
        highest = np.nextafter(highest, np.float32(0))
    np.clip(x, np.float32(limits.min), highest, out=x)
    np.trunc(x, out=x)


def scale_samples(samples: Samples, steps: Sequence[tuple[str, Parameters | str]]) -> None:
    """Apply steps in order, in place.

    `samples` is float32 (band, height, width); a step is (`cast`, type name) or (a key of `STEPS`,
    its parameters).
    """
    for kind, parameters in steps:
        if isinstance(parameters, str):
            cast(samples, parameters)
        else:
            STEPS[kind].apply(samples, parameters)

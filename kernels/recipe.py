"""From a contract's scaling steps to what the ingest kernels take.

Most step sequences are a few multiplications, additions and limits; those go into fixed slots of a
`Segments` row, so that one loop does them all on a sample between its load and its store. A slot
that is not used holds the neutral number. What is no slot (logarithm, rounding) ends a row.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.kernels.scaling import Parameters, Samples, cast, scale_samples

Step = tuple[str, Parameters | str]
"""A step of `edgers.kernels.scaling`: its kind, and its parameters or the type it cuts to."""

MULTIPLY, ADD, AT_LEAST, AT_MOST, SUBTRACT, DIVIDE, NOT_BELOW, NOT_ABOVE = range(8)
"""Slots of a segment in the order in which they are applied."""
NEUTRAL = (1.0, -0.0, -np.inf, np.inf, 0.0, 1.0, -np.inf, np.inf)
"""Number by slot that changes nothing, not even the sign of a zero."""
NOTHING, DECIBEL, TRUNCATE, ROUND = range(4)
"""What ends a segment: nothing, 10 · log10, cutting toward zero, rounding half to even."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantizer:
    """How real numbers become whole ones: round(x / scale) + zero point, held to the type."""

    scale: float
    """Step between neighbouring whole numbers."""
    zero_point: int
    """Whole number that stands for 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """Steps in slots."""

    numbers: npt.NDArray[np.float32]
    """Number of each slot, (segment, slot, layer)."""
    endings: npt.NDArray[np.int32]
    """What ends each segment, (segment,)."""
    fill: npt.NDArray[np.float32]
    """What a missing sample becomes in the tensor, (layer,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What is done to the samples of one model input; a layer is a band at one date."""

    tags: tuple[Samples, Samples] | None
    """Scale and offset of the files, (layer, 1, 1), applied first; None where they are not."""
    steps: tuple[Step, ...]
    """Scaling steps in order, parameters (layer or 1, 1, 1)."""
    fill: Samples
    """What a missing sample becomes after the steps, (layer, 1, 1)."""
    data_type: np.dtype[np.generic]
    """Type of the tensor."""
    quantizer: Quantizer | None
    """How it becomes whole numbers; None cuts toward zero for an integer type."""
    segments: Segments
    """The same for the fast kernels."""


def make_recipe(
    steps: Sequence[Step], fill: Samples, data_type: str | np.dtype[np.generic],
    *, tags: tuple[Samples, Samples] | None = None, quantizer: Quantizer | None = None,
) -> Recipe:  # fmt: skip
    """Put a recipe together; the arguments are its fields. `fill` says how many layers it has."""
    kind = np.dtype(data_type)
    last = list(_to_whole(kind, quantizer)) if np.issubdtype(kind, np.integer) else []
    numbers, endings = _in_slots([*_of_tags(tags), *_simple(steps), *last], len(fill))
    final = fill.astype(np.float32)
    if np.issubdtype(kind, np.integer):
        to_whole(final, kind, quantizer)
    return Recipe(
        tags=tags, steps=tuple(steps), fill=fill, data_type=kind, quantizer=quantizer,
        segments=Segments(numbers=numbers, endings=endings, fill=final.reshape(-1)),
    )  # fmt: skip


def apply_steps(x: Samples, recipe: Recipe) -> None:
    """Scale samples, (layer, height, width), in place, tags first."""
    if recipe.tags:
        x *= recipe.tags[0]
        x += recipe.tags[1]
    scale_samples(x, recipe.steps)


def to_whole(x: Samples, kind: np.dtype[np.generic], quantizer: Quantizer | None) -> None:
    """Make samples whole numbers of a type, in place; NaN becomes 0."""
    if quantizer is None:
        cast(x, kind.name)
    else:
        limits = np.iinfo(kind.name)
        np.divide(x, np.float32(quantizer.scale), out=x)
        np.rint(x, out=x)
        np.add(x, np.float32(quantizer.zero_point), out=x)
        np.clip(x, np.float32(limits.min), np.float32(limits.max), out=x)
    x[np.isnan(x)] = 0


Simple = tuple[str, npt.NDArray[np.float32]]
"""A slot's operation, or an ending, with its number by layer."""
OPERATIONS = {
    "multiply": (MULTIPLY,),
    "add": (ADD,),
    "at least": (AT_LEAST, NOT_BELOW),
    "at most": (AT_MOST, NOT_ABOVE),
    "subtract": (SUBTRACT,),
    "divide": (DIVIDE,),
}
ENDINGS = {"decibel": DECIBEL, "truncate": TRUNCATE, "round": ROUND}
NO_NUMBER = np.zeros((1, 1, 1), np.float32)


def _of_tags(tags: tuple[Samples, Samples] | None) -> Iterator[Simple]:
    if tags:
        yield "multiply", tags[0]
        yield "add", tags[1]


def _simple(steps: Sequence[Step]) -> Iterator[Simple]:
    """Take steps apart, exactly as `edgers.kernels.scaling` computes them."""
    for kind, p in steps:
        if isinstance(p, str):
            yield from _to_whole(np.dtype(p), None)
        elif kind == "min-max":
            yield from (("subtract", p["minimum"]), ("divide", p["maximum"] - p["minimum"]))
        elif kind == "z-score":
            yield from (("subtract", p["mean"]), ("divide", p["stddev"]))
        elif kind == "clip":
            yield from (("at least", p["minimum"]), ("at most", p["maximum"]))
        elif kind == "decibel":
            yield from (("at least", p["floor"]), ("decibel", NO_NUMBER))
        else:
            name, operation = SINGLE[kind]
            yield operation, p[name]


SINGLE = {
    "clip-min": ("minimum", "at least"),
    "clip-max": ("maximum", "at most"),
    "offset": ("value", "subtract"),
    "scale": ("value", "divide"),
}
"""Steps of one number: its name, and the operation."""


def _to_whole(kind: np.dtype[np.generic], quantizer: Quantizer | None) -> Iterator[Simple]:
    limits = np.iinfo(kind.name)
    low, high = (np.full((1, 1, 1), side, np.float32) for side in (limits.min, limits.max))
    if int(high[0, 0, 0]) > limits.max:
        # As in `scaling.cast`: the largest 32-bit and 64-bit integers round up in float32.
        high = np.nextafter(high, np.float32(0))
    if quantizer is None:
        yield from (("at least", low), ("at most", high), ("truncate", NO_NUMBER))
        return
    yield "divide", np.full((1, 1, 1), quantizer.scale, np.float32)
    yield "round", NO_NUMBER
    yield "add", np.full((1, 1, 1), quantizer.zero_point, np.float32)
    yield from (("at least", low), ("at most", high))


def _in_slots(
    simple: Sequence[Simple], layers: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]:
    """Put operations into as few segments as their order allows."""
    neutral = np.repeat(np.array(NEUTRAL, np.float32)[:, None], layers, axis=1)
    rows, endings, last = [neutral.copy()], [NOTHING], -1
    for name, number in simple:
        slot = next((one for one in OPERATIONS.get(name, ()) if one > last), None)
        if endings[-1] != NOTHING or (name in OPERATIONS and slot is None):
            rows.append(neutral.copy())
            endings.append(NOTHING)
            slot = OPERATIONS[name][0] if name in OPERATIONS else None
        if slot is None:
            endings[-1], last = ENDINGS[name], -1
        else:
            rows[-1][slot], last = number.reshape(-1), slot
    return np.stack(rows), np.array(endings, np.int32)

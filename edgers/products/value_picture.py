"""A picture of values for people: the scene beside one value as a ramp, or three as colours."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgers.products.found import ValueRange
from edgers.products.quicklook import (
    EMPTY,
    INK,
    Bytes,
    Colour,
    Preview,
    nodata_row,
    stretch_of,
    stretched,
    write_sheet,
)

RAMP: tuple[Colour, ...] = (
    (68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37),
)  # fmt: skip
"""Viridis of matplotlib at 0, 1/4, 1/2, 3/4 and 1: even to the eye, and in grey."""

SHOWN = 6
"""Values that the legend lists before it counts the rest."""


def write_value_picture(
    path: Path, values: npt.NDArray[np.float32], samples: npt.NDArray[np.generic],
    ranges: Sequence[ValueRange], *, title: str, nodata_share: float,
) -> None:  # fmt: skip
    """Draw the scene, (band, height, width), and its values, NaN where there is none, into a PNG.

    Cubes of three bands or more are shown by their first, middle and last as red, green and blue.
    """
    gone = np.asarray(np.isnan(values).any(axis=0), np.uint8)
    scene = Preview(classes=gone, samples=samples, nodata=1).scene_picture()
    rows: list[tuple[Colour, str]] = []
    if len(values) < 3:
        picture, (low, high) = ramp_picture(values[0])
        rows = [(RAMP[0], f"{low:.4g}"), (RAMP[-1], f"{high:.4g}")]
    else:
        chosen = values[[0, len(values) // 2, len(values) - 1]]
        picture = Preview(classes=gone, samples=chosen, nodata=1).scene_picture()
    rows += [(INK, _line(one)) for one in ranges[:SHOWN]]
    if len(ranges) > SHOWN:
        rows.append((INK, f"and {len(ranges) - SHOWN} more"))
    write_sheet(path, [scene, picture], [*rows, nodata_row(nodata_share)], title=title)


def ramp_picture(values: npt.NDArray[np.float32]) -> tuple[Bytes, tuple[float, float]]:
    """Give values, (height, width), as (height, width, 3), and what the ends of the ramp stand for.

    Grey where there is none.
    """
    gone = np.isnan(values)
    ends = stretch_of(values[~gone]) if not gone.all() else (0.0, 1.0)
    grey = stretched(values, ends).astype(np.float32) / 255 * (len(RAMP) - 1)
    knots = np.arange(len(RAMP))
    image = np.stack([np.interp(grey, knots, channel) for channel in zip(*RAMP, strict=True)], -1)
    found = image.astype(np.uint8)
    found[gone] = EMPTY
    return found, ends


def _line(one: ValueRange) -> str:
    unit = f" {one.unit}" if one.unit else ""
    if one.least is None:
        return f"{one.name}  no value"
    return f"{one.name}  {one.least:.4g} to {one.most:.4g}{unit}, mean {one.mean:.4g}"

"""A picture of values for people: the scene beside one value as a ramp, or three as colours."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgers.contract import OutputValue
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
from edgers.products.spectra_picture import draw_spectra, marked, spread_pixels

Reals = npt.NDArray[np.float32]

RAMP: tuple[Colour, ...] = (
    (68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37),
)  # fmt: skip
"""Viridis of matplotlib at 0, 1/4, 1/2, 3/4 and 1: even to the eye, and in grey."""

SHOWN = 6
"""Values that the legend lists before it counts the rest."""

LEAST_SPECTRUM = 8
"""Bands from which on a few pixels are shown as spectra."""

REACHED, MISSED = (214, 40, 57), (236, 238, 240)
"""Colours of pixels that reach a threshold, and of those that do not."""


def shown_bands(count: int) -> list[int]:
    """Give the positions of the bands that the picture shows, of so many."""
    return [0] if count < 3 else [0, count // 2, count - 1]


def write_value_picture(
    path: Path, values: Reals, samples: npt.NDArray[np.generic], ranges: Sequence[ValueRange],
    bands: Sequence[OutputValue], *, title: str, nodata_share: float,
    flags: npt.NDArray[np.generic] | None, spectrum: Callable[[int, int], Reals],
) -> None:  # fmt: skip
    """Draw the scene, (band, height, width), and its values, NaN where there is none, into a PNG.

    `values` are the `shown_bands` of all `bands`: one is drawn as a ramp, three as red, green and
    blue. `flags`, (height, width), are 1 where the first threshold is reached. Of many bands,
    `spectrum` gives all of a pixel, by row and column of the picture, and a few are drawn.
    """
    gone = np.asarray(np.isnan(values).any(axis=0), np.uint8)
    scene = Preview(classes=gone, samples=samples, nodata=1).scene_picture()
    rows: list[tuple[Colour, str]] = []
    if len(values) < 3:
        picture, (low, high) = ramp_picture(values[0])
        rows = [(RAMP[0], f"{low:.4g}"), (RAMP[-1], f"{high:.4g}")]
    else:
        picture = Preview(classes=gone, samples=values, nodata=1).scene_picture()
    panels = [scene, picture]
    if flags is not None:
        panels.append(_flag_picture(flags, gone))
        rows.append((REACHED, _found_line(next(one for one in ranges if one.found))))
    plot = None
    if len(bands) >= LEAST_SPECTRUM:
        places = spread_pixels(gone == 0)
        spectra = [spectrum(*place) for place in places]
        for i in range(len(panels)):
            panels[i] = marked(panels[i], places)
        plot = partial(draw_spectra, spectra=spectra, bands=bands)
    rows += [(INK, _line(one)) for one in ranges[:SHOWN]]
    if len(ranges) > SHOWN:
        rows.append((INK, f"and {len(ranges) - SHOWN} more"))
    write_sheet(path, panels, [*rows, nodata_row(nodata_share)], title=title, plot=plot)


def _flag_picture(flags: npt.NDArray[np.generic], gone: npt.NDArray[np.uint8]) -> Bytes:
    """Give flags as (height, width, 3); nodata in grey."""
    image: Bytes = np.full((*flags.shape, 3), MISSED, np.uint8)
    image[flags == 1] = REACHED
    image[gone == 1] = EMPTY
    return image


def _found_line(one: ValueRange) -> str:
    assert one.found is not None
    size = "" if one.found.area_km2 is None else f"  {one.found.area_km2:,.3f} km²"
    return f"{one.name} found  {one.found.share:.2%}{size}"


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

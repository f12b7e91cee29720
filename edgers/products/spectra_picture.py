"""Spectra of a few pixels as curves, and where these pixels lie."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from edgers.contract import OutputValue
from edgers.products.quicklook import Bytes, Colour, enlarged

CURVES: tuple[Colour, ...] = ((214, 40, 57), (33, 113, 181), (35, 139, 69), (230, 140, 20))
"""Colours of the pixels, in turn."""

INK, FAINT, PAPER = (28, 32, 36), (226, 228, 232), (255, 255, 255)
FONT_PX, LEFT_PX, EDGE_PX = 13, 58, 10
LEAST_WIDTH_PX, LEAST_HEIGHT_PX = 320, 200
"""A plot is no smaller than this, whatever the pictures beside it."""
TICKS = 5
MARK_PX = 4
"""Half the side of a mark, in pixels of the sheet."""


def spread_pixels(has_data: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Choose up to four pixels with data, as (row, column): those nearest the quarter points."""
    rows, columns = np.nonzero(has_data)
    if not len(rows):
        return []
    height, width = has_data.shape
    found = []
    for down, across in ((0.25, 0.25), (0.25, 0.75), (0.75, 0.25), (0.75, 0.75)):
        away = (rows - down * height) ** 2 + (columns - across * width) ** 2
        nearest = int(away.argmin())
        found.append((int(rows[nearest]), int(columns[nearest])))
    return list(dict.fromkeys(found))


def marked(picture: Bytes, places: Sequence[tuple[int, int]]) -> Bytes:
    """Give a picture, (height, width, 3), with a square around each place in its colour."""
    side = max(1, MARK_PX // enlarged(picture.shape[:2]))
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    for (row, column), colour in zip(places, CURVES, strict=False):
        box = (column - side, row - side, column + side, row + side)
        draw.rectangle(box, outline=colour)
    return np.asarray(image)


def draw_spectra(
    width: int, height: int, *, spectra: Sequence[npt.NDArray[np.float32]],
    bands: Sequence[OutputValue], colours: Sequence[Colour] = CURVES, width_px: int = 2,
) -> Image.Image:  # fmt: skip
    """Draw spectra, (band,) each, over wavelength where all bands have one, else over the number.

    `colours` are those of the curves, `width_px` their breadth.

    A band without a value breaks the curve. The panel is at least as large as it needs to be read.
    """
    width, height = max(width, LEAST_WIDTH_PX), max(height, LEAST_HEIGHT_PX)
    sheet = Image.new("RGB", (width, height), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=FONT_PX)
    along, label = _axis(bands)
    known = np.concatenate([one[np.isfinite(one)] for one in spectra] or [np.zeros(1, np.float32)])
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    high = high if high > low else low + 1.0
    bottom, right = height - 3 * FONT_PX, width - EDGE_PX
    first, last = float(along.min()), float(along.max())

    def across(value: float) -> float:
        return LEFT_PX + (value - first) / max(last - first, 1e-12) * (right - LEFT_PX)

    def up(value: float) -> float:
        return bottom - (value - low) / (high - low) * (bottom - EDGE_PX)

    for value in np.linspace(low, high, TICKS):
        draw.line((LEFT_PX, up(value), right, up(value)), fill=FAINT)
        text = f"{value:.4g}"
        draw.text((LEFT_PX - 5 - font.getlength(text), up(value) - 8), text, fill=INK, font=font)
    for value in np.linspace(first, last, TICKS):
        text = f"{value:.4g}"
        place = across(value) - font.getlength(text) / 2
        draw.text((min(place, right - font.getlength(text)), bottom + 3), text, fill=INK, font=font)
    middle = (LEFT_PX + right - font.getlength(label)) / 2
    draw.text((middle, bottom + 3 + FONT_PX + 3), label, fill=INK, font=font)
    order = np.argsort(along, kind="stable")
    for one, colour in zip(spectra, colours, strict=False):
        points = [(across(along[i]), up(one[i])) for i in order]
        _curve(draw, points, one[order], colour, width_px)
    return sheet


def _axis(bands: Sequence[OutputValue]) -> tuple[npt.NDArray[np.float64], str]:
    """Give where each band stands, and what that is."""
    known = [one.center_wavelength_um for one in bands if one.center_wavelength_um is not None]
    if len(known) == len(bands):
        return np.asarray(known) * 1000, "wavelength, nm"
    return np.arange(1.0, len(bands) + 1), "band"


def _curve(
    draw: ImageDraw.ImageDraw, points: Sequence[tuple[float, float]],
    values: npt.NDArray[np.float32], colour: Colour, width_px: int,
) -> None:  # fmt: skip
    is_known = np.isfinite(values)
    for i in range(1, len(points)):
        if is_known[i - 1] and is_known[i]:
            draw.line((*points[i - 1], *points[i]), fill=colour, width=width_px)

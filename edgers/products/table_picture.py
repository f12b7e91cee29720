"""A picture of a table for people: its spectra, or its points on a map, coloured by the answer."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from edgers.contract import Band, OutputValue
from edgers.products.answered_table import AnsweredTable
from edgers.products.found import Found
from edgers.products.principal_axes import principal_axes
from edgers.products.quicklook import EMPTY, INK, Bytes, Colour, rgb, stretched, write_sheet
from edgers.products.row_picture import LARGEST_PERCENT, shown_lines, value_lines
from edgers.products.spectra_picture import draw_spectra
from edgers.products.value_picture import RAMP, ramp_picture

SHOWN_ROWS = 400
"""Rows that are drawn, at even steps through those with an answer: more curves hide one another."""
MAP_PX = (720, 360)
"""Width and height of the map: two pixels a degree where it shows all of the Earth."""
STEPS_DEG = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0)
"""Degrees between lines of the map."""
MOST_LINES, ROOM, HALF_EARTH_DEG = 13, 1.2, 180.0
PLOT_PX = (760, 380)
DOT_PX = 2
FRAME, SEA, GRID = (160, 165, 170), (240, 243, 247), (215, 220, 226)
Lines = list[tuple[Colour, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRows:
    """Rows that are drawn."""

    spectra: npt.NDArray[np.float64]
    """Bands of the first input, (row, band)."""
    points: npt.NDArray[np.float64]
    """Longitude and latitude, (row, 2)."""
    numbers: npt.NDArray[np.float32]
    """What the network gave, (row, number)."""


def write_table_picture(
    path: Path, table: AnsweredTable, shown: ShownRows, found: Found, bands: Sequence[Band],
    *, title: str, nodata_share: float,
) -> None:  # fmt: skip
    """Draw rows and a legend into a PNG; `bands` are those of the first input, empty for points."""
    colours, lines = _colours(table, shown, found)
    plot = _curves(shown, colours, bands) if bands else _dots(shown, colours)
    rows = table.drafts.rows
    told = f"{len(shown.numbers)} of {rows} rows are drawn"
    gone = (EMPTY, f"no answer  {nodata_share:.1%} of the rows")
    write_sheet(path, [plot], [*lines, (INK, told), gone], title=title)


def _colours(table: AnsweredTable, shown: ShownRows, found: Found) -> tuple[Bytes, Lines]:
    """Give a colour for each row that is drawn, (row, 3), and what colours stand for."""
    meaning, numbers = table.meaning, shown.numbers
    if meaning.classes:
        palette = np.array([rgb(one.colour) for one in meaning.classes], np.uint8)
        chances = np.where(meaning.chosen(numbers), meaning.probabilities(numbers), -1.0)
        total = max(1, found.rows or 0)
        ranked = sorted(
            zip(meaning.classes, found.labels, strict=True), key=lambda one: -one[1].rows
        )
        lines = [(rgb(c.colour), f"{c.name}  {n.rows} rows  {n.rows / total:.1%}")
                 for c, n in ranked]  # fmt: skip
        return palette[chances.argmax(axis=1)], shown_lines(lines)
    if meaning.is_embedding:
        axes = principal_axes(table.numbers, meaning.length, 3)
        along = np.zeros((len(numbers), 3), np.float32)
        along[:, : len(axes.axes)] = axes.along(numbers)
        reach = float(np.percentile(np.abs(along[:, 0]), LARGEST_PERCENT)) or 1.0
        words = f"colours: three principal components, {axes.share:.0%} of the variance"
        return stretched(along, (-reach, reach)), [
            (INK, f"{found.rows} embeddings of {meaning.length} numbers"), (INK, words),
        ]  # fmt: skip
    picture, (low, high) = ramp_picture(meaning.values(numbers)[:, 0][None])
    return picture[0], [(RAMP[0], f"{low:.4g}"), (RAMP[-1], f"{high:.4g}"), *value_lines(found)]


def _curves(shown: ShownRows, colours: Bytes, bands: Sequence[Band]) -> Bytes:
    places = [OutputValue(name=one.name, center_wavelength_um=one.center_wavelength_um)
              for one in bands]  # fmt: skip
    spectra = [one.astype(np.float32) for one in shown.spectra]
    sheet = draw_spectra(
        *PLOT_PX, spectra=spectra, bands=places, width_px=1,
        colours=[(int(r), int(g), int(b)) for r, g, b in colours],
    )  # fmt: skip
    return np.asarray(sheet)


def _dots(shown: ShownRows, colours: Bytes) -> Bytes:
    """Draw points on a map, longitude across and latitude up, with lines at round degrees.

    The map shows where points are; all of the Earth where they lie far apart.
    """
    width, height = MAP_PX
    sheet = Image.new("RGB", MAP_PX, SEA)
    draw = ImageDraw.Draw(sheet)
    west, north, span = _window(shown.points)

    def place(lon: float, lat: float) -> tuple[float, float]:
        scale = (width - 1) / span
        return (lon - west) * scale, (north - lat) * scale

    step = next(one for one in STEPS_DEG if span / one <= MOST_LINES)
    for i in range(math.floor(west / step), math.ceil((west + span) / step) + 1):
        x, _ = place(i * step, north)
        draw.line((x, 0, x, height), fill=GRID)
    for i in range(math.floor((north - span / 2) / step), math.ceil(north / step) + 1):
        _, y = place(west, i * step)
        draw.line((0, y, width, y), fill=GRID)
    draw.rectangle((0, 0, width - 1, height - 1), outline=FRAME)
    for (lon, lat), colour in zip(shown.points.tolist(), colours.tolist(), strict=True):
        if not np.isnan(lon):
            x, y = place(lon, lat)
            draw.ellipse((x - DOT_PX, y - DOT_PX, x + DOT_PX, y + DOT_PX), fill=tuple(colour))
    return np.asarray(sheet)


def _window(points: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Give west, north and width, in degrees, of a map twice as wide as high about points."""
    known = points[np.isfinite(points).all(axis=1)]
    if not len(known):
        return -180.0, 90.0, 360.0
    (west, south), (east, north) = known.min(axis=0), known.max(axis=0)
    span = float(max(east - west, 2 * (north - south), STEPS_DEG[0])) * ROOM
    if span > HALF_EARTH_DEG:
        return -180.0, 90.0, 360.0
    return float(west + east - span) / 2, float(south + north + span / 2) / 2, span

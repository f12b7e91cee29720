"""A picture of a table for people: its spectra, or its points on a map, coloured by the answer."""

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
"""Rows that are drawn, at even steps through the table: with more, curves hide one another."""
MAP_PX = (720, 360)
"""Width and height of the map: two pixels a degree."""
PLOT_PX = (760, 380)
DOT_PX = 2
FRAME, SEA = (160, 165, 170), (240, 243, 247)
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
    picture, (low, high) = ramp_picture(meaning.values(numbers)[:, :1].T[None])
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
    """Draw points on a map of the whole Earth, longitude across and latitude up."""
    width, height = MAP_PX
    sheet = Image.new("RGB", MAP_PX, SEA)
    draw = ImageDraw.Draw(sheet)
    for degrees in range(-180, 181, 30):
        x, y = (degrees + 180) * (width - 1) / 360, (degrees + 90) * (height - 1) / 180
        draw.line((x, 0, x, height), fill=(215, 220, 226))
        draw.line((0, y, width, y), fill=(215, 220, 226))
    draw.rectangle((0, 0, width - 1, height - 1), outline=FRAME)
    for (lon, lat), colour in zip(shown.points.tolist(), colours.tolist(), strict=True):
        if np.isnan(lon):
            continue
        x, y = (lon + 180) * (width - 1) / 360, (90 - lat) * (height - 1) / 180
        draw.ellipse((x - DOT_PX, y - DOT_PX, x + DOT_PX, y + DOT_PX), fill=tuple(colour))
    return np.asarray(sheet)

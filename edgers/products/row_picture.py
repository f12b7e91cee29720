"""A picture of a table for people: the scene beside its tiles, coloured by what is said of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgers.products.found import Found
from edgers.products.preview import Thinning
from edgers.products.principal_axes import principal_axes
from edgers.products.quicklook import (
    EMPTY,
    INK,
    Bytes,
    Colour,
    Preview,
    nodata_row,
    rgb,
    stretched,
    write_sheet,
)
from edgers.products.row_table import RowTable
from edgers.products.value_picture import RAMP, ramp_picture
from edgers.tiling.axis_tiles import AxisPlan

TINT = 0.55
"""Share of the colour where tiles are tinted: the ground can still be seen through it."""
LARGEST_PERCENT = 98.0
"""Percentile of the first component's distances from the mean that gets the full colour."""
SHOWN = 12
"""Lines of the legend before the rest is counted."""
Lines = list[tuple[Colour, str]]


def write_row_picture(
    path: Path, table: RowTable, found: Found, *, title: str, nodata_share: float
) -> None:
    """Draw the scene beside its tiles, and a legend, into a PNG.

    Classes and numbers have colours; of embeddings the first three principal components are shown
    as red, green and blue. Of a scene that has one row, the scene alone and what is said of it.
    """
    drafts, meaning = table.drafts, table.meaning
    tiles = np.full((drafts.tiles, 3), EMPTY, np.uint8)
    present = np.zeros(drafts.tiles, bool)
    for chunk in drafts.chunks():
        present[chunk.tiles] = True
    at = _tile_of_pixels(table, drafts.thinning)
    mask = np.where(present[at], 0, 1).astype(np.uint8)
    scene = Preview(classes=mask, samples=drafts.preview(), nodata=1).scene_picture()
    lines: Lines
    if meaning.classes:
        lines = _class_lines(table, found)
        if not table.of_scene:
            _paint_classes(table, tiles)
    elif meaning.is_embedding:
        lines = [(INK, f"{found.rows} embeddings of {meaning.length} numbers")]
        if not table.of_scene:
            share = _paint_components(table, tiles)
            lines.append((INK, f"colours: three principal components, {share:.0%} of the variance"))
    elif meaning.kind == "text":
        lines = [(INK, f"{found.rows} answers in words: see the table")]
    else:
        lines = value_lines(found)
        if not table.of_scene:
            lines = [*_paint_values(table, present, tiles), *lines]
    panels = [scene]
    # Words have no colour: the scene alone, then.
    if not table.of_scene and meaning.kind != "text":
        colours = tiles[at]
        tinted = scene * (1 - TINT) + colours * TINT if meaning.classes else colours
        panels.append(np.where(mask[..., None] == 0, tinted, EMPTY).astype(np.uint8))
    write_sheet(path, panels, [*lines, nodata_row(nodata_share)], title=title)


def _tile_of_pixels(table: RowTable, thinning: Thinning) -> npt.NDArray[np.intp]:
    """Give the number of the tile whose core holds each pixel of the picture, (height, width)."""
    down = _at(table.grid.rows, np.arange(0, thinning.height_px, thinning.step))
    across = _at(table.grid.columns, np.arange(0, thinning.width_px, thinning.step))
    return down[:, None] * len(table.grid.columns.tiles) + across


def _at(axis: AxisPlan, pixels: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    starts = np.array([one.core_start for one in axis.tiles])
    return np.searchsorted(starts, pixels, side="right") - 1


def _paint_classes(table: RowTable, tiles: Bytes) -> None:
    """Colour each tile by its most probable class; none where no class holds."""
    colours = np.array([rgb(one.colour) for one in table.meaning.classes], np.uint8)
    for chunk in table.drafts.chunks():
        chances = table.meaning.probabilities(chunk.rows)
        holds: npt.NDArray[np.bool_] = table.meaning.chosen(chunk.rows)
        best = np.where(holds, chances, -1.0).argmax(axis=1)
        tiles[chunk.tiles] = np.where(np.any(holds, axis=1, keepdims=True), colours[best], PLAIN)


PLAIN: Colour = (255, 255, 255)
"""Colour of a tile that has an answer in which no class holds."""


def _paint_values(table: RowTable, present: npt.NDArray[np.bool_], tiles: Bytes) -> Lines:
    """Colour each tile by its first number; give what the ends of the ramp stand for."""
    values = np.full(len(tiles), np.nan, np.float32)
    for chunk in table.drafts.chunks():
        values[chunk.tiles] = table.meaning.values(chunk.rows)[:, 0]
    picture, (low, high) = ramp_picture(values[None])
    tiles[present] = picture[0][present]
    return [(RAMP[0], f"{low:.4g}"), (RAMP[-1], f"{high:.4g}")]


def _paint_components(table: RowTable, tiles: Bytes) -> float:
    """Colour each tile by the principal components of all; give their share of the variance."""
    found = principal_axes(
        lambda: (chunk.rows for chunk in table.drafts.chunks()), table.meaning.length, 3
    )
    values = np.zeros((len(tiles), 3), np.float32)
    present = np.zeros(len(tiles), bool)
    for chunk in table.drafts.chunks():
        values[chunk.tiles, : len(found.axes)] = found.along(chunk.rows)
        present[chunk.tiles] = True
    # One scale for all three: what varies little is grey, and like colours are like embeddings.
    seen = values[present]
    reach = float(np.percentile(np.abs(seen[:, 0]), LARGEST_PERCENT)) or 1.0
    tiles[present] = stretched(seen, (-reach, reach))
    return found.share


def _class_lines(table: RowTable, found: Found) -> Lines:
    """List the classes, the most frequent first; of a scene, the most probable first."""
    counted = list(zip(table.meaning.classes, found.labels, strict=True))
    if table.of_scene:
        numbers = next(iter(table.numbers()), None)
        chances = [0.0] * len(counted)
        if numbers is not None:
            chances = table.meaning.probabilities(numbers)[0].tolist()
        ranked = sorted(zip(chances, counted, strict=True), key=lambda one: -one[0])
        return shown_lines([(rgb(c.colour), f"{c.name}  {p:.1%}" + ("  ←" if n.rows else ""))
                       for p, (c, n) in ranked])  # fmt: skip
    total = max(1, found.rows or 0)
    ordered = sorted(counted, key=lambda one: -one[1].rows)
    return shown_lines([(rgb(c.colour), f"{c.name}  {n.rows} tiles  {n.rows / total:.1%}")
                   for c, n in ordered])  # fmt: skip


def value_lines(found: Found) -> Lines:
    """List the range of each number."""
    lines: Lines = []
    for one in found.values:
        unit = f" {one.unit}" if one.unit else ""
        if one.least is None:
            lines.append((INK, f"{one.name}  no value"))
        else:
            lines.append((INK, f"{one.name}  {one.least:.4g} to {one.most:.4g}{unit}, "
                          f"mean {one.mean:.4g}"))  # fmt: skip
    return shown_lines(lines)


def shown_lines(lines: Sequence[tuple[Colour, str]]) -> Lines:
    """Give the first lines, and how many more there are."""
    more = len(lines) - SHOWN
    return [*lines[:SHOWN], *([(INK, f"and {more} more")] if more > 0 else [])]

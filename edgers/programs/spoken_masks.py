"""Shapes as masks in text: the rows of a small grid, each as runs of the same label (GeoGround).

A run is `label*count`; runs of a row are parted by `,` or `|`, rows by `;` or a line break. Each
part of a mask that hangs together by edges is a shape, its holes filled.
"""

import re
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from rasterio import features

from edgers.contract.shapes import SpokenForm
from edgers.programs.spoken_shape import Ring, Size, Told

MOST_DIGITS = 6
"""Digits of a count, at most."""
PLAIN = ("1", "")
"""Labels that say no more than that there is something."""

Labels = list[str]


def masks_in(text: str, form: SpokenForm, size: Size) -> Iterator[Told]:
    """Give the parts of all masks, in the order of the text."""
    before, begin, end = "", 0, 0
    rows: list[Labels] = []
    for found in re.finditer(r"[^;\n]+", text):
        row, words = _row(found.group(), form)
        if rows and (row is None or words or len(rows) == form.steps):
            yield from _told(rows, text[begin:end], before, form, size)
            rows, before = [], ""
        if row is None:
            before = found.group()
            continue
        if not rows:
            begin, before = found.start(), words or before
        rows.append(row)
        end = found.end()
    if rows:
        yield from _told(rows, text[begin:end], before, form, size)


def _row(text: str, form: SpokenForm) -> tuple[Labels | None, str]:
    """Read a row: the label of each cell and what stands before, None where it is no row.

    A row that does not come to the right number of cells is an empty list.
    """
    text = re.sub(r"<[^<>]*>", "", text).strip(" ,|")
    pairs = []
    for run in re.split(r"[,|]", text):
        label, star, count = run.strip().rpartition("*")
        if not star or not re.fullmatch(f"[0-9]{{1,{MOST_DIGITS}}}", count.strip()):
            return None, ""
        pairs.append((label.strip(), int(count)))
    # A sentence may lead to the first label.
    words, _, first = pairs[0][0].rpartition(":")
    pairs[0] = (first.strip(), pairs[0][1])
    if sum(count for _, count in pairs) != form.steps:
        return [], words
    return [label for label, count in pairs for _ in range(count)], words.strip()


def _told(
    rows: list[Labels], said: str, before: str, form: SpokenForm, size: Size
) -> Iterator[Told]:
    """Give the parts of one mask."""
    name, said = before.strip(" ,;.:\n"), said.strip()
    if len(rows) != form.steps or not all(rows):
        yield Told(name=name, said=said, ring=None)
        return
    labels = np.array(rows)
    for label in dict.fromkeys(one for row in rows for one in row):
        if label in form.ground:
            continue
        for ring in _outlines(labels == label):
            yield Told(
                name=name if label in PLAIN else label, said=said,
                ring=ring / form.steps * np.array(size),
            )  # fmt: skip


def _outlines(mask: npt.NDArray[np.bool_]) -> list[Ring]:
    """Give the outer ring of each part that hangs together, in cells."""
    parts = features.shapes(mask.astype(np.uint8), mask=mask, connectivity=4)
    return [np.array(one["coordinates"][0][:-1], np.float64) for one, _ in parts]

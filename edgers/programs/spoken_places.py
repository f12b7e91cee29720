"""Shapes as tokens of places: `ship<loc_10><loc_20>…`, x and y in turn (Florence-2).

Each axis has a number of bins. 2 places are the corners of a box, 4 those of a quadrilateral
(LMMRotate), 3 and more those of a polygon.
"""

import re
from collections.abc import Iterator

import numpy as np

from edgers.contract.shapes import Corners, SpokenForm
from edgers.programs.spoken_shape import Ring, Size, Told, box_around

LEAST: dict[Corners, tuple[int, int]] = {
    "any": (2, 1_000_000), "box": (2, 2), "quad": (4, 4), "polygon": (3, 1_000_000),
}  # fmt: skip
"""Least and most places of a shape."""


def places_in(text: str, form: SpokenForm, size: Size) -> Iterator[Told]:
    """Give what is told by places, in the order of the text."""
    before, _, after = map(re.escape, form.token.partition("{}"))
    place = f"{before}([0-9]+){after}"
    name = ""
    end = 0
    # Some tokenizers put blanks between tokens.
    for found in re.finditer(rf"{place}(?:\s*{place})*", text):
        # Several shapes may follow one name.
        between = re.sub(r"<[^<>]*>", " ", text[end : found.start()])
        name = between.strip(" ,;.\n") or name
        end = found.end()
        bins = [float(one) for one in re.findall(place, found.group())]
        ring, is_box = _corners(bins, form, size)
        yield Told(name=name, said=name + found.group(), ring=ring, is_box=is_box)


def _corners(bins: list[float], form: SpokenForm, size: Size) -> tuple[Ring | None, bool]:
    """Give the corners, None where they make no shape, and whether they are those of a box."""
    least, most = LEAST[form.corners]
    count = len(bins) / 2
    if count != int(count) or not least <= count <= most or max(bins) >= form.steps:
        return None, False
    # The middle of a bin is nearest to all that it stands for.
    corners = (np.array(bins).reshape(-1, 2) + 0.5) / form.steps * size
    if count > 2:
        return corners, False
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    return box_around(left, top, right, bottom), True

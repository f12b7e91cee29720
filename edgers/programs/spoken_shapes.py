"""Shapes out of text: boxes, polygons and masks that a model writes, as its contract says.

What is cut off or malformed is left out and counted: an answer may end anywhere, and holds whatever
the model makes of a tile.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from edgers.contract.shapes import SpokenForm
from edgers.programs.spoken_boxes import boxes_in, phrases_in
from edgers.programs.spoken_masks import masks_in
from edgers.programs.spoken_places import places_in
from edgers.programs.spoken_shape import Ring, Size, SpokenShape, Told, is_simple
from edgers.tasks.merging import hull_of, rectangle_around

LEAST_PX2 = 1e-6
"""Area up to which a shape is none."""


def shapes_in(
    text: str, forms: Sequence[SpokenForm], height_px: int, width_px: int
) -> tuple[list[SpokenShape], int]:
    """Read all shapes of an answer about a tile of that size, form by form; count what is none.

    Corners are (column, row) in pixels of the tile; 0, 0 is its outer corner.
    """
    shapes: list[SpokenShape] = []
    malformed = 0
    for told in _all_told(text, forms, (width_px, height_px)):
        shape = None if told.ring is None else _shape(told, told.ring)
        if shape is None:
            malformed += 1
        else:
            shapes.append(shape)
    return shapes, malformed


def _all_told(text: str, forms: Sequence[SpokenForm], size: Size) -> Iterator[Told]:
    by_kind = {one.kind: one for one in forms}
    if "places" in by_kind:
        yield from places_in(text, by_kind["places"], size)
    if "phrases" in by_kind:
        yield from phrases_in(text, by_kind["phrases"], size)
    if "boxes" in by_kind or "oriented" in by_kind:
        yield from boxes_in(text, by_kind.get("boxes"), by_kind.get("oriented"), size)
    if "runs" in by_kind:
        yield from masks_in(text, by_kind["runs"], size)


def _shape(told: Told, ring: Ring) -> SpokenShape | None:
    """Give the shape of a ring, None where it has no area."""
    if min(np.ptp(ring, axis=0)) <= 0 or area_of(hull_of(ring)) <= LEAST_PX2:
        return None
    box = ring if told.is_box else rectangle_around([ring], upright=False)
    # A ring that crosses itself is no outline of anything.
    outline = ring if told.is_box or is_simple(ring) else box
    return SpokenShape(name=told.name, box=box, ring=outline, said=told.said)


def area_of(ring: Ring) -> float:
    """Give the area of a ring without crossings, px²."""
    x, y = (ring - ring[0]).T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)

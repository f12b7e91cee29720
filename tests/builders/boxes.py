"""Oriented boxes to test with: scenes of them, and hypothesis strategies that seek the edges."""

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from hypothesis import strategies as st

from edgers.kernels.boxes import Boxes, corners_from_boxes

QUARTERS = [k * np.pi / 2 for k in range(-2, 3)]
NOT_FINITE = [np.nan, np.inf, -np.inf]


@st.composite
def box_lists(draw: st.DrawFn, *, least: int = 0, most: int = 8, is_sound: bool = False) -> Boxes:
    """Give boxes near each other, wherever they are; not sound ones have no area or no place."""
    offset = draw(st.sampled_from([0.0, 1e3, 1e5, -1e5]))
    places = st.floats(-30, 30, width=32)
    whole = st.integers(-20, 20).map(float)
    long_sides = st.sampled_from([1.0, 2.0, 10.0, 16.0, 1000.0]) | st.floats(0.125, 60, width=32)
    angles = (
        st.sampled_from(QUARTERS)
        | st.floats(-4, 4, width=32)
        | st.tuples(st.sampled_from(QUARTERS), st.floats(-1e-5, 1e-5)).map(sum)
    )
    box = st.tuples(places | whole, places | whole, long_sides, long_sides, angles).map(list)
    rows = draw(st.lists(box, min_size=least, max_size=most))
    boxes = np.array(rows, np.float32).reshape(-1, 5)
    boxes[:, :2] += np.float32(offset)
    if len(boxes) > 1 and draw(st.booleans()):
        boxes[-1] = boxes[0]
    if len(boxes) and not is_sound and draw(st.booleans()):
        column = draw(st.integers(0, 4))
        bad = st.sampled_from([*NOT_FINITE, *([0.0, -1.0] if column in (2, 3) else [])])
        boxes[draw(st.integers(0, len(boxes) - 1)), column] = draw(bad)
    return boxes


def scene_of_boxes(
    random: np.random.Generator, count: int, *, side: float, objects: int | None = None
) -> Boxes:
    """Give ships over a square scene; with `objects`, several boxes around each of them."""
    made = count if objects is None else objects
    boxes = np.column_stack([
        random.uniform(0, side, (made, 2)), random.uniform(20, 60, made),
        random.uniform(6, 20, made), random.uniform(-np.pi / 2, np.pi / 2, made),
    ])  # fmt: skip
    if objects is not None:
        noise = random.normal(0, 1, (count, 5)) * (1.5, 1.5, 1, 0.7, 0.05)
        boxes = boxes[random.integers(0, objects, count)] + noise
    return boxes.astype(np.float32)


def shapely_iou(a: Boxes, b: Boxes) -> npt.NDArray[np.float64]:
    """Give the overlaps as another implementation finds them."""
    first, second = (shapely.polygons(corners_from_boxes(boxes)) for boxes in (a, b))
    shared = shapely.area(shapely.intersection(first[:, None], second[None]))
    areas: Any = shapely.area(first)[:, None] + shapely.area(second)[None] - shared
    return np.asarray(shared / areas)

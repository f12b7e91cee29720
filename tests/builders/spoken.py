"""Shapes written as models write them in text: what `programs.spoken_shapes` reads."""

import math

import numpy as np
import numpy.typing as npt

from edgers.contract.shapes import SpokenForm
from edgers.programs.spoken_shape import Ring, Size


def write_box(ring: Ring, form: SpokenForm, size: Size) -> str:
    """Write a rectangle, (4, 2), as numbers on the grid; an upright one of what is not."""
    grid, middle = np.array(size) / form.steps, ring.mean(axis=0)
    low, high, degrees = ring.min(axis=0), ring.max(axis=0), 0.0
    if form.kind != "boxes":
        side, other = ring[1] - ring[0], ring[2] - ring[1]
        # The long side, or in braces the one that is turned less.
        is_along = np.hypot(*side) >= np.hypot(*other)
        if not (is_along if form.kind == "oriented" else abs(side[0]) >= abs(side[1])):
            side, other = other, side
        half = np.array([np.hypot(*side), np.hypot(*other)]) / 2
        low, high = middle - half, middle + half
        degrees = (math.degrees(math.atan2(side[1], side[0])) + 90) % 180 - 90
    if form.turning == "counter-clockwise":
        degrees = -degrees
    numbers = np.clip(np.rint([low / grid, high / grid]), 0, form.steps).astype(int).ravel()
    if form.kind == "oriented":
        numbers = np.rint([middle / grid, (high - low) / grid]).astype(int).ravel()
        return f"[{', '.join(map(str, numbers))}, {round(degrees)}]"
    if form.kind == "boxes":
        return f"[{', '.join(map(str, numbers))}]"
    return "{" + "".join(f"<{one}>" for one in numbers) + f"|<{round(degrees)}>}}"


def write_places(ring: Ring, form: SpokenForm, size: Size) -> str:
    """Write corners as places: the bin that each lies in; of a box, the least and the greatest."""
    corners = np.asarray([ring.min(axis=0), ring.max(axis=0)] if form.corners == "box" else ring)
    bins = np.clip(np.floor(corners / size * form.steps), 0, form.steps - 1)
    return "".join(form.token.replace("{}", str(int(one))) for one in bins.ravel())


def write_runs(mask: npt.NDArray[np.bool_], name: str = "1", ground: str = "0") -> str:
    """Write a mask, (row, column), as runs."""
    rows = []
    for row in mask:
        ends = [*np.flatnonzero(np.diff(row)) + 1, len(row)]
        starts = [0, *ends[:-1]]
        runs = [f"{name if row[a] else ground}*{b - a}" for a, b in zip(starts, ends, strict=True)]
        rows.append(", ".join(runs))
    return "; ".join(rows)

"""Masks as runs of pixels: what a mask takes grows with its outline and not with its area."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Runs = npt.NDArray[np.int32]
"""A mask, (run, (row, first column, end column)): in order, none empty, none touching another of
its row; so masks of the same pixels are equal."""
Places = npt.NDArray[np.int64]
Bounds = tuple[int, int, int, int]
"""Left, top, right and bottom; right and bottom are the ends."""


def runs_of(mask: npt.NDArray[np.bool_], row: int = 0, column: int = 0) -> Runs:
    """Give the pixels of a mask, (height, width), whose first pixel lies at `row` and `column`."""
    height, width = mask.shape
    padded = np.zeros((height, width + 2), np.int8)
    padded[:, 1:-1] = mask
    steps = np.diff(padded, axis=1)
    rows, begins = np.nonzero(steps == 1)
    ends = np.nonzero(steps == -1)[1]
    return np.stack([rows + row, begins + column, ends + column], axis=1).astype(np.int32)


def pixels_in(runs: Runs) -> int:
    """Count the pixels of a mask."""
    return int((runs[:, 2] - runs[:, 1]).sum(dtype=np.int64))


def bounds_of(runs: Runs) -> Bounds:
    """Give the bounds of a mask that is not empty."""
    left, right = int(runs[:, 1].min()), int(runs[:, 2].max())
    return left, int(runs[0, 0]), right, int(runs[-1, 0]) + 1


def clipped(runs: Runs, bounds: Bounds) -> Runs:
    """Give what of a mask lies within bounds."""
    left, top, right, bottom = bounds
    first, end = np.searchsorted(runs[:, 0], [top, bottom])
    found: Runs = runs[first:end].copy()
    np.clip(found[:, 1:], left, right, out=found[:, 1:])
    return found[found[:, 1] < found[:, 2]]


def united(masks: Sequence[Runs]) -> Runs:
    """Give the pixels that any of the masks holds."""
    if len(masks) == 1:
        return masks[0]
    begins, ends = on_a_line(np.concatenate(masks))
    order = np.argsort(begins, kind="stable")
    begin, end = begins[order], np.maximum.accumulate(ends[order])
    is_first = np.ones(len(begin), bool)
    is_first[1:] = begin[1:] > end[:-1]
    starts = np.flatnonzero(is_first)
    stops = np.append(starts[1:], len(begin)) - 1 if len(starts) else starts
    first, last = begin[starts], end[stops]
    return np.stack([first >> 32, first & 0xFFFFFFFF, last & 0xFFFFFFFF], axis=1).astype(np.int32)


def on_a_line(runs: Runs, down: int = 0) -> tuple[Places, Places]:
    """Give where runs begin and end on a line that has row after row, and a gap between rows.

    They may be moved `down` by so many rows.
    """
    rows = (runs[:, 0].astype(np.int64) + down) << 32
    return rows + runs[:, 1], rows + runs[:, 2]


def pixels_shared(one: Runs, other: Runs) -> int:
    """Count the pixels that both masks hold."""
    return pixels_in(one) + pixels_in(other) - pixels_in(united([one, other]))

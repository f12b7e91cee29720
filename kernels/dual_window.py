"""The two windows around a pixel: what is between them is its surroundings.

The outer window is moved, not cut, at the edges of a scene, so that all pixels are compared with
about as many others; the inner one, which guards against the anomaly itself, is cut.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError

Spans = npt.NDArray[np.int64]
"""First and one past the last index, (position, 2); both never decrease with the position."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DualWindow:
    """Which rows and columns each pixel's windows cover."""

    outer_rows: Spans
    """Outer window, for each row."""
    outer_columns: Spans
    """Outer window, for each column."""
    inner_rows: Spans
    """Inner window, for each row."""
    inner_columns: Spans
    """Inner window, for each column."""


def dual_window(rows: int, columns: int, *, inner: int, outer: int) -> DualWindow:
    """Lay windows of `inner` and `outer` pixels, both odd, over a scene of `rows` by `columns`.

    Raises `BadInputError` where the outer window is not the larger one or does not fit the scene.
    """
    odd = inner % 2 == 1 and outer % 2 == 1
    if not (odd and 0 < inner < outer <= min(rows, columns)):
        raise BadInputError(
            "these windows cannot be laid over the scene.",
            seen=f"inner {inner}, outer {outer}, scene of {rows} rows and {columns} columns.",
            rule="both are odd, the inner one is smaller, and the outer one fits into the scene.",
            fix="choose others, such as 5 and 21, or a larger tile.",
        )
    return DualWindow(
        outer_rows=_moved(rows, outer),
        outer_columns=_moved(columns, outer),
        inner_rows=_cut(rows, inner),
        inner_columns=_cut(columns, inner),
    )


def _moved(length: int, size: int) -> Spans:
    first = np.clip(np.arange(length) - size // 2, 0, length - size)
    return np.stack([first, first + size], axis=1)


def _cut(length: int, size: int) -> Spans:
    middle = np.arange(length)
    first = np.maximum(middle - size // 2, 0)
    return np.stack([first, np.minimum(middle + size // 2 + 1, length)], axis=1)

"""Dense heads: from what is said of cells to boxes in pixels."""

import numpy as np
import numpy.typing as npt

from edgers.contract.boxes import BoxHead, BoxLevel
from edgers.errors import ContractError

Numbers = npt.NDArray[np.float32]
Centred = npt.NDArray[np.float64]


def decoded_levels(head: BoxHead, table: Numbers, window_shape: tuple[int, int]) -> Centred:
    """Give centre x, centre y, width and height of each row of `table`, (box, 4), in pixels.

    Rows run over levels; in a level over anchors, then rows, then columns of cells. Raises
    ContractError where there are more or fewer rows than cells.
    """
    begin = head.columns.index("box")
    if any(column == "scores" for column in head.columns[:begin]):
        raise ContractError(
            "the box of a dense head stands after its scores.",
            rule="It must stand before them in 'columns'.",
        )
    cells = [_cells(level, window_shape) for level in head.levels]
    count = sum(len(one) for one in cells)
    if count != len(table):
        raise ContractError(
            f"a dense head has {len(table)} boxes for a window of {window_shape[1]} × "
            f"{window_shape[0]} px.",
            seen=f"Strides: {', '.join(str(level.stride) for level in head.levels)}.",
            rule=f"These make {count} cells and anchors.",
        )
    grid = np.concatenate(cells)
    numbers = table[:, begin : begin + 4].astype(np.float64)
    column, row, stride, width, height = grid.T
    x, y, w, h = numbers.T
    if head.offsets == "ltrb":
        middle_x, middle_y = (column + 0.5) * stride, (row + 0.5) * stride
        found = [
            middle_x + (w - x) * stride / 2, middle_y + (h - y) * stride / 2,
            (x + w) * stride, (y + h) * stride,
        ]  # fmt: skip
    elif head.offsets == "exp":
        found = [
            (column + x) * stride, (row + y) * stride, np.exp(w) * width, np.exp(h) * height
        ]  # fmt: skip
    else:
        x, y, w, h = (1 / (1 + np.exp(-one)) for one in (x, y, w, h))
        found = [
            (column + 2 * x - 0.5) * stride, (row + 2 * y - 0.5) * stride,
            (2 * w) ** 2 * width, (2 * h) ** 2 * height,
        ]  # fmt: skip
    return np.stack(found, axis=1)


def _cells(level: BoxLevel, window_shape: tuple[int, int]) -> Centred:
    """Give column, row, stride and anchor width and height of each box of a level, (box, 5)."""
    # A window that is no whole number of strides has a cell for the rest.
    height, width = (-(-side // level.stride) for side in window_shape)
    anchors = level.anchors or ((level.stride, level.stride),)
    cells = np.empty((len(anchors), height, width, 5))
    cells[..., 0], cells[..., 1] = np.arange(width), np.arange(height)[:, None]
    cells[..., 2] = level.stride
    cells[..., 3:] = np.array(anchors, float)[:, None, None]
    return cells.reshape(-1, 5)

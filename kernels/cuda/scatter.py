"""Overlapping tiles mixed: one thread a score."""

from typing import Any

from numba import cuda, float32

from edgers.kernels.cuda.entry import Entry


def scatter(
    part: Any, part_layer_step: int, part_row_step: int, row_weights: Any,
    column_weights: Any, target: Any, layer_step: int, row_step: int, layers: int,
    height: int, width: int,
) -> None:  # fmt: skip
    """Add one score times its weight; steps in scores, columns lie side by side.

    For the running sum of weights, `part` is a single 1 with steps of 0, and `layers` is 0.
    """
    i = cuda.grid(1)
    pixels = height * width
    if i >= (pixels if layers == 0 else layers * pixels):
        return
    layer = i // pixels
    rest = i - layer * pixels
    row = rest // width
    column = rest - row * width
    weight = float32(row_weights[row] * column_weights[column])
    source = 0 if layers == 0 else layer * part_layer_step + row * part_row_step + column
    place = layer * layer_step + row * row_step + column
    target[place] = float32(target[place] + float32(part[source] * weight))


ENTRIES = (
    Entry(
        name="scatter",
        function=scatter,
        signature=(
            "float32*", "int32", "int32", "float32*", "float32*", "float32*", *("int32",) * 5,
        ),
    ),
)  # fmt: skip

"""Overlapping tiles mixed, with no array of weights in between."""

import numpy as np
import numpy.typing as npt

from edgers.kernels.cpu.flat import Array, Steps, flat
from edgers.kernels.jit import kernel

Scores = npt.NDArray[np.float32]


def scatter(
    target: Scores, part: Scores, row_weights: Scores, column_weights: Scores,
    total: Scores | None = None,
) -> None:  # fmt: skip
    """As the reference."""
    if not part.size:
        return
    run, steps = flat(part)
    goal, goal_steps = flat(target, writeable=True)
    _add(run, steps, row_weights, column_weights, goal, goal_steps, part.shape)
    if total is not None:
        sums, sum_steps = flat(total[np.newaxis], writeable=True)
        _add(ONE, (0, 0, 0), row_weights, column_weights, sums, sum_steps, (1, *total.shape))


def weighted(part: Scores, row_weights: Scores, column_weights: Scores) -> Scores:
    """As the reference."""
    result: Scores = np.zeros(part.shape, np.float32)
    scatter(result, part, row_weights, column_weights)
    return result


ONE = np.ones(1, np.float32)


@kernel
def add_row(
    source: Array, first: int, step: int, weight: np.float32, weights: Array, goal: Array,
    start: int, goal_step: int,
) -> None:  # fmt: skip
    """Add one row of scores, times the weight of the row and those of its columns."""
    n = len(weights)
    if step == 1 and goal_step == 1:
        x, y = source[first : first + n], goal[start : start + n]
        for i in range(n):
            y[i] = y[i] + x[i] * (weight * weights[i])
    else:
        for i in range(n):
            goal[start + i * goal_step] += source[first + i * step] * (weight * weights[i])


@kernel
def _add(
    run: Array, steps: Steps, row_weights: Array, column_weights: Array, goal: Array,
    goal_steps: Steps, shape: Steps,
) -> None:  # fmt: skip
    layers, height, _ = shape
    for layer in range(layers):
        for row in range(height):
            add_row(
                run, layer * steps[0] + row * steps[1], steps[2], row_weights[row],
                column_weights, goal, layer * goal_steps[0] + row * goal_steps[1], goal_steps[2],
            )  # fmt: skip


def _warm() -> None:
    one = np.ones(1, np.float32)
    scatter(np.ones((1, 1, 1), np.float32), np.ones((1, 1, 1), np.float32), one, one)


WARMUP = (_warm,)

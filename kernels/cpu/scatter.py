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
    _add(run, steps, row_weights, column_weights, goal, goal_steps, len(part))
    if total is not None:
        sums, sum_steps = flat(total[np.newaxis], writeable=True)
        _add(ONE, (0, 0, 0), row_weights, column_weights, sums, sum_steps, 1)


def weighted(part: Scores, row_weights: Scores, column_weights: Scores) -> Scores:
    """As the reference."""
    result: Scores = np.zeros(part.shape, np.float32)
    scatter(result, part, row_weights, column_weights)
    return result


ONE = np.ones(1, np.float32)


@kernel
def add_rows(
    source: Array, first: int, steps: Steps, row_weights: Array, column_weights: Array,
    goal: Array, start: int, goal_steps: Steps,
) -> None:  # fmt: skip
    """Add rows of one layer of scores, times the weights of the rows and those of the columns.

    `first` and `start` are where the first row begins in `source` and `goal`.
    """
    n = len(column_weights)
    for row in range(len(row_weights)):
        weight = row_weights[row]
        a, b = first + row * steps[1], start + row * goal_steps[1]
        if steps[2] == 1 and goal_steps[2] == 1:
            x, y = source[a : a + n], goal[b : b + n]
            for i in range(n):
                y[i] = y[i] + x[i] * (weight * column_weights[i])
        else:
            for i in range(n):
                goal[b + i * goal_steps[2]] += source[a + i * steps[2]] * (
                    weight * column_weights[i]
                )


@kernel
def _add(
    run: Array, steps: Steps, row_weights: Array, column_weights: Array, goal: Array,
    goal_steps: Steps, layers: int,
) -> None:  # fmt: skip
    for layer in range(layers):
        add_rows(
            run, layer * steps[0], steps, row_weights, column_weights, goal,
            layer * goal_steps[0], goal_steps,
        )  # fmt: skip


def _warm() -> None:
    one = np.ones(1, np.float32)
    scatter(np.ones((1, 1, 1), np.float32), np.ones((1, 1, 1), np.float32), one, one)


WARMUP = (_warm,)

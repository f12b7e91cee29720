"""From scores to probabilities, block by block while they are near."""

import numpy as np

from edgers.kernels.cpu.exponential import exponential
from edgers.kernels.cpu.flat import Array, Steps
from edgers.kernels.jit import kernel
from edgers.kernels.score_rule import Activation

BLOCK = 4096
"""Pixels worked on at once, in whole rows: a few classes of them stay in the L2 cache."""
NONE, SIGMOID, SOFTMAX = range(3)
ACTIVATIONS: dict[Activation, int] = {"none": NONE, "sigmoid": SIGMOID, "softmax": SOFTMAX}
ONE, ZERO, INFINITY = np.float32(1), np.float32(0), np.float32(np.inf)


@kernel
def activate(run: Array, steps: Steps, width: int, activation: int, chances: Array) -> None:
    """Fill `chances`, (class, pixel), from scores as they lie in memory."""
    count, pixels = chances.shape
    most = max(1, BLOCK // width) * width
    highest, total = np.empty(most, np.float32), np.empty(most, np.float32)
    for begin in range(0, pixels, most):
        end = min(begin + most, pixels)
        h, t = highest[: end - begin], total[: end - begin]
        h[:] = -INFINITY
        t[:] = ZERO
        for position in range(count):
            x = chances[position, begin:end]
            _lay(run, position * steps[0] + begin // width * steps[1], steps, width, x)
            if activation == SIGMOID:
                sigmoid(x)
            elif activation == SOFTMAX:
                for i in range(len(x)):
                    h[i] = x[i] if x[i] > h[i] else h[i]
        if activation == SOFTMAX:
            for position in range(count):
                _power(chances[position, begin:end], h, t)
            for position in range(count):
                _share(chances[position, begin:end], t)


@kernel
def sigmoid(x: Array) -> None:
    """Turn scores into probabilities, each for itself, in place."""
    for i in range(len(x)):
        x[i] = -x[i]
    exponential(x)
    for i in range(len(x)):
        x[i] = ONE / (ONE + x[i])


@kernel
def _lay(run: Array, first: int, steps: Steps, width: int, x: Array) -> None:
    for row in range(len(x) // width):
        target, start = x[row * width : (row + 1) * width], first + row * steps[1]
        if steps[2] == 1:
            source = run[start : start + width]
            for i in range(width):
                target[i] = source[i]
        else:
            for i in range(width):
                target[i] = run[start + i * steps[2]]


@kernel
def _power(x: Array, highest: Array, total: Array) -> None:
    for i in range(len(x)):
        x[i] = x[i] - highest[i]
    exponential(x)
    for i in range(len(x)):
        total[i] = total[i] + x[i]


@kernel
def _share(x: Array, total: Array) -> None:
    for i in range(len(x)):
        x[i] = x[i] / total[i]

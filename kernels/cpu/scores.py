"""From a network's scores to classes and probabilities, in one pass over the scores."""

from functools import partial

import numpy as np
import numpy.typing as npt

from edgers.kernels.cpu.exponential import exponential
from edgers.kernels.cpu.flat import Array, Steps, flat
from edgers.kernels.cpu.scatter import add_row, scatter
from edgers.kernels.jit import kernel
from edgers.kernels.score_rule import Activation, Decoded, ScoreRule

CHUNK = 1024
"""Pixels worked on at once: their best scores and values stay in the L1 cache."""
ONE, ZERO, INFINITY = np.float32(1), np.float32(0), np.float32(np.inf)


def decode(
    scores: npt.NDArray[np.float32], rule: ScoreRule, *, with_probabilities: bool = False
) -> Decoded:
    """As the reference; scores are loaded once."""
    count, height, width = scores.shape
    classes = np.empty((height, width), rule.values.dtype)
    not_finite = np.empty((height, width), np.bool_)
    chances: npt.NDArray[np.float32] = np.empty(
        (max(2, count), height, width) if with_probabilities else (0, 0, 0), np.float32
    )
    if classes.size:
        run, steps = flat(scores)
        if count == 1:
            by_sigmoid = rule.activation != "none"
            _decode_one(
                run, steps, rule.values, by_sigmoid, np.float32(rule.threshold), classes,
                not_finite, chances,
            )  # fmt: skip
        else:
            _choose(run, steps, count, rule.values, classes, not_finite)
            if with_probabilities:
                _activate(run, steps, ACTIVATIONS[rule.activation], chances)
    return Decoded(
        classes=classes, not_finite=not_finite,
        probabilities=chances if with_probabilities else None,
    )  # fmt: skip


def settle(
    target: npt.NDArray[np.float32], part: npt.NDArray[np.float32],
    row_weights: npt.NDArray[np.float32], column_weights: npt.NDArray[np.float32], rule: ScoreRule,
) -> Decoded:  # fmt: skip
    """As the reference; a score is looked at while what was just added to it is near."""
    count, height, width = target.shape
    if count == 1 or not target.size:
        scatter(target, part, row_weights, column_weights)
        return decode(target, rule)
    classes = np.empty((height, width), rule.values.dtype)
    not_finite = np.empty((height, width), np.bool_)
    run, steps = flat(target, writeable=True)
    _mix_and_choose(
        run, steps, count, rule.values, classes, not_finite, *flat(part), row_weights,
        column_weights,
    )  # fmt: skip
    return Decoded(classes=classes, not_finite=not_finite, probabilities=None)


NONE, SIGMOID, SOFTMAX = range(3)
ACTIVATIONS: dict[Activation, int] = {"none": NONE, "sigmoid": SIGMOID, "softmax": SOFTMAX}


@kernel
def _choose(
    run: Array, steps: Steps, count: int, values: Array, classes: Array, not_finite: Array
) -> None:
    height, width = classes.shape
    state, spare = np.empty((2, CHUNK), np.float32), np.empty((4, CHUNK), np.float32)
    for row in range(height):
        for begin in range(0, width, CHUNK):
            end = min(begin + CHUNK, width)
            _choose_some(
                run, steps, row * steps[1] + begin * steps[2], count, values, state, spare,
                classes[row, begin:end], not_finite[row, begin:end],
            )  # fmt: skip


@kernel
def _mix_and_choose(
    run: Array, steps: Steps, count: int, values: Array, classes: Array, not_finite: Array,
    part: Array, part_steps: Steps, row_weights: Array, column_weights: Array,
) -> None:  # fmt: skip
    height, width = classes.shape
    state, spare = np.empty((2, CHUNK), np.float32), np.empty((4, CHUNK), np.float32)
    for row in range(height):
        for begin in range(0, width, CHUNK):
            end = min(begin + CHUNK, width)
            first = row * steps[1] + begin * steps[2]
            start = row * part_steps[1] + begin * part_steps[2]
            for position in range(count):
                add_row(
                    part, start + position * part_steps[0], part_steps[2], row_weights[row],
                    column_weights[begin:end], run, first + position * steps[0], steps[2],
                )  # fmt: skip
            _choose_some(
                run, steps, first, count, values, state, spare, classes[row, begin:end],
                not_finite[row, begin:end],
            )  # fmt: skip


@kernel
def _choose_some(
    run: Array, steps: Steps, first: int, count: int, values: Array, state: Array, spare: Array,
    classes: Array, not_finite: Array,
) -> None:  # fmt: skip
    n = len(classes)
    best, check = state[0, :n], state[1, :n]
    chosen = np.empty(n, np.int32)
    best[:] = -INFINITY
    check[:] = ZERO
    chosen[:] = values[0]
    position = 0
    while position < count:
        x = _plane(run, steps, first, position, n, spare[0])
        # Four classes at a time: what stands so far is loaded and stored less often.
        if position + 4 <= count:
            _challenge_four(
                x, _plane(run, steps, first, position + 1, n, spare[1]),
                _plane(run, steps, first, position + 2, n, spare[2]),
                _plane(run, steps, first, position + 3, n, spare[3]),
                values[position : position + 4], best, chosen, check,
            )  # fmt: skip
            position += 4
        else:
            _challenge(x, np.int32(values[position]), best, chosen, check)
            position += 1
    _settle(chosen, check, values[0], classes, not_finite)


@kernel
def _plane(run: Array, steps: Steps, first: int, position: int, n: int, spare: Array) -> Array:
    """Give the scores of one class as they lie, or gathered into `spare`."""
    begin = position * steps[0] + first
    if steps[2] == 1:
        return run[begin : begin + n]
    for i in range(n):
        spare[i] = run[begin + i * steps[2]]
    return spare[:n]


@kernel
def _challenge(x: Array, value: np.int32, best: Array, chosen: Array, check: Array) -> None:
    for i in range(len(best)):
        is_better = x[i] > best[i]
        best[i] = x[i] if is_better else best[i]
        chosen[i] = value if is_better else chosen[i]
        check[i] = check[i] + x[i] * ZERO


@kernel
def _challenge_four(
    x0: Array, x1: Array, x2: Array, x3: Array, values: Array, best: Array, chosen: Array,
    check: Array,
) -> None:  # fmt: skip
    v0, v1 = np.int32(values[0]), np.int32(values[1])
    v2, v3 = np.int32(values[2]), np.int32(values[3])
    for i in range(len(best)):
        a, b, c, d = x0[i], x1[i], x2[i], x3[i]
        # Two and two, the first of equal ones; then the winner against what stands so far.
        low, low_value = (b, v1) if b > a else (a, v0)
        high, high_value = (d, v3) if d > c else (c, v2)
        top, top_value = (high, high_value) if high > low else (low, low_value)
        is_better = top > best[i]
        best[i] = top if is_better else best[i]
        chosen[i] = top_value if is_better else chosen[i]
        # Each by itself: the sum of large ones could overflow.
        check[i] = check[i] + ((a * ZERO + b * ZERO) + (c * ZERO + d * ZERO))


@kernel
def _settle(chosen: Array, check: Array, nothing: int, classes: Array, not_finite: Array) -> None:
    # Zero times infinity is NaN, so the sum of all is 0 or NaN.
    for i in range(len(chosen)):
        classes[i] = chosen[i] if check[i] == ZERO else np.int32(nothing)
    for i in range(len(chosen)):
        not_finite[i] = check[i] != ZERO


@kernel
def _activate(run: Array, steps: Steps, activation: int, chances: Array) -> None:
    count, height, width = chances.shape
    total, highest = np.empty(CHUNK, np.float32), np.empty(CHUNK, np.float32)
    for row in range(height):
        for begin in range(0, width, CHUNK):
            n = min(CHUNK, width - begin)
            first = row * steps[1] + begin * steps[2]
            highest[:n] = -INFINITY
            total[:n] = ZERO
            for position in range(count):
                target = chances[position, row, begin : begin + n]
                target[:] = _plane(run, steps, first, position, n, target)
                if activation == SIGMOID:
                    _sigmoid(target)
                elif activation == SOFTMAX:
                    _raise(target, highest[:n])
            if activation != SOFTMAX:
                continue
            for position in range(count):
                _power(chances[position, row, begin : begin + n], highest[:n], total[:n])
            for position in range(count):
                _share(chances[position, row, begin : begin + n], total[:n])


@kernel
def _raise(x: Array, highest: Array) -> None:
    for i in range(len(x)):
        highest[i] = x[i] if x[i] > highest[i] else highest[i]


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


@kernel
def _sigmoid(x: Array) -> None:
    for i in range(len(x)):
        x[i] = -x[i]
    exponential(x)
    for i in range(len(x)):
        x[i] = ONE / (ONE + x[i])


@kernel
def _decode_one(
    run: Array, steps: Steps, values: Array, by_sigmoid: bool, threshold: np.float32,
    classes: Array, not_finite: Array, chances: Array,
) -> None:  # fmt: skip
    height, width = classes.shape
    second, spare = np.empty(width, np.float32), np.empty(width, np.float32)
    chosen, check = np.empty(width, np.int32), np.empty(width, np.float32)
    low, high = np.int32(values[0]), np.int32(values[1])
    for row in range(height):
        second[:] = _plane(run, steps, row * steps[1], 0, width, spare)
        for i in range(width):
            check[i] = second[i] * ZERO
        if by_sigmoid:
            _sigmoid(second)
        for i in range(width):
            chosen[i] = high if second[i] >= threshold else low
        _settle(chosen, check, values[0], classes[row], not_finite[row])
        if len(chances):
            for i in range(width):
                chances[0, row, i] = ONE - second[i]
            chances[1, row] = second


def _warm(count: int, activation: Activation) -> None:
    """Compile what scores of float32 need."""
    rule = ScoreRule(values=np.array([0, 1], np.uint8), activation=activation, threshold=0.5)
    scores, one = np.zeros((count, 1, 1), np.float32), np.ones(1, np.float32)
    decode(scores, rule, with_probabilities=True)
    settle(scores, scores.copy(), one, one, rule)


WARMUP = (partial(_warm, 1, "sigmoid"), partial(_warm, 2, "softmax"))

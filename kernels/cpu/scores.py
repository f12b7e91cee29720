"""From a network's scores to classes and probabilities, in one pass over the scores."""

from functools import partial

import numpy as np
import numpy.typing as npt

from edgers.kernels.cpu.activation import ACTIVATIONS, activate, sigmoid
from edgers.kernels.cpu.flat import Array, Steps, flat
from edgers.kernels.cpu.scatter import add_rows, scatter
from edgers.kernels.jit import kernel
from edgers.kernels.score_rule import Activation, Decoded, ScoreRule

BLOCK = 4096
"""Pixels worked on at once, in whole rows: what stands so far of them stays near, and a call of an
inner kernel, which counts its arrays' references, is worth its while."""
ONE, ZERO = np.float32(1), np.float32(0)


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
                run, steps, width, rule.values, by_sigmoid, np.float32(rule.threshold),
                classes.reshape(-1), not_finite.reshape(-1), chances.reshape(-1),
            )  # fmt: skip
        else:
            _choose(
                run, steps, count, width, rule.values, classes.reshape(-1), not_finite.reshape(-1)
            )
            if with_probabilities:
                activate(
                    run, steps, width, ACTIVATIONS[rule.activation], chances.reshape(count, -1)
                )
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
        run, steps, count, rule.values, classes.reshape(-1), not_finite.reshape(-1), *flat(part),
        row_weights, column_weights,
    )  # fmt: skip
    return Decoded(classes=classes, not_finite=not_finite, probabilities=None)


@kernel
def _choose(
    run: Array, steps: Steps, count: int, width: int, values: Array, classes: Array,
    not_finite: Array,
) -> None:  # fmt: skip
    rows = max(1, BLOCK // width)
    most = rows * width
    best, check = np.empty(most, np.float32), np.empty(most, np.float32)
    chosen, spare = np.empty(most, np.int32), np.empty(4 * most, np.float32)
    for begin in range(0, len(classes), most):
        end = min(begin + most, len(classes))
        _choose_some(
            run, steps, begin // width * steps[1], count, width, values, best, chosen, check,
            spare, classes[begin:end], not_finite[begin:end],
        )  # fmt: skip


@kernel
def _mix_and_choose(
    run: Array, steps: Steps, count: int, values: Array, classes: Array, not_finite: Array,
    part: Array, part_steps: Steps, row_weights: Array, column_weights: Array,
) -> None:  # fmt: skip
    width = len(column_weights)
    rows = max(1, BLOCK // width)
    most = rows * width
    best, check = np.empty(most, np.float32), np.empty(most, np.float32)
    chosen, spare = np.empty(most, np.int32), np.empty(4 * most, np.float32)
    for begin in range(0, len(classes), most):
        end = min(begin + most, len(classes))
        row = begin // width
        for position in range(count):
            add_rows(
                part, position * part_steps[0] + row * part_steps[1], part_steps,
                row_weights[row : row + rows], column_weights, run,
                position * steps[0] + row * steps[1], steps,
            )  # fmt: skip
        _choose_some(
            run, steps, row * steps[1], count, width, values, best, chosen, check, spare,
            classes[begin:end], not_finite[begin:end],
        )  # fmt: skip


@kernel
def _choose_some(
    run: Array, steps: Steps, first: int, count: int, width: int, values: Array, best: Array,
    chosen: Array, check: Array, spare: Array, classes: Array, not_finite: Array,
) -> None:  # fmt: skip
    """Choose for some whole rows, of which the first begins at `first`."""
    n = len(classes)
    position = 0
    while position < count:
        group = 4 if position + 4 <= count else 1
        value = (
            np.int32(values[position]), np.int32(values[position + group // 2 // 2]),
            np.int32(values[position + group // 2]), np.int32(values[position + group - 1]),
        )  # fmt: skip
        if steps[2] == 1:
            start = position * steps[0] + first
            _challenge(
                run, start, steps[0], steps[1], width, group, value, position == 0, best, chosen,
                check, n,
            )  # fmt: skip
        else:
            for k in range(group):
                _collect(run, (position + k) * steps[0] + first, steps, width, spare, k * n, n)
            _challenge(
                spare, 0, n, width, width, group, value, position == 0, best, chosen, check, n
            )
        position += group
    nothing = np.int32(values[0])
    for i in range(n):
        classes[i] = chosen[i] if check[i] == ZERO else nothing
    for i in range(n):
        not_finite[i] = check[i] != ZERO


@kernel
def _collect(
    run: Array, first: int, steps: Steps, width: int, spare: Array, start: int, n: int
) -> None:
    """Lay scores that lie apart side by side."""
    for row in range(n // width):
        for i in range(width):
            spare[start + row * width + i] = run[first + row * steps[1] + i * steps[2]]


@kernel
def _challenge(
    run: Array, first: int, layer_step: int, row_step: int, width: int, group: int,
    value: tuple[np.int32, np.int32, np.int32, np.int32], is_first: bool, best: Array,
    chosen: Array, check: Array, n: int,
) -> None:  # fmt: skip
    """Hold one class, or four, against what stands so far; the first class is what stands first.

    Zero times infinity is NaN, so the sum of all scores times zero tells those that are not finite:
    each by itself, for the sum of large ones could overflow.
    """
    for row in range(n // width):
        place, start = row * width, first + row * row_step
        b, c, k = (
            best[place : place + width], chosen[place : place + width],
            check[place : place + width],
        )  # fmt: skip
        x0 = run[start : start + width]
        if group == 1:
            for i in range(width):
                a = x0[i]
                is_better = is_first or a > b[i]
                k[i] = a * ZERO if is_first else k[i] + a * ZERO
                c[i] = value[0] if is_better else c[i]
                b[i] = a if is_better else b[i]
            continue
        x1 = run[start + layer_step : start + layer_step + width]
        x2 = run[start + 2 * layer_step : start + 2 * layer_step + width]
        x3 = run[start + 3 * layer_step : start + 3 * layer_step + width]
        for i in range(width):
            p, q, r, s = x0[i], x1[i], x2[i], x3[i]
            # Two and two, the first of equal ones; then the winner against what stands so far.
            low, low_value = (q, value[1]) if q > p else (p, value[0])
            high, high_value = (s, value[3]) if s > r else (r, value[2])
            top, top_value = (high, high_value) if high > low else (low, low_value)
            bad = (p * ZERO + q * ZERO) + (r * ZERO + s * ZERO)
            is_better = is_first or top > b[i]
            k[i] = bad if is_first else k[i] + bad
            c[i] = top_value if is_better else c[i]
            b[i] = top if is_better else b[i]


@kernel
def _decode_one(
    run: Array, steps: Steps, width: int, values: Array, by_sigmoid: bool, threshold: np.float32,
    classes: Array, not_finite: Array, chances: Array,
) -> None:  # fmt: skip
    pixels = len(classes)
    most = max(1, BLOCK // width) * width
    second, check = np.empty(most, np.float32), np.empty(most, np.float32)
    low, high = np.int32(values[0]), np.int32(values[1])
    for begin in range(0, pixels, most):
        n = min(most, pixels - begin)
        x, k = second[:n], check[:n]
        _collect(run, begin // width * steps[1], steps, width, x, 0, n)
        for i in range(n):
            k[i] = x[i] * ZERO
        if by_sigmoid:
            sigmoid(x)
        one, bad = classes[begin : begin + n], not_finite[begin : begin + n]
        for i in range(n):
            one[i] = high if x[i] >= threshold and k[i] == ZERO else low
        for i in range(n):
            bad[i] = k[i] != ZERO
        if len(chances):
            first, other = chances[begin : begin + n], chances[pixels + begin : pixels + begin + n]
            for i in range(n):
                first[i] = ONE - x[i]
                other[i] = x[i]


def _warm(count: int, activation: Activation) -> None:
    """Compile what scores of float32 need."""
    rule = ScoreRule(values=np.array([0, 1], np.uint8), activation=activation, threshold=0.5)
    scores, one = np.zeros((count, 1, 1), np.float32), np.ones(1, np.float32)
    decode(scores, rule, with_probabilities=True)
    settle(scores, scores.copy(), one, one, rule)


WARMUP = (partial(_warm, 1, "sigmoid"), partial(_warm, 2, "softmax"))

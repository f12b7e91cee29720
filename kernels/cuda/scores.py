"""From a network's scores to classes and probabilities: one thread a pixel."""

import math
from typing import Any

from numba import cuda, float32

from edgers.kernels.cuda.entry import Entry

NONE, SIGMOID, SOFTMAX = range(3)
"""What turns scores into probabilities, as in `edgers.kernels.score_rule`."""


def decode(
    scores: Any, count: int, height: int, width: int, layer_step: int, row_step: int,
    values: Any, activation: int, threshold: float, classes: Any, not_finite: Any,
    chances: Any, has_chances: int,
) -> None:  # fmt: skip
    """Choose the class of one pixel; steps in scores, columns lie side by side.

    `classes`, `not_finite` and, where `has_chances`, `chances` are contiguous.
    """
    i = cuda.grid(1)
    pixels = height * width
    if i >= pixels:
        return
    row = i // width
    first = row * row_step + (i - row * width)
    best = float32(-math.inf)
    winner = 0
    check = float32(0)
    for position in range(count):
        score = scores[first + position * layer_step]
        check += score * float32(0)
        if score > best:
            best = score
            winner = position
    is_bad = check != float32(0)
    if count == 1:
        score = scores[first]
        second = score
        if activation != NONE:
            # Beyond 88 the exponential is infinite on a device, and an error in the simulator.
            second = float32(1) / (float32(1) + float32(math.exp(min(-score, float32(88)))))
        winner = 1 if second >= threshold else 0
        if has_chances:
            chances[i] = float32(1) - second
            chances[pixels + i] = second
    elif has_chances:
        total = float32(0)
        for position in range(count):
            score = scores[first + position * layer_step]
            chance = score
            if activation == SOFTMAX:
                chance = float32(math.exp(score - best))
                total += chance
            elif activation == SIGMOID:
                chance = float32(1) / (float32(1) + float32(math.exp(min(-score, float32(88)))))
            chances[position * pixels + i] = chance
        if activation == SOFTMAX:
            for position in range(count):
                chances[position * pixels + i] = chances[position * pixels + i] / total
    not_finite[i] = is_bad
    classes[i] = values[0 if is_bad else winner]


def settle(
    target: Any, count: int, height: int, width: int, layer_step: int, row_step: int,
    part: Any, part_layer_step: int, part_row_step: int, row_weights: Any,
    column_weights: Any, values: Any, classes: Any, not_finite: Any,
) -> None:  # fmt: skip
    """Add the last part to the mixed scores of one pixel, and choose its class; two or more."""
    i = cuda.grid(1)
    if i >= height * width:
        return
    row = i // width
    column = i - row * width
    weight = float32(row_weights[row] * column_weights[column])
    first = row * row_step + column
    source = row * part_row_step + column
    best = float32(-math.inf)
    winner = 0
    check = float32(0)
    for position in range(count):
        place = first + position * layer_step
        score = float32(target[place] + float32(part[source + position * part_layer_step] * weight))
        target[place] = score
        check += score * float32(0)
        if score > best:
            best = score
            winner = position
    is_bad = check != float32(0)
    not_finite[i] = is_bad
    classes[i] = values[0 if is_bad else winner]


ENTRIES = tuple(
    entry
    for kind in ("uint8", "uint16")
    for entry in (
        Entry(
            name=f"decode_{kind}",
            function=decode,
            signature=(
                "float32*", *("int32",) * 5, f"{kind}*", "int32", "float32", f"{kind}*", "uint8*",
                "float32*", "int32",
            ),
        ),
        Entry(
            name=f"settle_{kind}",
            function=settle,
            signature=(
                "float32*", *("int32",) * 5, "float32*", "int32", "int32", "float32*", "float32*",
                f"{kind}*", f"{kind}*", "uint8*",
            ),
        ),
    )
)  # fmt: skip

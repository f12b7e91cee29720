"""How the output of one graph node depends on its input, along one image axis.

Indices count samples along the axis, on an endless grid without scene edges. Each map answers
three questions: how much coarser the output grid is, which input samples a run of output samples
needs, and how many output samples a number of input samples gives. All arithmetic is on whole
numbers and fractions, so the answers are exact.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

Span = tuple[int, int]
"""First and last index of a run of samples, both included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisMap:
    """Dependence of a node's output on its input along one axis."""

    stride: Fraction
    """Output step in input samples: 2 for a stride-2 convolution, 1/2 for a 2× enlargement."""
    need: Callable[[int, int], Span]
    """Input span that output samples first to last depend on, and without which they would not be
    there (a crop at the far side takes samples away that no value depends on)."""
    size: Callable[[int], int | None]
    """Output count for an input count; None where the answer is not a plain rule of the count."""


IDENTITY = AxisMap(stride=Fraction(1), need=lambda a, b: (a, b), size=lambda n: n)
"""Each output sample depends on the input sample at its place."""


def window_map(
    *,
    kernel: int,
    stride: int = 1,
    dilation: int = 1,
    before: int = 0,
    after: int = 0,
    ceil: bool = False,
    same: bool = False,
) -> AxisMap:
    """Map of a convolution or pooling window with padding `before` and `after` the samples.

    `ceil` rounds the output count up; `same` marks padding that was worked out from the input
    count, which then only holds for counts that are multiples of the stride.
    """  # fmt: skip
    reach = dilation * (kernel - 1)

    def size(n: int) -> int | None:
        if same and n % stride:
            return None
        free = n + before + after - reach - 1
        if free < 0:
            return 0
        count = -(-free // stride) + 1 if ceil else free // stride + 1
        # A window that would start in the padding after the samples is not taken (ONNX, ceil_mode).
        return count - 1 if ceil and (count - 1) * stride >= n + before else count

    return AxisMap(
        stride=Fraction(stride),
        need=lambda a, b: (a * stride - before, b * stride - before + reach),
        size=size,
    )


def transposed_map(
    *, kernel: int, stride: int, dilation: int, before: int, after: int, extra: int
) -> AxisMap:
    """Map of a transposed convolution: input i gives outputs stride·i + dilation·j − before."""
    reach = dilation * (kernel - 1)
    return AxisMap(
        stride=Fraction(1, stride),
        need=lambda a, b: (
            -((reach - before - a) // stride),
            max((b + before) // stride, -((extra + reach - before - after - b) // stride)),
        ),
        size=lambda n: stride * (n - 1) + reach + 1 + extra - before - after,
    )


def shift_map(before: int, after: int) -> AxisMap:
    """Map of padding (positive) or cropping (negative) samples on either side."""
    return AxisMap(
        stride=Fraction(1),
        need=lambda a, b: (a - before, b - before + max(0, -after)),
        size=lambda n: n + before + after,
    )


def step_map(start: int, step: int) -> AxisMap:
    """Map of taking every `step`-th sample from `start` to the end."""
    return AxisMap(
        stride=Fraction(step),
        need=lambda a, b: (start + a * step, start + b * step),
        size=lambda n: max(0, -(-(n - start) // step)),
    )


def gather_block_map(block: int) -> AxisMap:
    """Map of space to depth: one output sample holds a block of input samples."""
    return AxisMap(
        stride=Fraction(block),
        need=lambda a, b: (a * block, b * block + block - 1),
        size=lambda n: None if n % block else n // block,
    )


def spread_block_map(block: int) -> AxisMap:
    """Map of depth to space: one input sample holds a block of output samples."""
    return AxisMap(
        stride=Fraction(1, block),
        need=lambda a, b: (a // block, b // block),
        size=lambda n: n * block,
    )


def resize_map(
    *, scale: Fraction, half_pixel: bool, taps: Callable[[Fraction], Span], from_count: bool
) -> AxisMap:
    """Map of a resize by `scale` that reads `taps(x)` around the input position x of an output.

    `half_pixel` puts sample centres at half indices; otherwise positions are index / scale.
    `from_count` marks a scale that was worked out from the input count.
    """
    half = Fraction(1, 2) if half_pixel else Fraction(0)

    def position(index: int) -> Fraction:
        return (index + half) / scale - half

    def size(n: int) -> int | None:
        if from_count or (n * scale).denominator != 1:
            return None
        return int(n * scale)

    return AxisMap(
        stride=1 / scale,
        need=lambda a, b: (
            taps(position(a))[0],
            max(taps(position(b))[1], math.ceil((b + 1) / scale) - 1),
        ),
        size=size,
    )


def nearest_taps(rounding: str) -> Callable[[Fraction], Span]:
    """Give the one sample that ONNX Resize picks for a position, by its `nearest_mode`."""
    half = Fraction(1, 2)
    pick: dict[str, Callable[[Fraction], int]] = {
        "round_prefer_floor": lambda x: math.ceil(x - half),
        "round_prefer_ceil": lambda x: math.floor(x + half),
        "floor": math.floor,
        "ceil": math.ceil,
    }
    return lambda x: (pick[rounding](x), pick[rounding](x))


def interpolating_taps(radius: Fraction) -> Callable[[Fraction], Span]:
    """Give the samples nearer than `radius`: 1 for linear, 2 for cubic, more if antialiased."""
    return lambda x: (math.floor(x - radius) + 1, math.ceil(x + radius) - 1)

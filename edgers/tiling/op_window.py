"""Halo rules of ops that move, gather or spread pixels: windows, padding, cuts, resizing."""

from collections.abc import Callable, Sequence
from fractions import Fraction

from edgers.tiling.axis_map import (
    IDENTITY,
    Span,
    gather_block_map,
    interpolating_taps,
    nearest_taps,
    resize_map,
    shift_map,
    spread_block_map,
    step_map,
    transposed_map,
    window_map,
)
from edgers.tiling.op_node import Link, Node, Placed, per_axis


def _padding(
    node: Node, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> tuple[list[tuple[int, int]], bool]:
    """Give padding before and after on each axis, and whether it was worked out from the size.

    SAME padding is taken for counts that are multiples of the stride, where it is
    dilation·(kernel − 1) + 1 − stride in all.
    """
    mode = node.word("auto_pad", "NOTSET")
    if mode in ("NOTSET", "VALID"):
        pads = _both_ends(node, "pads") if mode == "NOTSET" else ((0, 0), (0, 0))
        return list(zip(*pads, strict=True)), False
    sides = []
    for k, s, d in zip(kernel, stride, dilation, strict=True):
        total = max(0, d * (k - 1) + 1 - s)
        small, large = total // 2, total - total // 2
        sides.append((small, large) if mode == "SAME_UPPER" else (large, small))
    return sides, True


def _check_place(node: Node) -> None:
    """Refuse a window whose last two axes are not height and width; one before them is time."""
    source = node.inputs[0]
    rank = len(node.shapes[source])
    if rank < 4 or node.axes[source] != (rank - 2, rank - 1):
        raise node.unbounded("its window does not lie on height and width alone")


def _sides(node: Node, name: str, default: int) -> Sequence[int]:
    """Give the last two numbers of a list with one a window axis: those of height and width."""
    return node.numbers(name, (default, default))[-2:]


def _both_ends(node: Node, name: str) -> tuple[Sequence[int], Sequence[int]]:
    """Give the numbers of height and width before the image and after it."""
    numbers = node.numbers(name, (0, 0, 0, 0))
    half = len(numbers) // 2
    return numbers[half - 2 : half], numbers[-2:]


def window(node: Node) -> Placed:
    """Convolution and pooling."""
    _check_place(node)
    source = node.inputs[0]
    weights = {"QLinearConv": 3}.get(node.op, 1)
    pooling = node.op.endswith("Pool")
    shape = () if pooling else node.shapes[node.inputs[weights]][2:]
    kernel = node.numbers("kernel_shape", shape)[-2:]
    stride, dilation = _sides(node, "strides", 1), _sides(node, "dilations", 1)
    sides, same = _padding(node, kernel, stride, dilation)
    maps = [
        window_map(
            kernel=k, stride=s, dilation=d, before=before, after=after,
            ceil=bool(node.number("ceil_mode", 0)), same=same,
        )
        for k, s, d, (before, after) in zip(kernel, stride, dilation, sides, strict=True)
    ]  # fmt: skip
    return per_axis(node, source, maps)


def transposed_window(node: Node) -> Placed:
    """Transposed convolution."""
    _check_place(node)
    source = node.inputs[0]
    if "output_shape" in node.attributes:
        raise node.unbounded("it states its output size instead of its padding")
    kernel = node.numbers("kernel_shape", node.shapes[node.inputs[1]][2:])[-2:]
    stride, dilation = _sides(node, "strides", 1), _sides(node, "dilations", 1)
    extra = _sides(node, "output_padding", 0)
    mode = node.word("auto_pad", "NOTSET")
    ends = _both_ends(node, "pads")
    maps = []
    for i, (k, s, d, e) in enumerate(zip(kernel, stride, dilation, extra, strict=True)):
        before, after = (ends[0][i], ends[1][i]) if mode == "NOTSET" else (0, 0)
        if mode.startswith("SAME"):
            total = max(0, d * (k - 1) + 1 - s + e)
            before = total // 2 if mode == "SAME_UPPER" else total - total // 2
            after = total - before
        maps.append(
            transposed_map(kernel=k, stride=s, dilation=d, before=before, after=after, extra=e)
        )
    return per_axis(node, source, maps)


def pad(node: Node) -> Placed:
    """Pad on the image axes by fixed amounts."""
    source = node.inputs[0]
    if node.word("mode", "constant") == "wrap":
        raise node.unbounded("it wraps around the image")
    rank = len(node.shapes[source])
    if len(node.inputs) > 1 and node.counted(1):
        raise node.unbounded("its padding changes with the image size")
    pads = [int(number) for number in node.fixed(1, "pads") or ()]
    named = node.fixed(3, "axes")
    axes = [int(axis) % rank for axis in named] if named else list(range(rank))
    sides = {axis: (pads[i], pads[i + len(axes)]) for i, axis in enumerate(axes)}
    maps = [shift_map(*sides.get(axis, (0, 0))) for axis in node.axes[source]]
    return per_axis(node, source, maps)


def cut(node: Node) -> Placed:
    """Slice, at fixed distances from the sides."""
    source = node.inputs[0]
    shape = node.shapes[source]
    starts = node.fixed(1, "starts") or ()
    named = node.fixed(3, "axes") or tuple(range(len(starts)))
    steps = node.fixed(4, "steps") or (1,) * len(starts)
    ends = _ends(node, len(starts))
    maps = dict.fromkeys(node.axes[source], IDENTITY)
    for start, end, axis, step in zip(starts, ends, named, steps, strict=True):
        place, first, stride = int(axis) % len(shape), int(start), int(step)
        if place not in maps:
            continue
        length = shape[place]
        tail = 0 if end >= length else -int(end) if end < 0 else None
        if first < 0 or stride < 1 or tail is None or (stride > 1 and tail):
            raise node.unbounded("it cuts at a place that does not move with the image size")
        maps[place] = step_map(first, stride) if stride > 1 else shift_map(-first, -tail)
    return per_axis(node, source, [maps[axis] for axis in node.axes[source]])


def _ends(node: Node, count: int) -> tuple[float, ...]:
    """Give slice ends; one that was computed from the image size counts from the end."""
    if len(node.inputs) > 2 and node.inputs[2] and node.counted(2):
        raise node.unbounded("its 'ends' change with the image size")
    return node.fixed(2, "ends") or (0.0,) * count


def depth_to_space(node: Node) -> Placed:
    """Depth to space: pixels spread."""
    maps = [spread_block_map(node.number("blocksize", 1))] * 2
    return per_axis(node, node.inputs[0], maps)


def space_to_depth(node: Node) -> Placed:
    """Space to depth: pixels gather."""
    maps = [gather_block_map(node.number("blocksize", 1))] * 2
    return per_axis(node, node.inputs[0], maps)


def resize(node: Node) -> Placed:
    """Resize and Upsample, where positions do not hang on the image size."""
    source = node.inputs[0]
    placing = node.word("coordinate_transformation_mode", "half_pixel")
    if node.op == "Upsample" or (node.op == "Resize" and len(node.inputs) == 2):
        placing = "asymmetric"  # Upsample and opset 10 Resize have no other.
    if placing in ("align_corners", "tf_crop_and_resize"):
        raise node.unbounded(f"{placing} places samples by the size of the whole image")
    from_count = "sizes" in node.attributes or (len(node.inputs) > 3 and bool(node.inputs[3]))
    if node.op == "Resize" and not from_count:
        from_count = node.counted(len(node.inputs) - 1)
    before, after = node.shapes[source], node.shapes[node.output]
    maps = []
    for axis in node.axes[source]:
        scale = Fraction(after[axis], before[axis])
        maps.append(
            resize_map(
                scale=scale,
                half_pixel=placing != "asymmetric",
                taps=_taps(node, scale),
                from_count=from_count,
            )
        )
    mixes = node.word("mode", "nearest") != "nearest"
    link = Link(source=source, height=maps[0], width=maps[1], interpolates=mixes)
    return node.axes[source], [link]


def _taps(node: Node, scale: Fraction) -> Callable[[Fraction], Span]:
    """Give the samples a resize reads around a position."""
    mode = node.word("mode", "nearest")
    if mode == "nearest":
        default = (
            "floor" if node.op == "Upsample" or len(node.inputs) == 2 else "round_prefer_floor"
        )
        return nearest_taps(node.word("nearest_mode", default))
    radius = Fraction(2 if mode == "cubic" else 1)
    if node.number("antialias", 0) and scale < 1:
        radius /= scale
    return interpolating_taps(radius)

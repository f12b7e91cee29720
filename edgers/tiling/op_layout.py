"""Halo rules of ops that leave pixels where they are: pointwise, along channels, moves of axes."""

import math

from edgers.tiling.op_node import Link, Node, Placed


def pointwise(node: Node) -> Placed:
    """Op that works sample by sample, with broadcasting of inputs that have no image axes."""
    rank = len(node.shapes[node.output])
    placed = {
        tuple(axis + rank - len(node.shapes[name]) for axis in node.axes[name])
        for name in node.images()
    }
    if len(placed) != 1:
        raise node.unbounded("its inputs have their image axes in different places")
    height, width = placed.pop()
    for name in node.inputs:
        shape = node.shapes.get(name, ())
        if name not in node.axes and any(
            len(shape) >= rank - axis and shape[axis - rank] != 1 for axis in (height, width)
        ):
            raise node.unbounded("it adds a tensor that differs from pixel to pixel")
    return (height, width), [Link(source=name) for name in node.images()]


def per_channel(node: Node) -> Placed:
    """Op whose other inputs are one number, or one a channel."""
    source = node.inputs[0]
    return node.axes[source], [Link(source=source)]


def along_axis(node: Node) -> Placed:
    """Op along one axis, local as long as that is not an image axis."""
    source = node.inputs[0]
    rank = len(node.shapes[source])
    last = node.op in ("Softmax", "LogSoftmax", "Hardmax", "LpNormalization", "TopK")
    axis = node.number("axis", -1 if last else 0) % rank
    return _without(
        node, (axis,), keep=not node.op.startswith("Arg") or node.number("keepdims", 1) == 1
    )


def layer_norm(node: Node) -> Placed:
    """Normalization over an axis and all behind it."""
    rank = len(node.shapes[node.inputs[0]])
    return _without(node, tuple(range(node.number("axis", -1) % rank, rank)), keep=True)


def reduction(node: Node) -> Placed:
    """Reduction over some axes; over all of them where it names none."""
    rank = len(node.shapes[node.inputs[0]])
    named = node.fixed(1, "axes")
    if not named and node.number("noop_with_empty_axes", 0):
        named = ()
    elif not named:
        named = tuple(range(rank))
    axes = tuple(int(axis) % rank for axis in named)
    return _without(node, axes, keep=node.number("keepdims", 1) == 1)


def _without(node: Node, worked: tuple[int, ...], *, keep: bool) -> Placed:
    """Place the image axes after an op over the `worked` axes, which may vanish."""
    source = node.inputs[0]
    if set(worked) & set(node.axes[source]):
        raise node.unbounded("it works across the image")
    height, width = (
        axis - (0 if keep else sum(gone < axis for gone in worked)) for axis in node.axes[source]
    )
    return (height, width), [Link(source=source)]


def reshape(node: Node) -> Placed:
    """Reshape, Squeeze, Unsqueeze, Flatten: local where both image axes stay whole.

    An axis stays whole when the output has one of the same length with as many samples behind it.
    """
    source = node.inputs[0]
    before, after = node.shapes[source], node.shapes[node.output]

    def find(axis: int) -> int:
        behind = math.prod(before[axis + 1 :])
        for place, length in enumerate(after):
            if length == before[axis] and math.prod(after[place + 1 :]) == behind:
                return place
        raise node.unbounded("it mixes the image axes with others")

    height, width = node.axes[source]
    return (find(height), find(width)), [Link(source=source)]


def transpose(node: Node) -> Placed:
    """Transpose: the image axes move."""
    source = node.inputs[0]
    rank = len(node.shapes[source])
    order = node.numbers("perm", tuple(reversed(range(rank))))
    height, width = node.axes[source]
    return (order.index(height), order.index(width)), [Link(source=source)]


def concat(node: Node) -> Placed:
    """Concat: local along any axis that is not an image axis."""
    images = node.images()
    axes = {node.axes[name] for name in images}
    rank = len(node.shapes[node.output])
    if len(axes) != 1 or node.number("axis", 0) % rank in next(iter(axes)):
        raise node.unbounded("it joins tensors along the image")
    if len(images) != len([name for name in node.inputs if name]):
        raise node.unbounded("it adds a tensor that differs from pixel to pixel")
    return next(iter(axes)), [Link(source=name) for name in images]


def gather(node: Node) -> Placed:
    """Gather along an axis that is not an image axis."""
    source = node.inputs[0]
    axis = node.number("axis", 0) % len(node.shapes[source])
    if source not in node.axes or axis in node.axes[source]:
        raise node.unbounded("it picks pixels by index")
    grown = len(node.shapes[node.inputs[1]]) - 1
    height, width = (place + grown * (place > axis) for place in node.axes[source])
    return (height, width), [Link(source=source)]


def matmul(node: Node) -> Placed:
    """Matrix product with constant weights along the last axis: a channels-last 1×1 convolution."""
    source = node.inputs[0]
    rank = len(node.shapes[source])
    if source not in node.axes or node.inputs[1] in node.axes or rank - 1 in node.axes[source]:
        raise node.unbounded("it mixes pixels with pixels")
    if len(node.shapes[node.inputs[1]]) != 2:
        raise node.unbounded("its weights differ from pixel to pixel")
    return node.axes[source], [Link(source=source)]

"""Halo, grid and reason for graphs whose answer is known by hand, and every op that has none."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import onnx
import pytest
from builders.graphs import AXES, BANDS, GraphBuilder, image_input

from edgers.engines import ENGINES
from edgers.errors import GraphError
from edgers.export.proof import compare_tiled
from edgers.tiling.axis_tiles import smallest_tile_px
from edgers.tiling.graph import halo_from_graph
from edgers.tiling.grid import plan_grid
from edgers.tiling.halo import Halo, document_from_halo, halo_from_document

Net = Callable[[GraphBuilder], str]
NHWC = ("batch", "height", "width", "channel")


def halo_of(net: Net, *, opset: int = 17) -> Halo:
    graph = GraphBuilder(opset=opset)
    return halo_from_graph(graph.model(net(graph)), image_input(), "y")


def whole(g: GraphBuilder, values: list[int]) -> str:
    return g.constant(values, "int64")


def crop(g: GraphBuilder) -> str:
    ends = whole(g, [-2, 2**40])
    return g.node("Slice", [g.conv("x"), whole(g, [2, 3]), ends, whole(g, [2, 3])])


def every_second(g: GraphBuilder) -> str:
    ends, axes = whole(g, [2**40, 2**40]), whole(g, [2, 3])
    return g.conv(g.node("Slice", ["x", whole(g, [1, 0]), ends, axes, whole(g, [2, 2])]))


def padded(g: GraphBuilder, mode: str) -> str:
    around = whole(g, [0, 0, 2, 2, 0, 0, 2, 2])
    return g.conv(g.node("Pad", ["x", around], mode=mode), kernel=5, pads=[0] * 4)


def unet(g: GraphBuilder) -> str:
    skip = g.conv("x", 8)
    deep = g.conv(g.pool(skip), 16)
    deeper = g.conv(g.pool(deep), 16)
    up = g.conv(g.concat(g.transposed(deeper, 8), deep), 8)
    return g.conv(g.concat(g.transposed(up, 8), skip), 4)


def grouped_channels(g: GraphBuilder) -> str:
    """Channel shuffle, as ShuffleNet does it: shapes worked out at run time."""
    x = g.conv("x", 4)
    shape = g.node("Shape", [x])
    head = g.node("Slice", [shape, whole(g, [0]), whole(g, [1])])
    tail = g.node("Slice", [shape, whole(g, [2]), whole(g, [4])])
    split = g.node("Reshape", [x, g.node("Concat", [head, whole(g, [2, 2]), tail], axis=0)])
    mixed = g.node("Transpose", [split], perm=[0, 2, 1, 3, 4])
    return g.node("Reshape", [mixed, shape], channels=4)


def channel_attention(g: GraphBuilder) -> str:
    """Attention over channels at each pixel: local."""
    x = g.conv("x", 4)
    return g.node("Mul", [x, g.node("Sigmoid", [g.node("ReduceMean", [x], axes=[1], keepdims=1)])])


def batch_norm(g: GraphBuilder) -> str:
    return g.node(
        "BatchNormalization", [g.conv("x", 4), *(g.constant(np.ones(4)) for _ in range(4))]
    )


# Halo before and after, grid and stride, worked out by hand for each graph.
KNOWN: dict[str, tuple[Net, tuple[int, int, int, Fraction]]] = {
    "1x1": (lambda g: g.conv("x", kernel=1), (0, 0, 1, Fraction(1))),
    "3x3": (lambda g: g.conv("x"), (1, 1, 1, Fraction(1))),
    "two 3x3": (lambda g: g.conv(g.conv("x")), (2, 2, 1, Fraction(1))),
    "5x5 dilated by 3": (lambda g: g.conv("x", kernel=5, dilation=3), (6, 6, 1, Fraction(1))),
    "depthwise": (lambda g: g.conv("x", 3, group=3), (1, 1, 1, Fraction(1))),
    "valid 3x3": (lambda g: g.conv("x", pads=[0] * 4), (0, 2, 1, Fraction(1))),
    "patches of 4": (
        lambda g: g.conv("x", kernel=4, stride=4, pads=[0] * 4), (0, 0, 4, Fraction(4)),
    ),
    "two strides": (lambda g: g.conv(g.conv("x", stride=2), stride=2), (3, 0, 4, Fraction(4))),
    "same padding": (
        lambda g: g.conv("x", stride=2, auto_pad="SAME_UPPER"), (0, 1, 2, Fraction(2)),
    ),
    "rounding-up pool": (
        lambda g: g.pool("x", kernel=3, stride=2, ceil_mode=1), (0, 1, 2, Fraction(2)),
    ),
    "average pool": (
        lambda g: g.pool("x", "AveragePool", kernel=3, stride=1, pads=[1] * 4),
        (1, 1, 1, Fraction(1)),
    ),
    "transposed 2x2": (lambda g: g.transposed("x"), (0, 0, 1, Fraction(1, 2))),
    "transposed 4x4": (lambda g: g.transposed("x", kernel=4, pad=1), (1, 1, 1, Fraction(1, 2))),
    "u-net": (unet, (11, 11, 4, Fraction(1))),
    "linear 2x": (lambda g: g.resize("x", mode="linear"), (1, 1, 1, Fraction(1, 2))),
    "cubic 2x": (lambda g: g.resize("x", mode="cubic"), (2, 2, 1, Fraction(1, 2))),
    "linear half": (lambda g: g.resize("x", 0.5, mode="linear"), (0, 0, 2, Fraction(2))),
    "depth to space": (
        lambda g: g.node("DepthToSpace", [g.conv("x", 8)], channels=2, blocksize=2),
        (1, 1, 1, Fraction(1, 2)),
    ),
    "space to depth": (
        lambda g: g.node("SpaceToDepth", ["x"], channels=12, blocksize=2), (0, 0, 2, Fraction(2)),
    ),
    "zero pad": (lambda g: padded(g, "constant"), (2, 2, 1, Fraction(1))),
    "mirror pad": (lambda g: padded(g, "reflect"), (2, 2, 1, Fraction(1))),
    "crop": (crop, (0, 5, 1, Fraction(1))),
    "every second": (every_second, (1, 2, 2, Fraction(2))),
    "channel shuffle": (grouped_channels, (1, 1, 1, Fraction(1))),
    "channel attention": (channel_attention, (1, 1, 1, Fraction(1))),
    "softmax over channels": (
        lambda g: g.node("Softmax", [g.conv("x")], axis=1), (1, 1, 1, Fraction(1)),
    ),
    "batch norm": (batch_norm, (1, 1, 1, Fraction(1))),
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_halo_grid_and_stride_are_those_worked_out_by_hand(name: str) -> None:
    net, (before, after, align, stride) = KNOWN[name]
    halo = halo_of(net)
    assert halo.unbounded is None
    axis = halo.height
    assert (axis.before_px, axis.after_px, axis.align_px, axis.stride) == (
        before, after, align, stride,
    )  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_tiled_equals_untiled_for_every_known_graph(name: str) -> None:
    graph = GraphBuilder()
    model = graph.model(KNOWN[name][0](graph))
    halo = halo_from_graph(model, image_input(), "y")
    engine = ENGINES["onnxruntime"](model.SerializeToString())
    for tile_px in (smallest_tile_px(halo.width) + 9, 50):
        grid = plan_grid(61, 84, tile_px, halo)
        assert compare_tiled(engine, image_input(), "y", AXES, grid).difference == 0.0


def normalized(g: GraphBuilder, op: str) -> str:
    x = g.conv("x", 4)
    return g.node(op, [x, g.constant(np.ones(4)), g.constant(np.zeros(4))])


def squeeze_and_excite(g: GraphBuilder) -> str:
    x = g.conv("x", 4)
    return g.node("Mul", [x, g.node("Sigmoid", [g.node("GlobalAveragePool", [x])])])


def self_attention(g: GraphBuilder) -> str:
    coarse = g.pool(g.conv("x", 4), kernel=8, stride=8)
    flat = g.node("Reshape", [coarse, whole(g, [1, 4, -1])])
    return g.node("MatMul", [g.node("Transpose", [flat], perm=[0, 2, 1]), flat])


def position_map(g: GraphBuilder) -> str:
    return g.add("x", g.constant(np.zeros((1, BANDS, 64, 96))))


UNBOUNDED: dict[str, tuple[Net, str]] = {
    "instance norm": (lambda g: normalized(g, "InstanceNormalization"), "InstanceNormalization"),
    "squeeze and excite": (squeeze_and_excite, "GlobalAveragePool"),
    "mean over the image": (lambda g: g.node("ReduceMean", ["x"], axes=[2, 3]), "ReduceMean"),
    "softmax over columns": (lambda g: g.node("Softmax", ["x"], axis=3), "Softmax"),
    "corners aligned": (
        lambda g: g.resize("x", mode="linear", coordinate_transformation_mode="align_corners"),
        "align_corners",
    ),
    "attention": (self_attention, "Reshape"),
    "position map": (position_map, "differs from pixel to pixel"),
    "cumulative sum": (lambda g: g.node("CumSum", ["x", g.constant(2, "int64")]), "CumSum"),
}


@pytest.mark.parametrize("name", UNBOUNDED)
def test_an_op_that_may_see_the_whole_image_is_named(name: str) -> None:
    net, named = UNBOUNDED[name]
    halo = halo_of(net)
    assert halo.unbounded is not None
    assert named in halo.unbounded
    assert halo.reason().startswith("unbounded: ")


def test_the_grid_of_an_unbounded_graph_is_known_all_the_same() -> None:
    def net(g: GraphBuilder) -> str:
        skip = g.conv("x", 4)
        deep = g.node("InstanceNormalization", [g.pool(skip), *(g.constant(np.ones(4)),) * 2])
        return g.concat(g.transposed(deep), skip)

    halo = halo_of(net)
    assert halo.unbounded is not None
    assert (halo.height.align_px, halo.height.stride) == (2, 1)
    assert halo.height.sizes == (0, None)


def test_an_op_off_the_path_to_the_output_does_not_matter() -> None:
    def net(g: GraphBuilder) -> str:
        g.node("GlobalAveragePool", ["x"])
        return g.conv("x")

    assert halo_of(net).is_exact


def test_sizes_the_graph_refuses_are_known() -> None:
    sizes = halo_of(unet).height.sizes
    assert sizes == (0, None, None, None)


def test_a_skip_resized_to_its_partner_takes_only_whole_steps() -> None:
    def net(g: GraphBuilder) -> str:
        skip = g.conv("x")
        return g.concat(g.resize_like(g.conv(g.pool(skip)), skip, mode="linear"), skip)

    halo = halo_of(net)
    assert halo.is_exact
    assert halo.height.sizes == (0, None)


def test_channels_last_is_followed_through_transposes() -> None:
    graph = GraphBuilder()
    first = graph.node("Transpose", ["x"], channels=BANDS, perm=[0, 3, 1, 2])
    last = graph.node("Transpose", [graph.conv(first)], perm=[0, 2, 3, 1])
    dense = graph.node("MatMul", [last, graph.constant(np.ones((4, 4)))])
    model = graph.model(dense, axes=NHWC)
    halo = halo_from_graph(model, image_input(axes=NHWC), "y")
    assert halo.is_exact
    assert (halo.height.before_px, halo.width.after_px) == (1, 1)


def test_a_fixed_size_is_kept() -> None:
    graph = GraphBuilder()
    model = graph.model(graph.conv(graph.conv("x", stride=2)), sizes=(64, 96))
    halo = halo_from_graph(model, image_input(), "y")
    assert (halo.height.fixed_px, halo.width.fixed_px) == (64, 96)
    assert halo.is_exact


def test_a_graph_that_runs_at_no_size_is_refused() -> None:
    graph = GraphBuilder()
    one = graph.conv("x")
    model = graph.model(graph.node("Reshape", [one, graph.constant([1, 4, 7, 7], "int64")]))
    with pytest.raises(GraphError, match="none of the sizes tried"):
        halo_from_graph(model, image_input(), "y")


def test_a_halo_survives_its_way_through_a_bundle() -> None:
    for net, _ in KNOWN.values():
        halo = halo_of(net)
        assert halo_from_document(document_from_halo(halo)) == halo


def test_the_model_given_is_not_changed() -> None:
    graph = GraphBuilder()
    model = graph.model(unet(graph))
    before = model.SerializeToString()
    halo_from_graph(model, image_input(), "y")
    assert model.SerializeToString() == before
    onnx.checker.check_model(model)

"""Tiled equals untiled for graphs of several inputs, whatever each input's reach and the tiles."""

from builders.graphs import AXES, GraphBuilder
from builders.stacks import closed_stack, input_document, stack_document
from hypothesis import given, settings
from hypothesis import strategies as st

from edgers.contract import contract_from_document
from edgers.engines import ENGINES
from edgers.export.proof import compare_tiled
from edgers.tiling.axis_tiles import smallest_tile_px
from edgers.tiling.graph import halo_from_graph
from edgers.tiling.grid import plan_grid


@st.composite
def branches(draw: st.DrawFn) -> tuple[int, list[tuple[int, int, int]]]:
    """Draw a stride, and for each input the kernel, the padding on the far side and the bands."""
    stride = draw(st.sampled_from((1, 2)))
    one = st.tuples(st.sampled_from((1, 3, 5, 7)), st.integers(0, 3), st.integers(1, 3))
    return stride, draw(st.lists(one, min_size=2, max_size=3))


@settings(max_examples=60, deadline=None)
@given(drawn=branches(), size=st.tuples(st.integers(20, 70), st.integers(20, 70)),
       more=st.integers(0, 20))  # fmt: skip
def test_tiles_of_several_inputs_equal_the_whole(
    drawn: tuple[int, list[tuple[int, int, int]]], size: tuple[int, int], more: int
) -> None:
    stride, shapes = drawn
    graph = GraphBuilder(seed=len(shapes))
    parts = []
    for i, (kernel, shift, bands) in enumerate(shapes):
        name = f"in{i}"
        graph.channels[name] = bands
        # Padding is shared out unevenly between the sides; together it keeps the size.
        before = min(shift, kernel - 1)
        after = kernel - 1 - before
        parts.append(
            graph.conv(name, 2, kernel=kernel, stride=stride, pads=[before, after, after, before])
        )
    joined = graph.add(*parts) if len(parts) == 2 else graph.concat(*parts)
    model = closed_stack(
        graph, graph.conv(graph.relu(joined), 2),
        {f"in{i}": ["n", bands, "h", "w"] for i, (_, _, bands) in enumerate(shapes)},
    )  # fmt: skip
    document = stack_document(
        *(
            input_document(f"in{i}", [f"b{j}" for j in range(bands)])
            for i, (_, _, bands) in enumerate(shapes)
        ),
        scores=2,
    )
    inputs = contract_from_document(document).inputs
    halo = halo_from_graph(model, inputs, "y")
    assert halo.is_exact
    tile_px = max(smallest_tile_px(halo.height), smallest_tile_px(halo.width)) + more
    grid = plan_grid(*size, tile_px, halo)
    engine = ENGINES["onnxruntime"](model.SerializeToString())
    proof = compare_tiled(engine, inputs, "y", AXES, grid)
    assert proof.difference == 0.0

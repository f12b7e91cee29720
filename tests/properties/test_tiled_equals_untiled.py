"""Tiled equals untiled, bit for bit, for random graphs and tile sizes; and planted faults show."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import onnx
import pytest
from builders.graphs import AXES, GraphBuilder, image_input
from builders.random_graphs import RandomGraph, random_graphs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgers.engines import ENGINES, Engine
from edgers.errors import TilingError
from edgers.export.proof import Proof, compare_tiled
from edgers.tiling.axis_tiles import smallest_tile_px
from edgers.tiling.graph import halo_from_graph
from edgers.tiling.grid import Grid, plan_grid
from edgers.tiling.halo import AxisHalo, Halo

SCENE = image_input()


def compare(engine: Engine, grid: Grid) -> Proof:
    return compare_tiled(engine, SCENE, "y", AXES, grid)


def loaded(model: onnx.ModelProto, name: str = "onnxruntime") -> tuple[Engine, Halo]:
    return ENGINES[name](model.SerializeToString()), halo_from_graph(model, SCENE, "y")


CASES = given(
    graph=random_graphs(),
    height=st.integers(1, 150),
    width=st.integers(40, 170),
    extra=st.integers(0, 90),
)
SLOW = [HealthCheck.too_slow]


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@CASES
def test_random_graphs(graph: RandomGraph, height: int, width: int, extra: int) -> None:
    check("onnxruntime", graph, height, width, extra)


@settings(max_examples=50, deadline=None, suppress_health_check=SLOW)
@CASES
def test_random_graphs_on_openvino(graph: RandomGraph, height: int, width: int, extra: int) -> None:
    if "openvino" not in ENGINES:
        pytest.skip("openvino is not installed")
    check("openvino", graph, height, width, extra)


def check(name: str, graph: RandomGraph, height: int, width: int, extra: int) -> None:
    engine, halo = loaded(graph.model, name)
    assert halo.is_exact, halo.reason()
    assert not halo.caveats
    least = max(smallest_tile_px(halo.height), smallest_tile_px(halo.width))
    grid = plan_grid(height, width, least + extra, halo)
    assert compare(engine, grid).difference == 0.0


@settings(max_examples=300, deadline=None)
@given(
    size=st.integers(1, 5000),
    tile=st.integers(1, 700),
    before=st.integers(0, 90),
    after=st.integers(0, 90),
    align=st.sampled_from([1, 2, 4, 8, 16, 32]),
    coarse=st.booleans(),
    strict=st.booleans(),
)
def test_cores_cover_every_output_pixel_once_and_windows_stay_inside(
    size: int, tile: int, before: int, after: int, align: int, coarse: bool, strict: bool
) -> None:
    stride = Fraction(align if coarse else 1)
    sizes = (0, *(None if strict else -(-r // int(stride)) for r in range(1, align)))
    halo = AxisHalo(
        before_px=before, after_px=after, align_px=align, stride=stride,
        offset_px=Fraction(0), sizes=sizes,
    )  # fmt: skip
    if tile < smallest_tile_px(halo):
        return
    plan = plan_grid(size, size, tile, Halo(height=halo, width=halo)).rows
    covered = [o for one in plan.tiles for o in range(one.core_start, one.core_stop)]
    assert covered == list(range(plan.output_px))
    assert plan.output_px == -(-size // int(stride))
    for one in plan.tiles:
        assert 0 <= one.window_start < one.window_stop <= plan.extended_px
        assert one.window_stop - one.window_start <= tile
        assert one.window_start % align == 0
        assert one.crop_start == one.core_start - one.window_start // stride


def test_a_tile_without_room_for_a_core_is_refused() -> None:
    halo = halo_from_graph(two_convs(), SCENE, "y")
    with pytest.raises(TilingError, match="at least 5 px"):
        plan_grid(100, 100, 4, halo)


def two_convs() -> onnx.ModelProto:
    graph = GraphBuilder()
    return graph.model(graph.conv(graph.relu(graph.conv("x"))))


def small_unet() -> onnx.ModelProto:
    graph = GraphBuilder()
    skip = graph.relu(graph.conv("x"))
    deep = graph.relu(graph.conv(graph.pool(skip)))
    return graph.model(graph.conv(graph.concat(graph.transposed(deep), skip)))


def strided() -> onnx.ModelProto:
    graph = GraphBuilder()
    return graph.model(graph.conv(graph.conv("x", stride=2)))


@pytest.mark.parametrize("net", [two_convs, small_unet, strided])
@pytest.mark.parametrize("side", ["before_px", "after_px"])
def test_a_halo_one_step_too_small_shows(net: Callable[[], onnx.ModelProto], side: str) -> None:
    engine, halo = loaded(net())
    axis = halo.height
    assert compare(engine, plan_grid(97, 64, 40, halo)).difference == 0.0
    wrong = replace(axis, **{side: getattr(axis, side) - axis.align_px})
    faulty = replace(halo, height=wrong)
    assert compare(engine, plan_grid(96, 64, 40, faulty)).difference > 1e-3


@pytest.mark.parametrize("net", [small_unet, strided])
def test_tiles_off_the_grid_show(net: Callable[[], onnx.ModelProto]) -> None:
    engine, halo = loaded(net())
    grid = plan_grid(96, 64, 40, halo)
    second = grid.rows.tiles[1]
    moved = replace(
        second,
        window_start=second.window_start - 1,
        window_stop=second.window_stop - 1,
    )
    rows = replace(grid.rows, tiles=(grid.rows.tiles[0], moved, *grid.rows.tiles[2:]))
    assert compare(engine, replace(grid, rows=rows)).difference > 1e-3


def test_zeros_read_beyond_the_scene_are_not_the_networks_own_padding() -> None:
    engine, halo = loaded(two_convs())
    pixels = np.random.default_rng(0).standard_normal((1, 3, 48, 48)).astype(np.float32)
    reach = halo.height.before_px
    around = np.pad(pixels, ((0, 0), (0, 0), (reach, reach), (reach, reach)))
    untiled = engine.infer({"x": pixels})["y"]
    from_zeros = engine.infer({"x": around})["y"][..., reach:-reach, reach:-reach]
    inner = (..., slice(reach, -reach), slice(reach, -reach))
    assert np.array_equal(untiled[inner], from_zeros[inner])
    assert np.abs(untiled - from_zeros).max() > 1e-3


# Named cases in which the last bits may differ, and why.


def test_named_case_a_resize_by_three_rounds_its_positions() -> None:
    graph = GraphBuilder()
    engine, halo = loaded(graph.model(graph.resize(graph.conv("x"), 3.0, mode="linear")))
    assert halo.is_exact
    assert "rounded" in halo.reason()
    proof = compare(engine, plan_grid(60, 60, 24, halo))
    assert proof.difference <= 1e-5 * proof.scale


def test_named_case_a_wide_transposed_convolution_on_a_tiny_map_sums_in_another_order() -> None:
    graph = GraphBuilder()
    wide = graph.conv(graph.pool("x"), 200)
    engine, halo = loaded(graph.model(graph.transposed(wide)))
    proof = compare(engine, plan_grid(64, 64, 10, halo))
    assert proof.difference <= 1e-5 * proof.scale
    assert compare(engine, plan_grid(64, 64, 30, halo)).difference == 0.0

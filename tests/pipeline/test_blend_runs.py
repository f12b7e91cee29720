"""Mixed tiles end to end, against whole arrays in numpy over the same windows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from builders.bundles import BAND_NAMES, make_bundle
from builders.graphs import GraphBuilder
from builders.networks import (
    NAN_AT,
    attention_net,
    band_net,
    broken_net,
    index_contract,
    index_net,
    one_score_net,
    patch_net,
    plain_contract,
    two_class_contract,
)
from builders.runs import edgers, largest_band, read_product, run_on
from builders.scenes import noise, write_scene

from edgers.bundle import open_bundle
from edgers.contract.model import Blend
from edgers.errors import TilingError
from edgers.pipeline import plan
from edgers.pipeline.model import Model, load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.plan import plan_scene
from edgers.pipeline.run import run_scene
from edgers.scene.raster import Raster
from edgers.tiling.grid import Grid, Order

Array = npt.NDArray[Any]
RULES: tuple[Blend, ...] = ("hann", "linear", "average", "trim")
SCALING = [{"type": "z-score", "mean": 2000, "stddev": 1000}]


def gated(graph: GraphBuilder, tensor: str) -> str:
    """Weight channels by their mean over the tile, so that no tile says what another does."""
    gate = graph.node("Sigmoid", [graph.node("GlobalAveragePool", [tensor])])
    return graph.conv(graph.node("Mul", [tensor, gate]), 3, kernel=1)


def strided_net() -> onnx.ModelProto:
    """One output pixel for 4 × 4 input pixels, rounded up."""
    graph = GraphBuilder(seed=2)
    return graph.model(gated(graph, graph.conv(graph.conv("x", 6, stride=2), 6, stride=2)))


def unpadded_net() -> onnx.ModelProto:
    """Lose a border of 3 px."""
    graph = GraphBuilder(seed=3)
    return graph.model(gated(graph, graph.conv("x", 6, kernel=7, pads=[0] * 4)))


def fixed_net() -> onnx.ModelProto:
    """Take only 32 × 32 px."""
    graph = GraphBuilder(seed=4)
    return graph.model(gated(graph, graph.conv("x", 6)), sizes=(32, 32))


def fours_net() -> onnx.ModelProto:
    """Take only sides that are multiples of four."""
    graph = GraphBuilder(seed=5)
    top = graph.relu(graph.conv("x"))
    deep = graph.transposed(graph.transposed(graph.conv(graph.pool(graph.pool(top)))))
    return graph.model(gated(graph, graph.concat(deep, top)))


def scores_contract(**more: Any) -> dict[str, Any]:
    """Give a contract under which the probabilities are the scores themselves."""
    return plain_contract({"edgers:activation": "none", **more}, value_scaling=SCALING)


def raw_weights(rule: Blend, count: int) -> Array:
    position = np.arange(count) + 0.5
    if rule == "hann":
        return 0.5 - 0.5 * np.cos(2 * np.pi * position / count)
    return np.minimum(position, count - position) if rule == "linear" else np.ones(count)


def window_scores(model: Model, samples: Array, grid: Grid) -> list[tuple[Array, int, int]]:
    """Run the engine on each window; give scores, and the row and column they begin at."""
    scaled = (samples.astype(np.float32) - 2000) / 1000
    more = [plan.extended_px - plan.size_px for plan in (grid.rows, grid.columns)]
    whole = np.pad(scaled, ((0, 0), (0, more[0]), (0, more[1])), mode="reflect")
    found = []
    for tile in grid:
        rows = slice(tile.rows.window_start, tile.rows.window_stop)
        columns = slice(tile.columns.window_start, tile.columns.window_stop)
        scores = model.engine.infer(
            {"x": np.ascontiguousarray(whole[np.newaxis, :, rows, columns])}
        )
        top, left = (
            int(start / axis.stride)
            for start, axis in ((rows.start, grid.rows), (columns.start, grid.columns))
        )
        found.append((scores["y"][0].astype(np.float64), top, left))
    return found


def wanted_scores(model: Model, samples: Array, grid: Grid, rule: Blend) -> Array:
    """Mix the scores of all windows over whole arrays."""
    height, width = grid.output_shape
    above, below = np.zeros((3, height, width)), np.zeros((height, width))
    for tile, (scores, top, left) in zip(grid, window_scores(model, samples, grid), strict=True):
        if rule == "trim":
            weight = np.zeros(scores.shape[1:])
            crop = tile.rows.crop_start, tile.columns.crop_start
            core = tile.core_shape
            weight[crop[0] : crop[0] + core[0], crop[1] : crop[1] + core[1]] = 1
        else:
            weight = np.outer(*(raw_weights(rule, count) for count in scores.shape[1:]))
        high, wide = min(scores.shape[1], height - top), min(scores.shape[2], width - left)
        there = slice(top, top + high), slice(left, left + wide)
        above[:, there[0], there[1]] += (weight * scores)[:, :high, :wide]
        below[there] += weight[:high, :wide]
    return above / below


Case = tuple[Callable[[], onnx.ModelProto], tuple[int, int], dict[str, Any]]

CASES: dict[str, Case] = {
    "margin 0": (attention_net, (64, 96), {"tile_px": 32, "overlap_px": 0}),
    "odd last tile": (attention_net, (75, 101), {"tile_px": 32, "overlap_px": 5}),
    "scene smaller than a tile": (attention_net, (20, 31), {"tile_px": 64, "overlap_px": 9}),
    "one row of tiles": (attention_net, (20, 101), {"tile_px": 32, "overlap_px": 5}),
    "overlap of nearly half a tile": (attention_net, (40, 37), {"tile_px": 24, "overlap_px": 9}),
    "strided output": (strided_net, (75, 102), {"tile_px": 40, "overlap_px": 9}),
    "output without a border": (unpadded_net, (75, 101), {"tile_px": 32, "overlap_px": 5}),
    "graph of one size": (fixed_net, (75, 101), {"overlap_px": 5}),
    "graph of one size, scene smaller": (fixed_net, (20, 25), {"overlap_px": 5}),
    "sides of a multiple": (fours_net, (75, 101), {"tile_px": 40, "overlap_px": 6}),
}


@pytest.mark.parametrize("order", ["rows", "columns"])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", CASES)
def test_a_run_mixes_as_whole_arrays_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, rule: Blend, order: Order
) -> None:
    net, shape, chosen = CASES[name]
    monkeypatch.setattr(plan, "better_order", lambda *_: order)
    samples = noise(3, *shape)
    path = write_scene(tmp_path / "scene.tif", samples, names=BAND_NAMES)
    options = RunOptions(blend=rule, probabilities=True, **chosen)
    with load_model(open_bundle(make_bundle(tmp_path, scores_contract(), net))) as model:
        report = run_scene(model, path, tmp_path / "out", options)
        with Raster(path, model.source, {}) as raster:
            grid = plan_scene(model, raster, options)
        assert grid.order == order
        wanted = wanted_scores(model, samples, grid, rule)
    assert report.tiles == len(grid)
    found, classes = read_product(report, 1), read_product(report)
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    margins = np.diff(np.sort(wanted, axis=0)[-2:], axis=0)[0]
    clear = margins > 1e-4
    assert clear.mean() > 0.99
    assert np.array_equal(classes[clear], wanted.argmax(axis=0)[clear])
    assert all((area.area_km2 or 0) > 0 or area.pixels == 0 for area in report.classes)
    assert sum(area.pixels for area in report.classes) == classes.size


def test_mixing_takes_away_the_seams_that_trimming_leaves(tmp_path: Path) -> None:
    samples = noise(3, 96, 96)
    steps = {}
    for rule in ("trim", "hann"):
        folder = tmp_path / rule
        folder.mkdir()
        document = scores_contract()
        report = run_on(
            folder, samples // 4 + np.arange(96, dtype="uint16") * 30, net=smooth_net,
            document=document, tile_px=48, overlap_px=12, blend=rule, probabilities=True,
        )  # fmt: skip
        across = np.abs(np.diff(read_product(report, 1)[0].mean(axis=0)))
        steps[rule] = across.max() / np.median(across)
    assert steps["hann"] < 0.5 * steps["trim"]


def smooth_net() -> onnx.ModelProto:
    """Give each band's mean over the tile, and a little of the band."""
    graph = GraphBuilder()
    mean = graph.node("GlobalAveragePool", ["x"])
    little = graph.node("Mul", ["x", graph.constant(1e-3)])
    return graph.model(graph.add(little, mean))


@pytest.mark.parametrize("order", ["rows", "columns"])
def test_trimmed_scores_are_those_of_the_tiles_to_the_last_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: Order
) -> None:
    monkeypatch.setattr(plan, "better_order", lambda *_: order)
    samples = noise(3, 75, 101)
    chosen: dict[str, Any] = {"tile_px": 32, "overlap_px": 5, "blend": "trim"}
    report = run_on(
        tmp_path, samples, net=attention_net, document=scores_contract(), probabilities=True,
        **chosen,
    )  # fmt: skip
    found = read_product(report, 1)
    with load_model(open_bundle(tmp_path / "b.edgers")) as model:
        with Raster(tmp_path / "scene.tif", model.source, {}) as raster:
            grid = plan_scene(model, raster, RunOptions(**chosen))
        for tile, (scores, top, left) in zip(
            grid, window_scores(model, samples, grid), strict=True
        ):
            rows = slice(tile.rows.core_start, tile.rows.core_stop)
            columns = slice(tile.columns.core_start, tile.columns.core_stop)
            wanted = scores[
                :, rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
            ]
            assert np.array_equal(found[:, rows, columns], wanted.astype(np.float32))


@pytest.mark.parametrize("rule", ["hann", "linear", "average"])
def test_an_exact_graph_gives_the_same_mixed_or_not(tmp_path: Path, rule: Blend) -> None:
    samples = noise(3, 75, 101)
    report = run_on(
        tmp_path, samples, document=plain_contract({"edgers:activation": "none"}),
        tile_px=32, overlap_px=7, blend=rule, probabilities=True,
    )  # fmt: skip
    np.testing.assert_allclose(read_product(report, 1), samples, rtol=1e-6)
    assert np.array_equal(read_product(report), largest_band(samples))


HOLES = np.zeros((90, 130), bool)
HOLES[:50, :70] = True
HOLES[70:, 100:] = True


@pytest.mark.parametrize("rule", ["hann", "linear", "average"])
@pytest.mark.parametrize("order", ["rows", "columns"])
def test_tiles_without_data_do_not_darken_their_neighbours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: Blend, order: Order
) -> None:
    monkeypatch.setattr(plan, "better_order", lambda *_: order)
    samples = noise(3, *HOLES.shape) + 1000
    samples[:, HOLES] = 0
    report = run_on(
        tmp_path, samples, document=plain_contract({"edgers:activation": "none"}),
        scene={"nodata": 0}, tile_px=32, overlap_px=7, blend=rule, probabilities=True,
    )  # fmt: skip
    assert 2 < report.skipped_tiles < report.tiles
    assert np.array_equal(read_product(report) == 255, HOLES)
    found = read_product(report, 1)
    np.testing.assert_allclose(found[:, ~HOLES], samples[:, ~HOLES], rtol=1e-6)
    assert np.isnan(found[:, HOLES]).all()
    assert report.not_finite_px == 0


def test_coarse_tiles_without_data_do_not_darken_their_neighbours(tmp_path: Path) -> None:
    holes = np.zeros((92, 132), bool)
    holes[:48, :72] = True
    samples = noise(3, *holes.shape) + 1000
    samples[:, holes] = 0
    report = run_on(
        tmp_path, samples, net=patch_net,
        document=plain_contract({"edgers:activation": "none"}),
        scene={"nodata": 0}, tile_px=32, overlap_px=8, blend="hann", probabilities=True,
    )  # fmt: skip
    assert report.skipped_tiles > 0
    wanted = samples.reshape(3, 23, 4, 33, 4).mean(axis=(2, 4))
    seen = ~holes[::4, ::4]
    np.testing.assert_allclose(read_product(report, 1)[:, seen], wanted[:, seen], rtol=1e-5)


@pytest.mark.parametrize("rule", ["hann", "average"])
def test_what_one_tile_cannot_tell_stays_where_it_is(tmp_path: Path, rule: Blend) -> None:
    samples = noise(3, 75, 101) + 10
    spots = np.zeros((75, 101), bool)
    spots[20:24, 27:33] = True
    samples[1, spots] = int(NAN_AT)
    report = run_on(
        tmp_path, samples, net=broken_net, tile_px=32, overlap_px=7, blend=rule,
        probabilities=True,
    )  # fmt: skip
    assert report.not_finite_px == np.count_nonzero(spots)
    assert np.array_equal(read_product(report), np.where(spots, 255, largest_band(samples)))
    assert np.array_equal(np.isnan(read_product(report, 1)).any(axis=0), spots)


def test_one_score_is_mixed_before_it_is_held_against_the_threshold(tmp_path: Path) -> None:
    samples = noise(3, 75, 101, "float32") / 4000
    report = run_on(
        tmp_path, samples, net=one_score_net,
        document=two_class_contract(**{"edgers:activation": "none", "edgers:threshold": 0.3}),
        tile_px=32, overlap_px=7, blend="hann", probabilities=True,
    )  # fmt: skip
    second = read_product(report, 1)[1]
    np.testing.assert_allclose(second, samples[0], rtol=1e-5)
    assert np.array_equal(read_product(report), (second >= 0.3).astype(int))


@pytest.mark.parametrize(
    ("stated", "asked", "used"),
    [(None, None, "hann"), ("linear", None, "linear"), ("linear", "trim", "trim")],
)
def test_the_rule_is_the_one_asked_for_else_the_contracts_else_hann(
    tmp_path: Path, stated: str | None, asked: Blend | None, used: str
) -> None:
    document = plain_contract({"edgers:blend": stated} if stated else {})
    path = write_scene(tmp_path / "s.tif", noise(3, 75, 101), names=BAND_NAMES)
    options = RunOptions(tile_px=32, blend=asked)
    bundle = open_bundle(make_bundle(tmp_path, document, attention_net))
    with load_model(bundle) as model, Raster(path, model.source, {}) as raster:
        weights = plan_scene(model, raster, options).weights
    assert (weights.rule if weights else "trim") == used
    bundle = open_bundle(make_bundle(tmp_path, plain_contract(), band_net))
    with load_model(bundle) as model, Raster(path, model.source, {}) as raster:
        assert plan_scene(model, raster, RunOptions(tile_px=32)).weights is None


def test_classes_cannot_be_mixed(tmp_path: Path) -> None:
    with pytest.raises(TilingError, match="cannot be mixed by 'average'"):
        run_on(
            tmp_path, noise(3, 40, 50), net=index_net, document=index_contract(), blend="average"
        )
    assert not (tmp_path / "out").exists()
    done = edgers("run", tmp_path / "b.edgers", tmp_path / "scene.tif",
                  "-o", tmp_path / "out", "--blend", "hann")  # fmt: skip
    assert done.code == 2
    assert "holds classes, not scores" in done.err
    assert "Use --blend trim." in done.err
    assert not (tmp_path / "out").exists()


def test_classes_may_be_trimmed(tmp_path: Path) -> None:
    samples = noise(3, 40, 50)
    report = run_on(
        tmp_path, samples, net=index_net, document=index_contract(), blend="trim", overlap_px=3,
        tile_px=20,
    )  # fmt: skip
    assert np.array_equal(read_product(report), largest_band(samples))


def test_a_graph_of_one_size_needs_no_options(tmp_path: Path) -> None:
    report = run_on(tmp_path, noise(3, 75, 101), net=fixed_net, document=scores_contract())
    assert report.tiles > 6


def tokens_net() -> onnx.ModelProto:
    """Take only 32 × 32 px, and lose the image on the way, as transformers do."""
    graph = GraphBuilder()
    flat = graph.node("Reshape", ["x", graph.constant([1, 3, 32 * 32], "int64")])
    mixed = graph.node("Add", [flat, graph.node("Softmax", [flat], axis=2)])
    back = graph.node("Reshape", [mixed, graph.constant([1, 3, 32, 32], "int64")])
    return graph.model(back, sizes=(32, 32))


@pytest.mark.parametrize("size", [20, 50, 64, 75])
@pytest.mark.parametrize("chosen", [{}, {"overlap_px": 0}, {"overlap_px": 9, "blend": "linear"}])
def test_a_graph_of_one_size_that_loses_the_image_is_run_over_any_scene(
    tmp_path: Path, size: int, chosen: dict[str, Any]
) -> None:
    samples = noise(3, size, size + 3, "float32")
    samples = (samples // 100 * 100 + 7 * np.arange(3)[:, None, None]).astype(np.float32)
    report = run_on(tmp_path, samples, net=tokens_net, **chosen)
    assert np.array_equal(read_product(report), largest_band(samples))
    assert report.tiles >= -((-size // 32) ** 2)


def test_the_last_tile_pushed_back_onto_another_costs_no_areas(tmp_path: Path) -> None:
    report = run_on(
        tmp_path, noise(3, 50, 50), net=fixed_net, document=scores_contract(), overlap_px=10,
    )  # fmt: skip
    assert sum(area.area_km2 or 0 for area in report.classes) == pytest.approx(0.25, rel=2e-3)

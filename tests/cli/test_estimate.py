"""`edgers inspect --target`: bounds from peaks, and never passed off as measured."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest
from builders.bundles import BAND_NAMES, contract_document, make_bundle, tiny_net
from builders.graphs import GraphBuilder
from builders.networks import attention_net
from builders.planned_bundles import KIT, make_planned
from builders.runs import edgers
from builders.scenes import noise, write_scene

from edgers.bundle import open_bundle
from edgers.export.estimate import tile_plan
from edgers.pipeline.options import RunOptions
from edgers.targets.gpu import Gpu, PowerMode
from edgers.targets.target import Target, target_from_name

SLOW = PowerMode(
    name="SLOW", power_w=10, int8_tops=1, fp16_tflops=0.5, fp32_tflops=0.25, bandwidth_gbs=10
)  # fmt: skip
FAST = replace(SLOW, name="FAST", power_w=None, fp32_tflops=1.0, bandwidth_gbs=40)
BLIND = replace(SLOW, name="BLIND", int8_tops=None, fp16_tflops=None)
PIXELS = 256 * 256


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Target:
    """A device whose peaks are round numbers."""
    gpu = Gpu(
        cc=(8, 7), arch="Ampere", sm_count=8, shares_memory=True, dla_cores=0, modules=(),
        software=(), power_modes=(SLOW, FAST, BLIND),
    )  # fmt: skip
    made = replace(
        target_from_name("orin-nano"), name="made", gpu=gpu, memory_bytes=8 * 10**9, free_share=0.5
    )
    monkeypatch.setattr("edgers.cli.estimate.target_from_name", lambda _: made)
    return made


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundle"))


def told(*arguments: object) -> dict[str, Any]:
    done = edgers("inspect", "--target", "made", "--json", *arguments)
    assert (done.code, done.err) == (0, "")
    found: dict[str, Any] = json.loads(done.out)
    return found


def at(found: dict[str, Any], precision: str, mode: str) -> dict[str, Any]:
    (one,) = (
        one for one in found["estimates"]
        if (one["precision"], one["mode"]["name"]) == (precision, mode)
    )  # fmt: skip
    return dict(one)


def test_every_line_with_a_number_of_time_says_that_it_is_a_bound(
    device: Target, path: Path
) -> None:
    done = edgers("inspect", "--target", "made", path)
    assert (done.code, done.err) == (0, "")
    rows = [line for line in done.out.splitlines() if line.startswith("estimate")]
    assert len(rows) == 3 * 3
    assert all(row.endswith("bound, not measured") for row in rows)
    assert sum("not known: the peaks of this mode" in row for row in rows) == 2
    assert "10 000 × 10 000 px, taken as none was named" in done.out
    assert "4 GB of memory assumed free" in done.out
    assert "no quantized form is at hand" in done.out


def test_a_tile_is_bounded_by_what_can_be_worked_out_by_hand(device: Target, path: Path) -> None:
    found = told(path, "--tile", 256)
    height, width = found["tile_px"]
    pixels = height * width
    # Two 3 × 3 convolutions, 3 → 8 → 8 with a Relu each, and a 1 × 1 one to 3 classes.
    layers = [(2 * 8 * 27 + 8, 3 + 8), (2 * 8 * 72 + 8, 8 + 8), (2 * 3 * 8, 8 + 3)]
    assert found["operations"]["fp32"] == pixels * sum(operations for operations, _ in layers)
    weights = [4 * (8 * 27 + 8), 4 * (8 * 72 + 8), 4 * (3 * 8 + 3)]
    seconds = sum(
        max(operations * pixels / 0.25e12, (4 * values * pixels + held) / 10e9)
        for (operations, values), held in zip(layers, weights, strict=True)
    )
    one = at(found, "fp32", "SLOW")
    assert one["bound"]["latency_s"] == pytest.approx(seconds)
    assert one["bound"]["memory_bytes"] == sum(weights) + 4 * pixels * (3 + 3 + 16)
    assert one["scene_s"] == pytest.approx(seconds * found["times"])
    assert one["scene_j"] == pytest.approx(10 * one["scene_s"])
    assert found["times"] >= 10_000**2 / pixels


def test_a_better_mode_is_faster_and_an_unlimited_one_has_no_energy(
    device: Target, path: Path
) -> None:
    found = told(path)
    fast, slow = at(found, "fp32", "FAST"), at(found, "fp32", "SLOW")
    assert fast["bound"]["latency_s"] == pytest.approx(slow["bound"]["latency_s"] / 4)
    assert fast["scene_j"] is None
    assert at(found, "fp16", "BLIND")["bound"] is None
    assert at(found, "fp32", "BLIND")["bound"] is not None


def test_a_scene_that_is_named_is_the_one_that_is_cut(
    device: Target, path: Path, tmp_path: Path
) -> None:
    scene = write_scene(tmp_path / "s.tif", noise(3, 300, 400), names=BAND_NAMES)
    found = told(path, scene, "--tile", 128)
    assert found["scene_px"] == [300, 400]
    assert found["tiles"] == 3 * 4
    done = edgers("inspect", "--target", "made", path, scene)
    assert "400 × 300 px · " in done.out


def test_a_kit_is_cut_into_the_tiles_it_is_tuned_for(device: Target, tmp_path: Path) -> None:
    small = replace(KIT, sides=replace(KIT.sides, usual_px=128))
    found = told(make_planned(tmp_path, small))
    assert max(found["tile_px"]) <= 128
    assert at(found, "int8", "SLOW")["bound"] is not None


def test_a_built_bundle_is_counted_by_its_graphs_not_by_its_plan(
    device: Target, tmp_path: Path, path: Path
) -> None:
    built = told(make_planned(tmp_path), "--tile", 200)
    assert built["operations"] == told(path, "--tile", 200)["operations"]


def test_a_graph_without_a_contract_is_cut_without_a_halo(device: Target, tmp_path: Path) -> None:
    graph = tmp_path / "m.onnx"
    onnx.save(tiny_net(), graph)
    found = told(graph)
    assert (found["tile_px"], found["tiles"]) == ([256, 256], 40 * 40)
    assert found["times"] == pytest.approx(10_000**2 / PIXELS)
    onnx.save(GraphBuilder().model("x", sizes=(64, 64)), graph)
    assert told(graph, "--tile", 100)["tile_px"] == [64, 64]
    done = edgers("inspect", "--target", "made", graph, tmp_path / "s.tif")
    assert done.code == 2
    assert "without a contract" in done.err


def test_a_graph_whose_channels_are_not_told_is_refused(device: Target, tmp_path: Path) -> None:
    model = tiny_net()
    model.graph.input[0].type.tensor_type.shape.dim[1].Clear()
    onnx.save(model, tmp_path / "m.onnx")
    done = edgers("inspect", "--target", "made", tmp_path / "m.onnx")
    assert done.code == 2
    assert "no image whose shape is told" in done.err


def test_tiles_of_a_graph_without_a_bound_overlap(tmp_path: Path) -> None:
    document = contract_document()
    bundle = open_bundle(make_bundle(tmp_path, document, attention_net))
    plain = tile_plan(bundle, (1000, 1000), RunOptions(overlap_px=0, tile_px=200))
    mixed = tile_plan(bundle, (1000, 1000), RunOptions(tile_px=200))
    assert 1000**2 / 200**2 <= plain.times < mixed.times
    assert plain.tiles < mixed.tiles


def test_of_a_cpu_nothing_is_made_up(path: Path) -> None:
    done = edgers("inspect", "--target", "cpu", path)
    assert (done.code, done.err) == (0, "")
    assert "no peaks are known of CPU" in done.out
    assert json.loads(edgers("inspect", "--target", "cpu", "--json", path).out)["estimates"] == []


def test_a_device_that_is_not_known_is_refused(path: Path) -> None:
    done = edgers("inspect", "--target", "toaster", path)
    assert (done.code, done.out) == (2, "")
    assert "target 'toaster' is not known." in done.err


@pytest.mark.parametrize("name", ["nano", "orin-nano", "agx-orin-64gb", "thor", "dgpu-h200"])
def test_real_devices_give_a_table(path: Path, name: str) -> None:
    done = edgers("inspect", "--target", name, path)
    assert (done.code, done.err) == (0, "")
    assert done.out.count("bound, not measured") >= 2

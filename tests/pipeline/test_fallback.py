"""Where another engine than the preferred one runs, it is said, stated in products, or refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import rasterio
from builders.bundles import make_bundle
from builders.engines import StandIn, stand_in
from builders.judged import scenes
from builders.judged_devices import board
from builders.kits import kit_maker

from edgers.build_kit import Plan
from edgers.bundle import Bundle, EngineChoice, open_bundle
from edgers.engines import ENGINES
from edgers.errors import BundleError, EngineError
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.run import run_scene


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return kit_maker(tmp_path_factory.mktemp("kit")).kit()


@pytest.fixture
def built(kit: Bundle, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    """A bundle as `edgers build` leaves it; what stands in for TensorRT runs its graph in FP32."""
    assert kit.kit is not None
    monkeypatch.setattr("edgers.pipeline.model.device_facts", lambda: board(module=""))
    plan = Plan(
        entry="graph/fp32.onnx", precision="fp32", tensorrt=(10, 3, 0), cc=(8, 7), device="Orin",
        module="", cuda=(12, 6), memory_bytes=0, dla_core=None, tried=(),
    )  # fmt: skip
    sides = replace(kit.kit.sides, usual_px=48, most_px=48)
    first = EngineChoice(
        name="tensorrt", version="10.3.0", precision="fp32", graph="graph/fp32.onnx"
    )
    return replace(kit, kit=replace(kit.kit, plan=plan, sides=sides), engines=(first, *kit.engines))


def with_tensorrt(monkeypatch: pytest.MonkeyPatch, made: list[StandIn] | None = None) -> None:
    monkeypatch.setitem(ENGINES, "tensorrt", stand_in("tensorrt", made))  # type: ignore[arg-type]


def without_tensorrt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(ENGINES, "tensorrt", raising=False)  # type: ignore[arg-type]


def test_a_kit_runs_on_the_cpu_and_says_why(kit: Bundle) -> None:
    with load_model(kit) as model:
        assert (model.choice.name, model.choice.precision) == ("onnxruntime", "fp32")
        assert model.choice.settings == {"layout": "blocked"}
        first, *others = model.passed_over
    assert first.startswith("tensorrt: this is a build kit for orin-nano-8gb")
    assert "edgers build" in first
    assert [one.split(":")[0] for one in others] == ["onnxruntime fp32 on cuda"]


def test_a_product_of_a_fallback_states_it(kit: Bundle, tmp_path: Path) -> None:
    (scene,) = scenes(tmp_path, 1)
    with load_model(kit) as model:
        done = run_scene(model, scene, tmp_path / "out")
        reasons = " · ".join(model.passed_over)
    with rasterio.open(done.products[0]) as dataset:
        tags = dataset.tags()
    assert tags["EDGERS_FALLBACK"] == reasons
    assert (tags["EDGERS_ENGINE"].split()[0], tags["EDGERS_PRECISION"]) == ("onnxruntime", "fp32")
    item = json.loads(next((tmp_path / "out").glob("*.json")).read_text())
    assert item["properties"]["edgers:fallback"] == reasons
    assert done.document()["fallback"] == model.passed_over


def test_a_product_of_the_preferred_engine_states_none(tmp_path: Path) -> None:
    (scene,) = scenes(tmp_path, 1)
    with load_model(open_bundle(make_bundle(tmp_path)), allow_fallback=False) as model:
        done = run_scene(model, scene, tmp_path / "out")
    with rasterio.open(done.products[0]) as dataset:
        assert "EDGERS_FALLBACK" not in dataset.tags()


def test_without_fallback_a_kit_is_refused_as_it_is(kit: Bundle) -> None:
    with pytest.raises(BundleError, match=r"plan is not built(.|\n)*edgers build") as caught:
        load_model(kit, allow_fallback=False)
    assert caught.value.exit_code == 2


def test_without_fallback_the_first_engine_runs_or_none(
    built: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_tensorrt(monkeypatch)
    with load_model(built) as model:
        assert model.passed_over[0].startswith("tensorrt: not installed")
    with pytest.raises(EngineError, match=r"prefers does not run(.|\n)*not installed here"):
        load_model(built, allow_fallback=False)
    refusing = stand_in("tensorrt", refuses=True)
    monkeypatch.setitem(ENGINES, "tensorrt", refusing)  # type: ignore[arg-type]
    with pytest.raises(EngineError, match=r"cannot load the graph(.|\n)*It says: no"):
        load_model(built, allow_fallback=False)
    with_tensorrt(monkeypatch)
    with load_model(built, allow_fallback=False) as model:
        assert (model.choice.name, model.passed_over, model.fallback) == ("tensorrt", (), {})


def test_tiles_are_no_larger_than_the_plan_takes(
    built: Bundle, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (scene,) = scenes(tmp_path, 1)
    with_tensorrt(monkeypatch)
    options = RunOptions(tile_px=64)
    with load_model(built) as model:
        tiles = run_scene(model, scene, tmp_path / "plan", options).tiles
    without_tensorrt(monkeypatch)
    with load_model(built) as model:
        others = run_scene(model, scene, tmp_path / "cpu", options).tiles
    # 96 px a side: in tiles of at most 48 px, and of at most 64.
    assert (tiles, others) == (9, 4)

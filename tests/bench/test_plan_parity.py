"""Plans held against their graphs through polygraphy, on each fake TensorRT."""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders.bundles import BAND_NAMES, make_bundle
from builders.cuda_fake import fake_pycuda
from builders.cuda_runtime import CudaRuntime
from builders.plan_engine import plan_engine
from builders.scenes import noise, write_scene
from builders.small_kits import BANDS, make_kit, orin_facts
from builders.tensorrt_fake import fake_tensorrt
from builders.tensorrt_model import Model
from builders.tensorrt_table import VERSIONS

from edgers.bench.plan_parity import main
from edgers.building.building import build
from edgers.building.order import BuildOrder
from edgers.building.preparing import prepare

pytest.importorskip("polygraphy")


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make this machine one with a GPU and a TensorRT."""

    def install(version: str, **about: Any) -> Any:
        modules = fake_pycuda()
        driver = modules["pycuda.driver"]
        trt = fake_tensorrt(version, driver=driver, **about)
        for name, module in (*modules.items(), ("tensorrt", trt)):
            monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setattr("edgers.bench.plan_parity.cuda_problem", lambda: "")
        # It keeps the TensorRT that it imported first.
        for name in [one for one in sys.modules if one.split(".")[0] == "polygraphy"]:
            monkeypatch.delitem(sys.modules, name)
        wrapper = importlib.import_module("polygraphy.cuda.cuda")
        monkeypatch.setattr(wrapper, "G_CUDA", CudaRuntime(driver))
        return trt

    return install


def compared(tmp_path: Path, *words: str) -> tuple[int, list[dict[str, Any]]]:
    """Run the command; give its exit code and what it wrote of each plan."""
    out = tmp_path / "found.json"
    code = main([*words, "--json", str(out)])
    return code, json.loads(out.read_text())["plans"]


@pytest.mark.parametrize("version", VERSIONS)
def test_each_attempt_of_a_kit_is_built_and_agrees(
    tmp_path: Path, install: Any, version: str
) -> None:
    trt = install(version)
    code, plans = compared(tmp_path, str(make_kit(tmp_path)))
    band = next(one for one in BANDS if one.takes(trt.world.version))
    assert [one["plan"].split()[0] for one in plans] == [one.precision for one in band.attempts]
    assert code == 0
    for one in plans:
        # The fake computes what ONNX Runtime does.
        assert one["outputs"][0]["tile"] == "golden"
        assert one["outputs"][0]["share"] == 0
    built = [(one["flags"], one["strongly_typed"]) for one in trt.world.attempts]
    assert built == [(set(one.flags), one.typing == "strong") for one in band.attempts]


def test_what_a_plan_computes_otherwise_is_found(
    tmp_path: Path, install: Any, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def off(model: Model, memory: Any, places: Any, shapes: Any) -> None:
        run(model, memory, places, shapes)
        memory.at(places["y"], 4).view(np.float32)[0] += 1

    install("10.3.0")
    run = Model.run_at
    monkeypatch.setattr(Model, "run_at", off)
    code, plans = compared(tmp_path, str(make_kit(tmp_path)))
    assert code == 1
    assert not any(one["passed"] for one in plans)
    for one in plans:
        assert one["outputs"][0]["difference"] == pytest.approx(1)
    assert "DIFFERS" in capsys.readouterr().out


def test_tiles_of_scenes_are_compared_too(tmp_path: Path, install: Any) -> None:
    install("11.4.0")
    scene = write_scene(tmp_path / "s.tif", noise(3, 150, 150), names=BAND_NAMES)
    kit = str(make_kit(tmp_path))
    code, plans = compared(tmp_path, kit, "--scene", str(scene), "--tiles", "2")
    assert code == 0
    tiles = [one["tile"] for one in plans[0]["outputs"]]
    assert tiles[0] == "golden"
    assert len(tiles) == 3
    assert all("s.tif, row" in tile for tile in tiles[1:])


def test_an_attempt_that_is_refused_is_told_with_tensorrts_reason(
    tmp_path: Path, install: Any
) -> None:
    def refuse(graph: bytes, flags: set[str], strongly_typed: bool) -> str | None:
        return "no tactic" if flags else None

    install("10.3.0", refuse=refuse)
    code, plans = compared(tmp_path, str(make_kit(tmp_path)))
    assert code == 1
    assert [one["passed"] for one in plans] == [False, True, True, True]
    assert plans[0]["reason"] == "no tactic"


@pytest.mark.parametrize("version", ["8.6.1", "10.13.3"])
def test_the_plan_of_a_built_bundle_is_loaded_and_agrees(
    tmp_path: Path, install: Any, version: str
) -> None:
    trt = install(version)
    order = BuildOrder(timing_cache=tmp_path / "timings")
    build(prepare(make_kit(tmp_path), None, order, orin_facts()), make=plan_engine())
    builds = len(trt.world.attempts)
    code, plans = compared(tmp_path, str(tmp_path / "k-built.edgers"))
    assert code == 0
    assert [one["plan"] for one in plans] == ["int8 scales fp32 weakly typed"]
    assert len(trt.world.attempts) == builds
    install("11.4.0")
    code, plans = compared(tmp_path, str(tmp_path / "k-built.edgers"))
    assert code == 1
    assert "please rebuild" in plans[0]["reason"]


def test_without_a_gpu_nothing_is_measured_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("edgers.bench.plan_parity.cuda_problem", lambda: "no driver")
    assert main([str(make_kit(tmp_path))]) == 2
    assert capsys.readouterr().out == "not measured  there is no GPU here: no driver\n"


def test_a_bundle_for_a_cpu_or_another_tensorrt_is_an_error(
    tmp_path: Path, install: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    install("11.4.0")
    assert main([str(make_bundle(tmp_path))]) == 2
    assert "is for a CPU" in capsys.readouterr().err
    assert main([str(make_kit(tmp_path, bands=BANDS[:2]))]) == 2
    assert "nothing for TensorRT 11.4.0" in capsys.readouterr().err

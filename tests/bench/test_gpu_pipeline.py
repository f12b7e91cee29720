"""The whole path of `gpu_check`, with stand-ins for what a GPU would run."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders.judged_devices import LAPTOP, board
from builders.scenes import write_scene

from edgers.bench.gpu_check.__main__ import main
from edgers.bench.gpu_check.pipeline import edgers, engine_section, equal_share
from edgers.bench.gpu_check.scene import SMALL
from edgers.engines import ENGINES, Engine
from edgers.engines.engine import EngineInfo, Settings, Tensors
from edgers.errors import EngineError
from edgers.targets.device_facts import DeviceFacts

H200 = board({"name": "NVIDIA H200", "cc": (9, 0)}, machine="x86_64", module="", part_number="",
             tensorrt=(10, 13, 3))  # fmt: skip
SIZE_PX = 256


class StandIn:
    """ONNX Runtime on the CPU under the name of its CUDA provider, as wrong as it is told to be."""

    def __init__(self, engine: Engine, wrong_from: int) -> None:
        self._engine = engine
        self._left = wrong_from

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(name="onnxruntime", version="0", device="stand-in")

    def infer(self, inputs: Tensors) -> Tensors:
        found = self._engine.infer(inputs)
        self._left -= 1
        return found if self._left >= 0 else {name: -value for name, value in found.items()}

    def close(self) -> None:
        self._engine.close()


def has_cuda(monkeypatch: pytest.MonkeyPatch, wrong_from: int = 10**6) -> None:
    """Let `provider=cuda` be had; wrong from that tile on, of which the golden one is first."""
    real = ENGINES["onnxruntime"]

    def make(graph: bytes, precision: str = "fp32", settings: Settings | None = None) -> Engine:
        if (settings or {}).get("provider") != "cuda":
            return real(graph, precision, settings)
        return StandIn(real(graph, precision), wrong_from)

    monkeypatch.setattr("edgers.pipeline.model.ENGINES", {"onnxruntime": make})


def has_no_tensorrt(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*words: object) -> None:
        raise EngineError(f"edgers {words[0]} ended with 2.", seen="TensorRT is not installed.")

    monkeypatch.setattr("edgers.bench.gpu_check.pipeline.edgers", refuse)


def section(folder: Path, facts: DeviceFacts = H200) -> dict[str, Any]:
    return engine_section(facts, folder, size_px=SIZE_PX, rounds=1)


def test_the_product_of_each_way_is_held_against_that_of_the_cpu(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    has_cuda(monkeypatch)
    has_no_tensorrt(monkeypatch)
    found = section(tmp_path)
    assert (found["result"], found["passed"]) == ("measured", True)
    by_cuda, by_tensorrt = found["ways"]
    assert by_cuda["equal classes"] == 1
    assert by_cuda["device"] == "stand-in"
    assert by_cuda["cpu_s"] > 0
    assert by_cuda["gpu_s"] > 0
    ratio = by_cuda["cpu_s"] / by_cuda["gpu_s"]
    assert by_cuda["cpu time over gpu time"] == pytest.approx(ratio, abs=0.1)
    assert by_tensorrt == {
        "way": "TensorRT", "result": "not measured",
        "why": "edgers compile ended with 2. TensorRT is not installed.",
    }  # fmt: skip


def test_a_product_that_differs_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    has_cuda(monkeypatch, wrong_from=1)
    has_no_tensorrt(monkeypatch)
    found = section(tmp_path)
    assert not found["passed"]
    assert found["ways"][0]["equal classes"] < 0.5


def test_an_engine_that_fails_the_golden_tile_is_not_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    has_cuda(monkeypatch, wrong_from=0)
    has_no_tensorrt(monkeypatch)
    found = section(tmp_path)
    assert found["result"] == "not measured"
    assert "the golden tile comes out wrong" in found["ways"][0]["why"]


def test_tensorrt_is_reached_by_a_kit_for_this_device_that_is_built_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    has_cuda(monkeypatch)
    asked: list[tuple[str, ...]] = []

    def run(*words: object) -> None:
        asked.append(tuple(map(str, words)))
        out = Path(str(words[words.index("-o") + 1]))
        # What is built is the bundle for the CPU.
        out.write_bytes((tmp_path / "cpu.edgers").read_bytes())

    monkeypatch.setattr("edgers.bench.gpu_check.pipeline.edgers", run)
    found = section(tmp_path)
    compiled, built = asked
    assert compiled[0] == "compile"
    assert compiled[-2:] == ("--target", "dgpu-h200")
    assert built == ("build", str(tmp_path / "kit.edgers"), "-o", str(tmp_path / "built.edgers"))
    assert found["ways"][1]["equal classes"] == 1


def test_a_device_that_no_target_fits_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    has_cuda(monkeypatch)
    odd = board({"cc": (3, 5)}, module="", part_number="")
    assert "no target fits this device" in section(tmp_path, odd)["ways"][1]["why"]


def test_without_a_gpu_nothing_is_measured(tmp_path: Path) -> None:
    found = engine_section(LAPTOP, tmp_path)
    assert found["result"] == "not measured"
    assert found["why"] == "libcuda.so.1 is not installed"
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_that_nothing_was_measured(tmp_path: Path) -> None:
    out = tmp_path / "found.json"
    assert main(["--simulator", "--kernels", "project", "--json", str(out)]) == 0
    assert json.loads(out.read_text())["engine"]["result"] == "not measured"


def test_the_command_without_a_gpu_writes_so_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if "pycuda" in sys.modules:
        pytest.skip("PyCUDA is here")
    monkeypatch.setattr("edgers.bench.gpu_check.__main__.LARGE", SMALL)
    monkeypatch.setattr("edgers.targets.detect.device_facts", lambda: LAPTOP)
    out = tmp_path / "found.json"
    assert main(["--kernels", "project", "--json", str(out)]) == 2
    found = json.loads(out.read_text())
    assert found["kernels"] == "not measured"
    assert found["engine"]["result"] == "not measured"


def test_a_command_that_fails_says_why() -> None:
    with pytest.raises(EngineError, match="edgers verify ended with 2") as caught:
        edgers("verify", "none.edgers")
    assert "none.edgers cannot be read" in caught.value.seen


def test_equal_pixels_are_counted(tmp_path: Path) -> None:
    samples = np.zeros((1, 40, 50), np.uint8)
    first = write_scene(tmp_path / "a.tif", samples)
    samples[0, :10] = 1
    assert equal_share(first, write_scene(tmp_path / "b.tif", samples)) == pytest.approx(0.75)
    assert equal_share(first, first) == 1

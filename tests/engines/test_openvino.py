"""What OpenVINO is told, and how its failures read."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from builders.bundles import tiny_net
from builders.networks import fixed_net, unet

from edgers.engines import settings
from edgers.errors import EngineError
from edgers.processors import processors

ov = pytest.importorskip("openvino", reason="openvino is not installed")
from edgers.engines.openvino import OpenVinoEngine  # noqa: E402

PIXELS = np.random.default_rng(0).standard_normal((1, 3, 64, 64)).astype(np.float32)


def engine(precision: str = "fp32", **chosen: str) -> OpenVinoEngine:
    return OpenVinoEngine(tiny_net().SerializeToString(), precision, chosen)


def test_it_is_the_installed_runtime() -> None:
    info = engine().info
    assert ov.__version__.startswith(info.version)
    assert info.version.replace(".", "").isdigit()


@pytest.mark.parametrize(("streams", "count"), [("processors", 2), ("half", 1)])
def test_one_thread_works_on_a_tile(
    monkeypatch: pytest.MonkeyPatch, streams: str, count: int
) -> None:
    # OpenVINO makes no more streams than there are processors.
    count = min(count, processors())
    monkeypatch.setattr(settings, "processors", lambda: 2)
    told = engine(streams=streams)._model
    assert told.get_property("NUM_STREAMS") == count
    assert told.get_property("INFERENCE_NUM_THREADS") == count
    assert told.get_property("ENABLE_CPU_PINNING") is False


def test_fp32_is_float32_whatever_the_processor_would_choose() -> None:
    told = engine()._model
    assert told.get_property("INFERENCE_PRECISION_HINT") == ov.Type.f32
    assert "ACCURACY" in str(told.get_property("EXECUTION_MODE_HINT"))


def can(word: str) -> bool:
    return word in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


@pytest.mark.parametrize(("precision", "word"), [("bf16", "BF16"), ("fp16", "FP16")])
def test_a_precision_is_what_the_processor_computes_in_or_refused(
    precision: str, word: str
) -> None:
    if not can(word):
        with pytest.raises(EngineError, match=f"does not compute in {precision}"):
            engine(precision)
        return
    exact, rough = (e.infer({"x": PIXELS})["y"] for e in (engine(), engine(precision)))
    assert rough.dtype == np.float32
    assert 0 < np.abs(exact - rough).max() < 0.03 * np.abs(exact).max()


def test_a_precision_nobody_knows_is_refused() -> None:
    with pytest.raises(EngineError, match="not used at int4"):
        engine("int4")


def test_a_failure_tells_the_shape_and_the_runtimes_words() -> None:
    fixed = OpenVinoEngine(fixed_net().SerializeToString())
    with pytest.raises(EngineError) as caught:
        fixed.infer({"x": np.zeros((1, 3, 8, 9), np.float32)})
    assert "x (1, 3, 8, 9)" in str(caught.value)
    assert "incompatible" in str(caught.value)
    assert str(caught.value).count("\n") == 1


def test_a_request_that_failed_is_not_used_again() -> None:
    net = OpenVinoEngine(unet().SerializeToString())
    wanted = net.infer({"x": PIXELS})["y"]
    with pytest.raises(EngineError):
        net.infer({"x": np.zeros((1, 3, 63, 64), np.float32)})
    assert np.array_equal(net.infer({"x": PIXELS})["y"], wanted)


def test_one_request_a_thread_is_enough() -> None:
    net = engine()
    for _ in range(5):
        net.infer({"x": PIXELS})
    assert len(net._idle) == 1


def test_weights_beside_the_process_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    onnx.save(
        tiny_net(), tmp_path / "m.onnx", save_as_external_data=True, location="w.bin",
        size_threshold=0,
    )  # fmt: skip
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EngineError, match="must hold all its weights"):
        OpenVinoEngine((tmp_path / "m.onnx").read_bytes())


def test_the_runtime_is_silent_on_a_broken_graph() -> None:
    code = (
        "from edgers.engines import ENGINES\n"
        "from edgers.errors import EngineError\n"
        "try: ENGINES['openvino'](b'no graph')\n"
        "except EngineError: print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("refused\n", "")

"""What ONNX Runtime is told, and how its failures read."""

import os
import subprocess
import sys

import numpy as np
import onnxruntime as ort
import pytest
from builders.bundles import tiny_net
from builders.graphs import GraphBuilder
from builders.networks import fixed_net
from onnx import TensorProto

from edgers.engines import onnxruntime, settings
from edgers.engines.onnxruntime import OnnxRuntimeEngine
from edgers.engines.onnxruntime_providers import XNNPACK
from edgers.errors import EngineError


def test_it_is_the_installed_runtime() -> None:
    info = OnnxRuntimeEngine(tiny_net().SerializeToString()).info
    assert (info.version, info.device) == (ort.__version__, "cpu")


def test_one_thread_works_on_a_tile() -> None:
    pixels = np.zeros((1, 3, 256, 256), np.float32)
    before = len(os.listdir("/proc/self/task"))
    engine = OnnxRuntimeEngine(tiny_net().SerializeToString())
    engine.infer({"x": pixels})
    assert len(os.listdir("/proc/self/task")) == before


def test_a_failure_tells_the_shape_and_the_runtimes_words() -> None:
    engine = OnnxRuntimeEngine(fixed_net().SerializeToString())
    with pytest.raises(EngineError) as caught:
        engine.infer({"x": np.zeros((1, 3, 8, 9), np.float32)})
    assert caught.value.exit_code == 1
    assert "x (1, 3, 8, 9)" in str(caught.value)
    assert str(caught.value).count("\n") == 1


def test_the_runtime_is_silent_on_a_broken_graph() -> None:
    code = (
        "from edgers.engines import ENGINES\n"
        "from edgers.errors import EngineError\n"
        "try: ENGINES['onnxruntime'](b'no graph')\n"
        "except EngineError: print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("refused\n", "")


def test_xnnpack_is_used_where_it_is_there_and_refused_where_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph = tiny_net().SerializeToString()
    monkeypatch.setattr(ort, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(EngineError, match="built without XNNPACK"):
        OnnxRuntimeEngine(graph, settings={"provider": "xnnpack"})
    monkeypatch.setattr(ort, "get_available_providers", lambda: [XNNPACK])
    told: list[object] = []
    monkeypatch.setattr(
        ort, "InferenceSession",
        lambda _graph, _options, providers: told.extend(providers) or ort_session(graph),
    )  # fmt: skip
    OnnxRuntimeEngine(graph, settings={"provider": "xnnpack"})
    assert told == [(XNNPACK, {"intra_op_num_threads": "1"}), "CPUExecutionProvider"]


ort_session = ort.InferenceSession


def test_a_layout_is_a_level_of_optimisation() -> None:
    levels = ort.GraphOptimizationLevel
    assert onnxruntime._options("blocked").graph_optimization_level == levels.ORT_ENABLE_ALL
    assert onnxruntime._options("plain").graph_optimization_level == levels.ORT_ENABLE_EXTENDED
    assert onnxruntime._options("reference").graph_optimization_level == levels.ORT_DISABLE_ALL


def test_half_as_many_tiles_run_at_once_when_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "processors", lambda: 4)
    graph = tiny_net().SerializeToString()
    for streams, count in (("processors", 4), ("half", 2)):
        engine = OnnxRuntimeEngine(graph, settings={"streams": streams})
        taken = [engine._turn.acquire(blocking=False) for _ in range(5)]
        assert sum(taken) == count


def test_a_graph_in_halves_keeps_its_real_ends() -> None:
    made = GraphBuilder()
    half = made.node("Cast", ["x"], to=TensorProto.FLOAT16)
    eye = made.constant((np.eye(3) * 3).reshape(3, 3, 1, 1), "float16")
    tripled = made.node("Conv", [half, eye], channels=3)
    model = made.model(made.node("Cast", [tripled], to=TensorProto.FLOAT))
    pixels = np.random.default_rng(0).standard_normal((1, 3, 8, 8)).astype(np.float32)
    wanted = pixels.astype(np.float16) * np.float16(3)
    # On a CPU the runtime computes in float32 and rounds less often: two roundings of 2^-11 apart.
    for layout in ("reference", "plain", "blocked"):
        engine = OnnxRuntimeEngine(model.SerializeToString(), "fp16", {"layout": layout})
        found = engine.infer({"x": pixels})["y"]
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, wanted, rtol=2**-10, atol=0)


def test_bf16_is_refused() -> None:
    with pytest.raises(EngineError, match="not used at bf16"):
        OnnxRuntimeEngine(tiny_net().SerializeToString(), "bf16")

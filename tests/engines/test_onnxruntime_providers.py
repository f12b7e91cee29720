"""ONNX Runtime's providers for NVIDIA GPUs: what they are told, and when they are refused."""

from collections.abc import Sequence

import onnxruntime as ort
import pytest
from builders.bundles import tiny_net

from edgers.engines import onnxruntime_providers
from edgers.engines.onnxruntime import OnnxRuntimeEngine
from edgers.engines.onnxruntime_providers import CPU, CUDA, TENSORRT, providers
from edgers.errors import EngineError

GRAPH = tiny_net().SerializeToString()
REAL_SESSION = ort.InferenceSession


class Session:
    """A session that says which providers it uses."""

    def __init__(self, used: Sequence[str]) -> None:
        self.used = used
        self.inner = REAL_SESSION(GRAPH, providers=[CPU])

    def get_providers(self) -> list[str]:
        return list(self.used)

    def get_outputs(self) -> object:
        return self.inner.get_outputs()


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An ONNX Runtime with all providers, on a machine with a GPU."""
    monkeypatch.setattr(ort, "get_available_providers", lambda: [TENSORRT, CUDA, CPU])
    monkeypatch.setattr(onnxruntime_providers, "cuda_problem", lambda: "")
    return monkeypatch


@pytest.mark.parametrize(("word", "title"), [("cuda", "CUDA"), ("tensorrt", "TensorRT")])
def test_what_it_was_built_without_is_refused(
    monkeypatch: pytest.MonkeyPatch, word: str, title: str
) -> None:
    monkeypatch.setattr(ort, "get_available_providers", lambda: [CPU])
    with pytest.raises(EngineError, match=f"built without {title}") as caught:
        OnnxRuntimeEngine(GRAPH, "int8", {"provider": word})
    assert "onnxruntime-gpu" in caught.value.fix


@pytest.mark.parametrize("word", ["cuda", "tensorrt"])
def test_without_a_driver_no_session_is_made(gpu: pytest.MonkeyPatch, word: str) -> None:
    gpu.setattr(onnxruntime_providers, "cuda_problem", lambda: "there is no driver")
    gpu.setattr(ort, "InferenceSession", None)
    with pytest.raises(EngineError, match="cannot use") as caught:
        OnnxRuntimeEngine(GRAPH, "int8", {"provider": word})
    assert caught.value.seen == "there is no driver."


def test_cuda_keeps_to_float32_and_to_one_algorithm(gpu: pytest.MonkeyPatch) -> None:
    ((name, options), *rest) = providers("cuda", "fp32")
    assert (name, rest) == (CUDA, [CPU])
    assert options["use_tf32"] == "0"  # type: ignore[index]
    assert options["cudnn_conv_algo_search"] == "DEFAULT"  # type: ignore[index]


@pytest.mark.parametrize(
    ("precision", "told"),
    [
        ("fp16", {"trt_fp16_enable": "1"}),
        ("int8", {"trt_fp16_enable": "1", "trt_int8_enable": "1"}),
    ],
)
def test_tensorrt_is_told_the_precision_and_what_it_leaves_goes_to_cuda(
    gpu: pytest.MonkeyPatch, precision: str, told: dict[str, str]
) -> None:
    (first, second, last) = providers("tensorrt", precision)
    name, options = first
    assert (name, second[0], last) == (TENSORRT, CUDA, CPU)
    assert {key: value for key, value in options.items() if "int8" in key or "fp16" in key} == told  # type: ignore[attr-defined]


def test_tensorrt_is_refused_at_fp32_which_it_would_round(gpu: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineError, match="not used at fp32") as caught:
        providers("tensorrt", "fp32")
    assert "TF32" in caught.value.seen


def test_a_provider_that_was_dropped_is_an_error_and_not_a_slow_run(
    gpu: pytest.MonkeyPatch,
) -> None:
    gpu.setattr(ort, "InferenceSession", lambda *_, **__: Session([CPU]))
    with pytest.raises(EngineError, match="cannot load CUDA"):
        OnnxRuntimeEngine(GRAPH, "fp32", {"provider": "cuda"})
    gpu.setattr(ort, "InferenceSession", lambda *_, **__: Session([CUDA, CPU]))
    assert OnnxRuntimeEngine(GRAPH, "fp32", {"provider": "cuda"}).info.device == "GPU by CUDA"
    with pytest.raises(EngineError, match="cannot load TensorRT"):
        OnnxRuntimeEngine(GRAPH, "int8", {"provider": "tensorrt"})

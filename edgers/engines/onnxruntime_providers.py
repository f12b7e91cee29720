"""Which of ONNX Runtime's kernels compute a graph, and what they are told."""

from dataclasses import dataclass

import onnxruntime as ort

from edgers.errors import EngineError
from edgers.targets.cuda_probe import cuda_problem

XNNPACK = "XnnpackExecutionProvider"
"""Google's kernels for Arm, in ONNX Runtimes that were built with them; the wheels are not."""
CUDA = "CUDAExecutionProvider"
"""NVIDIA's libraries, cuDNN and cuBLAS; in the package onnxruntime-gpu."""
TENSORRT = "TensorrtExecutionProvider"
"""Parts of the graph built into TensorRT plans when they first run; likewise."""
CPU = "CPUExecutionProvider"

Providers = list[str | tuple[str, dict[str, str]]]
"""As `onnxruntime.InferenceSession` takes them, the preferred first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A word for a provider, and what it means to ONNX Runtime."""

    name: str
    """ONNX Runtime's name."""
    title: str
    """How it is called in messages."""
    device: str
    """What it runs on, for `EngineInfo.device`."""


PROVIDERS = {
    "cpu": Provider(name=CPU, title="its own CPU kernels", device="cpu"),
    "xnnpack": Provider(name=XNNPACK, title="XNNPACK", device="cpu"),
    "cuda": Provider(name=CUDA, title="CUDA", device="GPU by CUDA"),
    "tensorrt": Provider(name=TENSORRT, title="TensorRT", device="GPU by TensorRT"),
}
"""Values of the setting `provider`."""

CUDA_OPTIONS = {
    "device_id": "0",
    # Else products of float32 are of 10 significant bits from Ampere on.
    "use_tf32": "0",
    # One algorithm for every shape. A search takes the fastest of the day for each shape: then a
    # pixel hangs on the size of its tile, and on what else ran when its shape came first.
    "cudnn_conv_algo_search": "DEFAULT",
    # An arena that doubles takes memory that a board has no use for.
    "arena_extend_strategy": "kSameAsRequested",
}
"""Options of the CUDA provider (onnxruntime, cuda_execution_provider_info.cc). Not measured."""

TENSORRT_OPTIONS = {
    "device_id": "0",
    # Plans are built when a tile of a new range of sizes comes: one after another.
    "trt_force_sequential_engine_build": "1",
}
"""Options of the TensorRT provider (onnxruntime, tensorrt_execution_provider_info.cc) at every
precision. Nothing is kept on disk: plans of tiles are built anew in each process. Not measured."""


def providers(word: str, precision: str) -> Providers:
    """Name the kernels to use for a word of `PROVIDERS`.

    Raises EngineError where this ONNX Runtime is without them, where there is no GPU for them, and
    where they cannot keep to the precision.
    """
    if word == "cpu":
        return [CPU]
    chosen, there = PROVIDERS[word], ort.get_available_providers()
    if chosen.name not in there:
        raise EngineError(
            f"this ONNX Runtime was built without {chosen.title}.",
            rule=f"It has: {', '.join(there)}.",
            fix="" if word == "xnnpack" else "pip install onnxruntime-gpu; JetPack has its own.",
        )
    if word == "xnnpack":
        # XNNPACK has a thread pool of its own: one thread here too.
        return [(XNNPACK, {"intra_op_num_threads": "1"}), CPU]
    # Without a driver ONNX Runtime would print errors and go on with the CPU.
    problem = cuda_problem()
    if problem:
        raise EngineError(f"ONNX Runtime cannot use {chosen.title} here.", seen=f"{problem}.")
    if word == "cuda":
        return [(CUDA, dict(CUDA_OPTIONS)), CPU]
    return [(TENSORRT, _tensorrt_options(precision)), (CUDA, dict(CUDA_OPTIONS)), CPU]


def _tensorrt_options(precision: str) -> dict[str, str]:
    """Let TensorRT compute at a precision, and lower at none."""
    if precision == "fp32":
        raise EngineError(
            "ONNX Runtime's TensorRT provider is not used at fp32 here.",
            seen="TensorRT computes float32 in TF32 unless told not to, and the provider "
            "has no option for that.",
            fix="Use provider=cuda, or fp16 or int8.",
        )
    options = {**TENSORRT_OPTIONS, "trt_fp16_enable": "1"}
    # Ranges stand in the graph, between QuantizeLinear and DequantizeLinear: no table is given.
    return options | {"trt_int8_enable": "1"} if precision == "int8" else options


def check_used(session: ort.InferenceSession, word: str) -> None:
    """Raise EngineError where ONNX Runtime has dropped what it was asked to use.

    It does so when a library of a provider is missing, and then computes on the CPU.
    """
    if PROVIDERS[word].name not in session.get_providers():
        raise EngineError(
            f"ONNX Runtime cannot load {PROVIDERS[word].title} here.",
            seen=f"It would use {', '.join(session.get_providers())}.",
            fix="Its libraries must be of the CUDA and cuDNN that this ONNX Runtime was built for.",
        )

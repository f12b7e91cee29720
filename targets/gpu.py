"""The GPU of a device, and the software that runs on it."""

from dataclasses import dataclass

Version = tuple[int, ...]
"""Parts of a version, such as (10, 3, 0)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerMode:
    """What a device reaches at one power limit. None: not known."""

    name: str
    """Its name in the maker's words, such as `15W` or `MAXN`."""
    power_w: float | None
    """Limit of the module, in watts."""
    int8_tops: float | None
    """Peak of the GPU at INT8 without sparsity, in 10^12 operations a second."""
    fp16_tflops: float | None
    """Peak of the GPU at FP16 without sparsity, in 10^12 operations a second."""
    fp32_tflops: float | None
    """Peak of the GPU at FP32, in 10^12 operations a second."""
    bandwidth_gbs: float | None
    """Memory bandwidth, in 10^9 bytes a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Software:
    """One release of the software that a device runs: what fixes which graphs it takes."""

    name: str
    """Its name, such as `JetPack 6.2`."""
    cuda: Version
    """CUDA version that its driver brings."""
    tensorrt: Version
    """TensorRT version."""
    python: str
    """Python version it comes with; empty where that is free."""
    has_dla: bool
    """Whether this release can build for the DLA of the device, where it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """A GPU of a device."""

    cc: tuple[int, int]
    """Compute capability."""
    arch: str
    """Name of the architecture."""
    sm_count: int | None
    """Streaming multiprocessors; None where not known."""
    shares_memory: bool
    """Whether it works in the memory of the CPU, as on a Jetson."""
    dla_cores: int
    """Deep-learning accelerators beside it."""
    modules: tuple[str, ...]
    """Part numbers of the module, as boot firmware gives them; empty for graphics cards."""
    software: tuple[Software, ...]
    """Releases it runs that EdgeRS builds for, oldest first."""
    power_modes: tuple[PowerMode, ...]
    """Power limits, lowest first."""

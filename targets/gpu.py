"""The GPU of a device, and the software that runs on it."""

from dataclasses import dataclass

Version = tuple[int, ...]
"""Parts of a version, such as (10, 3, 0)."""

TENSORRT_FIRST: Version = (8, 5)
"""Oldest TensorRT that EdgeRS builds for: the first with tensors by name (`set_tensor_address`)."""

TENSORRT_LAST = 11
"""Newest major version that EdgeRS builds for."""


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
    """Memory bandwidth, in 10^9 bytes a second. A mode may slow the memory down: at most this."""


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
    l4t: tuple[Version, Version] | None = None
    """First and last Jetson Linux, major and minor; None where it is no JetPack."""
    source: str = ""
    """Where this was read."""
    confidence: str = ""
    """`high`, `medium` or `low`."""

    @property
    def is_supported(self) -> bool:
        """Tell whether EdgeRS builds for its TensorRT."""
        return is_supported_tensorrt(self.tensorrt)


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
    """Releases it runs, oldest first; also those whose TensorRT is too old for EdgeRS."""
    power_modes: tuple[PowerMode, ...]
    """Power limits, lowest first."""
    names: tuple[str, ...] = ()
    """Words by which a driver names the card; empty for modules."""


def is_supported_tensorrt(version: Version) -> bool:
    """Tell whether EdgeRS builds for a TensorRT."""
    return version[:2] >= TENSORRT_FIRST and version[0] <= TENSORRT_LAST


def text_from_version(version: Version) -> str:
    """Give `10.3.0` for (10, 3, 0)."""
    return ".".join(map(str, version))

"""What is found of the device this process runs on."""

from dataclasses import dataclass

from edgers.targets.gpu import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuFacts:
    """A GPU that the driver reports."""

    name: str
    """Its name, in the driver's words."""
    cc: tuple[int, int]
    """Compute capability."""
    total_bytes: int
    """Memory it has."""
    free_bytes: int
    """Memory that is free now."""
    cuda: Version
    """CUDA version the driver brings."""
    driver: str
    """Version of the driver; empty where it does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFacts:
    """What a device is. Empty or None: not found."""

    machine: str
    """Kind of processor, in Python's words (`platform.machine`)."""
    system: str
    """Operating system, in Python's words (`platform.system`)."""
    processor: str
    """Name of the CPU."""
    cpu_flags: frozenset[str]
    """Instruction sets the CPU has, in the kernel's words."""
    total_bytes: int
    """Memory of the machine."""
    free_bytes: int
    """Memory that is available now."""
    gpu: GpuFacts | None
    """The first GPU; None where none can be used."""
    no_gpu: str
    """Why none can be used, in words; empty where one can."""
    tensorrt: Version | None
    """Version of TensorRT installed; None where there is none."""
    module: str
    """Model of a Jetson, as its device tree says; empty elsewhere."""
    part_number: str
    """Part number of its module, such as `p3767-0003`; empty elsewhere."""
    l4t: str
    """Release of Jetson Linux, such as `36.4.3`; empty elsewhere."""
    dla_cores: int
    """Deep-learning accelerators."""

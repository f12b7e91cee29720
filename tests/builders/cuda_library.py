"""Driver libraries that answer as libcuda and NVML do, for ctypes to be pointed at."""

from collections.abc import Callable
from typing import Any

CARD = b"00000000:65:00.0"
"""Address on the bus of the card."""


class CudaLibrary:
    """`libcuda` with one GPU; it fails as it is told."""

    def __init__(
        self, *, name: bytes = b"NVIDIA H200", cc: tuple[int, int] = (9, 0), devices: int = 1,
        integrated: bool = False, fails: dict[str, int] | None = None,
    ) -> None:  # fmt: skip
        self.attributes = {75: cc[0], 76: cc[1], 18: int(integrated)}
        self.name, self.devices, self.fails = name, devices, fails or {}
        self.contexts = 0
        self.calls: list[str] = []

    def __getattr__(self, function: str) -> Callable[..., int]:
        answer = getattr(type(self), f"answer_{function}", None)
        if answer is None:
            raise AttributeError(f"undefined symbol: {function}")

        def call(*arguments: Any) -> int:
            self.calls.append(function)
            if code := self.fails.get(function):
                return code
            answer(self, *arguments)
            return 0

        return call

    def answer_cuInit(self, flags: int) -> None:  # noqa: N802
        assert flags == 0

    def answer_cuDeviceGetCount(self, count: Any) -> None:  # noqa: N802
        count.contents.value = self.devices

    def answer_cuDeviceGet(self, device: Any, ordinal: int) -> None:  # noqa: N802
        assert ordinal == 0
        device.contents.value = 7

    def answer_cuDriverGetVersion(self, version: Any) -> None:  # noqa: N802
        version.contents.value = 12060

    def answer_cuDeviceTotalMem_v2(self, total: Any, device: int) -> None:  # noqa: N802
        assert device == 7
        total.contents.value = 150 * 10**9

    def answer_cuDeviceGetAttribute(self, value: Any, which: int, device: int) -> None:  # noqa: N802
        assert device == 7
        value.contents.value = self.attributes[which]

    def answer_cuDeviceGetName(self, buffer: Any, size: int, device: int) -> None:  # noqa: N802
        assert size == len(buffer)
        buffer.value = self.name

    def answer_cuDeviceGetPCIBusId(self, buffer: Any, size: int, device: int) -> None:  # noqa: N802
        buffer.value = CARD

    def answer_cuDevicePrimaryCtxRetain(self, context: Any, device: int) -> None:  # noqa: N802
        self.contexts += 1
        context.contents.value = 2**40

    def answer_cuCtxPushCurrent_v2(self, context: Any) -> None:  # noqa: N802
        assert context.value == 2**40

    def answer_cuMemGetInfo_v2(self, free: Any, total: Any) -> None:  # noqa: N802
        free.contents.value, total.contents.value = 99 * 10**9, 150 * 10**9

    def answer_cuCtxPopCurrent_v2(self, context: Any) -> None:  # noqa: N802
        assert self.contexts == 1

    def answer_cuDevicePrimaryCtxRelease_v2(self, device: int) -> None:  # noqa: N802
        self.contexts -= 1

    def answer_cuGetErrorString(self, code: int, words: Any) -> None:  # noqa: N802
        words.contents.value = b"out of memory"


class NvmlLibrary:
    """NVML with the same card."""

    def __init__(self, *, free_bytes: int = 120 * 10**9, fails: tuple[str, ...] = ()) -> None:
        self.free_bytes, self.fails = free_bytes, fails
        self.is_open = False

    def nvmlInit_v2(self) -> int:  # noqa: N802
        self.is_open = "nvmlInit_v2" not in self.fails
        return 0 if self.is_open else 9

    def nvmlShutdown(self) -> int:  # noqa: N802
        self.is_open = False
        return 0

    def nvmlDeviceGetHandleByPciBusId_v2(self, bus_id: bytes, handle: Any) -> int:  # noqa: N802
        if bus_id != CARD or "handle" in self.fails:
            return 6
        handle.contents.value = 2**41
        return 0

    def nvmlDeviceGetMemoryInfo(self, handle: Any, memory: Any) -> int:  # noqa: N802
        if "memory" in self.fails or handle.value != 2**41:
            return 3
        memory.contents.free = self.free_bytes
        return 0

    def nvmlSystemGetDriverVersion(self, buffer: Any, size: int) -> int:  # noqa: N802
        if "driver" in self.fails:
            return 3
        buffer.value = b"570.124.06"
        return 0


def loads(cuda: Any = None, nvml: Any = None) -> Callable[[str], Any]:
    """Give a loader that has these libraries, and no others."""
    libraries = {"libcuda.so.1": cuda, "nvcuda.dll": cuda, "libnvidia-ml.so.1": nvml}

    def load(name: str) -> Any:
        if libraries.get(name) is None:
            raise OSError(f"{name}: cannot open shared object file: No such file or directory")
        return libraries[name]

    return load

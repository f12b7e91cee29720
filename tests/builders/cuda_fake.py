"""PyCUDA with a GPU that is not there: real results, late and in order, and no mercy for misuse.

`fake_pycuda()` gives the modules for `sys.modules`. Copies and launches on a stream are put off
until somebody waits; until then the host memory they write into reads as NaN. Wrong addresses,
freed memory, host memory that is not page-locked and calls without a context fail. Kernels are the
Python source of `edgers.kernels.cuda`, compiled for the CPU where that is possible, else run by
Numba's simulator (`NUMBA_ENABLE_CUDASIM=1`, as `tests/conftest.py` sets it).
"""

import threading
from types import ModuleType
from typing import Any

import numpy as np
from builders import pycuda_stand_in
from builders.cuda_memory import POISON, AddressError, DeviceMemory, HostMemory
from builders.cuda_objects import (
    Context,
    Device,
    DeviceAllocation,
    Event,
    LaunchError,
    LogicError,
    Module,
    OutOfMemoryError,
    Stream,
)
from builders.cuda_streams import Queue, Queues

Array = np.ndarray[Any, Any]


class FakeDriver(pycuda_stand_in.Driver):
    """`pycuda.driver` with one GPU."""

    LogicError, LaunchError, MemoryError = LogicError, LaunchError, OutOfMemoryError

    def __init__(
        self, cc: tuple[int, int] = (8, 7), cuda: int = 12060, devices: int = 1,
        memory_bytes: int = 8 << 30, name: str = "simulated GPU", simulate: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(cc, cuda, devices)
        self.device_name, self.simulate = name, simulate
        self.memory: DeviceMemory = DeviceMemory(memory_bytes)
        self.host, self.queues, self.lock = HostMemory(), Queues(), threading.RLock()
        self.started, self.retained = False, 0
        self.local = threading.local()
        self.Context = Context

    # -- contexts ------------------------------------------------------------------------------

    def init(self) -> None:
        super().init()
        self.started = True

    def Device(self, number: int) -> "Device":  # noqa: N802
        if not self.started:
            raise LogicError("cuDeviceGet failed: initialization error")
        if not 0 <= number < self.devices:
            raise LogicError("cuDeviceGet failed: invalid device ordinal")
        return Device(self)

    def stack(self) -> list["Context"]:
        """Give the contexts of this thread, the current one last."""
        if not hasattr(self.local, "stack"):
            self.local.stack = []
        return self.local.stack  # type: ignore[no-any-return]

    def need_context(self, call: str) -> None:
        """Raise LogicError in a thread where none is current."""
        if not self.stack():
            raise LogicError(f"{call} failed: invalid device context")

    # -- memory --------------------------------------------------------------------------------

    def mem_get_info(self) -> tuple[int, int]:
        self.need_context("cuMemGetInfo")
        return self.memory.limit_bytes - self.memory.used_bytes(), self.memory.limit_bytes

    def mem_alloc(self, size: int) -> "DeviceAllocation":
        self.need_context("cuMemAlloc")
        if size <= 0:
            raise LogicError("cuMemAlloc failed: invalid argument")
        with self.lock:
            place = self.memory.take(int(size))
        if place is None:
            raise OutOfMemoryError("cuMemAlloc failed: out of memory")
        return DeviceAllocation(self, place)

    def pagelocked_empty(
        self, shape: Any, dtype: Any, order: str = "C", mem_flags: int = 0
    ) -> Array:
        self.need_context("cuMemHostAlloc")
        assert order == "C", "only C order is modelled"
        return self.host.empty(shape, dtype)

    def memcpy_htod(self, dest: Any, src: Array) -> None:
        self.need_context("cuMemcpyHtoD")
        with self.lock:
            self.queues.drain()
            self._to_device(int(dest), src)

    def memcpy_dtoh(self, dest: Array, src: Any) -> None:
        self.need_context("cuMemcpyDtoH")
        with self.lock:
            self.queues.drain()
            self._to_host(dest, int(src))

    def memcpy_htod_async(self, dest: Any, src: Array, stream: "Stream | None" = None) -> None:
        place = self._checked(dest, src, "cuMemcpyHtoDAsync")
        self.put_off(stream, lambda: self._to_device(place, src))

    def memcpy_dtoh_async(self, dest: Array, src: Any, stream: "Stream | None" = None) -> None:
        place = self._checked(src, dest, "cuMemcpyDtoHAsync")
        _bytes(dest)[:] = POISON
        self.put_off(stream, lambda: self._to_host(dest, place))

    def memcpy_dtod(self, dest: Any, src: Any, size: int) -> None:
        self.need_context("cuMemcpyDtoD")
        with self.lock:
            self.queues.drain()
            self._inside(int(dest), int(src), size)

    def memcpy_dtod_async(
        self, dest: Any, src: Any, size: int, stream: "Stream | None" = None
    ) -> None:
        self.need_context("cuMemcpyDtoDAsync")
        to, source = int(dest), int(src)
        self.put_off(stream, lambda: self._inside(to, source, size))

    def memset_d8(self, dest: Any, data: int, size: int) -> None:
        self.need_context("cuMemsetD8")
        with self.lock:
            self.queues.drain()
            self.memory.at(int(dest), size)[:] = data

    def memset_d8_async(
        self, dest: Any, data: int, size: int, stream: "Stream | None" = None
    ) -> None:
        self.need_context("cuMemsetD8Async")
        place = int(dest)

        def work() -> None:
            self.memory.at(place, size)[:] = data

        self.put_off(stream, work)

    def _checked(self, device: Any, host: Array, call: str) -> int:
        self.need_context(call)
        if not host.flags.c_contiguous:
            raise ValueError("ndarray is not contiguous")
        if not self.host.has(host):
            raise AssertionError(f"{call}: host memory of {host.nbytes} bytes is not page-locked")
        return int(device)

    def _to_device(self, place: int, source: Array) -> None:
        self.memory.at(place, source.nbytes)[:] = _bytes(np.ascontiguousarray(source))

    def _to_host(self, to: Array, place: int) -> None:
        if not to.flags.c_contiguous:
            raise ValueError("ndarray is not contiguous")
        _bytes(to)[:] = self.memory.at(place, to.nbytes)

    def _inside(self, to: int, source: int, size: int) -> None:
        self.memory.at(to, size)[:] = self.memory.at(source, size)

    # -- work ----------------------------------------------------------------------------------

    def put_off(self, stream: "Stream | None", work: Any) -> None:
        """Put work at the end of a stream; what fails then fails where somebody waits."""
        self.put_off_in(None if stream is None else stream.queue, work)

    def put_off_in(self, queue: Queue | None, work: Any) -> None:
        """Put work at the end of a queue."""

        def later() -> None:
            try:
                work()
            except AddressError as error:
                raise LaunchError(f"an illegal memory access was encountered: {error}") from error

        with self.lock:
            self.queues.submit(queue, later)

    def queue_of(self, handle: int) -> Queue:
        """Give the stream of a handle; raises LogicError where there is none."""
        if handle not in self.queues.made:
            raise LogicError(f"{handle:#x} is the handle of no stream")
        return self.queues.made[handle]

    def module_from_buffer(
        self, image: bytes, options: Any = (), message_handler: Any = None
    ) -> "Module":
        self.need_context("cuModuleLoadDataEx")
        return Module(self, bytes(image))

    def Stream(self, flags: int = 0) -> "Stream":  # noqa: N802
        self.need_context("cuStreamCreate")
        return Stream(self)

    def Event(self, flags: int = 0) -> "Event":  # noqa: N802
        self.need_context("cuEventCreate")
        return Event(self)


def _bytes(array: Array) -> Array:
    return array.reshape(-1).view(np.uint8)


def fake_pycuda(**about: Any) -> dict[str, ModuleType]:
    """Give `pycuda` and `pycuda.driver` for `sys.modules`; arguments are those of FakeDriver."""
    package, driver = ModuleType("pycuda"), FakeDriver(**about)
    package.driver = driver  # type: ignore[attr-defined]
    return {"pycuda": package, "pycuda.driver": driver}

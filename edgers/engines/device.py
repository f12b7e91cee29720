"""The GPU at hand through PyCUDA, which nothing else in EdgeRS touches.

A CUDA context belongs to the threads that have made it current: whatever a thread asks of the GPU
it asks inside `Device.current()`, and what lives on the device is also given back there.
"""

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from edgers.errors import EngineError
from edgers.kernels.launch import THREADS, struct_format

Bytes = npt.NDArray[np.uint8]


class Stream(Protocol):
    """Work that the device does in order, beside that of other streams."""

    @property
    def handle(self) -> int:
        """Give the number by which other libraries know it."""

    def synchronize(self) -> object:
        """Wait for all work up to now; other threads run meanwhile."""


class Device:
    """The first GPU, in its primary context, which TensorRT and CUDA's own libraries share."""

    def __init__(self) -> None:
        """Raise EngineError where PyCUDA or a GPU is missing."""
        self._driver = _driver()
        try:
            self._driver.init()
            device = self._driver.Device(0)
            self.name: str = device.name()
            major, minor = device.compute_capability()
            number = self._driver.get_driver_version()
            self._context: Any = device.retain_primary_context()
        except self._driver.Error as error:
            raise EngineError(
                "no GPU was found.",
                seen=f"{error}.",
                fix="The nvidia-smi command, or tegrastats on a Jetson, says what the driver sees.",
            ) from error
        self.cc: tuple[int, int] = (major, minor)
        """Compute capability."""
        # The driver gives 12060 for 12.6.
        self.cuda: tuple[int, int] = (number // 1000, number % 1000 // 10)
        """CUDA version of the driver."""

    @contextlib.contextmanager
    def current(self) -> Iterator[None]:
        """Make the device current in this thread; may be entered in any thread, and again inside.

        What the device refuses or fails at inside is raised as EngineError.
        """
        if self._context is None:
            raise EngineError("the GPU was given back before this.")
        try:
            self._context.push()
            try:
                yield
            finally:
                self._context.pop()
        except self._driver.MemoryError as error:
            raise EngineError(
                "the GPU has too little free memory.",
                seen=f"{error}.",
                fix="Take smaller tiles (--tile), or fewer streams.",
            ) from error
        except self._driver.Error as error:
            raise EngineError("the GPU failed.", seen=f"{error}.") from error

    def stream(self) -> Stream:
        """Make a stream."""
        stream: Stream = self._driver.Stream()
        return stream

    def event(self) -> Any:
        """Make an event: `record(stream)`, `synchronize()`, `time_till(event)` in milliseconds."""
        return self._driver.Event()

    def room(self) -> "Room":
        """Give memory that grows with what is put there; none is taken yet."""
        return Room(self._driver)

    def kernel(self, name: str, kind: str, data: bytes, signature: Sequence[str]) -> "Kernel":
        """Load a kernel, `cubin` or `ptx`, for launches from any thread."""
        # Text has to end with a zero byte.
        module = self._driver.module_from_buffer(data + b"\0" if kind == "ptx" else data)
        function = module.get_function(name)
        function.prepare(struct_format(signature))
        return Kernel(function)

    def copy(self, to: int, source: int, size_bytes: int, stream: Stream) -> None:
        """Copy from address to address on the device."""
        self._driver.memcpy_dtod_async(to, source, size_bytes, stream)

    def close(self) -> None:
        """Give the context back; all that was made with it must have been given back before."""
        context, self._context = self._context, None
        if context is not None:
            # PyCUDA gives it back in a thread where it is current, or in the one that made it, and
            # takes it off the thread's stack itself.
            context.push()
            context.detach()


class Kernel:
    """A kernel on the device."""

    def __init__(self, function: Any) -> None:
        self._function = function

    def launch(
        self, blocks: int, stream: Stream, arguments: Sequence[int | float], threads: int = THREADS
    ) -> None:
        """Put a launch on a stream; pointers are addresses on the device."""
        self._function.prepared_async_call((blocks, 1), (threads, 1, 1), stream, *arguments)


class Room:
    """Memory on the device, and page-locked memory of the host beside it that copies go through.

    Copies from and to other memory of the host would wait for the stream. What has grown is kept.
    """

    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self._memory: Any = None
        self._memory_bytes = 0
        self._host: Bytes | None = None

    def address(self, size_bytes: int) -> int:
        """Give the address on the device of so many bytes; what was there before may be lost.

        Work that uses the former address must be done.
        """
        if self._memory is None or size_bytes > self._memory_bytes:
            self._free_memory()
            self._memory = self._driver.mem_alloc(max(size_bytes, 1))
            self._memory_bytes = size_bytes
        return int(self._memory)

    def host(self, size_bytes: int) -> Bytes:
        """Give so many bytes of the page-locked memory, likewise; keep no view of it for long."""
        if self._host is None or size_bytes > self._host.size:
            # The former goes first: a board has little to lock.
            self._host = None
            self._host = self._driver.pagelocked_empty(max(size_bytes, 1), np.uint8)
        return self._host[:size_bytes]

    def copy_in(self, size_bytes: int, stream: Stream) -> None:
        """Copy from the host to the device."""
        address = self.address(size_bytes)
        self._driver.memcpy_htod_async(address, self.host(size_bytes), stream)

    def copy_out(self, size_bytes: int, stream: Stream) -> None:
        """Copy from the device to the host."""
        address = self.address(size_bytes)
        self._driver.memcpy_dtoh_async(self.host(size_bytes), address, stream)

    def free(self) -> None:
        """Give all back."""
        self._free_memory()
        self._host = None

    def _free_memory(self) -> None:
        if self._memory is not None:
            self._memory.free()
        self._memory, self._memory_bytes = None, 0


def _driver() -> Any:
    try:
        with warnings.catch_warnings():
            # It warns, and then fails, where the driver's library is missing.
            warnings.simplefilter("ignore")
            import pycuda.driver
    except ImportError as error:
        raise EngineError(
            "no GPU can be reached.",
            seen=f"{error}.",
            rule="PyCUDA and NVIDIA's driver are needed.",
            fix="pip install pycuda, on a machine with an NVIDIA GPU.",
        ) from error
    return pycuda.driver

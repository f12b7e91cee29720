"""What PyCUDA's driver hands out: contexts, memory, streams, events, kernels."""

from typing import Any

import numpy as np
from builders import pycuda_stand_in
from builders.cuda_streams import Mark
from builders.kernel_on_cpu import loop, run_on_cpu

from edgers.kernels.cuda.entry import Entry

Array = np.ndarray[Any, Any]


class LogicError(pycuda_stand_in.Error):
    """As `pycuda.driver.LogicError`: a call that cannot be right."""


class LaunchError(pycuda_stand_in.Error):
    """As `pycuda.driver.LaunchError`: work on the device that went wrong."""


class OutOfMemoryError(pycuda_stand_in.Error):
    """As `pycuda.driver.MemoryError`."""


class Device:
    """As `pycuda.driver.Device`."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver

    def compute_capability(self) -> tuple[int, int]:
        return self._driver.cc

    def name(self) -> str:
        return self._driver.device_name

    def total_memory(self) -> int:
        return self._driver.memory.limit_bytes

    def retain_primary_context(self) -> "Context":
        self._driver.retained += 1
        return Context(self._driver)


class Context:
    """As `pycuda.driver.Context`: current in the threads that push it."""

    def __init__(self, driver: Any) -> None:
        self._driver, self._detached = driver, False

    def push(self) -> None:
        if self._detached:
            raise LogicError("cuCtxPushCurrent failed: context is destroyed")
        self._driver.stack().append(self)
        self._driver.depth += 1

    def pop(self) -> None:
        self._driver.need_context("cuCtxPopCurrent")
        self._driver.stack().pop()
        self._driver.depth -= 1

    def synchronize(self) -> None:
        self._driver.need_context("cuCtxSynchronize")
        with self._driver.lock:
            self._driver.queues.drain()

    def detach(self) -> None:
        if self._detached:
            raise LogicError("cuDevicePrimaryCtxRelease failed: context is destroyed")
        self._detached = True
        self._driver.retained -= 1
        # PyCUDA takes a context that is detached while it is current from the stack.
        stack = self._driver.stack()
        if stack and stack[-1] is self:
            self.pop()


class DeviceAllocation:
    """As `pycuda.driver.DeviceAllocation`: freed with the last reference to it, at the latest."""

    def __init__(self, driver: Any, place: int) -> None:
        self._driver, self._place, self._held = driver, place, True

    def __int__(self) -> int:
        if not self._held:
            raise LogicError("device memory was freed")
        return self._place

    def __index__(self) -> int:
        return int(self)

    def free(self) -> None:
        if not self._held:
            raise LogicError("cuMemFree failed: memory was freed before")
        self._held = False
        with self._driver.lock:
            self._driver.memory.give_back(self._place)

    def __del__(self) -> None:
        if self._held:
            self.free()


class Stream:
    """As `pycuda.driver.Stream`."""

    def __init__(self, driver: Any) -> None:
        self._driver, self.queue = driver, driver.queues.new()

    @property
    def handle(self) -> int:
        return self.queue.handle

    def synchronize(self) -> "Stream":
        self._driver.need_context("cuStreamSynchronize")
        with self._driver.lock:
            self._driver.queues.default.drain()
            self.queue.drain()
        return self

    def is_done(self) -> bool:
        with self._driver.lock:
            if self.queue.work:
                self.queue.step()
            return not self.queue.work

    def wait_for_event(self, event: "Event") -> None:
        mark = event.mark
        if mark is not None:
            self._driver.put_off(self, mark.reach)


class Event:
    """As `pycuda.driver.Event`."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self.mark: Mark | None = None

    def record(self, stream: Stream | None = None) -> "Event":
        self._driver.need_context("cuEventRecord")
        with self._driver.lock:
            queue = self._driver.queues.default if stream is None else stream.queue
            self.mark = queue.mark()
        return self

    def synchronize(self) -> "Event":
        self._driver.need_context("cuEventSynchronize")
        with self._driver.lock:
            if self.mark is not None:
                self.mark.reach()
        return self

    def query(self) -> bool:
        """Tell whether it was passed; each time one is asked, the stream does one thing more."""
        with self._driver.lock:
            if self.mark is not None and not self.mark.done:
                self.mark.stream.step()
            return self.mark is None or self.mark.done

    def time_since(self, other: "Event") -> float:
        """Give the milliseconds from `other` to this."""
        if self.mark is None or other.mark is None:
            raise LogicError("cuEventElapsedTime failed: invalid resource handle")
        if not (self.mark.done and other.mark.done):
            raise LogicError("cuEventElapsedTime failed: device not ready")
        return (self.mark.at_s - other.mark.at_s) * 1e3

    def time_till(self, other: "Event") -> float:
        """Give the milliseconds from this to `other`."""
        return other.time_since(self)


class Module(pycuda_stand_in.Module):
    """As `pycuda.driver.Module`."""

    def get_function(self, name: str) -> "Function":
        super().get_function(name)
        return Function(self.driver, name)


class Function(pycuda_stand_in.Function):
    """As `pycuda.driver.Function`."""

    def prepared_async_call(
        self, grid: tuple[int, ...], block: tuple[int, ...], stream: Any, *arguments: Any
    ) -> None:
        self.driver.need_context("cuLaunchKernel")
        if not (all(one > 0 for one in (*grid, *block)) and np.prod(block) <= 1024):
            raise LogicError(f"cuLaunchKernel failed: invalid argument: {grid} of {block}")
        values = self.unpacked(tuple(map(_number, arguments)))
        self.driver.put_off(stream, lambda: self.launch(grid, block, values))

    def array_at(self, address: int, kind: str) -> Array:
        held = self.driver.memory.at(address)
        return held[: len(held) // np.dtype(kind).itemsize * np.dtype(kind).itemsize].view(kind)

    def run(self, entry: Entry, items: int, threads: int, given: list[Any]) -> None:
        run = None if self.driver.simulate else loop(entry.function)
        if run is None:
            super().run(entry, items, threads, given)
        else:
            run_on_cpu(run, entry.signature, items, given)


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, DeviceAllocation) else value

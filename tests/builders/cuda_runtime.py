"""CUDA's runtime as polygraphy wraps it (`polygraphy.cuda.Cuda`), on the fake GPU.

Host memory is not page-locked there: copies to the device are taken from it at once, and copies to
the host end before the call does, as CUDA does with such memory.
"""

import ctypes
from typing import Any

import numpy as np


class CudaRuntime:
    """What `polygraphy.cuda.wrapper()` gives."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver
        self.held: set[int] = set()

    def create_stream(self) -> int:
        handle: int = self.driver.queues.new().handle
        return handle

    def destroy_stream(self, ptr: int) -> None:
        self.stream_synchronize(ptr)
        del self.driver.queues.made[ptr]

    def stream_synchronize(self, ptr: int) -> None:
        self.driver.queue_of(ptr).drain()

    def malloc(self, nbytes: int) -> int:
        place: int = self.driver.memory.take(int(nbytes))
        assert place is not None
        self.held.add(place)
        return place

    def free(self, ptr: int) -> None:
        # As `cudaFree` of a null pointer, which does nothing.
        if ptr:
            self.driver.memory.give_back(ptr)
            self.held.remove(ptr)

    def memcpy(self, dst: int, src: int, nbytes: int, kind: Any, stream_ptr: Any = None) -> None:
        queue = self.driver.queue_of(stream_ptr or 0)
        if kind.value == 1:
            given = np.frombuffer(ctypes.string_at(src, nbytes), np.uint8)

            def work() -> None:
                self.driver.memory.at(dst, nbytes)[:] = given

            self.driver.put_off_in(queue, work)
        else:
            assert kind.value == 2, "only copies from and to the device are modelled"
            queue.drain()
            ctypes.memmove(dst, self.driver.memory.at(src, nbytes).tobytes(), nbytes)

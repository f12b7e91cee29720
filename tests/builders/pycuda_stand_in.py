"""What `edgers.bench.gpu_check.device` uses of PyCUDA, with Numba's simulator for a GPU.

Launch arguments are packed and unpacked by the prepared format, pointers are numbers, and freed
memory is gone: a launch with wrong arguments fails here as well.
"""

import re
import struct
from types import ModuleType
from typing import Any

import numpy as np
from builders.cuda_simulator import launch

from edgers.kernels.aot.capabilities import capability_from_cc
from edgers.kernels.aot.cubin import check_cubin
from edgers.kernels.aot.ptx import KernelError
from edgers.kernels.cuda.entry import Entry
from edgers.kernels.cuda.registry import entries

LETTERS = {"P": "Q", "i": "i", "I": "I", "q": "q", "f": "f", "d": "d"}


class Error(Exception):
    """As `pycuda.driver.Error`."""


class Driver(ModuleType):
    """One GPU of a compute capability, under a driver of a CUDA version."""

    Error = Error

    def __init__(self, cc: tuple[int, int] = (8, 7), cuda: int = 12060, devices: int = 1) -> None:
        super().__init__("pycuda.driver")
        self.cc, self.cuda, self.devices = cc, cuda, devices
        self.memory: dict[int, np.ndarray[Any, Any]] = {}
        self.depth = 0
        self.launches: list[str] = []

    def init(self) -> None:
        if not self.devices:
            raise Error("cuInit failed: no CUDA-capable device is detected")

    def get_driver_version(self) -> int:
        return self.cuda

    def Device(self, number: int) -> "Gpu":  # noqa: N802
        assert number == 0
        return Gpu(self)

    def mem_alloc(self, size: int) -> "Allocation":
        return Allocation(self, size)

    def memcpy_htod(self, to: "Allocation", array: np.ndarray[Any, Any]) -> None:
        self.memory[int(to)][: array.nbytes] = array.reshape(-1).view(np.uint8)

    def memcpy_dtoh(self, array: np.ndarray[Any, Any], source: "Allocation") -> None:
        array.view(np.uint8)[:] = self.memory[int(source)][: array.nbytes]

    def memcpy_dtod_async(self, to: int, source: int, size: int, stream: object) -> None:
        assert type(to) is type(source) is int
        self.memory[to][:size] = self.memory[source][:size]

    def module_from_buffer(self, image: bytes) -> "Module":
        return Module(self, image)

    def Stream(self) -> object:  # noqa: N802
        return object()

    def Event(self) -> "Event":  # noqa: N802
        return Event()


class Gpu:
    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    def compute_capability(self) -> tuple[int, int]:
        return self.driver.cc

    def name(self) -> str:
        return "simulated GPU"

    def retain_primary_context(self) -> "Gpu":
        return self

    def push(self) -> None:
        self.driver.depth += 1

    def pop(self) -> None:
        self.driver.depth -= 1

    def synchronize(self) -> None:
        assert self.driver.depth == 1


class Allocation:
    following = 1 << 33

    def __init__(self, driver: Driver, size: int) -> None:
        assert size > 0
        assert driver.depth == 1
        Allocation.following += size + 512 - size % 256
        self.driver, self.place = driver, Allocation.following
        driver.memory[self.place] = np.full(size, 0xAA, np.uint8)

    def __int__(self) -> int:
        return self.place

    def free(self) -> None:
        del self.driver.memory[self.place]


class Event:
    def record(self, stream: object) -> None:
        pass

    def synchronize(self) -> None:
        pass

    def time_till(self, other: "Event") -> float:
        return 0.25


class Module:
    """Loads what a driver would: a cubin for the device, or text that ends with a zero byte."""

    def __init__(self, driver: Driver, image: bytes) -> None:
        self.driver, self.image = driver, image

    def get_function(self, name: str) -> "Function":
        if self.image[:4] == b"\x7fELF":
            try:
                check_cubin(self.image, name, capability_from_cc(self.driver.cc))
            except KernelError as error:
                raise Error(f"cuModuleLoadData failed: {error}") from error
        else:
            assert self.image.endswith(b"\n\0")
            assert re.search(rf"\.entry {name}\(".encode(), self.image)
        return Function(self.driver, name)


class Function:
    def __init__(self, driver: Driver, name: str) -> None:
        self.driver, self.name, self.letters = driver, name, ""

    def prepare(self, letters: str) -> None:
        self.letters = letters

    def prepared_async_call(
        self, grid: tuple[int, ...], block: tuple[int, ...], stream: object, *arguments: Any
    ) -> None:
        self.launch(grid, block, self.unpacked(arguments))

    def unpacked(self, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """Give the arguments as the device gets them, through the bytes of the format."""
        layout = "".join(LETTERS[letter] for letter in self.letters)
        return struct.unpack(f"={layout}", struct.pack(f"={layout}", *arguments))

    def launch(
        self, grid: tuple[int, ...], block: tuple[int, ...], values: tuple[Any, ...]
    ) -> None:
        entry = entries()[self.name]
        given = [
            self.array_at(value, kind[:-1]) if kind.endswith("*") else value
            for kind, value in zip(entry.signature, values, strict=True)
        ]
        self.driver.launches.append(self.name)
        self.run(entry, grid[0] * block[0], block[0], given)

    def array_at(self, address: int, kind: str) -> np.ndarray[Any, Any]:
        return self.driver.memory[address].view(kind)

    def run(self, entry: Entry, items: int, threads: int, given: list[Any]) -> None:
        with np.errstate(all="ignore"):
            # As many threads as were asked for; `launch` adds a block.
            launch(entry.function, items - 1, *given, threads=threads)

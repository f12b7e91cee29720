"""Runs kernels on a GPU: cubins loaded and launched with PyCUDA, as they are on board."""

import statistics
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edgers.bench.gpu_check.case import THREADS, Array, Case
from edgers.bench.gpu_check.launcher import NoDeviceError, Timing
from edgers.kernels.aot.capabilities import Version
from edgers.kernels.aot.pack import PackedKernel, entries_for
from edgers.kernels.aot.signature import struct_format

ROUNDS, LAUNCHES, WARM_UP = 15, 10, 3
"""Kernel and copy are timed in turn, so many times, each so many in a row."""


class Device:
    """The first GPU, in the context that other libraries share.

    A context manager: what it holds on the device is given back at the end.
    """

    def __init__(self) -> None:
        """Raise NoDeviceError where PyCUDA or a GPU is missing."""
        self._driver = _driver()
        try:
            self._driver.init()
            device = self._driver.Device(0)
        except self._driver.Error as error:
            raise NoDeviceError("no GPU was found.", seen=f"{error}.") from error
        self.cc: Version = device.compute_capability()
        number = self._driver.get_driver_version()
        # The driver gives 12060 for 12.6.
        self.cuda: Version = (number // 1000, number % 1000 // 10)
        self._name = device.name()
        self._context = device.retain_primary_context()
        self._context.push()
        self._kernels: dict[str, PackedKernel] = {}
        self._functions: dict[str, Any] = {}

    def load(self, cubins: Path, names: list[str]) -> None:
        """Load kernels from a build; raises BadInputError where it has none for this device."""
        for kernel in entries_for(cubins, self.cc, names, self.cuda):
            module = self._driver.module_from_buffer(kernel.image)
            function = module.get_function(kernel.name)
            function.prepare(struct_format(kernel.signature))
            self._kernels[kernel.name], self._functions[kernel.name] = kernel, function

    def describe(self) -> dict[str, object]:
        """Give the device's name and versions, and the form of the kernels."""
        kinds = {kernel.kind for kernel in self._kernels.values()}
        return {
            "device": self._name,
            "compute capability": "{}.{}".format(*self.cc),
            "cuda": "{}.{}".format(*self.cuda),
            "kernels": ", ".join(sorted(kinds)),
        }

    def run(self, case: Case) -> Mapping[int, Array]:
        """Copy the arguments there, launch once, and copy the results back."""
        held = self._allocate(case)
        try:
            self._launch(case, held, None)
            self._context.synchronize()
            results = {}
            for place, wanted in case.results.items():
                results[place] = np.empty(wanted.size, _array(case, place).dtype)
                self._driver.memcpy_dtoh(results[place], held[place])
            return results
        finally:
            _free(held)

    def time(self, case: Case) -> Timing | None:
        """Take medians of several rounds; memory is touched beforehand."""
        half = max(case.moved_bytes // 2, 1)
        held = self._allocate(case)
        ends = [self._driver.mem_alloc(half) for _ in range(2)]
        stream = self._driver.Stream()
        try:
            timed: list[tuple[float, float]] = []
            for _ in range(WARM_UP + ROUNDS):
                kernel = self._seconds(stream, lambda: self._launch(case, held, stream))
                copy = self._seconds(stream, lambda: self._copy(ends, half, stream))
                timed.append((kernel, copy))
            kernels, copies = zip(*timed[WARM_UP:], strict=True)
            return Timing(kernel_s=statistics.median(kernels), copy_s=statistics.median(copies))
        finally:
            _free([*held, *ends])

    def close(self) -> None:
        """Give back what is held."""
        self._functions.clear()
        self._context.pop()

    def __enter__(self) -> "Device":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _allocate(self, case: Case) -> list[Any]:
        held: list[Any] = []
        try:
            for argument in case.arguments:
                if isinstance(argument, np.ndarray):
                    held.append(self._driver.mem_alloc(max(argument.nbytes, 1)))
                    self._driver.memcpy_htod(held[-1], np.ascontiguousarray(argument))
                else:
                    held.append(argument)
        except self._driver.Error:
            _free(held)
            raise
        return held

    def _launch(self, case: Case, held: list[Any], stream: Any) -> None:
        arguments = [
            int(value) if isinstance(argument, np.ndarray) else value
            for argument, value in zip(case.arguments, held, strict=True)
        ]
        function = self._functions[case.entry]
        function.prepared_async_call((case.blocks(), 1), (THREADS, 1, 1), stream, *arguments)

    def _copy(self, ends: list[Any], size: int, stream: Any) -> None:
        self._driver.memcpy_dtod_async(int(ends[1]), int(ends[0]), size, stream)

    def _seconds(self, stream: Any, work: Callable[[], object]) -> float:
        start, end = self._driver.Event(), self._driver.Event()
        start.record(stream)
        for _ in range(LAUNCHES):
            work()
        end.record(stream)
        end.synchronize()
        return float(start.time_till(end)) / 1e3 / LAUNCHES


def _driver() -> Any:
    try:
        with warnings.catch_warnings():
            # It warns, and then fails, where the driver's library is missing.
            warnings.simplefilter("ignore")
            import pycuda.driver
    except ImportError as error:
        raise NoDeviceError(
            "no GPU can be reached.",
            seen=f"{error}.",
            rule="PyCUDA and NVIDIA's driver are needed.",
            fix="pip install pycuda, on a machine with an NVIDIA GPU.",
        ) from error
    return pycuda.driver


def _array(case: Case, place: int) -> Array:
    argument = case.arguments[place]
    if not isinstance(argument, np.ndarray):
        raise ValueError(f"argument {place} of {case.entry} is a result, and no array")
    return argument


def _free(held: list[Any]) -> None:
    for allocation in held:
        if hasattr(allocation, "free"):
            allocation.free()

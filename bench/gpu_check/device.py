"""Runs kernels on a GPU: cubins loaded and launched as they are on board."""

import contextlib
import statistics
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

from edgers.bench.gpu_check.case import Array, Case
from edgers.bench.gpu_check.launcher import Timing
from edgers.engines import device as board
from edgers.engines.device import Kernel, Room, Stream
from edgers.kernels.aot.capabilities import Version
from edgers.kernels.aot.pack import PackedKernel, entries_for

ROUNDS, LAUNCHES, WARM_UP = 15, 10, 3
"""Kernel and copy are timed in turn, so many times, each so many in a row."""

Held = list[Room | int | float]
"""Arguments of a launch: arrays on the device, and numbers."""


class Device:
    """The first GPU, with the kernels that were loaded; current in the thread that enters it.

    A context manager: what it holds on the device is given back at the end.
    """

    def __init__(self) -> None:
        """Raise EngineError where PyCUDA or a GPU is missing."""
        self._board = board.Device()
        self.cc: Version = self._board.cc
        self._kernels: dict[str, PackedKernel] = {}
        self._loaded: dict[str, Kernel] = {}
        self._current = contextlib.ExitStack()

    def load(self, cubins: Path, names: list[str]) -> None:
        """Load kernels from a build; raises BadInputError where it has none for this device."""
        for kernel in entries_for(cubins, self.cc, names, self._board.cuda):
            self._loaded[kernel.name] = self._board.kernel(
                kernel.name, kernel.kind, kernel.data, kernel.signature
            )
            self._kernels[kernel.name] = kernel

    def describe(self) -> dict[str, object]:
        """Give the device's name and versions, and the form of the kernels."""
        kinds = {kernel.kind for kernel in self._kernels.values()}
        return {
            "device": self._board.name,
            "compute capability": "{}.{}".format(*self.cc),
            "cuda": "{}.{}".format(*self._board.cuda),
            "kernels": ", ".join(sorted(kinds)),
        }

    def run(self, case: Case) -> Mapping[int, Array]:
        """Copy the arguments there, launch once, and copy the results back."""
        stream = self._board.stream()
        with self._arguments(case, stream) as held:
            self._launch(case, held, stream)
            results = {}
            for place, wanted in case.results.items():
                kind = _array(case, place).dtype
                room, size = cast(Room, held[place]), wanted.size * kind.itemsize
                room.copy_out(size, stream)
                stream.synchronize()
                results[place] = room.host(size).view(kind).copy()
            return results

    def time(self, case: Case) -> Timing | None:
        """Take medians of several rounds; memory is touched beforehand."""
        half = max(case.moved_bytes // 2, 1)
        stream = self._board.stream()
        with self._arguments(case, stream) as held, self._rooms(2) as ends:
            to, source = (end.address(half) for end in ends)
            timed: list[tuple[float, float]] = []
            for _ in range(WARM_UP + ROUNDS):
                kernel = self._seconds(stream, lambda: self._launch(case, held, stream))
                copy = self._seconds(stream, lambda: self._board.copy(to, source, half, stream))
                timed.append((kernel, copy))
            kernels, copies = zip(*timed[WARM_UP:], strict=True)
            return Timing(kernel_s=statistics.median(kernels), copy_s=statistics.median(copies))

    def __enter__(self) -> "Device":
        self._current.enter_context(self._board.current())
        return self

    def __exit__(self, *error: object) -> None:
        self._loaded.clear()
        self._current.close()
        self._board.close()

    @contextlib.contextmanager
    def _rooms(self, count: int) -> Iterator[list[Room]]:
        rooms = [self._board.room() for _ in range(count)]
        try:
            yield rooms
        finally:
            for room in rooms:
                room.free()

    @contextlib.contextmanager
    def _arguments(self, case: Case, stream: Stream) -> Iterator[Held]:
        """Put the arrays among the arguments on the device."""
        with self._rooms(sum(isinstance(one, np.ndarray) for one in case.arguments)) as rooms:
            free, held = iter(rooms), Held()
            for argument in case.arguments:
                if not isinstance(argument, np.ndarray):
                    held.append(argument)
                    continue
                room, data = next(free), np.ascontiguousarray(argument).reshape(-1).view(np.uint8)
                room.host(data.size)[:] = data
                room.copy_in(data.size, stream)
                held.append(room)
            try:
                yield held
            finally:
                stream.synchronize()

    def _launch(self, case: Case, held: Held, stream: Stream) -> None:
        arguments = [
            value.address(np.asarray(argument).nbytes) if isinstance(value, Room) else value
            for argument, value in zip(case.arguments, held, strict=True)
        ]
        self._loaded[case.entry].launch(case.blocks(), stream, arguments)

    def _seconds(self, stream: Any, work: Callable[[], object]) -> float:
        start, end = self._board.event(), self._board.event()
        start.record(stream)
        for _ in range(LAUNCHES):
            work()
        end.record(stream)
        end.synchronize()
        return float(start.time_till(end)) / 1e3 / LAUNCHES


def _array(case: Case, place: int) -> Array:
    argument = case.arguments[place]
    if not isinstance(argument, np.ndarray):
        raise ValueError(f"argument {place} of {case.entry} is a result, and no array")
    return argument

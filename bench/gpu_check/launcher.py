"""What runs a kernel: a device, or the simulator that the tests have in its place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from edgers.bench.gpu_check.case import Array, Case

SIMULATED_THREADS = 32
"""Threads of a block in the simulator: fewer, as each is a thread of the system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Medians of a kernel and a copy, taken in turn."""

    kernel_s: float
    """Seconds of one launch."""
    copy_s: float
    """Seconds of a copy from device to device that reads and writes as many bytes."""


class Launcher(Protocol):
    """Runs cases one at a time."""

    def describe(self) -> dict[str, object]:
        """Say what it runs on."""

    def run(self, case: Case) -> Mapping[int, Array]:
        """Launch once, and give what its result arguments then hold."""

    def time(self, case: Case) -> Timing | None:
        """Time it beside a copy; None where time means nothing."""


class Simulator:
    """Runs the Python source by Numba's simulator; shows nothing about a GPU."""

    def __init__(self, functions: Mapping[str, Callable[..., None]]) -> None:
        self._functions = functions

    def describe(self) -> dict[str, object]:
        """Say that this is no device."""
        return {"device": "simulator", "note": "No GPU was used: times and cubins are untried."}

    def run(self, case: Case) -> Mapping[int, Array]:
        """Run block after block on copies, each thread of a block a thread of this process."""
        from numba import cuda

        copies = [flat_copy(argument) for argument in case.arguments]
        kernel = cuda.jit(self._functions[case.entry])
        with np.errstate(all="ignore"):
            kernel[case.blocks(SIMULATED_THREADS), SIMULATED_THREADS](*copies)
        return {place: copies[place] for place in case.results}

    def time(self, case: Case) -> Timing | None:
        """Give nothing."""
        return None


def flat_copy(argument: Any) -> Any:
    """Give an array as one row, in memory of its own; a number as it is."""
    return argument.reshape(-1).copy() if isinstance(argument, np.ndarray) else argument

"""TensorRT on an NVIDIA GPU, from plans that were built on such a GPU."""

import contextlib
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.build_kit import KitKernel
from edgers.engines.device import Device, Kernel
from edgers.engines.engine import EngineInfo, Settings, Tensors
from edgers.engines.lanes import Lanes
from edgers.engines.plan_refit import parted, refit
from edgers.engines.raw import Inputs, RawInput
from edgers.engines.settings import checked_settings
from edgers.engines.tensorrt_api import import_tensorrt
from edgers.engines.tensorrt_ends import End, read_ends
from edgers.engines.tensorrt_lane import Lane
from edgers.engines.tensorrt_log import tensorrt_log
from edgers.errors import EngineError
from edgers.targets.cuda_probe import cuda_problem

PRECISIONS = ("fp32", "fp16", "int8")
"""What plans are built for; which one a plan is was settled when it was built."""

SETTINGS = {
    "streams": ("2", "1", "3", "4"),
    "profile": ("dynamic", "fixed"),
    "dla_core": ("none", "0", "1"),
}
"""What may be chosen. streams: tiles on the device at once; each holds the activations of one.
profile: whether tiles of the one size that a second profile of the plan takes run by that, where
`edgers build` measured it to be faster; at its price, the activations once more. dla_core: which
DLA runs a plan that was built for one."""

FIXED = 1
"""Number of the profile that takes one size; profile 0 takes all."""


class TensorRtEngine:
    """A plan with a few lanes, which take turns at the tiles of any number of threads.

    A lane works on one tile at a time, and a tile is never put into a batch with others: what a
    plan computes for a tile hangs on its size, and not on what runs beside it.
    """

    def __init__(
        self, graph: bytes, precision: str = "fp32", settings: Settings | None = None
    ) -> None:
        """Load a plan; raises EngineError where there is no GPU, or TensorRT refuses the plan."""
        chosen = checked_settings("tensorrt", settings, SETTINGS)
        if precision not in PRECISIONS:
            raise EngineError(
                f"TensorRT is not used at {precision} here.",
                rule=f"It knows {', '.join(PRECISIONS)}.",
            )
        problem = cuda_problem()
        if problem:
            # Not after: without a driver TensorRT hands out a runtime that crashes when it is used.
            raise EngineError(
                "there is no GPU for TensorRT here.",
                seen=f"{problem}.",
                fix="edgers targets detect says what this machine is.",
            )
        self._trt = import_tensorrt()
        logger, self._messages = tensorrt_log(self._trt)
        self._is_fixed = chosen["profile"] == "fixed"
        self._runtime: Any = None
        self._engine: Any = None
        self._lanes: Lanes[Lane] | None = None
        self._kernels: dict[str, Kernel] = {}
        self._closing = threading.Lock()
        self._is_closed = False
        self._device = Device()
        try:
            with self._device.current():
                self._load(logger, graph, chosen)
        except BaseException:
            self.close()
            raise

    def _load(self, logger: Any, data: bytes, chosen: Settings) -> None:
        self._messages.taken()
        plan, graph = parted(data)
        try:
            self._runtime = self._trt.Runtime(logger)
            if chosen["dla_core"] != "none":
                self._runtime.DLA_core = int(chosen["dla_core"])
            self._engine = self._runtime.deserialize_cuda_engine(plan)
        # Its bindings raise RuntimeError, TypeError, and what pybind11 makes of C++ exceptions.
        except Exception as error:
            raise _unloadable(f"{type(error).__name__}: {error}.") from error
        if self._engine is None:
            raise _unloadable(self._messages.taken())
        if graph is not None:
            refit(self._trt, self._engine, graph, logger)
        ends = self._inputs, self._outputs = read_ends(self._trt, self._engine)

        def lane() -> Lane:
            with self._device.current():
                return Lane(self._device, self._engine, ends, self._messages.taken)

        self._lanes = Lanes(lane, int(chosen["streams"]))

    @property
    def info(self) -> EngineInfo:
        """Tell which runtime this is."""
        version: str = self._trt.__version__
        return EngineInfo(name="tensorrt", version=version, device=self._device.name)

    def infer(self, inputs: Tensors) -> Tensors:
        """Run the plan once; raises EngineError where TensorRT or the device fails."""
        return self.infer_raw(inputs)

    def load_kernels(self, kernels: Iterable[tuple[KitKernel, bytes]]) -> frozenset[str]:
        """Load each kernel in the first form that the driver takes; give the names of those.

        A kernel that no form of is taken is left out.
        """
        # Machine code first: text is assembled each time it is loaded.
        for kernel, data in sorted(kernels, key=lambda one: one[0].kind):
            if kernel.name in self._kernels or self._device.cuda < kernel.since_cuda:
                continue
            with contextlib.suppress(EngineError), self._device.current():
                self._kernels[kernel.name] = self._device.kernel(
                    kernel.name, kernel.kind, data, kernel.signature
                )
        return frozenset(self._kernels)

    def ingest(self, given: RawInput) -> npt.NDArray[np.generic]:
        """Give the tensor that a loaded kernel makes of samples."""
        with self._lane() as lane:
            return lane.ingest(given, self._kernels)

    def infer_raw(self, inputs: Inputs) -> Tensors:
        """Run the plan once; raw inputs are preprocessed on the device."""
        if self._lanes is None:
            raise _closed()
        try:
            profile = self._profile(inputs)
            with self._lane() as lane:
                return lane.infer(inputs, profile, self._kernels)
        except EngineError as error:
            shapes = ", ".join(f"{name} {given.shape}" for name, given in inputs.items())
            raise EngineError(
                "TensorRT failed on a tile.",
                seen=f"Input: {shapes}. {error.what} {error.seen}".strip(),
                rule=error.rule,
                fix=error.fix,
            ) from error

    def close(self) -> None:
        """Give back what the engine holds, once the tiles under way are done."""
        with self._closing:
            lanes, self._lanes = self._lanes, None
            if self._is_closed:
                return
            self._is_closed = True
            with self._device.current():
                if lanes is not None:
                    lanes.close()
                self._kernels.clear()
                self._engine = None
                self._runtime = None
            self._device.close()

    @contextlib.contextmanager
    def _lane(self) -> Iterator[Lane]:
        """Give a lane to this thread, with the device current."""
        lanes = self._lanes
        if lanes is None:
            raise _closed()
        # Nothing is current while a thread waits for its turn: the engine may be closed meanwhile.
        with lanes.one() as lane, self._device.current():
            yield lane

    def _profile(self, inputs: Inputs) -> int:
        """Choose the profile for these inputs; raises EngineError where none takes them."""
        if set(inputs) != {end.name for end in self._inputs}:
            names = ", ".join(end.name for end in self._inputs)
            raise EngineError("the inputs are others.", rule=f"The plan takes {names}.")
        for end in self._inputs:
            _check_type(end, inputs[end.name])
        # A plan for a DLA takes single sizes in both profiles.
        fixed = [FIXED] if self._has_fixed() else []
        for profile in (*fixed, 0) if self._is_fixed else (0, *fixed):
            if all(e.profiles[profile].take(inputs[e.name].shape) for e in self._inputs):
                return profile
        for end in self._inputs:
            _check_size(end, inputs[end.name].shape)
        raise EngineError("the inputs are of sizes that the plan does not take together.")

    def _has_fixed(self) -> bool:
        return all(
            len(end.profiles) > FIXED and end.profiles[FIXED].are_one for end in self._inputs
        )


def _check_type(end: End, given: npt.NDArray[np.generic] | RawInput) -> None:
    """Raise EngineError where an input is of another type than the plan takes."""
    kind = given.recipe.data_type if isinstance(given, RawInput) else given.dtype
    if kind != end.data_type:
        raise EngineError(f"{end.name} is {kind}.", rule=f"The plan takes {end.data_type}.")


def _check_size(end: End, shape: tuple[int, ...]) -> None:
    """Raise EngineError where no profile takes an input."""
    if not any(sizes.take(shape) for sizes in end.profiles):
        known = [
            f"{one.least}" if one.are_one else f"{one.least} to {one.most}" for one in end.profiles
        ]
        raise EngineError(
            f"{end.name} is of a size that the plan was not built for.",
            rule=f"It takes {' or '.join(dict.fromkeys(known))}.",
        )


def _closed() -> EngineError:
    return EngineError("the engine was closed before this tile.")


def _unloadable(said: str) -> EngineError:
    return EngineError(
        "TensorRT cannot load the plan.",
        seen=f"It says: {said}",
        rule="A plan runs on the kind of GPU and the TensorRT version it was built with.",
        fix="Build it here from its kit: edgers build",
    )

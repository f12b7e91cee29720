"""How the fake TensorRT runs plans: runtime, engine and execution context.

A plan is run by ONNX Runtime without optimisation, on the memory of the fake GPU, when its turn in
the stream comes. What a real TensorRT reports is reported in the same way (None, False, a log);
what has undefined behaviour there raises MisuseError here.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from builders.tensorrt_basics import MisuseError, Part, bytes_of, say
from builders.tensorrt_model import Model
from builders.tensorrt_plan import FakePlan, plan_from

CONTEXT_BYTES = 1 << 20
"""Device memory of an execution context, beside four times its largest input and output."""


class Runtime(Part):
    """Reads plans."""

    _STARTS = {  # noqa: RUF012
        "DLA_core": -1, "engine_host_code_allowed": False, "max_threads": 0,
        "error_recorder": None, "gpu_allocator": None, "temporary_directory": "",
    }  # fmt: skip

    def _begin(self, logger: Any) -> None:
        self._logger = logger
        if not self.world.has_device():
            # The real one gives an object around a null pointer; its next use is a crash.
            say(logger, "ERROR", "CUDA initialization failure with error: 100")
            raise MisuseError("TensorRT was touched where there is no CUDA device")

    @property
    def logger(self) -> Any:
        return self._logger

    @property
    def num_DLA_cores(self) -> int:  # noqa: N802
        return self.world.dla_cores

    def deserialize_cuda_engine(self, serialized_engine: Any) -> Any:
        plan = plan_from(bytes_of(serialized_engine))
        message = (
            "Error Code 1: Serialization (magicTag assertion failed.)" if plan is None
            else self._against(plan)
        )  # fmt: skip
        if message or plan is None:
            say(self._logger, "ERROR", f"IRuntime::deserializeCudaEngine: {message}")
            return None
        return self.world.maker.new("ICudaEngine", plan=plan, logger=self._logger)

    def _against(self, plan: FakePlan) -> str | None:
        here, there = self.world.build, plan.version
        if here != there:
            portable = "VERSION_COMPATIBLE" in plan.flags and _goes_over(there, here)
            if not portable:
                return (
                    "Error Code 6: API Usage Error (The engine plan file is not compatible with"
                    f" this version of TensorRT, expecting library version {there} got {here},"
                    " please rebuild.)"
                )
            has_runtime = "EXCLUDE_LEAN_RUNTIME" not in plan.flags
            if has_runtime and not self.engine_host_code_allowed:  # type: ignore[attr-defined]
                return "Error Code 6: API Usage Error (engine host code is not allowed)"
        cc = self.world.cc()
        ampere = plan.hardware == "AMPERE_PLUS" and plan.cc >= (8, 0) and cc >= (8, 0)
        if plan.cc != cc and not ampere:
            return (
                "Error Code 6: API Usage Error (The engine plan file is generated on an"
                " incompatible device, expecting compute {}.{} got compute {}.{}, please rebuild.)"
            ).format(*cc, *plan.cc)
        if plan.dla_core is not None and self.world.dla_cores == 0:
            return "Error Code 3: API Usage Error (the plan is for a DLA, and there is none)"
        return None


def _goes_over(there: str, here: str) -> bool:
    """Tell whether a version-compatible plan of one version runs on another."""
    built, runs = (tuple(map(int, one.split("."))) for one in (there, here))
    return built <= runs and (built[0], runs[0]) in ((8, 8), (8, 10), (10, 10), (10, 11), (11, 11))


class ICudaEngine(Part):
    """A plan that was read."""

    _STARTS = {  # noqa: RUF012
        "name": "Unnamed Network 0", "error_recorder": None, "num_aux_streams": 0,
        "has_implicit_batch_dimension": False, "engine_capability": "EngineCapability.STANDARD",
    }  # fmt: skip

    def _begin(self, plan: FakePlan, logger: Any) -> None:
        self._plan, self._logger = plan, logger
        self._model = Model(plan.graph)
        self._is_refitted = not plan.stripped
        self._names = [*self._model.inputs, *self._model.outputs]
        self._held = self.world.reserve(len(plan.graph))

    def _tensor(self, name: str) -> Any:
        found = {**self._model.inputs, **self._model.outputs}
        if name not in found:
            say(self._logger, "ERROR", f"Error Code 3: no tensor is called {name}")
        return found.get(name)

    @property
    def num_io_tensors(self) -> int:
        return len(self._names)

    @property
    def num_layers(self) -> int:
        return self._model.nodes

    @property
    def num_optimization_profiles(self) -> int:
        return max(len(self._plan.profiles), 1)

    @property
    def refittable(self) -> bool:
        return bool({"REFIT", "REFIT_IDENTICAL", "REFIT_INDIVIDUAL"} & set(self._plan.flags))

    @property
    def hardware_compatibility_level(self) -> Any:
        return self.world.member("HardwareCompatibilityLevel", self._plan.hardware)

    @property
    def profiling_verbosity(self) -> Any:
        return self.world.member("ProfilingVerbosity", self._plan.verbosity)

    @property
    def device_memory_size(self) -> int:
        return self._memory_bytes()

    @property
    def device_memory_size_v2(self) -> int:
        return self._memory_bytes()

    def _memory_bytes(self) -> int:
        """Give four times the largest tensor at the largest shape, and something."""
        most = CONTEXT_BYTES
        for name, one in self._model.inputs.items():
            for profile in self._plan.profiles or ({},):
                shape = profile[name][2] if name in profile else one.shape
                most = max(most, CONTEXT_BYTES + 4 * int(np.prod(shape)) * one.kind.itemsize)
        return most

    def get_tensor_name(self, index: int) -> str:
        return self._names[index]

    def get_tensor_mode(self, name: str) -> Any:
        is_input = name in self._model.inputs
        kind = "INPUT" if is_input else "OUTPUT" if name in self._model.outputs else "NONE"
        return self.world.member("TensorIOMode", kind)

    def get_tensor_shape(self, name: str) -> Any:
        one = self._tensor(name)
        return self.world.maker.new("Dims", shape=one.shape if one else ())

    def get_tensor_dtype(self, name: str) -> Any:
        one = self._tensor(name)
        return self.world.member("DataType", one.name if one else "FLOAT")

    def get_tensor_location(self, name: str) -> Any:
        return self.world.member("TensorLocation", "DEVICE")

    def get_tensor_format(self, name: str, profile_index: int = 0) -> Any:
        return self.world.member("TensorFormat", "LINEAR")

    def get_tensor_vectorized_dim(self, name: str, profile_index: int = 0) -> int:
        return -1

    def get_tensor_components_per_element(self, name: str, profile_index: int = 0) -> int:
        return -1

    def get_tensor_bytes_per_component(self, name: str, profile_index: int = 0) -> int:
        return int(self._tensor(name).kind.itemsize)

    def is_shape_inference_io(self, name: str) -> bool:
        return False

    def get_tensor_profile_shape(self, name: str, profile_index: int) -> list[Any]:
        if (
            name not in self._model.inputs
            or not 0 <= profile_index < self.num_optimization_profiles
        ):
            say(self._logger, "ERROR", f"Error Code 3: {name} has no profile {profile_index}")
            return []
        shape = self._model.inputs[name].shape
        profile = self._plan.profiles[profile_index] if self._plan.profiles else {}
        three = profile.get(name, (shape,) * 3)
        return [self.world.maker.new("Dims", shape=one) for one in three]

    def create_execution_context(self, strategy: Any = None, runtime_config: Any = None) -> Any:
        with_memory = strategy is None or strategy.name != "USER_MANAGED"
        return self.world.maker.new("IExecutionContext", engine=self, with_memory=with_memory)

    def create_execution_context_without_device_memory(self) -> Any:
        return self.world.maker.new("IExecutionContext", engine=self, with_memory=False)

    def serialize(self) -> Any:
        return self.world.maker.new("IHostMemory", data=self._plan.to_bytes())

    def __len__(self) -> int:
        return len(self._names)


class IExecutionContext(Part):
    """One way through an engine, for one thread and one stream at a time."""

    _STARTS = {  # noqa: RUF012
        "name": "", "debug_sync": False, "error_recorder": None, "enqueue_emits_profile": True,
        "profiler": None, "nvtx_verbosity": "ProfilingVerbosity.LAYER_NAMES_ONLY",
    }  # fmt: skip

    def _begin(self, engine: Any, with_memory: bool) -> None:
        self._engine, self._logger = engine, engine._logger
        self._profile = 0
        self._shapes: dict[str, tuple[int, ...]] = {
            name: one.shape for name, one in engine._model.inputs.items() if -1 not in one.shape
        }
        self._addresses: dict[str, int] = {}
        self._allocators: dict[str, Any] = {}
        self._lock, self._pending = threading.Lock(), {}  # type: ignore[var-annotated]
        size = engine._memory_bytes()
        self._memory = size if with_memory else 0
        self._held = self.world.reserve(size) if with_memory else None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Raise MisuseError where another thread is in this context."""
        if not self._lock.acquire(blocking=False):
            raise MisuseError("two threads use one execution context at the same time")
        try:
            # Long enough that another thread which does not wait is caught.
            time.sleep(2e-4)
            yield
        finally:
            self._lock.release()

    def _fails(self, message: str) -> bool:
        say(self._logger, "ERROR", f"IExecutionContext: Error Code 3: API Usage Error ({message})")
        return False

    @property
    def engine(self) -> Any:
        return self._engine

    @property
    def active_optimization_profile(self) -> int:
        return self._profile

    def set_optimization_profile_async(self, profile_index: int, stream_handle: int) -> bool:
        if not 0 <= profile_index < self._engine.num_optimization_profiles:
            return self._fails(f"there is no optimization profile {profile_index}")
        self.world.driver().queue_of(int(stream_handle))
        self._profile = int(profile_index)
        inputs = self._engine._model.inputs
        self._shapes = {name: one.shape for name, one in inputs.items() if -1 not in one.shape}
        return True

    @property
    def device_memory(self) -> int:
        return self._memory

    @device_memory.setter
    def device_memory(self, value: int) -> None:
        self._given(int(value), self._engine._memory_bytes())

    def set_device_memory(self, memory: int, size: int) -> None:
        if int(size) < self._engine._memory_bytes():
            self._fails(f"{size} bytes of memory are too few")
            return
        self._given(int(memory), int(size))

    def _given(self, address: int, size: int) -> None:
        self.world.driver().memory.at(address, size)
        self._memory = address

    def set_input_shape(self, name: str, shape: Any) -> bool:
        with self._alone():
            inputs, sides = self._engine._model.inputs, tuple(map(int, shape))
            if name not in inputs:
                return self._fails(f"{name} is no input")
            declared = inputs[name].shape
            if len(sides) != len(declared) or any(
                of not in (-1, side) for of, side in zip(declared, sides, strict=True)
            ):
                return self._fails(f"{name}: {sides} does not fit {declared}")
            profiles = self._engine._plan.profiles
            if profiles and name in profiles[self._profile]:
                least, _, most = profiles[self._profile][name]
                if any(not a <= b <= c for a, b, c in zip(least, sides, most, strict=True)):
                    return self._fails(
                        f"{name}: {sides} is not in the optimization profile, {least} to {most}"
                    )
            self._shapes[name] = sides
            return True

    @property
    def all_binding_shapes_specified(self) -> bool:
        return set(self._shapes) == set(self._engine._model.inputs)

    def infer_shapes(self) -> list[str]:
        return [name for name in self._engine._model.inputs if name not in self._shapes]

    def get_tensor_shape(self, name: str) -> Any:
        model = self._engine._model
        one = self._engine._tensor(name)
        if name in model.inputs:
            shape = self._shapes.get(name, one.shape)
        elif name in model.outputs:
            shape = (
                model.output_shapes(self._shapes)[name] if self.all_binding_shapes_specified
                else one.shape
            )  # fmt: skip
        else:
            shape = ()
        return self.world.maker.new("Dims", shape=shape)

    def get_max_output_size(self, name: str) -> int:
        one = self._engine._model.outputs[name]
        return int(np.prod(tuple(self.get_tensor_shape(name)))) * int(one.kind.itemsize)

    def set_tensor_address(self, name: str, memory: int) -> bool:
        with self._alone():
            if name not in self._engine._names:
                return self._fails(f"no tensor is called {name}")
            if int(memory) % 16:
                return self._fails(f"{name}: the address is not a multiple of 16")
            self._addresses[name] = int(memory)
            return True

    def get_tensor_address(self, name: str) -> int:
        return self._addresses.get(name, 0)

    def set_output_allocator(self, name: str, output_allocator: Any) -> bool:
        if name not in self._engine._model.outputs:
            return self._fails(f"{name} is no output")
        self._allocators[name] = output_allocator
        return True

    def get_output_allocator(self, name: str) -> Any:
        return self._allocators.get(name)

    def execute_async_v3(self, stream_handle: int) -> bool:
        with self._alone():
            return self._enqueue(int(stream_handle))

    def _enqueue(self, handle: int) -> bool:
        model, driver = self._engine._model, self.world.driver()
        if missing := self.infer_shapes():
            return self._fails(f"the shape of {', '.join(missing)} is not set")
        if not self._memory:
            return self._fails("the context has no device memory")
        if not self._engine._is_refitted:
            return self._fails("the weights of the engine were not refitted")
        shapes = {**self._shapes, **model.output_shapes(self._shapes)}
        for name, allocator in self._allocators.items():
            self._addresses[name] = _allocated(allocator, name, shapes[name], model.outputs[name])
        if unset := [name for name in self._engine._names if not self._addresses.get(name)]:
            return self._fails(f"the address of {', '.join(unset)} is not set")
        queue = driver.queue_of(handle)
        if any(count for other, count in self._pending.items() if other != handle):
            raise MisuseError("a context is used on a second stream before the first is done")
        places = dict(self._addresses)

        def work() -> None:
            self._pending[handle] -= 1
            model.run_at(driver.memory, places, shapes)

        self._pending[handle] = self._pending.get(handle, 0) + 1
        driver.put_off_in(queue, work)
        return True

    def execute_v2(self, bindings: Any) -> bool:
        with self._alone():
            if len(bindings) != len(self._engine._names):
                return self._fails(f"{len(bindings)} addresses for {len(self._engine._names)}")
            self._addresses = dict(zip(self._engine._names, map(int, bindings), strict=True))
            done = self._enqueue(0)
        self.world.driver().queues.drain()
        return done


def _allocated(allocator: Any, name: str, shape: tuple[int, ...], about: Any) -> int:
    """Ask an output allocator for memory, and tell it the shape."""
    size = int(np.prod(shape)) * about.kind.itemsize
    ask = getattr(allocator, "reallocate_output_async", None)
    place = ask(name, 0, size, 256, 0) if ask else allocator.reallocate_output(name, 0, size, 256)
    allocator.notify_shape(name, shape)
    return int(place)


BEHAVIOURS = (Runtime, ICudaEngine, IExecutionContext)

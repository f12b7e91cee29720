"""Runtime and engine of the fake TensorRT: plans are read, or refused as the real one refuses."""

import weakref
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
        self._contexts: weakref.WeakSet[Any] = weakref.WeakSet()

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

    def get_aliased_input_tensor(self, name: str) -> str | None:
        return None

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


BEHAVIOURS = (Runtime, ICudaEngine)

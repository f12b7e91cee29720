"""How the fake TensorRT builds: builder, configuration, profiles and timing caches."""

import hashlib
import json
import threading
from typing import Any

from builders.tensorrt_basics import MisuseError, Part, bytes_of, say
from builders.tensorrt_plan import FakePlan, Shape, hash_of, weights_from, without_weights

CACHE_MAGIC = b"ftrtcache"

HALF_OR_LESS = frozenset({"FP16", "BF16", "INT8", "FP8", "INT4", "FP4"})
"""Flags that let the builder choose a type: not for a strongly typed network."""


class Builder(Part):
    """Makes networks and configurations, and from both a plan."""

    _STARTS = {"max_threads": 0, "error_recorder": None, "gpu_allocator": None}  # noqa: RUF012

    def _begin(self, logger: Any) -> None:
        self._logger = logger
        if not self.world.has_device():
            say(logger, "ERROR", "CUDA initialization failure with error: 100")
            raise TypeError("pybind11::init(): factory function returned nullptr")

    @property
    def logger(self) -> Any:
        return self._logger

    @property
    def num_DLA_cores(self) -> int:  # noqa: N802
        return self.world.dla_cores

    @property
    def max_DLA_batch_size(self) -> int:  # noqa: N802
        return 4096

    @property
    def platform_has_fast_fp16(self) -> bool:
        return self.world.cc() != (6, 1)

    @property
    def platform_has_fast_int8(self) -> bool:
        return self.world.cc() not in ((5, 3), (6, 2))

    @property
    def platform_has_tf32(self) -> bool:
        return self.world.cc() >= (8, 0)

    def create_network(self, flags: int = 0) -> Any:
        world = self.world
        known = world.maker.enums["NetworkDefinitionCreationFlag"].__members__
        if int(flags) >= 1 << (max(map(int, known.values())) + 1):
            say(self._logger, "ERROR", f"createNetworkV2: invalid flags {int(flags)}")
            return None
        held = {name for name, one in known.items() if int(flags) & 1 << int(one)}
        return world.maker.new("INetworkDefinition", builder=self, flags=int(flags), held=held)

    def create_builder_config(self) -> Any:
        return self.world.maker.new("IBuilderConfig", logger=self._logger)

    def create_optimization_profile(self) -> Any:
        return self.world.maker.new("IOptimizationProfile")

    def is_network_supported(self, network: Any, config: Any) -> bool:
        return self._against(network, config) is None

    def build_serialized_network(self, network: Any, config: Any) -> Any:
        plan = self._build(network, config)
        if plan is None:
            return None
        return self.world.maker.new("IHostMemory", data=plan.to_bytes())

    def _build(self, network: Any, config: Any) -> FakePlan | None:
        message = self._against(network, config)
        monitor = config.progress_monitor if hasattr(config, "progress_monitor") else None
        if message is None and monitor is not None and not _told(monitor):
            message = "The build was cancelled by the progress monitor."
        self.world.tried(network, config, message)
        if message is not None:
            say(self._logger, "ERROR", message)
            return None
        config._note(network._graph)
        stripped = "STRIP_PLAN" in config._flags()
        on_dla = config.default_device_type.name == "DLA"
        return FakePlan(
            version=self.world.build,
            cc=self.world.cc(),
            flags=tuple(sorted(config._flags())),
            strongly_typed=network._strongly_typed(),
            profiles=tuple(profile._shapes for profile in config._profiles),
            workspace_bytes=config._limits.get("WORKSPACE"),
            optimization_level=config.builder_optimization_level,
            hardware=config.hardware_compatibility_level.name,
            verbosity=config.profiling_verbosity.name,
            dla_core=max(config.DLA_core, 0) if on_dla else None,
            stripped=stripped,
            weights=hash_of(weights_from(network._graph)),
            shares_profiles=self.world.version >= (10,)
            or "PROFILE_SHARING_0806" in config._features,
            graph=without_weights(network._graph) if stripped else network._graph,
        )

    def _against(self, network: Any, config: Any) -> str | None:
        """Say why a network cannot be built, in TensorRT's words or near them."""
        flags = config._flags()
        if network._graph is None or not network._outputs:
            return "Error Code 4: API Usage Error (Network must have at least one output)"
        if network._strongly_typed():
            if chosen := sorted(flags & HALF_OR_LESS):
                return (
                    "Error Code 3: API Usage Error (Strongly typed networks do not take the"
                    f" precision flags {', '.join(chosen)})"
                )
        elif network._is_quantized() and "INT8" not in flags:
            return (
                "Error Code 4: Internal Error (Int8 precision has been set for a layer or layer"
                " output, but int8 is not configured in the builder)"
            )
        if config.default_device_type.name == "DLA":
            if config.DLA_core >= self.num_DLA_cores:
                return f"Error Code 3: API Usage Error (there is no DLA core {config.DLA_core})"
            if not network._strongly_typed() and not flags & {"FP16", "INT8"}:
                return "Error Code 4: DLA validation failed: FP16 or INT8 has to be enabled"
        if against := _profiles_against(network, config):
            return against
        refuse = self.world.refuse
        return refuse(network._graph, flags, network._strongly_typed()) if refuse else None


def _told(monitor: Any) -> bool:
    """Tell a monitor of the steps of a build, from another thread; False where it wants no more.

    Raises MisuseError where the monitor raises: the real one would end the process.
    """
    answers: list[Any] = []

    def steps() -> None:
        monitor.phase_start("Building Engine", None, 2)
        monitor.phase_start("Tactic Selection", "Building Engine", 3)
        goes_on = all(monitor.step_complete("Tactic Selection", step) for step in range(3))
        monitor.phase_finish("Tactic Selection")
        goes_on = goes_on and monitor.step_complete("Building Engine", 0)
        monitor.phase_finish("Building Engine")
        answers.append(goes_on)

    def run() -> None:
        try:
            steps()
        except BaseException as error:
            answers.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if isinstance(answers[0], BaseException):
        raise MisuseError(f"the progress monitor raised {answers[0]!r}") from answers[0]
    return bool(answers[0])


def _profiles_against(network: Any, config: Any) -> str | None:
    dynamic = [one for one in network._inputs if -1 in one._shape]
    if dynamic and not config._profiles:
        return (
            "Error Code 4: Internal Error (Network has dynamic or shape inputs, but no optimization"
            " profile has been defined.)"
        )
    for number, profile in enumerate(config._profiles):
        for one in dynamic:
            if one._name not in profile._shapes:
                return f"Error Code 4: {one._name} has no shape in optimization profile {number}"
        for name, (least, usual, most) in profile._shapes.items():
            tensor = next((one for one in network._inputs if one._name == name), None)
            if tensor is None:
                return f"Error Code 4: optimization profile {number} names {name}, no input"
            for sides in (least, usual, most):
                if len(sides) != len(tensor._shape) or any(
                    of not in (-1, side) for of, side in zip(tensor._shape, sides, strict=True)
                ):
                    return f"Error Code 4: {name}: profile {sides}, network {tensor._shape}"
    return None


class IBuilderConfig(Part):
    """What is asked of the builder."""

    _STARTS = {  # noqa: RUF012
        "builder_optimization_level": 3, "DLA_core": -1, "max_aux_streams": -1,
        "default_device_type": "DeviceType.GPU", "profiling_verbosity":
        "ProfilingVerbosity.LAYER_NAMES_ONLY", "engine_capability": "EngineCapability.STANDARD",
        "hardware_compatibility_level": "HardwareCompatibilityLevel.NONE",
        "progress_monitor": None, "avg_timing_iterations": 1, "profile_stream": 0,
        "max_num_tactics": -1, "runtime_platform": "RuntimePlatform.SAME_AS_BUILD",
        "tiling_optimization_level": "TilingOptimizationLevel.NONE", "l2_limit_for_tiling": -1,
        "min_timing_iterations": 1, "plugins_to_serialize": (), "int8_calibrator": None,
        "algorithm_selector": None,
    }  # fmt: skip

    def _begin(self, logger: Any) -> None:
        self._logger, self._cache = logger, None
        self._limits: dict[str, int] = {}
        self._features: set[str] = set()
        self._quantization: set[str] = set()
        known = self.world.maker.enums["TacticSource"].__members__.values()
        self._sources = sum(1 << int(one) for one in known)
        self._profiles: list[Any] = []
        # TF32 is on where nothing is said, as in the real one.
        self._bits = 1 << int(self._flag_type().TF32)

    def _flag_type(self) -> Any:
        return self.world.maker.enums["BuilderFlag"]

    def _flags(self) -> set[str]:
        known = self._flag_type().__members__
        return {name for name, one in known.items() if self._bits & 1 << int(one)}

    @property
    def flags(self) -> int:
        return self._bits

    @flags.setter
    def flags(self, value: int) -> None:
        self._bits = int(value)

    def set_flag(self, flag: Any) -> None:
        self._bits |= 1 << int(flag)

    def clear_flag(self, flag: Any) -> None:
        self._bits &= ~(1 << int(flag))

    def get_flag(self, flag: Any) -> bool:
        return bool(self._bits & 1 << int(flag))

    def set_memory_pool_limit(self, pool: Any, pool_size: int) -> None:
        self._limits[pool.name] = int(pool_size)

    def get_memory_pool_limit(self, pool: Any) -> int:
        return self._limits.get(pool.name, self.world.memory_bytes())

    def set_preview_feature(self, feature: Any, enable: bool) -> None:
        (self._features.add if enable else self._features.discard)(feature.name)

    def get_preview_feature(self, feature: Any) -> bool:
        return feature.name in self._features

    def set_tactic_sources(self, tactic_sources: int) -> bool:
        self._sources = int(tactic_sources)
        return True

    def get_tactic_sources(self) -> int:
        return self._sources

    def set_quantization_flag(self, flag: Any) -> None:
        self._quantization.add(flag.name)

    def clear_quantization_flag(self, flag: Any) -> None:
        self._quantization.discard(flag.name)

    def get_quantization_flag(self, flag: Any) -> bool:
        return flag.name in self._quantization

    def add_optimization_profile(self, profile: Any) -> int:
        if not profile._is_sound():
            say(self._logger, "ERROR", "Error Code 4: invalid optimization profile")
            return -1
        self._profiles.append(profile)
        return len(self._profiles) - 1

    @property
    def num_optimization_profiles(self) -> int:
        return len(self._profiles)

    def set_device_type(self, layer: Any, device_type: Any) -> None:
        self._values["default_device_type"] = device_type

    def create_timing_cache(self, serialized_timing_cache: Any) -> Any:
        return self.world.maker.new(
            "ITimingCache", data=bytes_of(serialized_timing_cache), logger=self._logger
        )

    def set_timing_cache(self, cache: Any, ignore_mismatch: bool) -> bool:
        if cache is not None and not cache._fits() and not ignore_mismatch:
            say(self._logger, "ERROR", "Error Code 3: the timing cache is of another device")
            return False
        self._cache = cache
        return True

    def get_timing_cache(self) -> Any:
        return self._cache

    def _note(self, graph: bytes) -> None:
        """Put what was timed for a graph into the cache."""
        if self._cache is not None:
            self._cache._entries.add(hashlib.sha256(graph).hexdigest())


class IOptimizationProfile(Part):
    """Shapes that dynamic inputs may have."""

    _STARTS = {"extra_memory_target": 1.0}  # noqa: RUF012

    def _begin(self) -> None:
        self._shapes: dict[str, tuple[Shape, Shape, Shape]] = {}

    def set_shape(self, input: str, min: Any, opt: Any, max: Any) -> None:  # noqa: A002
        least, usual, most = (tuple(map(int, one)) for one in (min, opt, max))
        ordered = len(least) == len(usual) == len(most) and all(
            0 <= a <= b <= c for a, b, c in zip(least, usual, most, strict=True)
        )
        if not ordered:
            raise ValueError(f"Shape provided for {input} is inconsistent")
        self._shapes[input] = (least, usual, most)

    def get_shape(self, input: str) -> list[Any]:  # noqa: A002
        new = self.world.maker.new
        return [new("Dims", shape=one) for one in self._shapes[input]]

    def _is_sound(self) -> bool:
        return bool(self._shapes)

    def __bool__(self) -> bool:
        return self._is_sound()


class ITimingCache(Part):
    """What was timed, of one version and device."""

    def _begin(self, data: bytes, logger: Any) -> None:
        self._logger = logger
        self._of = self.world.identity()
        self._entries: set[str] = set()
        if data[: len(CACHE_MAGIC)] == CACHE_MAGIC:
            held = json.loads(data[len(CACHE_MAGIC) :])
            self._of, self._entries = held["of"], set(held["entries"])
        elif data:
            self._of = "something else"

    def _fits(self) -> bool:
        return bool(self._of == self.world.identity())

    def serialize(self) -> Any:
        held = {"of": self._of, "entries": sorted(self._entries)}
        data = CACHE_MAGIC + json.dumps(held, sort_keys=True).encode()
        return self.world.maker.new("IHostMemory", data=data)

    def combine(self, input_cache: Any, ignore_mismatch: bool) -> bool:
        if not ignore_mismatch and input_cache._of != self._of:
            return False
        self._entries |= input_cache._entries
        return True

    def reset(self) -> bool:
        self._entries.clear()
        return True


BEHAVIOURS = (Builder, IBuilderConfig, IOptimizationProfile, ITimingCache)

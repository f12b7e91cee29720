"""The fake TensorRT refuses to build what the real one refuses, and says why."""

from collections.abc import Callable
from typing import Any

import pytest
from builders.bundles import tiny_net
from builders.cuda_fake import FakeDriver
from builders.qdq import QdqBuilder
from builders.tensorrt_basics import MisuseError
from builders.tensorrt_fake import fake_tensorrt
from builders.tensorrt_plan import FakePlan, plan_from
from builders.tensorrt_plans import configured, log_of, network_of, plan_of
from builders.tensorrt_table import VERSIONS
from onnx import ModelProto


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    one: str = request.param
    return one


def quantized(asymmetric: bool = False, half: bool = False) -> ModelProto:
    """One convolution in INT8; in half precision where told."""
    graph = QdqBuilder(opset=20 if half else 17, half=half)
    zero = graph.zeros(kind="uint8") if asymmetric else ""
    last = graph.node("Conv", graph.pair("x", zero_point=zero), graph.weight())
    return graph.model(last)


def read(data: bytes) -> FakePlan:
    plan = plan_from(data)
    assert plan is not None
    return plan


def refused(trt: Any, model: ModelProto, flags: tuple[str, ...] = (), **how: Any) -> str:
    """Build what cannot be built, and give what was logged."""
    log = log_of(trt)
    builder, network, parser = network_of(trt, model, log, how.pop("strongly_typed", False))
    assert parser.num_errors == 0
    config = configured(trt, builder, network, flags, **how)
    assert builder.build_serialized_network(network, config) is None
    return "\n".join(log.errors)


def test_a_plan_holds_what_was_asked_for(version: str) -> None:
    trt = fake_tensorrt(version, driver=FakeDriver(cc=(7, 2)))
    plan = read(plan_of(trt, tiny_net(), ["SPARSE_WEIGHTS"]))
    assert plan.version == trt.__version__
    assert plan.cc == (7, 2)
    # TF32 is on unless it is cleared.
    assert plan.flags == ("SPARSE_WEIGHTS", "TF32")
    assert plan.profiles == ({"x": ((1, 3, 32, 32), (1, 3, 64, 64), (1, 3, 96, 96))},)
    assert plan.strongly_typed == version.startswith("11")
    assert plan.graph == tiny_net().SerializeToString()


def test_an_illegal_graph_is_refused_by_the_parser_with_the_rule(version: str) -> None:
    trt = fake_tensorrt(version)
    log = log_of(trt)
    _, network, parser = network_of(trt, quantized(asymmetric=True), log)
    assert parser.num_errors > 0
    assert "UINT8" in parser.get_error(0).desc().upper()
    assert log.errors
    assert network.num_outputs == 0


def test_half_scales_are_taken_from_10_on(version: str) -> None:
    trt = fake_tensorrt(version)
    _, _, parser = network_of(trt, quantized(half=True), log_of(trt), strongly_typed=True)
    assert (parser.num_errors == 0) == (version != "8.6.1")


def test_no_graph_is_refused_by_the_parser(version: str) -> None:
    trt = fake_tensorrt(version)
    builder, network, _ = network_of(trt, tiny_net(), log_of(trt))
    parser = trt.OnnxParser(network, log_of(trt))
    assert not parser.parse(b"no graph")
    assert parser.get_error(0).code() == trt.ErrorCode.MODEL_DESERIALIZE_FAILED
    assert not parser.parse_from_file("/no/such.onnx")
    empty = builder.create_network(_explicit(trt))
    assert builder.build_serialized_network(empty, builder.create_builder_config()) is None


def _explicit(trt: Any) -> int:
    flag = getattr(trt.NetworkDefinitionCreationFlag, "EXPLICIT_BATCH", None)
    return 0 if flag is None else 1 << int(flag)


def test_before_10_a_network_needs_the_explicit_batch_flag(version: str) -> None:
    trt = fake_tensorrt(version)
    log = log_of(trt)
    parser = trt.OnnxParser(trt.Builder(log).create_network(), log)
    assert parser.parse(tiny_net().SerializeToString()) == (version != "8.6.1")
    assert any("explicit batch" in line for line in log.errors) == (version == "8.6.1")


def test_bits_that_are_no_flags_make_no_network(version: str) -> None:
    trt = fake_tensorrt(version)
    log = log_of(trt)
    assert trt.Builder(log).create_network(1 << 7) is None
    assert log.errors


def test_int8_graphs_need_the_int8_flag_where_types_are_weak(version: str) -> None:
    trt = fake_tensorrt(version)
    if version.startswith("11"):
        assert plan_of(trt, quantized())
        return
    assert "int8 is not configured" in refused(trt, quantized(), ("FP16",))
    assert plan_of(trt, quantized(), ["INT8", "FP16"])


def test_a_strongly_typed_network_takes_no_precision_flags() -> None:
    trt = fake_tensorrt("10.3.0")
    assert "FP16, INT8" in refused(trt, quantized(), ("INT8", "FP16"), strongly_typed=True)
    assert read(plan_of(trt, quantized(), strongly_typed=True)).strongly_typed


def test_open_sides_need_a_profile(version: str) -> None:
    trt = fake_tensorrt(version)
    assert "no optimization profile" in refused(trt, tiny_net(), profiles=0)
    closed = QdqBuilder()
    assert plan_of(trt, closed.model(closed.float_conv("x")), profiles=0)


def test_a_profile_has_to_be_in_order_and_fit_the_network(version: str) -> None:
    trt = fake_tensorrt(version)
    log = log_of(trt)
    builder, network, _ = network_of(trt, tiny_net(), log)
    profile = builder.create_optimization_profile()
    with pytest.raises(ValueError, match="inconsistent"):
        profile.set_shape("x", (1, 3, 64, 64), (1, 3, 32, 32), (1, 3, 96, 96))
    config = builder.create_builder_config()
    assert config.add_optimization_profile(profile) == -1
    profile.set_shape("x", *[(1, 4, 64, 64)] * 3)
    assert config.add_optimization_profile(profile) == 0
    assert builder.build_serialized_network(network, config) is None
    assert "profile (1, 4, 64, 64)" in log.errors[-1]
    other = builder.create_builder_config()
    profile.set_shape("z", *[(1, 3, 64, 64)] * 3)
    other.add_optimization_profile(profile)
    assert builder.build_serialized_network(network, other) is None


def test_a_build_can_be_made_to_fail(version: str) -> None:
    asked = []

    def refuse(graph: bytes, flags: set[str], strongly_typed: bool) -> str | None:
        asked.append((graph, flags, strongly_typed))
        return "Error Code 10: Could not find any implementation" if "REFIT" in flags else None

    trt = fake_tensorrt(version, refuse=refuse)
    assert "Could not find any" in refused(trt, tiny_net(), ("REFIT",))
    assert plan_of(trt, tiny_net())
    assert asked[0] == (
        tiny_net().SerializeToString(), {"REFIT", "TF32"}, version.startswith("11"),
    )  # fmt: skip
    assert [one["message"] is None for one in trt.world.attempts] == [False, True]


def test_the_dla_is_asked_for_by_a_core_that_is_there() -> None:
    def tried(cores: int, *flags: str) -> str | None:
        trt = fake_tensorrt("8.6.1", dla_cores=cores)
        log = log_of(trt)
        builder, network, _ = network_of(trt, tiny_net(), log)
        assert builder.num_DLA_cores == cores
        config = configured(trt, builder, network, flags)
        config.default_device_type, config.DLA_core = trt.DeviceType.DLA, 0
        built = builder.build_serialized_network(network, config)
        return None if built is not None else log.errors[-1]

    assert "no DLA core 0" in str(tried(0, "FP16"))
    assert "FP16 or INT8" in str(tried(2))
    assert tried(2, "FP16", "GPU_FALLBACK") is None


@pytest.fixture(params=VERSIONS[1:])
def monitored(request: pytest.FixtureRequest) -> Any:
    return fake_tensorrt(request.param)


def followed(trt: Any, answer: Callable[[int], object]) -> tuple[Any, list[str]]:
    told = []

    class Monitor(trt.IProgressMonitor):  # type: ignore[misc]
        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            told.append(f"{phase_name} {num_steps}")

        def step_complete(self, phase_name: str, step: int) -> bool:
            return bool(answer(step))

        def phase_finish(self, phase_name: str) -> None:
            told.append(phase_name)

    builder, network, _ = network_of(trt, tiny_net(), log_of(trt))
    config = configured(trt, builder, network)
    config.progress_monitor = Monitor()
    return builder.build_serialized_network(network, config), told


def test_a_monitor_hears_of_phases_and_can_end_the_build(monitored: Any) -> None:
    plan, told = followed(monitored, lambda step: step >= 0)
    assert plan is not None
    assert told[0] == "Building Engine 2"
    assert told[-1] == "Building Engine"
    plan, _ = followed(monitored, lambda step: step < 1)
    assert plan is None
    with pytest.raises(MisuseError, match="progress monitor raised"):
        followed(monitored, lambda step: 1 / (step - step))


def test_a_timing_cache_is_of_one_version_and_device(version: str) -> None:
    def cache_of(trt: Any, data: bytes) -> tuple[bool, Any]:
        builder, network, _ = network_of(trt, tiny_net(), log_of(trt))
        config = configured(trt, builder, network)
        taken = config.set_timing_cache(config.create_timing_cache(data), False)
        assert builder.build_serialized_network(network, config) is not None
        return taken, config.get_timing_cache()

    trt = fake_tensorrt(version, driver=FakeDriver(cc=(8, 7)))
    taken, cache = cache_of(trt, b"")
    assert taken
    data = bytes(cache.serialize())
    taken, _ = cache_of(trt, data)
    assert taken
    assert [len(one["entries"]) for one in trt.world.attempts] == [0, 1]
    for other in (
        fake_tensorrt(version, driver=FakeDriver(cc=(7, 2))),
        fake_tensorrt(VERSIONS[VERSIONS.index(version) - 1], driver=FakeDriver(cc=(8, 7))),
    ):
        taken, cache = cache_of(other, data)
        assert not taken
        assert cache is None


def test_there_is_no_builder_without_a_device(version: str) -> None:
    trt = fake_tensorrt(version, driver=FakeDriver(devices=0))
    log = log_of(trt)
    with pytest.raises(TypeError, match="nullptr"):
        trt.Builder(log)
    assert "100" in log.errors[0]
    with pytest.raises(MisuseError, match="no CUDA device"):
        trt.Runtime(log)

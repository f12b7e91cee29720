"""The fake TensorRT has what the bindings of a version have, and nothing beside it."""

from typing import Any

import pytest
from builders.bundles import tiny_net
from builders.tensorrt_fake import fake_tensorrt
from builders.tensorrt_plans import log_of, network_of, plan_of
from builders.tensorrt_table import TABLES, VERSIONS, parameters, table

PORTABLE = {
    "Builder": (
        "create_network", "create_builder_config", "build_serialized_network",
        "create_optimization_profile", "num_DLA_cores",
    ),
    "IBuilderConfig": (
        "set_flag", "clear_flag", "get_flag", "set_memory_pool_limit", "add_optimization_profile",
        "builder_optimization_level", "profiling_verbosity", "create_timing_cache",
        "set_timing_cache", "get_timing_cache", "hardware_compatibility_level",
        "default_device_type", "DLA_core", "max_aux_streams",
    ),
    "OnnxParser": ("parse", "parse_from_file", "num_errors", "get_error", "set_flag"),
    "Runtime": ("deserialize_cuda_engine", "DLA_core", "max_threads", "engine_host_code_allowed"),
    "ICudaEngine": (
        "num_io_tensors", "get_tensor_name", "get_tensor_mode", "get_tensor_shape",
        "get_tensor_dtype", "get_tensor_profile_shape", "get_tensor_format",
        "get_tensor_location", "create_execution_context", "create_engine_inspector",
    ),
    "IExecutionContext": (
        "set_input_shape", "set_tensor_address", "get_tensor_shape", "execute_async_v3",
        "execute_v2", "infer_shapes", "set_optimization_profile_async", "device_memory",
    ),
    "BuilderFlag": ("TF32", "GPU_FALLBACK", "REFIT", "VERSION_COMPATIBLE", "SPARSE_WEIGHTS"),
    "MemoryPoolType": ("WORKSPACE",),
    "TensorIOMode": ("INPUT", "OUTPUT"),
}  # fmt: skip
"""What EdgeRS may use without asking whether it is there."""


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    one: str = request.param
    return one


def test_the_tables_are_those_of_the_versions_and_small() -> None:
    found = {path.stem: path.stat().st_size for path in TABLES.glob("*.json")}
    assert sorted(found) == sorted(VERSIONS)
    assert max(found.values()) < 150_000
    assert all(table(version)["version"].startswith(version) for version in VERSIONS)


def test_all_of_the_table_is_there(version: str) -> None:
    trt, held = fake_tensorrt(version), table(version)
    assert trt.__version__.startswith(version)
    for name, members in held["enums"].items():
        owner: Any = trt
        for part in name.split("."):
            owner = getattr(owner, part)
        assert {key: int(one) for key, one in owner.__members__.items()} == members
    for name, about in held["classes"].items():
        parts = [*about.get("methods", ()), *about.get("properties", ())]
        assert [part for part in parts if not hasattr(getattr(trt, name), part)] == []
    assert all(hasattr(trt, name) for name in (*held["functions"], *held["constants"]))


@pytest.mark.parametrize("owner", PORTABLE)
def test_what_all_versions_share_is_there(version: str, owner: str) -> None:
    kind = getattr(fake_tensorrt(version), owner)
    assert [name for name in PORTABLE[owner] if not hasattr(kind, name)] == []


PLANTED = {
    "BuilderFlag.FP16": ("8.6.1", "10.3.0", "10.13.3"),
    "BuilderFlag.INT8": ("8.6.1", "10.3.0", "10.13.3"),
    "BuilderFlag.OBEY_PRECISION_CONSTRAINTS": ("8.6.1", "10.3.0", "10.13.3"),
    "NetworkDefinitionCreationFlag.EXPLICIT_BATCH": ("8.6.1", "10.3.0", "10.13.3"),
    "NetworkDefinitionCreationFlag.STRONGLY_TYPED": ("10.3.0", "10.13.3", "11.4.0"),
    "BuilderFlag.STRIP_PLAN": ("10.3.0", "10.13.3", "11.4.0"),
    "IProgressMonitor": ("10.3.0", "10.13.3", "11.4.0"),
    "IBuilderConfig.progress_monitor": ("10.3.0", "10.13.3", "11.4.0"),
    "IBuilderConfig.max_workspace_size": ("8.6.1",),
    "IBuilderConfig.int8_calibrator": ("8.6.1", "10.3.0", "10.13.3"),
    "ICudaEngine.num_bindings": ("8.6.1",),
    "ICudaEngine.get_binding_shape": ("8.6.1",),
    "IExecutionContext.execute_async_v2": ("8.6.1",),
    "ICudaEngine.device_memory_size": ("8.6.1", "10.3.0", "10.13.3"),
    "ICudaEngine.device_memory_size_v2": ("10.3.0", "10.13.3", "11.4.0"),
    "Builder.platform_has_fast_fp16": ("8.6.1", "10.3.0", "10.13.3"),
    "UffParser": ("8.6.1",),
}


@pytest.mark.parametrize("path", PLANTED)
def test_what_came_and_went_is_there_in_its_versions_alone(version: str, path: str) -> None:
    owner: Any = fake_tensorrt(version)
    *parts, last = path.split(".")
    for part in parts:
        owner = getattr(owner, part)
    assert hasattr(owner, last) == (version in PLANTED[path])


def test_a_planted_use_of_a_removed_flag_fails_on_11_alone(version: str) -> None:
    trt = fake_tensorrt(version)
    if version.startswith("11"):
        with pytest.raises(AttributeError, match="FP16"):
            plan_of(trt, tiny_net(), ["FP16"])
    else:
        assert plan_of(trt, tiny_net(), ["FP16"])


def test_the_number_of_a_flag_is_another_in_another_version() -> None:
    numbers = {one: int(fake_tensorrt(one).BuilderFlag.VERSION_COMPATIBLE) for one in VERSIONS}
    assert numbers == {"8.6.1": 15, "10.3.0": 13, "10.13.3": 13, "11.4.0": 12}


def test_what_is_not_there_can_be_neither_read_nor_set(version: str) -> None:
    trt = fake_tensorrt(version)
    builder, network, parser = network_of(trt, tiny_net(), log_of(trt))
    config = builder.create_builder_config()
    for one in (trt, builder, network, parser, config, network.get_input(0)):
        with pytest.raises(AttributeError):
            one.fp16_mode  # noqa: B018
    for one in (builder, network, parser, config, network.get_input(0)):
        with pytest.raises(AttributeError, match="fp16_mode"):
            one.fp16_mode = True
    with pytest.raises(AttributeError):
        config.num_optimization_profiles = 3


def test_arguments_are_those_of_the_signatures(version: str) -> None:
    trt = fake_tensorrt(version)
    builder, _, _ = network_of(trt, tiny_net(), log_of(trt))
    config = builder.create_builder_config()
    config.set_memory_pool_limit(pool=trt.MemoryPoolType.WORKSPACE, pool_size=1 << 20)
    assert config.get_memory_pool_limit(trt.MemoryPoolType.WORKSPACE) == 1 << 20
    wrong: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = [
        (config.set_memory_pool_limit, (), {"pool": trt.MemoryPoolType.WORKSPACE, "size": 1}),
        (config.set_memory_pool_limit, (trt.MemoryPoolType.WORKSPACE,), {}),
        (config.set_flag, (6,), {}),
        (config.set_flag, (trt.MemoryPoolType.WORKSPACE,), {}),
        (builder.create_network, ("STRONGLY_TYPED",), {}),
        (trt.OnnxParser, (builder, builder.logger), {}),
        (trt.Logger, (), {"verbosity": 3}),
        (trt.IBuilderConfig, (), {}),
        (trt.Runtime, (None, None), {}),
    ]
    for call, given, named in wrong:
        with pytest.raises(TypeError):
            call(*given, **named)
    with pytest.raises(TypeError):
        config.profiling_verbosity = 1
    with pytest.raises(TypeError):
        config.builder_optimization_level = "high"


def test_members_of_enums_are_no_numbers(version: str) -> None:
    trt = fake_tensorrt(version)
    flag = trt.BuilderFlag.TF32
    assert flag == trt.BuilderFlag(int(flag))
    assert flag != int(flag)
    assert flag.name == "TF32"
    with pytest.raises(TypeError):
        1 << flag
    assert trt.Logger.ERROR == trt.ILogger.Severity.ERROR == trt.Logger.Severity.ERROR


def test_a_part_that_is_not_modelled_says_so(version: str) -> None:
    trt = fake_tensorrt(version)
    _, network, _ = network_of(trt, tiny_net(), log_of(trt))
    with pytest.raises(AssertionError, match="add_identity exists, and is not modelled"):
        network.add_identity(network.get_input(0))


def test_host_memory_is_a_buffer_and_nothing_else(version: str) -> None:
    trt = fake_tensorrt(version)
    config = trt.Builder(log_of(trt)).create_builder_config()
    memory = config.create_timing_cache(b"").serialize()
    assert len(bytes(memory)) == len(memoryview(memory)) == memory.nbytes > 0
    with pytest.raises(TypeError):
        len(memory)
    with pytest.raises(AttributeError):
        memory.find(b"")


def test_signatures_are_read_with_their_defaults() -> None:
    read = parameters("(self: A, one: Sequence[tuple[int, str]], two: B = <B.C: 0>) -> None")
    assert [(one.name, one.required) for one in read] == [
        ("self", True), ("one", True), ("two", False),
    ]  # fmt: skip
    assert read[2].kind == "B"

"""A kit is built through the API of each TensorRT: which attempt is taken, and what is kept."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders.plan_engine import plan_engine
from builders.small_kits import BANDS, SIDES, make_kit, orin_facts, orin_gpu
from builders.tensorrt_fake import FakeTensorRt, fake_tensorrt
from builders.tensorrt_plan import plan_from

from edgers.build_kit import PLAN_ENTRY
from edgers.building.building import Built, build
from edgers.building.order import BuildOrder
from edgers.building.preparing import prepare
from edgers.bundle import open_bundle
from edgers.engines.tensorrt_log import tensorrt_log
from edgers.errors import BadInputError, BundleError, EngineError

VERSIONS = ("8.6.1", "10.3.0", "10.13.3", "11.4.0")

FIRST = {"8.6.1": "fp32", "10.3.0": "fp32", "10.13.3": "fp32", "11.4.0": "fp16"}
"""Scales of the first attempt for each version."""


@pytest.fixture(autouse=True)
def own_cache(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:  # fmt: skip
    folder: Path = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Install a fake TensorRT."""

    def install(version: str, **about: Any) -> FakeTensorRt:
        module = fake_tensorrt(version, **about)
        monkeypatch.setitem(sys.modules, "tensorrt", module)
        return module

    return install


def made(folder: Path, make: Any = None, changes: Any = None, **order: Any) -> Built:
    kit = make_kit(folder, **(changes or {}))
    ready = prepare(kit, None, BuildOrder(**order), orin_facts(dla_cores=2))
    return build(ready, make=make or plan_engine())


def outcomes(built: Built) -> list[tuple[str, str, str, str]]:
    return [(one.precision, one.scales, one.typing, one.outcome) for one in built.plan.tried]


@pytest.mark.parametrize("version", VERSIONS)
def test_each_version_builds_with_the_first_attempt(
    tmp_path: Path, install: Any, version: str
) -> None:
    trt = install(version)
    built = made(tmp_path)
    scales = FIRST[version]
    typing = "strong" if version == "11.4.0" else "weak"
    assert outcomes(built) == [("int8", scales, typing, "built")]
    bundle = open_bundle(tmp_path / "k-built.edgers")
    assert bundle.kit is not None
    assert bundle.kit.plan == built.plan
    assert bundle.kit.plan.tensorrt == trt.world.version
    assert bundle.engines[0].name == "tensorrt"
    assert bundle.engines[0].golden == f"golden/trt-int8-{scales}.npy"
    assert bundle.engines[1].name == "onnxruntime"
    plan = plan_from(bundle.entries[PLAN_ENTRY])
    assert plan is not None
    assert plan.graph == bundle.entries[f"graph/trt-int8-{scales}.onnx"]
    assert plan.strongly_typed == (typing == "strong")
    # FP32 is to mean FP32.
    assert "TF32" not in plan.flags
    assert set(plan.flags) == ({"INT8", "FP16"} if typing == "weak" else set())
    assert len(trt.world.attempts) == 1


@pytest.mark.parametrize("version", VERSIONS)
def test_the_plan_takes_any_sides_of_the_kit_and_the_usual_size(
    tmp_path: Path, install: Any, version: str
) -> None:
    install(version)
    built = made(tmp_path)
    plan = plan_from(built.bundle.entries[PLAN_ENTRY])
    assert plan is not None
    usual = (1, 3, SIDES.usual_px, SIDES.usual_px)
    dynamic, fixed = (profile["x"] for profile in plan.profiles)
    assert dynamic == ((1, 3, 32, 32), usual, (1, 3, 96, 96))
    assert fixed == (usual,) * 3
    assert built.race is not None
    chosen = built.bundle.engines[0].settings["profile"]
    assert chosen == built.race.chosen in ("dynamic", "fixed")
    assert set(built.race.median_ms) == {"dynamic", "fixed"}


@pytest.mark.parametrize("version", VERSIONS[1:])
def test_where_the_first_scales_are_refused_the_others_are_tried(
    tmp_path: Path, install: Any, version: str
) -> None:
    first_is_strong = version == "11.4.0"
    calls: list[bool] = []

    def refuse(_graph: bytes, _flags: set[str], _strong: bool) -> str | None:
        calls.append(True)
        return "Could not find any implementation for node Conv0." if len(calls) == 1 else None

    install(version, refuse=refuse)
    tried = outcomes(made(tmp_path))
    scales = ["fp16", "fp32"] if first_is_strong else ["fp32", "fp16"]
    assert [one[1] for one in tried] == scales
    assert tried[0][3] == "Could not find any implementation for node Conv0"
    assert tried[1][3] == "built"


def is_quantized(graph: bytes) -> bool:
    return b"QuantizeLinear" in graph


@pytest.mark.parametrize("version", VERSIONS)
def test_where_all_int8_is_refused_fp16_is_built(
    tmp_path: Path, install: Any, version: str
) -> None:
    install(version, refuse=lambda graph, *_: "no INT8" if is_quantized(graph) else None)
    built = made(tmp_path)
    assert built.plan.precision == "fp16"
    assert [one[0] for one in outcomes(built)][-2:] == ["int8", "fp16"]
    assert built.bundle.engines[0].precision == "fp16"


@pytest.mark.parametrize("version", VERSIONS)
def test_fp32_is_the_last_resort(tmp_path: Path, install: Any, version: str) -> None:
    fp32 = open_bundle(make_kit(tmp_path)).entries["graph/trt-fp32.onnx"]
    install(version, refuse=lambda graph, *_: None if graph == fp32 else "not this")
    built = made(tmp_path)
    assert built.plan.precision == "fp32"
    assert {one[3] for one in outcomes(built)[:-1]} == {"not this"}


@pytest.mark.parametrize("version", VERSIONS)
def test_where_all_are_refused_every_reason_is_told_and_nothing_is_written(
    tmp_path: Path, install: Any, version: str
) -> None:
    numbers = iter(range(10))
    trt = install(version, refuse=lambda *_: f"reason {next(numbers)}")
    with pytest.raises(EngineError, match=f"TensorRT {trt.__version__} builds no plan") as caught:
        made(tmp_path)
    attempts = next(band for band in BANDS if band.takes(trt.world.version)).attempts
    for number, attempt in enumerate(attempts):
        assert f"{attempt.precision}" in caught.value.seen
        assert f"reason {number}." in caught.value.seen
    assert sorted(path.name for path in tmp_path.iterdir()) == ["k.edgers"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_plan_that_gets_the_golden_tile_wrong_is_a_failed_attempt(
    tmp_path: Path, install: Any, version: str
) -> None:
    install(version)
    tried = outcomes(made(tmp_path, plan_engine(quantized=100.0)))
    assert tried[0][0] == "int8"
    assert "golden tile comes out wrong" in tried[0][3]
    assert "of the largest expected value" in tried[0][3]
    assert (tried[-1][0], tried[-1][3]) == ("fp16", "built")


def test_a_flag_that_a_version_lacks_is_the_reason_there_and_only_there(
    tmp_path: Path, install: Any
) -> None:
    eleven = tuple(replace(one, flags=("FP16",)) for one in BANDS[2].attempts)
    planted = (*BANDS[:2], replace(BANDS[2], attempts=eleven))
    for version in VERSIONS[:3]:
        install(version)
        assert outcomes(made(tmp_path, changes={"bands": planted}))[-1][3] == "built"
    trt = install("11.4.0")
    with pytest.raises(EngineError, match="it has no builder flag FP16"):
        made(tmp_path, changes={"bands": planted})
    # TensorRT was not even asked.
    assert trt.world.attempts == []


def test_typing_that_a_version_does_not_have_is_the_reason(tmp_path: Path, install: Any) -> None:
    swapped = (
        replace(BANDS[0], attempts=BANDS[2].attempts),
        replace(BANDS[2], attempts=BANDS[0].attempts[2:]),
    )
    install("8.6.1")
    with pytest.raises(EngineError, match="it has no strongly typed networks"):
        made(tmp_path, changes={"bands": swapped})
    install("11.4.0")
    with pytest.raises(EngineError, match="it has strongly typed networks only"):
        made(tmp_path, changes={"bands": swapped})


def test_precisions_that_are_asked_for_are_built_alone(tmp_path: Path, install: Any) -> None:
    install("10.3.0")
    assert outcomes(made(tmp_path, precisions=("fp32",))) == [("fp32", "", "weak", "built")]


def test_memory_counts_weights_and_the_activations_of_every_context(
    tmp_path: Path, install: Any
) -> None:
    trt = install("10.3.0")
    logger, _ = tensorrt_log(trt)
    for number, is_stripped in enumerate((False, True)):
        built = made(tmp_path, is_stripped=is_stripped)
        assert built.race is not None
        plan = built.bundle.entries[PLAN_ENTRY]
        activations = trt.Runtime(logger).deserialize_cuda_engine(plan).device_memory_size_v2
        assert activations > 0
        # Two tiles at once; a fixed profile is beside the other one.
        contexts = 4 if built.race.chosen == "fixed" else 2
        graph = built.bundle.entries["graph/trt-int8-fp32.onnx"]
        weights = len(plan) + len(graph) * number
        assert built.plan.memory_bytes == weights + contexts * activations


def test_the_workspace_is_what_was_asked_for(tmp_path: Path, install: Any) -> None:
    trt = install("10.3.0")
    made(tmp_path, workspace_bytes=10**8)
    assert trt.world.attempts[0]["limits"] == {"WORKSPACE": 10**8}


@pytest.mark.parametrize("version", VERSIONS[:3])
def test_a_dla_is_built_for_in_fp16_with_the_gpu_for_the_rest(
    tmp_path: Path, install: Any, version: str
) -> None:
    install(version, dla_cores=2)
    built = made(tmp_path, dla_core=1)
    plan = plan_from(built.bundle.entries[PLAN_ENTRY])
    assert plan is not None
    assert plan.dla_core == 1
    assert set(plan.flags) == {"GPU_FALLBACK", *({"FP16"} if version == "8.6.1" else ())}
    # A DLA takes no range of sizes.
    assert all(least == most for one in plan.profiles for least, _, most in one.values())
    assert built.bundle.engines[0].settings == {"profile": "fixed", "dla_core": "1"}
    assert built.plan.dla_core == 1


def test_a_dla_that_tensorrt_does_not_find_is_the_reason(tmp_path: Path, install: Any) -> None:
    install("10.3.0", dla_cores=0)
    with pytest.raises(EngineError, match="it finds no DLA here"):
        made(tmp_path, dla_core=0)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_was_timed_is_used_by_the_next_build(
    tmp_path: Path, own_cache: Path, install: Any, version: str
) -> None:
    trt = install(version)
    made(tmp_path)
    assert trt.world.attempts[-1]["entries"] == set()
    made(tmp_path)
    assert len(trt.world.attempts[-1]["entries"]) == 1
    (file,) = (own_cache / "edgers" / "timing").iterdir()
    assert f"trt{trt.__version__}" in file.name
    # A cache that lost bytes is not given to TensorRT.
    file.write_bytes(file.read_bytes()[:-1])
    made(tmp_path)
    assert trt.world.attempts[-1]["entries"] == set()


def test_what_one_attempt_timed_the_next_can_use(tmp_path: Path, install: Any) -> None:
    trt = install("10.3.0")
    made(tmp_path, plan_engine(quantized=100.0))
    assert [len(one["entries"]) for one in trt.world.attempts] == [0, 1, 2]


def test_a_kit_for_another_gpu_never_touches_tensorrt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", object())
    with pytest.raises(BundleError, match="the kit is for another GPU"):
        prepare(make_kit(tmp_path), None, BuildOrder(), orin_facts(gpu=orin_gpu(cc=(7, 2))))
    with pytest.raises(BundleError, match="there is no GPU here"):
        prepare(make_kit(tmp_path), None, BuildOrder(), orin_facts(gpu=None, no_gpu="No driver."))


def test_no_tensorrt_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "tensorrt", raising=False)
    with pytest.raises(BadInputError, match="TensorRT is not installed here"):
        prepare(make_kit(tmp_path), None, BuildOrder(), orin_facts())


def test_a_tensorrt_that_only_runs_plans_is_refused(tmp_path: Path, install: Any) -> None:
    trt = install("10.3.0")
    del trt.Builder
    with pytest.raises(BadInputError, match="installed here cannot build"):
        prepare(make_kit(tmp_path), None, BuildOrder(), orin_facts())


@pytest.mark.parametrize("version", ["8.2.1.9", "12.0.1"])
def test_a_version_that_the_kit_has_nothing_for_is_refused(
    tmp_path: Path, install: Any, version: str
) -> None:
    install("10.3.0").__version__ = version
    with pytest.raises(BundleError, match=f"nothing for TensorRT {version}"):
        prepare(make_kit(tmp_path), None, BuildOrder(), orin_facts())

"""A device is held against a kit before TensorRT is touched."""

from dataclasses import replace
from pathlib import Path

import pytest
from builders.small_kits import BANDS, GIGABYTE, make_kit, orin_facts, orin_gpu

from edgers.build_kit import BuildKit
from edgers.building.attempts import allowed_attempts
from edgers.building.fitness import dla_core, fitting_band, fitting_gpu
from edgers.building.open_kit import open_kit
from edgers.building.workspace import LEAST_BYTES, RESERVE_BYTES, workspace
from edgers.errors import BadInputError, BundleError


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> BuildKit:
    folder: Path = tmp_path_factory.mktemp("kit")
    return open_kit(make_kit(folder)).kit


def test_the_board_it_is_for_fits(kit: BuildKit) -> None:
    assert fitting_gpu(kit, orin_facts()) == orin_gpu()


def test_no_gpu_is_said_with_the_reason_and_what_the_kit_needs(kit: BuildKit) -> None:
    facts = orin_facts(gpu=None, no_gpu="NVIDIA's driver is not installed.")
    with pytest.raises(BundleError, match=r"driver is not installed\.\n.*capability 8\.7"):
        fitting_gpu(kit, facts)


def test_another_gpu_is_refused_and_both_are_named(kit: BuildKit) -> None:
    facts = orin_facts(module="", gpu=orin_gpu(name="NVIDIA H200", cc=(9, 0)))
    with pytest.raises(BundleError, match=r"NVIDIA H200, .* 9\.0\.\n.* 8\.7\."):
        fitting_gpu(kit, facts)


@pytest.mark.parametrize("version", [(8, 5, 2, 2), (8, 6, 1), (10, 3, 0), (10, 16, 1, 11), (11, 4)])
def test_a_version_within_a_range_has_graphs(kit: BuildKit, version: tuple[int, ...]) -> None:
    assert fitting_band(kit, version).takes(version)


@pytest.mark.parametrize("version", [(8, 2, 1), (9, 0), (10, 17), (12, 0)])
def test_a_version_outside_all_is_refused_and_those_it_has_are_named(
    kit: BuildKit, version: tuple[int, ...]
) -> None:
    with pytest.raises(BundleError, match=r"8\.5–8\.6, 10\.0–10\.16, 11\.0–11\.4"):
        fitting_band(kit, version)


def test_what_is_free_less_a_reserve_is_for_the_builder() -> None:
    facts = orin_facts(free_bytes=4 * GIGABYTE, gpu=orin_gpu(free_bytes=5 * GIGABYTE))
    found = workspace(facts, orin_gpu(free_bytes=5 * GIGABYTE), 10**6, None)
    # CPU and GPU of a Jetson share one memory: what Linux has available counts.
    assert found.limit_bytes == 4 * GIGABYTE - RESERVE_BYTES - 4 * 10**6
    card = replace(facts, module="")
    assert workspace(card, orin_gpu(free_bytes=5 * GIGABYTE), 0, None).free_bytes == 5 * GIGABYTE


def test_too_little_memory_is_refused_unless_asked_for() -> None:
    gpu = orin_gpu(free_bytes=RESERVE_BYTES + LEAST_BYTES - 1)
    card = orin_facts(module="", gpu=gpu)
    with pytest.raises(BadInputError, match=r"too little memory to build\.\n604 MB is free"):
        workspace(card, gpu, 0, None)
    assert workspace(card, gpu, 0, 123).limit_bytes == 123
    with pytest.raises(BadInputError, match="604 MB is free"):
        workspace(orin_facts(free_bytes=gpu.free_bytes), orin_gpu(), 0, None)


def test_a_dla_is_taken_where_there_is_one(kit: BuildKit) -> None:
    assert dla_core(kit, None, orin_facts()) is None
    assert dla_core(kit, 1, orin_facts(dla_cores=2)) == 1
    assert dla_core(replace(kit, dla=True), None, orin_facts(dla_cores=2)) == 0


def test_a_dla_that_is_not_there_is_refused(kit: BuildKit) -> None:
    with pytest.raises(BadInputError, match=r"--dla asks for DLA 0.*\nIt has no DLAs"):
        dla_core(kit, 0, orin_facts())
    with pytest.raises(BadInputError, match=r"--dla asks for DLA 1.*\nIt has 1 DLA\."):
        dla_core(kit, 1, orin_facts(dla_cores=1))
    with pytest.raises(BadInputError, match="the kit is for DLA 0"):
        dla_core(replace(kit, dla=True), None, orin_facts())


def test_precisions_and_a_dla_leave_fewer_attempts() -> None:
    ten = BANDS[1]
    assert allowed_attempts(ten, (), None) == ten.attempts
    assert [one.precision for one in allowed_attempts(ten, ("fp32", "fp16"), None)] == [
        "fp16", "fp32",
    ]  # fmt: skip
    assert [one.precision for one in allowed_attempts(ten, (), 0)] == ["fp16"]
    with pytest.raises(BadInputError, match="A DLA is built for in fp16 only"):
        allowed_attempts(ten, ("int8",), 0)
    with pytest.raises(BadInputError, match=r"nothing in fp16 for this TensorRT\.\n.*int8, fp32"):
        allowed_attempts(
            replace(ten, attempts=(ten.attempts[0], ten.attempts[3])), ("fp16",), None
        )  # fmt: skip

"""Every board is there, says where its facts are from, and they agree with one another."""

import platform
from pathlib import Path

import pytest

from edgers.errors import BadInputError
from edgers.kernels.aot.capabilities import CAPABILITIES
from edgers.targets.catalogue import device_files, document, known_aliases, known_name
from edgers.targets.gpu import Gpu
from edgers.targets.provenance import CONFIDENCES
from edgers.targets.refused import refused_devices
from edgers.targets.software import release_tables
from edgers.targets.table import texts
from edgers.targets.target import Candidate, Target, target_from_name, target_names

FOLDER = Path(__file__).parents[2] / "targets"

NAMES = (
    "nano", "tx2", "tx2i", "tx2-nx", "xavier-nx", "agx-xavier", "orin-nano-4gb", "orin-nano-8gb",
    "orin-nx-8gb", "orin-nx-16gb", "agx-orin-32gb", "agx-orin-64gb", "agx-orin-industrial",
    "thor-t5000", "thor-t4000", "dgpu-t4", "dgpu-a100", "dgpu-l4", "dgpu-h200", "cpu",
)  # fmt: skip

BOARDS = {
    "aethero-nxn": "orin-nx-16gb", "edgx-sterna": "orin-nx-16gb", "edgx-morus": "agx-orin-64gb",
    "planet-pelican": "agx-orin-64gb", "loft-yam-9": "agx-orin-64gb",
    "spiral-blue-se-zero": "nano", "spiral-blue-se-1": "xavier-nx", "uga-moci": "tx2i",
    "aerospace-edge-node": "tx2-nx", "kensat": "orin-nano-8gb", "unibap-ix5": "cpu",
    "unibap-ix10": "cpu", "kp-labs-leopard": "cpu",
}  # fmt: skip

TOO_OLD = {"nano", "tx2", "tx2i", "tx2-nx"}
"""Modules that JetPack 4 is the last release of."""

ALL = [target_from_name(name) for name in target_names()]
WITH_GPU = [one for one in ALL if one.gpu is not None]
MODULES = [one for one in WITH_GPU if not one.module]


def gpu_of(target: Target) -> Gpu:
    assert target.gpu is not None
    return target.gpu


def test_all_boards_are_there_and_nothing_else() -> None:
    assert set(target_names()) == {*NAMES, *BOARDS}
    assert {one.name: one.module for one in ALL if one.module} == BOARDS
    files = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.toml")}
    assert files == {*device_files().values(), "software/jetpack.toml", "software/cards.toml"}


@pytest.mark.parametrize("target", ALL, ids=lambda one: one.name)
def test_a_target_says_where_each_group_of_facts_is_from(target: Target) -> None:
    topics = [group.topic for group in target.provenance]
    wanted = ["board"] * bool(target.module)
    wanted += ["memory", "gpu", "dla", "power", "software"] if target.gpu else ["engines"]
    assert topics == wanted
    for group in target.provenance:
        assert len(group.source) > 5
        assert group.source.split("; ")[0] in target.source
    assert target.confidence == min(
        (one.confidence for one in target.provenance), key=CONFIDENCES.index
    )


@pytest.mark.parametrize("target", WITH_GPU, ids=lambda one: one.name)
def test_a_share_of_memory_that_is_assumed_is_called_so(target: Target) -> None:
    notes = {group.topic: group.note for group in target.provenance}
    assert "hare assumed" in notes["memory"]
    assert 0 < target.free_share < 1
    assert target.memory_bytes is not None


@pytest.mark.parametrize("target", MODULES, ids=lambda one: one.name)
def test_peaks_agree_with_one_another(target: Target) -> None:
    gpu = gpu_of(target)
    known = [one for one in gpu.power_modes if one.fp16_tflops is not None]
    assert known, "no mode has a peak"
    for mode in known:
        assert mode.bandwidth_gbs
        assert mode.fp16_tflops
        assert mode.fp32_tflops
        assert mode.fp16_tflops > mode.fp32_tflops
        assert (mode.int8_tops is not None) == ("int8" in target.precisions)
        if mode.int8_tops is not None:
            assert mode.int8_tops / mode.fp16_tflops == pytest.approx(2, rel=0.04)
    assert [one.fp16_tflops for one in known] == sorted(one.fp16_tflops or 0 for one in known)
    # A mode without a limit of power is no slower than any other.
    assert known[-1] is gpu.power_modes[-1]


@pytest.mark.parametrize("target", MODULES, ids=lambda one: one.name)
def test_kernels_are_built_for_its_compute_capability(target: Target) -> None:
    assert gpu_of(target).cc in {one.cc for one in CAPABILITIES}


@pytest.mark.parametrize("target", MODULES, ids=lambda one: one.name)
def test_software_is_in_order_and_its_limits_are_known(target: Target) -> None:
    software = gpu_of(target).software
    assert list(software) == sorted(software, key=lambda one: (one.tensorrt, one.cuda))
    assert (not target.supported_software) == (target.name in TOO_OLD)
    assert bool(target.why_no_plan) == (target.name in TOO_OLD)
    for one in software:
        assert one.is_supported == ((8, 5) <= one.tensorrt[:2] < (12, 0))
        assert one.source
        assert one.confidence in CONFIDENCES
        assert (one.l4t is not None) == gpu_of(target).shares_memory
        if one.has_dla:
            assert gpu_of(target).dla_cores > 0


def test_dla_is_built_for_by_the_releases_that_can() -> None:
    able = [one.name for one in gpu_of(target_from_name("agx-orin-64gb")).software if one.has_dla]
    assert able == [
        "JetPack 5.0", "JetPack 5.1", "JetPack 6.0", "JetPack 6.1–6.2",
        "JetPack 7.2.2 with TensorRT 11",
    ]  # fmt: skip
    assert not any(one.has_dla for one in gpu_of(target_from_name("orin-nano")).software)
    assert not any(one.has_dla for one in gpu_of(target_from_name("thor")).software)


def test_releases_name_devices_that_there_are() -> None:
    named = {name for table in release_tables() for name in texts(table, "targets")}
    assert named == {one.name for one in MODULES}


def test_no_part_number_is_that_of_two_modules() -> None:
    numbers = [number for one in MODULES for number in gpu_of(one).modules]
    assert len(numbers) == len(set(numbers))
    cards = [name for one in MODULES for name in gpu_of(one).names]
    assert len(cards) == len(set(cards))
    for one in MODULES:
        assert bool(gpu_of(one).names) == (not gpu_of(one).shares_memory)


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("orin-nano", "orin-nano-8gb"), ("jetson-orin-nano", "orin-nano-8gb"),
        ("orin-nx", "orin-nx-16gb"), ("agx-orin", "agx-orin-64gb"), ("thor", "thor-t5000"),
        ("cpu-ort", "cpu"), ("Orin_Nano", "orin-nano-8gb"), ("h200", "dgpu-h200"),
        ("sterna", "edgx-sterna"),
    ],
)  # fmt: skip
def test_aliases_stand_for_targets(alias: str, name: str) -> None:
    assert target_from_name(alias).name == name


@pytest.mark.parametrize("target", MODULES, ids=lambda one: one.name)
def test_a_jetson_may_be_called_so(target: Target) -> None:
    if gpu_of(target).shares_memory:
        assert known_name(f"jetson-{target.name}") == target.name


def test_an_unknown_name_is_told_those_like_it() -> None:
    with pytest.raises(BadInputError, match="target 'orin-nono' is not known") as told:
        target_from_name("orin-nono")
    assert "orin-nano" in told.value.seen
    with pytest.raises(BadInputError) as told:
        target_from_name("zzzzzz")
    assert told.value.seen == ""
    assert "edgers targets list" in told.value.rule


@pytest.mark.parametrize("name", ["", " ", "..", "boards/kensat", "../cpu", "cpu.toml", "CPU\0"])
def test_a_name_is_no_path(name: str) -> None:
    with pytest.raises(BadInputError, match="is not known"):
        target_from_name(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("myriad-x", "Myriad X: OpenVINO took it up to 2022.3"),
        ("ubotica-cognisat-xe1", "Myriad 2"),
        ("moog-novo", "was not found"), ("spirit-loris", "was not found"),
    ],
)  # fmt: skip
def test_a_board_out_of_reach_is_known_and_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(BadInputError, match="EdgeRS cannot compile for") as told:
        target_from_name(name)
    assert reason in told.value.seen
    assert known_name(name) not in target_names()
    assert known_name(name) in {one.name for one in refused_devices()}


def test_a_board_has_the_facts_of_its_module() -> None:
    board, module = target_from_name("edgx-sterna"), target_from_name("orin-nx-16gb")
    assert (board.gpu, board.memory_bytes, board.candidates) == (
        module.gpu, module.memory_bytes, module.candidates
    )  # fmt: skip
    assert (board.name, board.module) == ("edgx-sterna", "orin-nx-16gb")
    assert board.title != module.title
    assert not set(board.aliases) & set(module.aliases)


def test_planned_and_assumed_boards_say_so() -> None:
    assert "planned" in target_from_name("edgx-morus").status
    assert "assumed" in target_from_name("edgx-morus").status
    assert target_from_name("spiral-blue-se-1").confidence == "low"


def test_a_gpu_has_plans_first_and_the_cpu_last() -> None:
    target = target_from_name("orin-nano-8gb")
    assert target.precisions == ("fp32", "fp16", "int8")
    assert target.engines == ("tensorrt", "onnxruntime")
    assert target.candidates == (
        Candidate(engine="tensorrt", precision="int8"),
        Candidate(engine="tensorrt", precision="fp16"),
        Candidate(engine="tensorrt", precision="fp32"),
        Candidate(engine="onnxruntime", precision="fp32", settings={"provider": "tensorrt"}),
        Candidate(engine="onnxruntime", precision="fp32", settings={"provider": "cuda"}),
        Candidate(engine="onnxruntime", precision="fp32"),
    )
    assert target_from_name("nano").precisions == ("fp32", "fp16")


def test_the_cpu_is_as_it_was() -> None:
    target = target_from_name("cpu")
    assert target.precisions == ("fp32", "bf16", "fp16", "int8")
    assert target.candidates[0].settings == {"layout": "blocked"}
    assert (target.gpu, target.supported_software, target.why_no_plan) == (None, (), "")


def test_only_the_cpu_can_be_this_machine_by_its_processor_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for machine in ("x86_64", "aarch64"):
        monkeypatch.setattr(platform, "machine", lambda machine=machine: machine)
        assert [one.name for one in ALL if one.is_this_machine] == ["cpu"]


def test_an_alias_stands_for_one_device(monkeypatch: pytest.MonkeyPatch) -> None:
    known_aliases.cache_clear()
    real = document

    def doubled(path: str) -> object:
        more = {"aliases": ["orin-nano"]} if path == "nano.toml" else {}
        return {**real(path), **more}

    monkeypatch.setattr("edgers.targets.catalogue.document", doubled)
    with pytest.raises(BadInputError, match="damaged") as told:
        known_aliases()
    assert "another device already" in told.value.rule
    known_aliases.cache_clear()

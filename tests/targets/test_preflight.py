"""Whether a plan or a kit fits a device: every reason has its own sentence, and none crashes."""

from dataclasses import replace
from typing import Any, get_args

import pytest
from builders.judged_devices import BOARD, KIT, LAPTOP, PLAN, PTX, board
from hypothesis import given
from hypothesis import strategies as st

from edgers.targets.device_facts import DeviceFacts, GpuFacts
from edgers.targets.needs import KernelForm, KernelNeed, Needs, VersionBand
from edgers.targets.preflight import preflight
from edgers.targets.verdict import Outcome

XAVIER = "NVIDIA Jetson Xavier NX Developer Kit"
ORIN_NX = "NVIDIA Jetson Orin NX Developer Kit"
BARE = (KernelNeed(name="gather_uint16", forms=()),)
LATE = (
    KernelNeed(name="gather_uint16", forms=(KernelForm(kind="cubin", since_cuda=(13, 0)),
                                            KernelForm(kind="ptx", since_cuda=(12, 8)))),
)  # fmt: skip
DLA = replace(PLAN, wants_dla=True, dla_core=1)

# Each line: what is wrong, the needs, the facts, the topic that says no, and words it says it with.
TABLE: list[tuple[str, Needs, DeviceFacts, str, str]] = [
    ("another compute capability", PLAN, board({"cc": (7, 2)}), "cc",
     "The GPU has compute capability 7.2, and the bundle was made for 8.7"),
    ("older TensorRT", PLAN, board(tensorrt=(8, 6, 2)), "tensorrt",
     "TensorRT 8.6.2 is installed, older than the 10.3.0 that built the plan"),
    ("older patch of TensorRT", replace(PLAN, tensorrt=(10, 3, 1)), board(), "tensorrt",
     "TensorRT 10.3.0 is installed, older than the 10.3.1 that built the plan"),
    ("newer TensorRT", PLAN, board(tensorrt=(10, 13, 3)), "tensorrt",
     "TensorRT 10.13.3 is installed, newer than the 10.3.0 that built the plan"),
    ("another build of TensorRT", replace(PLAN, tensorrt=(10, 3, 0, 26)),
     board(tensorrt=(10, 3, 0, 30)), "tensorrt",
     "TensorRT 10.3.0.30 is another build of the 10.3.0.26 that built the plan"),
    ("no TensorRT for a plan", PLAN, board(tensorrt=None), "tensorrt",
     "TensorRT is not installed, and the plan needs 10.3.0"),
    ("no TensorRT for a kit", KIT, board(tensorrt=None), "tensorrt",
     "TensorRT is not installed, and the kit builds with 8.5–8.6, 10.0–10.16"),
    ("TensorRT below a kit's bands", KIT, board(tensorrt=(8, 2, 1)), "tensorrt",
     "TensorRT 8.2.1 is installed, too old to build here"),
    ("TensorRT above a kit's bands", KIT, board(tensorrt=(11, 4, 1)), "tensorrt",
     "TensorRT 11.4.1 is installed, newer than any this kit can be built with"),
    ("TensorRT between a kit's bands", KIT, board(tensorrt=(9, 1, 0)), "tensorrt",
     "TensorRT 9.1.0 is installed, and the kit has graphs for 8.5–8.6, 10.0–10.16"),
    ("no driver", PLAN, replace(BOARD, gpu=None, no_gpu="cuInit gives error 35."), "driver",
     "No GPU can be used (cuInit gives error 35), and the bundle is for one"),
    ("driver of an older CUDA", PLAN, board({"cuda": (11, 4)}), "cuda",
     "The driver brings CUDA 11.4, and the plan was built under 12.6"),
    ("another module", PLAN, board(module=ORIN_NX), "module",
     f"and this is {ORIN_NX}; a plan runs only on the kind of module that built it"),
    ("a plan of a card on a module", replace(PLAN, module="", device="NVIDIA A100"), board(),
     "module", "The plan was built on NVIDIA A100, and this is NVIDIA Jetson Orin Nano"),
    ("no DLA", DLA, board(dla_cores=0), "dla",
     "This device has no DLA, and the bundle is for one"),
    ("fewer DLA", DLA, board(dla_cores=1), "dla",
     "The plan is for DLA core 1, and this device has 1 (counted from 0)"),
    ("too little memory", PLAN, board({"free_bytes": 10**8}, free_bytes=2 * 10**8), "memory",
     "A run takes 400 MB (300 MB for the model, 100 MB for tiles) of the GPU's memory, and 200 MB"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("needs", "facts", "topic", "words"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_what_does_not_fit_is_said_in_its_own_sentence(
    needs: Needs, facts: DeviceFacts, topic: str, words: str
) -> None:
    verdict = preflight(needs, facts)
    assert not verdict.fits
    said = {check.name: check for check in verdict.refusals}
    assert words in said[topic].text
    assert said[topic].text in verdict.reason


@pytest.mark.parametrize(
    ("needs", "facts", "topic"), [row[1:4] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_one_thing_that_is_wrong_is_one_refusal(
    needs: Needs, facts: DeviceFacts, topic: str
) -> None:
    assert [check.name for check in preflight(needs, facts).refusals] == [topic]


def test_no_two_reasons_read_alike() -> None:
    said = [preflight(needs, facts).reason for _, needs, facts, _, _ in TABLE]
    assert len(set(said)) == len(TABLE)
    for text in said:
        # What was found, what is needed, and after a colon what to do.
        assert text.endswith(".")
        assert text.count(": ") == 1


def test_a_plan_fits_the_device_that_built_it() -> None:
    verdict = preflight(PLAN, BOARD)
    assert verdict.fits
    assert verdict.reason == ""
    assert {check.outcome for check in verdict.checks} == {"ok"}
    assert [check.name for check in verdict.checks] == [
        "driver", "cc", "tensorrt", "cuda", "module", "memory", "kernels",
    ]  # fmt: skip


def test_a_kit_fits_a_device_that_can_build_it() -> None:
    verdict = preflight(KIT, BOARD)
    assert verdict.fits
    assert "can build the kit (graphs for 10.0–10.16)" in verdict.checks[2].text
    assert "at least 400 MB" in verdict.checks[4].text


@pytest.mark.parametrize(
    ("needs", "facts", "topic", "words"),
    [
        (replace(PLAN, kernels=BARE), BOARD, "kernels",
         "The bundle holds no cubin and no PTX of gather_uint16: tiles are prepared on the CPU"),
        (replace(PLAN, kernels=LATE), BOARD, "kernels",
         "The driver brings CUDA 12.6, and no form of gather_uint16 loads before 12.8: tiles are"),
        (replace(PLAN, kernels=()), BOARD, "kernels", "The bundle holds no CUDA kernels: tiles"),
        (PLAN, board({"cuda": (12, 4)}), "cuda", "within one major version that runs"),
        (PLAN, board(module="NVIDIA Orin Nano on a carrier"), "module", "may be slower"),
        (PLAN, board({"free_bytes": 0}, free_bytes=401 * 10**6), "memory", "nearly all of"),
        (replace(PLAN, kernels=(KernelNeed(name="k", forms=(PTX,)),)), BOARD, "kernels",
         "assembles it at each start"),
    ],
)  # fmt: skip
def test_what_costs_something_is_a_warning(
    needs: Needs, facts: DeviceFacts, topic: str, words: str
) -> None:
    verdict = preflight(needs, facts)
    assert verdict.fits
    found = next(check for check in verdict.checks if check.name == topic)
    assert found.outcome == "warning"
    assert words in found.text


def test_cards_of_one_capability_load_each_others_plans() -> None:
    plan = replace(PLAN, module="", device="NVIDIA A30")
    facts = board({"name": "NVIDIA A100"}, module="")
    assert preflight(plan, facts).fits
    told = next(check for check in preflight(plan, facts).checks if check.name == "module")
    assert told.outcome == "warning"


def test_a_card_has_only_its_own_memory() -> None:
    full = {"free_bytes": 10**8}
    assert preflight(PLAN, board(full, free_bytes=10**9)).fits
    card = board({**full, "name": "Orin"}, free_bytes=10**9, module="")
    refused = preflight(replace(PLAN, module=""), card).refusals
    assert [check.name for check in refused] == ["memory"]


def test_a_plan_that_hangs_on_a_build_takes_a_version_that_does_not_tell_it() -> None:
    assert preflight(replace(PLAN, tensorrt=(10, 3, 0, 26)), BOARD).fits


def test_a_laptop_is_told_all_that_is_wrong_and_nothing_that_cannot_be_known() -> None:
    verdict = preflight(PLAN, LAPTOP)
    assert [check.name for check in verdict.checks] == ["driver", "tensorrt"]
    assert "libcuda.so.1 is not installed" in verdict.reason


versions = st.lists(st.integers(0, 40), max_size=5).map(tuple)
pairs = st.tuples(st.integers(0, 20), st.integers(0, 20))
sizes = st.integers(0, 2**64)
words = st.text(max_size=30) | st.sampled_from(["", "NVIDIA Jetson Nano", XAVIER, "A100 80GB"])
gpus = st.builds(
    GpuFacts, name=words, cc=pairs, total_bytes=sizes, free_bytes=sizes, cuda=versions,
    driver=words,
)  # fmt: skip
devices = st.builds(
    DeviceFacts, machine=words, system=words, processor=words,
    cpu_flags=st.frozensets(words, max_size=3), total_bytes=sizes, free_bytes=sizes,
    gpu=st.none() | gpus, no_gpu=words, tensorrt=st.none() | versions, module=words,
    part_number=words, l4t=words, dla_cores=st.integers(-1, 3),
)  # fmt: skip
forms = st.builds(KernelForm, kind=st.sampled_from(["cubin", "ptx"]), since_cuda=pairs)
kernels = st.builds(KernelNeed, name=words, forms=st.lists(forms, max_size=3).map(tuple))
bands = st.builds(VersionBand, name=words, first=pairs, last=pairs)
needs_of_any_kind = st.builds(
    Needs, cc=pairs, tensorrt=st.none() | versions, bands=st.lists(bands, max_size=3).map(tuple),
    cuda=st.none() | versions, module=words, device=words, plan_bytes=sizes, run_bytes=sizes,
    wants_dla=st.booleans(), dla_core=st.none() | st.integers(0, 3),
    kernels=st.lists(kernels, max_size=3).map(tuple),
)  # fmt: skip


@given(needs_of_any_kind, devices)
def test_whatever_the_facts_there_is_a_verdict_in_words(needs: Needs, facts: DeviceFacts) -> None:
    verdict = preflight(needs, facts)
    names = [check.name for check in verdict.checks]
    assert len(names) == len(set(names))
    assert verdict.fits == (verdict.reason == "")
    if facts.gpu is None:
        assert not verdict.fits
    outcomes: Any = get_args(Outcome)
    for check in verdict.checks:
        assert check.outcome in outcomes
        assert check.text.endswith(".")


def test_a_kernel_without_a_name_is_told_like_any_other() -> None:
    bare = replace(PLAN, kernels=(KernelNeed(name="", forms=()), *PLAN.kernels))
    checks = {check.name: check for check in preflight(bare, board()).checks}
    assert "no cubin and no PTX" in checks["kernels"].text

"""A device is the target it says it is, and the reason why it is not another is short and right."""

from collections.abc import Callable
from pathlib import Path

import pytest
from builders.devices import AGX_ORIN, ORIN_NANO, WORKSTATION, XAVIER_NX, Files, facts_of, gpu_facts

from edgers.targets.device_facts import DeviceFacts
from edgers.targets.fit import Fit, fits
from edgers.targets.target import target_from_name, target_names

Look = Callable[..., DeviceFacts]


@pytest.fixture
def look(tmp_path: Path) -> Look:
    def facts(files: Files, **more: object) -> DeviceFacts:
        return facts_of(tmp_path, files, **more)  # type: ignore[arg-type]

    return facts


def fit(name: str, facts: DeviceFacts) -> Fit:
    return fits(target_from_name(name), facts)


def verdicts(facts: DeviceFacts, verdict: str) -> set[str]:
    return {name for name in target_names() if fit(name, facts).verdict == verdict}


def test_an_orin_nano_is_one_and_much_like_other_orins(look: Look) -> None:
    facts = look(ORIN_NANO, gpu=gpu_facts())
    assert verdicts(facts, "is") == {"orin-nano-8gb", "cpu"}
    assert fit("orin-nano-8gb", facts).reasons == ()
    assert verdicts(facts, "alike") == {
        "orin-nano-4gb", "orin-nx-8gb", "orin-nx-16gb", "agx-orin-32gb", "agx-orin-64gb",
        "agx-orin-industrial", "kensat", "aethero-nxn", "edgx-sterna", "edgx-morus",
        "planet-pelican", "loft-yam-9", "kp-labs-leopard",
    }  # fmt: skip
    assert fit("orin-nx-16gb", facts).reasons == (
        "its module is p3767-0000, this one is p3767-0005",
    )
    assert fit("kensat", facts).reasons == ("it is built around orin-nano-8gb, which this is",)
    assert fit("thor", facts).reasons == ("takes compute capability 11.0, this GPU has 8.7",)


def test_an_agx_orin_is_one(look: Look) -> None:
    facts = look(AGX_ORIN, gpu=gpu_facts())
    assert verdicts(facts, "is") == {"agx-orin-64gb", "cpu"}
    assert fit("planet-pelican", facts).verdict == "alike"


def test_an_old_tensorrt_is_told_of_a_board_that_fits(look: Look) -> None:
    facts = look(XAVIER_NX, gpu=gpu_facts("Xavier", (7, 2)))
    assert verdicts(facts, "is") == {"xavier-nx", "cpu"}
    assert fit("xavier-nx", facts).reasons == (
        "TensorRT 8.2.1 is installed; EdgeRS builds for 8.5 to 11",
    )


def test_a_board_that_never_gets_a_new_tensorrt_says_so(look: Look) -> None:
    nano = {"proc/device-tree/compatible": "nvidia,p3449-0000+p3448-0000\0nvidia,tegra210\0"}
    facts = look(nano, gpu=gpu_facts("NVIDIA Tegra X1", (5, 3)))
    assert fit("nano", facts).verdict == "is"
    assert fit("nano", facts).reasons[0].startswith("JetPack 4.6, the last release it runs")


def test_without_a_driver_a_jetson_fits_no_gpu_target(look: Look) -> None:
    facts = look(ORIN_NANO)
    assert verdicts(facts, "is") == {"cpu"}
    assert fit("orin-nano-8gb", facts).reasons == ("takes a GPU, and none can be used here",)


def test_a_module_that_gives_no_part_number_is_alike(look: Look) -> None:
    files = {"proc/device-tree/compatible": "maker,carrier\0nvidia,tegra234\0"}
    facts = look(files, gpu=gpu_facts())
    assert fit("orin-nano-8gb", facts).verdict == "alike"
    assert fit("orin-nano-8gb", facts).reasons[0] == "this device does not say which module it is"


def test_a_target_without_a_part_number_is_alike(look: Look) -> None:
    files = {"proc/device-tree/compatible": "nvidia,p4071-0000+p3834-0008\0nvidia,tegra264\0"}
    facts = look(files, gpu=gpu_facts("NVIDIA Thor", (11, 0)))
    assert fit("thor-t5000", facts).verdict == "is"
    assert fit("thor-t4000", facts).verdict == "alike"
    assert "its part number is not known" in fit("thor-t4000", facts).reasons[0]


@pytest.mark.parametrize(
    ("card", "cc", "target", "verdict"),
    [
        ("NVIDIA H200", (9, 0), "dgpu-h200", "is"),
        ("NVIDIA H200 NVL", (9, 0), "dgpu-h200", "is"),
        ("NVIDIA H100 80GB HBM3", (9, 0), "dgpu-h200", "alike"),
        ("NVIDIA GH200 480GB", (9, 0), "dgpu-h200", "alike"),
        ("NVIDIA A100-SXM4-40GB", (8, 0), "dgpu-a100", "is"),
        ("Tesla T4", (7, 5), "dgpu-t4", "is"),
        ("Quadro RTX 4000", (7, 5), "dgpu-t4", "alike"),
        ("NVIDIA L40S", (8, 9), "dgpu-l4", "alike"),
        ("NVIDIA L4", (8, 9), "dgpu-h200", "no"),
    ],
)
def test_a_card_is_known_by_a_word_of_its_name(
    look: Look, card: str, cc: tuple[int, int], target: str, verdict: str
) -> None:
    facts = look(WORKSTATION, machine="x86_64", gpu=gpu_facts(card, cc))
    assert fit(target, facts).verdict == verdict
    if verdict != "no":
        assert fit(target, facts).reasons[-1] == "TensorRT is not installed"


def test_a_workstation_without_a_gpu_fits_no_gpu_target(look: Look) -> None:
    facts = look({**WORKSTATION}, machine="x86_64")
    assert verdicts(facts, "is") == {"cpu"}
    assert verdicts(facts, "alike") == {"unibap-ix5", "unibap-ix10"}
    assert fit("orin-nano-8gb", facts).reasons == (
        "takes a processor of kind aarch64, this one is x86_64",
        "takes a GPU, and none can be used here",
    )
    assert fit("dgpu-h200", facts).reasons == ("takes a GPU, and none can be used here",)
    assert fit("kp-labs-leopard", facts).verdict == "no"


def test_another_processor_fits_nothing(look: Look) -> None:
    facts = look({}, machine="riscv64")
    assert verdicts(facts, "no") == set(target_names())

"""What a device is, is read off its own files; hostile ones are survived."""

import os
import time
from pathlib import Path

import pytest
from builders.devices import (
    AGX_ORIN,
    NO_DRIVER,
    ORIN_NANO,
    WORKSTATION,
    XAVIER_NX,
    Files,
    facts_of,
    gpu_facts,
    put_files,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgers.targets import system_file
from edgers.targets.detect import device_facts
from edgers.targets.tensorrt_version import python_tensorrt


def test_an_orin_nano_is_read(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, ORIN_NANO, gpu=gpu_facts())
    assert facts.module == "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super"
    assert facts.part_number == "p3767-0005"
    assert facts.l4t == "36.4.3"
    assert facts.dla_cores == 0
    assert facts.processor == "Cortex-A78AE"
    assert "asimddp" in facts.cpu_flags
    assert (facts.total_bytes, facts.free_bytes) == (7802000 * 1024, 6800000 * 1024)
    assert facts.tensorrt == (10, 3, 0, 30)
    assert (facts.machine, facts.system, facts.no_gpu) == ("aarch64", "Linux", "")


def test_an_agx_orin_has_its_part_number_in_the_device_tree_alone(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, AGX_ORIN)
    assert (facts.part_number, facts.l4t, facts.dla_cores) == ("p3701-0005", "35.4.1", 2)
    assert facts.tensorrt == (8, 5, 2)
    assert facts.no_gpu == NO_DRIVER


def test_a_xavier_of_jetpack_4_has_it_in_names_of_files(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, XAVIER_NX)
    assert (facts.part_number, facts.l4t, facts.dla_cores) == ("p3668-0001", "32.7.1", 2)
    assert facts.tensorrt == (8, 2, 1)
    assert facts.processor == "Carmel"


def test_a_workstation_has_no_module_and_its_driver_is_read(tmp_path: Path) -> None:
    card = gpu_facts("NVIDIA H200", (9, 0))
    facts = facts_of(tmp_path, WORKSTATION, machine="x86_64", gpu=card)
    assert (facts.module, facts.part_number, facts.l4t, facts.dla_cores) == ("", "", "", 0)
    assert facts.processor == "AMD EPYC 7313 16-Core Processor"
    assert facts.cpu_flags == {"fpu", "avx2", "sha_ni"}
    assert facts.gpu is not None
    assert facts.gpu.driver == "550.54.15"
    assert facts.tensorrt is None


def test_where_there_is_nothing_nothing_is_found(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, {})
    assert (facts.total_bytes, facts.free_bytes, facts.cpu_flags) == (0, 0, frozenset())
    assert (facts.tensorrt, facts.gpu, facts.module) == (None, None, "")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("proc/device-tree/chosen/nvidia,sku", "699-13767-0001-301 G.1\0"),
        ("proc/device-tree/chosen/ids", "3767-0001-301 3768-0000-ES1\0"),
        ("proc/device-tree/chosen/ids", "3768-0000-ES1 3767-0001-301\0"),
        ("proc/device-tree/nvidia,boardids", "3767:0001:301"),
        ("proc/device-tree/nvidia,dtsfilename", "/dts/tegra234-p3767-0001-p3768-0000-a0.dts\0"),
        ("sys/bus/i2c/devices/0-0050/eeprom", "\x01\x00\xfe\x00699-13767-0001-301 G.1\xff"),
    ],
)
def test_the_part_number_is_found_wherever_firmware_put_it(
    tmp_path: Path, file: str, text: str
) -> None:
    tree: Files = {"proc/device-tree/compatible": "nvidia,tegra234\0", file: text}
    assert facts_of(tmp_path, tree).part_number == "p3767-0001"


def test_a_carrier_is_not_taken_for_a_module(tmp_path: Path) -> None:
    tree = {"proc/device-tree/compatible": "nvidia,p3768-0000\0nvidia,tegra234\0"}
    assert facts_of(tmp_path, tree).part_number == ""


def test_jetson_linux_may_be_known_as_a_package_alone(tmp_path: Path) -> None:
    packages = (
        "Package: nvidia-l4t-core\nStatus: install ok installed\nVersion: 39.2.0-2026060114\n"
    )
    tree = {"proc/device-tree/compatible": "nvidia,tegra264\0", "var/lib/dpkg/status": packages}
    assert facts_of(tmp_path, tree).l4t == "39.2.0"


def test_a_package_that_was_removed_is_not_installed(tmp_path: Path) -> None:
    removed = (
        "Package: libnvinfer10\nStatus: deinstall ok config-files\nVersion: 10.3.0.30-1+cuda12.5\n"
    )
    assert facts_of(tmp_path, {"var/lib/dpkg/status": removed}).tensorrt is None


def test_the_python_package_counts_before_the_library(tmp_path: Path) -> None:
    root = put_files(tmp_path, ORIN_NANO)
    assert device_facts(root, tensorrt=lambda: (10, 13, 3)).tensorrt == (10, 13, 3)


@pytest.mark.parametrize(
    ("package", "version", "found"),
    [
        ("tensorrt-10.3.0", "10.3.0", (10, 3, 0)),
        ("tensorrt_cu12-10.9.0.34", "10.9.0.34", (10, 9, 0, 34)),
        ("tensorrt_lean-11.4.0.106", "11.4.0.106", (11, 4, 0, 106)),
        ("tensorrt-unknown", "unknown", None),
    ],
)
def test_the_version_of_the_package_is_read_without_importing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, version: str,
    found: tuple[int, ...] | None,
) -> None:  # fmt: skip
    name = package.partition("-")[0].replace("_", "-")
    put_files(tmp_path, {
        f"{package}.dist-info/METADATA": f"Name: {name}\nVersion: {version}\n",
        "tensorrt/__init__.py": "raise SystemExit('imported')",
    })  # fmt: skip
    monkeypatch.syspath_prepend(str(tmp_path))
    assert python_tensorrt() == found


def test_a_package_without_a_version_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_files(tmp_path, {"tensorrt-10.3.0.dist-info/METADATA": b"\0\xff"})
    monkeypatch.syspath_prepend(str(tmp_path))
    assert python_tensorrt() is None


READ = (
    "proc/cpuinfo", "proc/meminfo", "proc/device-tree/model", "proc/device-tree/compatible",
    "proc/device-tree/chosen/ids", "proc/device-tree/chosen/nvidia,sku",
    "proc/device-tree/host1x/nvdla0/status", "etc/nv_tegra_release", "var/lib/dpkg/status",
    "proc/driver/nvidia/version", "sys/bus/i2c/devices/0-0050/eeprom",
)  # fmt: skip

STARTS = (
    b"", b"Package: libnvinfer10\nStatus: install ok installed\nVersion: ", b"MemTotal: ",
    b"# R36 (release), REVISION: ", b"nvidia,tegra234\0p3767-", b"CPU implementer : 0x",
    b"model name\t: \x1b[2J", b"flags\t: ", b"699-1",
)  # fmt: skip


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    held=st.dictionaries(
        st.sampled_from(READ),
        st.tuples(st.sampled_from(STARTS), st.binary(max_size=80)).map(b"".join),
    )
)
def test_garbage_is_survived_and_is_fit_for_a_terminal(tmp_path: Path, held: Files) -> None:
    for name in READ:
        (tmp_path / name).unlink(missing_ok=True)
    facts = facts_of(tmp_path, held, gpu=gpu_facts())
    words = (facts.processor, facts.module, facts.part_number, facts.l4t, *facts.cpu_flags)
    assert all(word == "" or word.isprintable() for word in words)
    assert facts.total_bytes >= 0


def test_folders_pipes_and_loops_in_the_place_of_files_are_nothing(tmp_path: Path) -> None:
    for name in ("proc/cpuinfo", "etc/nv_tegra_release/x"):
        (tmp_path / name).mkdir(parents=True)
    os.mkfifo(tmp_path / "proc/meminfo")
    (tmp_path / "proc/device-tree").symlink_to("device-tree")
    facts = facts_of(tmp_path, {})
    assert (facts.total_bytes, facts.l4t) == (0, "")


def test_what_may_not_be_read_is_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = put_files(tmp_path, ORIN_NANO)

    def refuse(*arguments: object, **more: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", refuse)
    monkeypatch.setattr(Path, "iterdir", refuse)
    assert facts_of(root, {}).part_number == ""


def test_a_file_without_end_is_read_to_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system_file, "LARGEST_BYTES", 100)
    (tmp_path / "long").write_bytes(b"x" * 1000)
    assert len(system_file.file_bytes(tmp_path / "long")) == 100


def test_this_machine_is_looked_at_quickly() -> None:
    device_facts()
    start = time.perf_counter()
    facts = device_facts()
    # 300 ms is asked for, of the whole command; a driver that wakes a card up takes longer.
    assert time.perf_counter() - start < 0.3 or facts.gpu is not None
    assert facts.machine

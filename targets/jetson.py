"""What a Jetson's firmware and Jetson Linux say of themselves.

The files are those that jetson_stats and NVIDIA's own tools read. Read only, and without root: the
part number comes from what the boot firmware copied out of the module's EEPROM, and the EEPROM
itself is read last. Not tried on a board.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgers.targets.system_file import file_bytes, file_names, file_text, plain

MODULE_BOARDS = (
    "3448", "3310", "3489", "3636", "3668", "2888", "3767", "3701", "3834",
)  # fmt: skip
"""Board numbers of modules, Nano to Thor; other numbers beside them are those of carriers."""

DEVICE_TREE = "proc/device-tree"

PART_NUMBER = re.compile(r"(?<![0-9])([0-9]{4})-([0-9]{4})(?![0-9])")

LONG_PART_NUMBER = re.compile(r"699-.([0-9]{4})-([0-9]{4})")
"""As the EEPROM has it, such as `699-13767-0003-300`."""

RELEASE = re.compile(r"R([0-9]{1,3}) \(release\), REVISION: ([0-9]{1,3}(?:\.[0-9]{1,3})*)")
"""Of /etc/nv_tegra_release: `# R36 (release), REVISION: 4.3, GCID: …`."""

CORE_PACKAGE = re.compile(
    rb"^Package: nvidia-l4t-core\n(?:.+\n)*?Version: ([0-9.]{1,20})", re.MULTILINE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Jetson:
    """What was found. Empty or 0: not found, as on any other machine."""

    module: str
    """Model, as the device tree says."""
    part_number: str
    """Part number of the module, such as `p3767-0003`."""
    l4t: str
    """Release of Jetson Linux, such as `36.4.3`."""
    dla_cores: int
    """Deep-learning accelerators that the device tree has and does not call disabled."""


def jetson(root: Path) -> Jetson:
    """Read what there is."""
    tree = root / DEVICE_TREE
    compatible = file_text(tree / "compatible")
    l4t = _l4t(root)
    if "nvidia,tegra" not in compatible and not l4t:
        return Jetson(module="", part_number="", l4t="", dla_cores=0)
    return Jetson(
        module=plain(file_text(tree / "model")),
        part_number=next(_part_numbers(root), ""),
        l4t=l4t,
        dla_cores=_dla_cores(tree),
    )


def _part_numbers(root: Path) -> Iterator[str]:
    """Give part numbers, those nearest the EEPROM first."""
    tree = root / DEVICE_TREE
    long_texts = (
        file_text(tree / "chosen/nvidia,sku"),
        file_text(root / "sys/bus/i2c/devices/0-0050/eeprom"),
    )
    for match in LONG_PART_NUMBER.finditer(long_texts[0]):
        yield from _of_module(match)
    # Jetson Linux 35 and later has the first of these, 32 the second, as names of files.
    ids = (
        file_text(tree / "chosen/ids"),
        " ".join(file_names(tree / "chosen/plugin-manager/ids")),
        file_text(tree / "nvidia,boardids").replace(":", "-"),
        file_text(tree / "compatible"),
        file_text(tree / "nvidia,dtsfilename"),
    )
    for text in ids:
        for match in PART_NUMBER.finditer(text):
            yield from _of_module(match)
    for match in LONG_PART_NUMBER.finditer(long_texts[1]):
        yield from _of_module(match)


def _of_module(match: re.Match[str]) -> Iterator[str]:
    if match[1] in MODULE_BOARDS:
        yield f"p{match[1]}-{match[2]}"


def _l4t(root: Path) -> str:
    if match := RELEASE.search(file_text(root / "etc/nv_tegra_release")):
        return f"{match[1]}.{match[2]}"
    # Jetson Linux 36 and later may have it as a package only.
    packages = file_bytes(root / "var/lib/dpkg/status")
    if b"nvidia-l4t-core" in packages and (match2 := CORE_PACKAGE.search(packages)):
        return match2[1].decode("ascii").strip(".")
    return ""


def _dla_cores(tree: Path) -> int:
    """Count the accelerators; the names are `nvdla0@15880000`, in Linux 32 `nvdla0` alone."""
    found = 0
    for bus in (tree, tree / "bus@0"):
        for host in file_names(bus):
            if host.startswith("host1x"):
                nodes = (bus / host / name for name in file_names(bus / host))
                found += sum(node.name.startswith("nvdla") and _is_on(node) for node in nodes)
    return found


def _is_on(node: Path) -> bool:
    return file_text(node / "status").rstrip("\0") != "disabled"

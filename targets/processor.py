"""What the kernel says of the processor and the memory."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from edgers.targets.system_file import file_text, plain

ARM_CORES = {
    (0x41, 0xD03): "Cortex-A53",
    (0x41, 0xD07): "Cortex-A57",
    (0x41, 0xD08): "Cortex-A72",
    (0x41, 0xD0B): "Cortex-A76",
    (0x41, 0xD0C): "Neoverse N1",
    (0x41, 0xD40): "Neoverse V1",
    (0x41, 0xD42): "Cortex-A78AE",
    (0x41, 0xD4F): "Neoverse V2",
    (0x41, 0xD83): "Neoverse V3AE",
    (0x4E, 0x003): "Denver 2",
    (0x4E, 0x004): "Carmel",
}
"""Cores by implementer and part (Linux, arch/arm64/include/asm/cputype.h): Arm's kernels do not
write names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor:
    """What was found. Empty or 0: not found."""

    name: str
    """Name of the CPU, or of its kinds of cores."""
    flags: frozenset[str]
    """Instruction sets, in the kernel's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Memory of the machine. 0: not found."""

    total_bytes: int
    """All of it."""
    free_bytes: int
    """What is available now."""


def processor(root: Path) -> Processor:
    """Read /proc/cpuinfo."""
    fields: dict[str, list[str]] = {}
    for line in file_text(root / "proc/cpuinfo").splitlines():
        key, colon, value = line.partition(":")
        if colon:
            fields.setdefault(key.strip().lower(), []).append(value.strip())
    flags = (fields.get("flags") or fields.get("features") or [""])[0]
    name = (fields.get("model name") or [""])[0]
    return Processor(
        name=plain(name or _arm_cores(fields)),
        flags=frozenset(plain(one) for one in flags.split()),
    )


def memory(root: Path) -> Memory:
    """Read /proc/meminfo; where there is none, ask the system for the total alone."""
    text = file_text(root / "proc/meminfo")
    found = {
        key: int(kilobytes) * 1024
        for key, kilobytes in re.findall(r"^(\w+): *([0-9]{1,15}) kB$", text, re.MULTILINE)
    }
    total = found.get("MemTotal") or (_total_bytes() if root == Path("/") else 0)
    # Before Linux 3.14 there is no MemAvailable.
    return Memory(total_bytes=total, free_bytes=found.get("MemAvailable", found.get("MemFree", 0)))


def _arm_cores(fields: dict[str, list[str]]) -> str:
    codes = zip(fields.get("cpu implementer", []), fields.get("cpu part", []), strict=False)
    names = [ARM_CORES.get((_code(maker), _code(part)), "") for maker, part in codes]
    return " + ".join(dict.fromkeys(name for name in names if name))


def _code(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        return -1


def _total_bytes() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return 0

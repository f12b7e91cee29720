"""PTX assembled to a cubin, which is looked at before it is believed."""

import re
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from edgers.kernels.aot.capabilities import Capability
from edgers.kernels.aot.environment import child_variables
from edgers.kernels.aot.ptx import KernelError

MACHINE_CUDA = 190  # EM_CUDA, the ELF registry
# ELF header of 64 bits: identity, then type, machine, version, entry, program and section headers'
# places, flags, sizes (System V ABI, chapter 4).
HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SECTION = struct.Struct("<IIQQQQIIQQ")
# ptxas up to 12.9 writes ABI 7 for capabilities up to 9.0, and the capability into the lowest byte
# of the flags; the newer ABI 8 has it in the next byte. Read off the output of 11.8, 12.9, 13.0.
ARCH_SHIFT = {7: 0, 8: 8}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cubin:
    """Machine code of one kernel, and what it takes to run it."""

    data: bytes
    """The ELF file."""
    registers: int
    """Registers of a thread; threads of a block times this must fit in 32768 on small boards."""
    stack_bytes: int
    """Local memory of a thread: its arrays, and what is spilled."""
    spill_bytes: int
    """Bytes stored for want of registers; not wrong, but slow."""
    shared_bytes: int
    """Shared memory of a block."""


def cubin_from_ptx(text: str, name: str, capability: Capability, ptxas: Path) -> Cubin:
    """Assemble a kernel.

    Raises KernelError where the assembler refuses, as it does when the text needs a newer ISA
    than its `.version` says, or writes something else than this kernel for this capability.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, result = Path(folder) / "kernel.ptx", Path(folder) / "kernel.cubin"
        source.write_text(text)
        # The names are relative, so that no folder of this machine gets into messages or code.
        command = [str(ptxas), "-v", f"-arch={capability.arch}", source.name, "-o", result.name]
        done = subprocess.run(
            command, cwd=folder, env=child_variables(), capture_output=True, text=True
        )
        if done.returncode:
            raise KernelError(
                f"CUDA kernel {name} cannot be assembled for {capability.arch}.",
                seen=done.stderr.strip(),
            )
        data = result.read_bytes()
    check_cubin(data, name, capability)
    return _with_resources(data, name, done.stdout + done.stderr)


def check_cubin(data: bytes, name: str, capability: Capability) -> None:
    """See that a cubin holds this kernel alone, for this capability; raises KernelError."""
    found = _arch_and_kernels(data)
    wanted = (capability.cc[0] * 10 + capability.cc[1], [name])
    if found != wanted:
        raise KernelError(
            f"the cubin of CUDA kernel {name} is not one for {capability.arch}.",
            seen=f"It is for sm_{found[0]} and holds {', '.join(found[1]) or 'nothing'}."
            if found
            else "It is no cubin.",
        )


def _arch_and_kernels(data: bytes) -> tuple[int, list[str]] | None:
    """Read the capability (87 for 8.7) and the names of the kernels; None for no cubin."""
    try:
        (identity, _, machine, _, _, _, place, flags, _, _, _, _, count, names) = (
            HEADER.unpack_from(data)
        )
        if identity[:4] != b"\x7fELF" or machine != MACHINE_CUDA:
            return None
        sections = [SECTION.unpack_from(data, place + i * SECTION.size) for i in range(count)]
        titles = [_text(data, sections[names][4] + section[0]) for section in sections]
        arch = flags >> ARCH_SHIFT[identity[8]] & 0xFF
    except (struct.error, IndexError, KeyError, ValueError):
        return None
    return arch, [t.removeprefix(".text.") for t in titles if t.startswith(".text.")]


def _text(data: bytes, place: int) -> str:
    return data[place : data.index(b"\0", place)].decode("ascii")


def _with_resources(data: bytes, name: str, told: str) -> Cubin:
    def number(pattern: str) -> int | None:
        found = re.search(pattern, told)
        return int(found[1]) if found else None

    registers = number(r"Used (\d+) registers")
    stack, spill = number(r"(\d+) bytes stack frame"), number(r"(\d+) bytes spill stores")
    if registers is None or stack is None or spill is None:
        raise KernelError(
            f"the assembler does not say what CUDA kernel {name} takes.", seen=told.strip()
        )
    return Cubin(
        data=data,
        registers=registers,
        stack_bytes=stack,
        spill_bytes=spill,
        # Not mentioned where there is none.
        shared_bytes=number(r"(\d+) bytes smem") or 0,
    )

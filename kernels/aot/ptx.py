"""PTX as text: checked against what was asked for, and made the same each time it is written."""

import re

from edgers.errors import EdgersError
from edgers.kernels.aot.capabilities import Capability, text_from_version
from edgers.kernels.aot.signature import ptx_types

TARGET = re.compile(r"^\.target\s+([^\s,]+)", re.MULTILINE)
VERSION = re.compile(r"^\.version\s+\S+", re.MULTILINE)
ENTRY = re.compile(r"^\s*(?:\.\w+\s+)?\.entry\s+([\w$]+)\s*\(([^)]*)\)", re.MULTILINE)
# From capability 10.0 on NVVM says of a pointer that it is one, and aligned to 1 byte at least.
PARAMETER = re.compile(r"\.param\s+\.(\w+)\s+(?:\.ptr\s+(?:\.align\s+\d+\s+)?)?[\w$]+")
OUTSIDE = re.compile(r"^\s*\.extern\b.*", re.MULTILINE)
NUMBA_ENVIRONMENT = re.compile(r"^\.common\b.*NumbaEnv.*;\n", re.MULTILINE)
COMMENT = re.compile(r"[ \t]*//.*")
BLANK_LINES = re.compile(r"\n{2,}")


class KernelError(EdgersError):
    """A CUDA kernel of which the compilers make something else than was asked for."""


def cleaned_ptx(text: str, name: str, signature: tuple[str, ...], capability: Capability) -> str:
    """Check the PTX that Numba wrote for one kernel, and give it without what changes between runs.

    The entry, whose mangled name carries a counter, is called `name`; comments and Numba's own
    variable are gone; `.version` is the one of `capability`, so that older drivers read it. That
    the text stays within that version is shown by assembling it. Raises KernelError where it is
    for another capability, has other parameters than `signature`, or needs code from outside.
    """
    _check_target(text, name, capability)
    symbol = _check_entry(text, name, signature)
    outside = OUTSIDE.search(text)
    if outside:
        raise KernelError(
            f"CUDA kernel {name} is not self-contained.",
            seen=f"It has: {outside[0].strip()}",
            rule="A kernel may call math functions only, and sizes of shared arrays are constant.",
        )
    text = NUMBA_ENVIRONMENT.sub("", text)
    text = COMMENT.sub("", text)
    text = re.sub(rf"(?<![\w$]){re.escape(symbol)}", name, text)
    text = VERSION.sub(f".version {text_from_version(capability.ptx_isa)}", text, count=1)
    return BLANK_LINES.sub("\n", text).strip() + "\n"


def _check_target(text: str, name: str, capability: Capability) -> None:
    found = TARGET.findall(text)
    if found != [capability.arch]:
        raise KernelError(
            f"CUDA kernel {name} was not compiled for {capability.arch}.",
            seen=f"The PTX is for {', '.join(found) or 'nothing'}.",
            # Numba takes the next lower capability, without a word, where it lacks one.
            rule=f"{capability.toolkit} must know compute capability {capability.name}.",
        )


def _check_entry(text: str, name: str, signature: tuple[str, ...]) -> str:
    """Give the symbol of the only entry."""
    found = ENTRY.findall(text)
    if len(found) != 1:
        raise KernelError(f"CUDA kernel {name} has {len(found)} entries.", rule="It must have one.")
    symbol, block = found[0]
    parameters = tuple(
        kind[1] if (kind := PARAMETER.fullmatch(part.strip())) else part.strip()
        for part in block.split(",")
        if part.strip()
    )
    if parameters != ptx_types(signature):
        raise KernelError(
            f"CUDA kernel {name} does not take plain pointers and scalars.",
            seen=f"Its parameters are {', '.join(parameters)}.",
            rule=f"By its signature they are {', '.join(ptx_types(signature))}.",
        )
    return str(symbol)

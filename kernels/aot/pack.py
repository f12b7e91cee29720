"""What a bundle needs of a build: named kernels for one board, checked by their hashes."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgers.errors import BadInputError
from edgers.files import read_file
from edgers.kernels.aot.build import FORMAT, INDEX
from edgers.kernels.aot.capabilities import Version, text_from_version, version_from_text

# A kernel is some 10 kB; the index some 500 bytes a kernel and capability.
LARGEST_BYTES = 1 << 26


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedKernel:
    """One kernel for one compute capability."""

    name: str
    """Its name, and its symbol in the image."""
    signature: tuple[str, ...]
    """Type of each argument, such as `float32*` or `int32`."""
    kind: str
    """`cubin`: machine code. `ptx`: text that the driver assembles when it is loaded."""
    data: bytes
    """The file."""
    sha256: str
    """Its hash, in hexadecimal digits."""
    registers: int
    """Registers of a thread."""


def entries_for(
    folder: Path, cc: Version, names: Iterable[str], cuda: Version | None = None
) -> tuple[PackedKernel, ...]:
    """Take kernels for one capability from a build, in the order of their names.

    `cuda` is the version that the driver of the board brings: it decides between cubin and PTX.
    Without one the cubin is taken where there is one. Raises BadInputError where the build lacks
    something, was altered, or has nothing that this version can load.
    """
    index = _read_index(folder)
    built = index["capabilities"].get(text_from_version(cc))
    if built is None:
        raise BadInputError(
            f"the kernels in {folder} are not for compute capability {text_from_version(cc)}.",
            rule=f"They were built for {', '.join(index['capabilities'])}.",
            fix="Build them again: python -m edgers.kernels.aot",
        )
    kind = _kind(built, cuda)
    return tuple(_read(folder, built, name, kind) for name in sorted(set(names)))


def _kind(built: dict[str, Any], cuda: Version | None) -> str:
    """Choose the form that a driver of this CUDA version loads."""
    cubin_since, ptx_since = built["cubin_since_cuda"], built["ptx_since_cuda"]
    if cuda is None:
        return "cubin" if cubin_since else "ptx"
    if cubin_since and cuda >= version_from_text(cubin_since):
        return "cubin"
    if cuda >= version_from_text(ptx_since):
        return "ptx"
    raise BadInputError(
        f"CUDA {text_from_version(cuda)} cannot load the kernels for {built['arch']}.",
        rule=f"It has to be {ptx_since} or later.",
    )


def _read(folder: Path, built: dict[str, Any], name: str, kind: str) -> PackedKernel:
    if name not in built["kernels"]:
        raise BadInputError(
            f"the kernels in {folder} do not include {name}.",
            rule=f"For {built['arch']} there are {', '.join(built['kernels'])}.",
        )
    entry = built["kernels"][name]
    path = folder / built["arch"] / f"{name}.{kind}"
    data = read_file(path, "CUDA kernel", LARGEST_BYTES, BadInputError)
    found = hashlib.sha256(data).hexdigest()
    if found != entry["files"][kind]["sha256"]:
        raise BadInputError(
            f"CUDA kernel {path} was altered.",
            rule="Its hash must be the one in the index.",
            fix="Build the kernels again: python -m edgers.kernels.aot",
        )
    return PackedKernel(
        name=name, signature=tuple(entry["signature"]), kind=kind, data=data, sha256=found,
        registers=entry["registers"],
    )  # fmt: skip


def _read_index(folder: Path) -> dict[str, Any]:
    text = read_file(folder / INDEX, "index of CUDA kernels", LARGEST_BYTES, BadInputError)
    try:
        index = json.loads(text)
        known = index["format"] == FORMAT and isinstance(index["capabilities"], dict)
    except (ValueError, TypeError, KeyError, RecursionError):
        known = False
    if not known:
        raise BadInputError(
            f"{folder / INDEX} is not an index of CUDA kernels that this version reads.",
            fix="Build the kernels again: python -m edgers.kernels.aot",
        )
    return dict(index)

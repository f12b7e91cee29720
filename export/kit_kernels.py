"""The CUDA kernels of a build kit: those that prepare its inputs, as its drivers load them."""

import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from edgers.build_kit import KitKernel
from edgers.contract import Contract
from edgers.errors import BadInputError
from edgers.export.kit_options import KernelSource
from edgers.kernels.aot.build import build
from edgers.kernels.aot.capabilities import Capability, capability_from_cc
from edgers.kernels.aot.environment import ToolkitError
from edgers.kernels.aot.pack import PackedKernel, entries_for
from edgers.kernels.cuda.ingest import ENTRIES
from edgers.targets.gpu import Gpu, Software

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class KitKernels:
    """Kernels, and what is said of them."""

    kernels: tuple[KitKernel, ...] = ()
    """Kernels in their forms."""
    entries: Mapping[str, bytes] = field(default_factory=dict)
    """Their files."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Why there are none, or none for a release of the software."""


def needed_kernels(contract: Contract) -> tuple[str, ...]:
    """Name the kernels that turn samples of any type into the inputs of a model."""
    types = {one.data_type for one in contract.inputs}
    return tuple(
        one.name for one in ENTRIES if one.name.rpartition("_to_")[2] in types
    )  # fmt: skip


def kit_kernels(
    contract: Contract, gpu: Gpu, software: Sequence[Software], source: KernelSource, tell: Tell
) -> KitKernels:
    """Take the kernels that a model needs from a build, or build them.

    Each comes in the forms that the drivers of `software` load. Raises BadInputError where the
    build lacks one or was altered, or the toolkits cannot be fetched.
    """
    names = needed_kernels(contract)
    why = ""
    if not source.wanted:
        why = "--no-kernels"
    elif not names:
        types = ", ".join(sorted({one.data_type for one in contract.inputs}))
        why = f"there are none that give {types}"
    if why:
        return KitKernels(left_out={"kernels": f"{why}: inputs are prepared on the CPU"})
    capability = capability_from_cc(gpu.cc)
    if source.folder is not None:
        return _packed(source.folder, capability, names, software)
    with tempfile.TemporaryDirectory(prefix="edgers-") as folder:
        place = Path(folder) / "kernels"
        tell(f"CUDA kernels for {capability.name}; toolkits come from {source.toolkit_folder}")
        try:
            build(place, [capability], names, environments=source.toolkit_folder)
        except ToolkitError as error:
            raise BadInputError(
                f"CUDA kernels cannot be built here: {error.what}",
                seen=error.seen,
                fix="Take them from a build made elsewhere with --kernels FOLDER "
                "(python -m edgers.kernels.aot), or prepare inputs on the CPU with --no-kernels.",
            ) from error
        return _packed(place, capability, names, software)


def _packed(
    folder: Path, capability: Capability, names: Collection[str], software: Sequence[Software]
) -> KitKernels:
    """Take each form that a driver of the software loads."""
    found: dict[tuple[str, str], PackedKernel] = {}
    left_out: dict[str, str] = {}
    for release in software:
        cuda = (release.cuda[0], release.cuda[1])
        if cuda < min(capability.ptx_since, capability.cubin_since or capability.ptx_since):
            left_out[f"kernels for {release.name}"] = (
                f"CUDA {cuda[0]}.{cuda[1]} loads none for {capability.arch}: "
                "inputs are prepared on the CPU"
            )
            continue
        for kernel in entries_for(folder, capability.cc, names, cuda):
            found[kernel.name, kernel.kind] = kernel
    kernels, entries = [], {}
    for (name, kind), kernel in sorted(found.items()):
        entry = f"kernels/{capability.arch}/{name}.{kind}"
        since = capability.cubin_since if kind == "cubin" else capability.ptx_since
        assert since is not None
        entries[entry] = kernel.data
        kernels.append(
            KitKernel(
                name=name, entry=entry, kind=cast(Literal["cubin", "ptx"], kind), since_cuda=since,
                signature=kernel.signature,
            )
        )  # fmt: skip
    return KitKernels(kernels=tuple(kernels), entries=entries, left_out=left_out)

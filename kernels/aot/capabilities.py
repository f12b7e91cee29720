"""Compute capabilities of the boards, and which toolkit makes code that each can load.

Numba translates with the toolkit that knows the capability. The cubin is assembled by the oldest
toolkit that knows it, because a driver loads what its own CUDA or an older one assembled, never
what a newer major version did: one cubin then serves every JetPack of a board.

Capabilities and CUDA versions of JetPack are NVIDIA's (JetPack release notes; jetson_stats for
the modules). First CUDA of each PTX ISA: "Release history" in NVIDIA's PTX ISA manual. Within a
major version a driver loads cubins of a newer minor one (CUDA Compatibility guide, since 11.0).
"""

from dataclasses import dataclass

from edgers.errors import BadInputError

Version = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """How kernels for one compute capability are made."""

    cc: Version
    """Compute capability (major, minor)."""
    boards: str
    """What has it."""
    toolkit: str
    """Toolkit whose Numba writes the PTX."""
    assembler: str
    """Toolkit whose ptxas assembles it."""
    ptx_isa: Version
    """ISA version written into the PTX: the oldest that knows the capability, or 6.3."""
    ptx_since: Version
    """CUDA version of a board from which on its driver reads that PTX."""
    cubin_since: Version | None
    """CUDA version from which on its driver loads the cubin; None where no such board exists."""

    @property
    def arch(self) -> str:
        """Name in PTX and on the command line of ptxas, such as `sm_87`."""
        return f"sm_{self.cc[0]}{self.cc[1]}"

    @property
    def name(self) -> str:
        """Name for people, such as `8.7`."""
        return text_from_version(self.cc)


def text_from_version(version: Version) -> str:
    """Give `8.7` for (8, 7)."""
    return f"{version[0]}.{version[1]}"


def version_from_text(text: str) -> Version:
    """Give (8, 7) for `8.7`; raises BadInputError where it is nothing of the kind."""
    major, _, minor = text.partition(".")
    if not (major.isdecimal() and minor.isdecimal()):
        raise BadInputError(
            f"{text!r} is not a version.", rule="A version is two numbers, such as 8.7."
        )
    return int(major), int(minor)


def capability_from_cc(cc: Version) -> Capability:
    """Find a capability; raises BadInputError where it is none that EdgeRS builds for."""
    for capability in CAPABILITIES:
        if capability.cc == cc:
            return capability
    known = ", ".join(capability.name for capability in CAPABILITIES)
    raise BadInputError(
        f"CUDA kernels are not built for compute capability {text_from_version(cc)}.",
        rule=f"They are built for {known}.",
    )


def _old(cc: Version, boards: str, isa: Version, ptx: Version, cubin: Version | None) -> Capability:
    return Capability(
        cc=cc, boards=boards, toolkit="cuda-12.9", assembler="cuda-11.8",
        ptx_isa=isa, ptx_since=ptx, cubin_since=cubin,
    )  # fmt: skip


CAPABILITIES: tuple[Capability, ...] = (
    # JetPack 4 (CUDA 10.2) is the last one for Nano and TX2, and ptxas 10.2 cannot be fetched: PTX.
    _old((5, 3), "Jetson Nano", (6, 3), (10, 0), None),
    _old((6, 2), "Jetson TX2, TX2i, TX2 NX", (6, 3), (10, 0), None),
    # PTX for JetPack 4, the cubin for JetPack 5 (CUDA 11.4).
    _old((7, 2), "Jetson Xavier NX, AGX Xavier", (6, 3), (10, 0), (11, 0)),
    _old((7, 5), "T4", (6, 3), (10, 0), (11, 0)),
    _old((8, 0), "A100", (7, 0), (11, 0), (11, 0)),
    # JetPack 5 (11.4), 6 (12.2, 12.6), 7.2 (13.2).
    _old((8, 7), "Jetson Orin Nano, Orin NX, AGX Orin", (7, 4), (11, 4), (11, 4)),
    _old((8, 9), "L4", (7, 8), (11, 8), (11, 8)),
    _old((9, 0), "H100, H200", (7, 8), (11, 8), (11, 8)),
    # Thor is 10.1 to CUDA 12.8 and 12.9, and 11.0 from CUDA 13.0 on (JetPack 7).
    Capability(
        cc=(10, 1), boards="Jetson Thor under CUDA 12.8 and 12.9", toolkit="cuda-12.9",
        assembler="cuda-12.9", ptx_isa=(8, 6), ptx_since=(12, 8), cubin_since=(12, 8),
    ),
    Capability(
        cc=(11, 0), boards="Jetson Thor T5000, T4000", toolkit="cuda-13.0",
        assembler="cuda-13.0", ptx_isa=(9, 0), ptx_since=(13, 0), cubin_since=(13, 0),
    ),
)  # fmt: skip

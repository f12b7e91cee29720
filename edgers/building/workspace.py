"""How much memory the builder may use beside the model."""

from dataclasses import dataclass

from edgers.errors import BadInputError
from edgers.targets.device_facts import DeviceFacts, GpuFacts

RESERVE_BYTES = 512 * 2**20
"""Memory left to the system and to TensorRT itself: its libraries and the CUDA context.

An assumption, on the safe side for a board of 4 GB; not measured."""

COPIES = 4
"""Times the size of the graph that the builder holds: what was read, its own copy, and weights in
the layouts it tries. An assumption; not measured."""

LEAST_BYTES = 64 * 2**20
"""Less is not worth a try: layers of large tiles then have no way to be computed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """What the builder may use."""

    limit_bytes: int
    """Most that a layer may use for itself."""
    free_bytes: int
    """Memory of the GPU that was free."""
    is_asked_for: bool
    """Whether the user named the limit."""


def workspace(facts: DeviceFacts, gpu: GpuFacts, graph_bytes: int, asked: int | None) -> Workspace:
    """Give the limit: what was asked for, or what is free less what others need.

    Raises BadInputError where too little is left.
    """
    # The GPU of a Jetson works in the machine's memory, and its driver counts as taken what Linux
    # would give back (CUDA for Tegra application note).
    free = facts.free_bytes if facts.module else gpu.free_bytes
    if asked is not None:
        return Workspace(limit_bytes=asked, free_bytes=free, is_asked_for=True)
    needed = RESERVE_BYTES + COPIES * graph_bytes
    left = free - needed
    if left < LEAST_BYTES:
        raise BadInputError(
            "there is too little memory to build.",
            seen=f"{_megabytes(free)} is free of {_megabytes(gpu.total_bytes)}.",
            rule=f"{_megabytes(needed)} is left to the system and the model, and at least "
            f"{_megabytes(LEAST_BYTES)} is for the builder.",
            fix="End other programs, or try all the same with --workspace 32MB.",
        )
    return Workspace(limit_bytes=left, free_bytes=free, is_asked_for=False)


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.0f} MB"

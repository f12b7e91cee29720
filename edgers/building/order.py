"""What is asked of a build, beside the kit."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOrder:
    """What is asked of a build."""

    precisions: tuple[str, ...] = ()
    """Precisions that may be built; empty for all that the kit has."""
    workspace_bytes: int | None = None
    """Memory the builder may use beside the model; None: what the device has free, less a rest."""
    dla_core: int | None = None
    """DLA to build for; None for the GPU, unless the kit is for a DLA."""
    timing_cache: Path | None = None
    """File that keeps what was timed; None for the user's cache folder."""
    is_stripped: bool = False
    """Whether weights are left out of the plan, to be filled in from the graph on loading."""
    is_rebuild: bool = False
    """Whether a bundle that has a plan is to get a new one."""

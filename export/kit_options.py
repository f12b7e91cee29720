"""What may be chosen of a build kit."""

from dataclasses import dataclass, field
from pathlib import Path

from edgers.kernels.aot.environment import DEFAULT_FOLDER
from edgers.kernels.cache_folder import user_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelSource:
    """Where CUDA kernels come from."""

    wanted: bool = True
    """Whether the kit has any; without them inputs are prepared on the CPU."""
    folder: Path | None = None
    """A build made before; None to build them."""
    toolkits: Path | None = None
    """Folder of the CUDA toolkits to build with; what is missing is fetched into it. None: that
    of `make kernels-aot` where it lies here, else one in the user's cache folder."""

    @property
    def toolkit_folder(self) -> Path:
        """Give the folder of the toolkits."""
        own = user_folder()
        if self.toolkits is not None:
            return self.toolkits
        if DEFAULT_FOLDER.is_dir() or own is None:
            return DEFAULT_FOLDER
        return own.with_name("toolkits")


@dataclass(frozen=True, slots=True, kw_only=True)
class KitOptions:
    """What may be chosen of a build kit."""

    kernels: KernelSource = field(default_factory=KernelSource)
    """Where its CUDA kernels come from."""
    dla: bool = False
    """Whether to build for the DLA, with the GPU for what it does not take."""

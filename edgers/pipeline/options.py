"""What the user may choose for a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from edgers.contract.model import Blend
from edgers.engines.settings import stream_count
from edgers.products.features import Format

Cube = Literal["cog", "envi"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the user may choose for a run."""

    tile_px: int | None = None
    """Longest side of a tile; None for the contract's, else a default."""
    overlap_px: int | None = None
    """Overlap on each side of a tile; None for the contract's, else what the halo asks for."""
    blend: Blend | None = None
    """How overlapping tiles are mixed; None for the contract's, else what the graph allows."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Scene band name or number by model band name."""
    inputs: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    """Files by input name, for models with several inputs, series and optional inputs."""
    called: str = ""
    """What products are named after; empty for the main input's files."""
    kept: Sequence[Mapping[str, object]] = ()
    """What is known of each kept scene among the inputs; it goes into the products' provenance."""
    warp: str | None = None
    """CRS of a map on which products are wanted too, or `utm` for the zone of the scene."""
    probabilities: bool = False
    """Whether to write the probability of each class as well."""
    vectors: tuple[Format, ...] = ()
    """Formats in which outlines are written, of objects, rows or classes."""
    simplify_px: float = 0.0
    """Most that outlines of classes may be off when they are simplified, px; 0 for not at all."""
    alert: bool = False
    """Whether to write an alert of at most 256 bytes."""
    cube: Cube = "cog"
    """How values are written: one COG of all bands, or an ENVI cube, bands interleaved by row."""
    ask: tuple[str, ...] = ()
    """What is asked of a model that writes text; empty for what its contract asks."""
    workers: int = field(default_factory=lambda: stream_count("processors"))
    """Tiles inferred at once."""
    queue: int | None = None
    """Tiles between reading and writing; None for two a worker and two more."""
    cache_bytes: int | None = None
    """Size of GDAL's block cache; None for what decodes each block once."""
    max_memory_bytes: int | None = None
    """Most memory the process may take; None for no limit."""
    restart: bool = False
    """Whether to begin anew where an unfinished run was found."""

    @property
    def in_flight(self) -> int:
        """Tiles between reading and writing."""
        return 2 * self.workers + 2 if self.queue is None else self.queue

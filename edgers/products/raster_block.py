"""What one tile contributes to raster products."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

FoundT = TypeVar("FoundT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block(Generic[FoundT]):
    """One tile's core; all arrays cover it."""

    tile: int
    """Position of the tile in the order of work."""
    row: int
    """First row in the product."""
    column: int
    """First column in the product."""
    found: FoundT | None
    """What the network says; None where it was not asked."""
    nodata: npt.NDArray[np.bool_]
    """True where the scene has no data, (height, width)."""
    preview: npt.NDArray[np.generic]
    """Scene samples for the quicklook, (band, height, width)."""
    skipped: bool
    """Whether the tile was not inferred because it holds no data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """A block as it goes into the drafts."""

    blocks: dict[str, npt.NDArray[np.generic]]
    """Samples by the role of their draft, (band, height, width)."""
    gone: npt.NDArray[np.bool_]
    """True where the product has no data, (height, width)."""
    not_finite: npt.NDArray[np.bool_] | None
    """True where the network gave NaN or infinity; None where it was not asked."""
    own: dict[str, object]
    """What is counted of it, JSON values."""

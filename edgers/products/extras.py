"""Products that are made of the drafts of others, when a scene is finished."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edgers.products.ending import Ending
from edgers.products.raster_drafts import RasterDrafts

Facts = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """One such product."""

    ending: str
    """What its name has beside the scene's and the model's, such as `_alert.json`."""
    media_type: str
    """Media type."""
    write: Callable[[Path, RasterDrafts, Ending, Facts], object]
    """Writes it, given what every product tells of its origin; raises OutputError where the disk is
    full or fails."""

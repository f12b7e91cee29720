"""Products that are made of the drafts of others, when a scene is finished."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgers.products.alert import ALERT_ENDING, Finding, write_alert
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


def alert_extra(findings: Callable[[RasterDrafts], Sequence[Finding]]) -> Extra:
    """Give the alert as a product; `findings` looks through the drafts for what it tells."""

    def write(path: Path, drafts: RasterDrafts, _: Ending, facts: Facts) -> None:
        write_alert(path, findings(drafts), facts)

    return Extra(ending=ALERT_ENDING, media_type="application/json", write=write)

"""What is asked of accuracy when a precision other than FP32 may ship."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgers.calibration.labels import LabelScheme
from edgers.errors import BadInputError

MAX_DROP = 0.01
"""Largest loss of the metric that is accepted unless told otherwise: one point of 100."""

SEARCH_S = 600.0
"""Seconds that looking for layers to keep in higher precision may take, unless told otherwise."""

HELD_BACK = 3
"""One of so many calibration scenes is held back for judging, where no others are given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyDemand:
    """What to calibrate on, what to judge on, and what may be lost."""

    calibrate: tuple[Path, ...] = ()
    """Scenes that ranges are measured on."""
    ranges: Path | None = None
    """Ranges that were measured before, in place of scenes to calibrate on."""
    judge: tuple[Path, ...] = ()
    """Scenes whose products are compared; where none are named, some of those to calibrate on."""
    labels: tuple[Path, ...] = ()
    """Labels, or folders of them; without, FP32's product is the truth."""
    scheme: LabelScheme | None = None
    """What the values of labels mean; None where they are the values of the contract's classes."""
    max_drop: float = MAX_DROP
    """Largest loss of the metric that may ship."""
    search: bool = True
    """Whether layers may be kept in higher precision so that the loss fits."""
    search_s: float = SEARCH_S
    """Seconds that this may take."""
    tiles: int | None = None
    """Tiles to calibrate on; None for the usual number."""
    seed: int = 0
    """What tiles are drawn with."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Scene bands by model band, as for a run."""
    report: Path | None = None
    """Folder for a report that people read."""


def share_out(demand: AccuracyDemand) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Give the scenes to calibrate on and those to judge on.

    Scenes to judge on that are not named are held back from those to calibrate on: every third by
    name, at least one; of a single scene both are made. Raises BadInputError where there are none.
    """
    calibrate = tuple(sorted(demand.calibrate))
    if demand.judge or demand.ranges is not None:
        if not demand.judge:
            raise BadInputError(
                "there is no scene to judge on.",
                rule="What INT8 costs is measured on scenes it was not calibrated on.",
                fix="Name some with --judge SCENE.",
            )
        return calibrate, tuple(sorted(demand.judge))
    if len(calibrate) < 2:
        return calibrate, calibrate
    judged = calibrate[HELD_BACK - 1 :: HELD_BACK] or calibrate[-1:]
    return tuple(one for one in calibrate if one not in judged), judged

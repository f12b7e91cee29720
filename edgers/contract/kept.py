"""Inputs that are filled from scenes kept on board: a series of dates, or an earlier scene."""

import re
from dataclasses import dataclass
from typing import Literal

from edgers.contract.fields import Fields
from edgers.errors import ContractError

Unit = Literal["day", "week", "month"]
Several = Literal["latest", "clearest", "median"]
Missing = Literal["refuse", "nearest", "neighbours", "nodata"]
Choice = Literal["latest", "clearest"]

PERIOD = re.compile(r"(?:([1-9]\d{0,2}) )?(day|week|month)s?")
SEVERAL: tuple[Several, ...] = ("latest", "clearest", "median")
MISSING: tuple[Missing, ...] = ("refuse", "nearest", "neighbours", "nodata")
CHOICES: tuple[Choice, ...] = ("latest", "clearest")
UNITS: tuple[Unit, ...] = ("day", "week", "month")

MOST_PERIODS = 366
"""Longest ring: a year of days."""

MOST_IN_PERIOD = 64
"""Most scenes of a period whose median is taken: all are read at once, some rows at a time."""

DEFAULT_IN_PERIOD = 8
"""Scenes of a period kept for a median: those of a month of Sentinel-2, which comes every five
days, and two more where orbits overlap."""

SERIES_FIELDS = ("as", "period", "dates", "several", "missing", "least", "most", "clouds")
REFERENCE_FIELDS = (
    "as", "choose", "least_cover", "least_clear", "within_days", "scenes", "every", "clouds",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Clouds:
    """How cloud is told in the files of a scene."""

    band: str
    """Name of the band that tells, such as `SCL`."""
    values: tuple[int, ...]
    """Its samples that mean cloud; pixels there are kept as nodata."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSeries:
    """A series of dates, of which a run is given the newest only."""

    periods: int
    """Dates that the model takes: one a period."""
    unit: Unit | None = None
    """What a period is counted in; None where each scene is a period of its own."""
    length: int = 1
    """Units of a period."""
    several: Several = "latest"
    """What stands for several scenes of a period."""
    missing: Missing = "refuse"
    """What stands for a period without a scene: none, the period nearest in time, the median of the
    nearest before and after (at an end the nearest), or nodata."""
    least: int = 1
    """Periods that must have a scene, for the others to be filled."""
    most: int = 1
    """Scenes kept of one period: one but where their median is taken."""
    clouds: Clouds | None = None
    """How cloud is told; None where it is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptReference:
    """An earlier scene of the same ground."""

    choose: Choice = "latest"
    """Which of several is taken."""
    least_cover: float = 0.9
    """Share of the new scene's ground that it must cover."""
    least_clear: float = 0.0
    """Share of its pixels that must have data."""
    within_days: float | None = None
    """Most days that it may be older; None for any number."""
    scenes: int = 2
    """Scenes kept of one place. Two: the new one and that before it, so that a run can be
    repeated."""
    every: bool = True
    """Whether each new scene is kept as a reference for those to come."""
    clouds: Clouds | None = None
    """How cloud is told; None where it is not."""


Kept = KeptSeries | KeptReference


def read_kept(source: Fields, dates: int | None) -> Kept | None:
    """Read `edgers:kept` of an input; None where it is not there.

    `dates` is the length of the time axis, -1 for any, None where there is no such axis. Raises
    ContractError where a rule is broken.
    """
    if not source.has("edgers:kept"):
        return None
    entry = source.object("edgers:kept")
    if entry.choice("as", ("series", "reference")) == "reference":
        return _read_reference(entry, dates)
    if dates is None:
        raise source.fail("edgers:kept", "A series needs an input with the axis 'time'.")
    return _read_series(entry, dates)


def _read_series(entry: Fields, dates: int) -> KeptSeries:
    _refuse_unknown(entry, SERIES_FIELDS)
    periods = entry.optional_count("dates", 1) or dates
    if not 1 <= periods <= MOST_PERIODS or dates not in (-1, periods):
        raise entry.fail(
            "dates", f"A ring has 1 to {MOST_PERIODS} dates, as many as the shape states."
        )
    unit, length = _period(entry)
    missing = entry.choice("missing", MISSING, "refuse")
    several = entry.choice("several", SEVERAL, "latest")
    if unit is None and (missing != "refuse" or entry.has("several")):
        raise entry.fail("period", "Without a period there are no gaps, and nothing to sum up.")
    default = periods if missing == "refuse" else 1
    least = entry.optional_count("least", 1) or default
    if least > periods or (missing == "refuse" and least < periods):
        raise entry.fail("least", f"At most {periods}; all of them where 'missing' is 'refuse'.")
    most = entry.optional_count("most", 1) or DEFAULT_IN_PERIOD
    if most > MOST_IN_PERIOD:
        raise entry.fail("most", f"At most {MOST_IN_PERIOD} scenes of a period are kept.")
    return KeptSeries(
        periods=periods, unit=unit, length=length, several=several, missing=missing, least=least,
        most=most if several == "median" else 1, clouds=_read_clouds(entry),
    )  # fmt: skip


def _period(entry: Fields) -> tuple[Unit | None, int]:
    """Read a period: `month`, `2 weeks`, `10 days`; None where each scene is one."""
    if not entry.has("period"):
        return None, 1
    found = PERIOD.fullmatch(entry.text("period"))
    if found is None:
        raise entry.fail("period", "It is such as 'month', 'week', '10 days' or '3 months'.")
    unit = next(one for one in UNITS if one == found.group(2))
    return unit, int(found.group(1) or 1)


def _read_reference(entry: Fields, dates: int | None) -> KeptReference:
    _refuse_unknown(entry, REFERENCE_FIELDS)
    if dates == -1:
        raise entry.fail("as", "References that are a series have a length: state it in 'shape'.")
    least = (dates or 1) + 1
    scenes = entry.optional_count("scenes", least) or least
    if scenes > MOST_PERIODS:
        raise entry.fail("scenes", f"At most {MOST_PERIODS} scenes of a place are kept.")
    shares = {}
    for key, default in (("least_cover", 0.9), ("least_clear", 0.0)):
        shares[key] = entry.number(key, default)
        if not 0 <= shares[key] <= 1:
            raise entry.fail(key, "It is a share, from 0 to 1.")
    return KeptReference(
        choose=entry.choice("choose", CHOICES, "latest"),
        least_cover=shares["least_cover"],
        least_clear=shares["least_clear"],
        within_days=entry.optional_positive("within_days"),
        scenes=scenes,
        every=entry.flag("every", True),
        clouds=_read_clouds(entry),
    )


def _read_clouds(entry: Fields) -> Clouds | None:
    if not entry.has("clouds"):
        return None
    clouds = entry.object("clouds")
    _refuse_unknown(clouds, ("band", "values"))
    return Clouds(band=clouds.text("band"), values=clouds.integers("values"))


def _refuse_unknown(entry: Fields, known: tuple[str, ...]) -> None:
    """Refuse a field that is not known: a slip would go unseen."""
    if strangers := [key for key in entry.values if key not in known]:
        raise ContractError(
            f"contract field {entry.where}.{strangers[0]} is not known.",
            rule=f"Known here: {', '.join(known)}.",
        )

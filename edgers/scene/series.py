"""The dates of a time series: which files belong to which, in order."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgers.contract import ModelInput
from edgers.errors import SceneError
from edgers.scene.date import stated_time
from edgers.scene.folder import found_files, item_paths
from edgers.scene.open import open_raster
from edgers.scene.stac_item import SceneFile

DATE_RULE = (
    "A date stands in a tag, in the name of the file or of a folder (20200131T101010, 20200131 "
    "or 2020-01-31), or in a STAC Item."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Date:
    """One date of a series."""

    time: str
    """When, as RFC 3339 text in UTC, which sorts as time does."""
    files: tuple[SceneFile, ...]
    """Its files."""


def dates_of(paths: Sequence[Path], source: ModelInput) -> tuple[Date, ...]:
    """Give the dates of a series in order.

    Several paths are a date each; one folder holds all dates, told apart by the date each file (or
    each STAC Item in it) states. Raises SceneError where a file states none, a date is there twice,
    or there are not as many as the model takes.
    """
    dates = _dates_in(paths[0]) if len(paths) == 1 else [one_date(path) for path in paths]
    dates.sort(key=lambda date: date.time)
    for one, other in itertools.pairwise(dates):
        if one.time == other.time:
            raise SceneError(
                f"input {source.name!r} has date {one.time} twice.",
                seen=f"In {one.files[0].path} and {other.files[0].path}.",
                rule="Each date of a series is there once; several paths are a date each.",
            )
    if source.dates not in (-1, len(dates)):
        raise SceneError(
            f"input {source.name!r} has another number of dates than the model takes.",
            seen=f"It has {len(dates)}: {', '.join(date.time for date in dates[:20])}.",
            rule=f"The model takes {source.dates}.",
            fix=""
            if source.kept is None
            else "Take the others from a store: edgers run --state STORE.",
        )
    return tuple(dates)


def _dates_in(path: Path) -> list[Date]:
    """Tell the dates in one path apart."""
    if len(items := item_paths(path)) > 1:
        return [one_date(item) for item in items]
    groups: dict[str, list[SceneFile]] = {}
    for file in found_files([path]):
        groups.setdefault(_time(file, path), []).append(file)
    return [Date(time=time, files=tuple(files)) for time, files in groups.items()]


def one_date(path: Path) -> Date:
    """Take a path as one date; raises SceneError where it states none, or holds several."""
    files = found_files([path])
    times = {_time(file, path): file.path.name for file in files}
    if len(times) > 1:
        raise SceneError(
            f"{path} holds more than one date.",
            seen=", ".join(f"{name} is of {time}" for time, name in list(times.items())[:5]) + ".",
            rule="Of several paths, each is one date.",
            fix="Give one folder that holds all dates, or one path a date.",
        )
    return Date(time=next(iter(times)), files=tuple(files))


def _time(file: SceneFile, root: Path) -> str:
    """Give the date of a file below `root`."""
    if file.time:
        return file.time[0]
    with open_raster(file.path) as dataset:
        found = stated_time(file.path, dataset.tags(), root)
    if found is None:
        raise SceneError(
            f"{file.path} does not say when it was taken.",
            rule=DATE_RULE,
            fix="Put the date into its name.",
        )
    return found[0]

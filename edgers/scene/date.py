"""When a scene was taken: from its tags, its file name, or the names of the folders it is in."""

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path

FILE_DATE = "file date"
"""Said of a time that is only the scene file's own."""

SENSING_TAGS = ("ACQUISITIONDATETIME", "DATATAKE_1_DATATAKE_SENSING_START")
"""Tags that hold the acquisition time."""

TIME_TAGS = (*SENSING_TAGS, "TIFFTAG_DATETIME")
"""The same and one that may hold it, in order of trust: some software writes its own date there."""

TIME_FORMATS = ("%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%SZ", "%Y:%m:%d %H:%M:%S")

NAME_FORMATS = (
    (re.compile(r"(?<!\d)((?:19|20)\d{6}T\d{6})(?!\d)", re.I), "%Y%m%dT%H%M%S"),
    (re.compile(r"(?<!\d)((?:19|20)\d{5}T\d{6})(?!\d)", re.I), "%Y%jT%H%M%S"),
    (re.compile(r"(?<!\d)((?:19|20)\d{2}[-_]?[01]\d[-_]?[0-3]\d)(?!\d|T\d{6})", re.I), "%Y%m%d"),
)
"""Dates in names, as Sentinel, HLS (day of the year) and Landsat products have them; the first that
is a real date counts, for the second is the date of processing."""


def acquisition_time(path: Path, tags: Mapping[str, str]) -> tuple[str, str]:
    """Give the time of a scene as RFC 3339 text, and where it was found.

    Tags are asked first, then a date in the file name; the file's own date is the last resort and
    said to be so.
    """
    if found := _from_tags(tags, TIME_TAGS) or _from_name(path.name, "file name"):
        return found
    return rfc3339(datetime.fromtimestamp(int(path.stat().st_mtime), timezone.utc)), FILE_DATE


def stated_time(path: Path, tags: Mapping[str, str], root: Path) -> tuple[str, str] | None:
    """Give the time of one file of a series below `root`, and where it was found; None if nowhere.

    Files of one date agree on their names and folders, and may differ in the time of writing.
    """
    if found := _from_tags(tags, SENSING_TAGS) or _from_name(path.name, "file name"):
        return found
    for folder in path.parents:
        if found := _from_name(folder.name, "folder name"):
            return found
        if folder == root:
            break
    return _from_tags(tags, TIME_TAGS)


def time_from_text(text: str) -> datetime | None:
    """Read RFC 3339 text; None where it is something else. Without an offset it is UTC."""
    try:
        # Python 3.10 reads fractions of 3 or 6 digits and no Z; a scene's time is good to seconds.
        plain = re.sub(r"\.\d+", "", text.strip())
        found = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", plain))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def rfc3339(time: datetime) -> str:
    """Write a time as text, to the second; one without an offset is UTC."""
    plain = time.astimezone(timezone.utc).replace(tzinfo=None) if time.tzinfo else time
    return plain.isoformat(timespec="seconds") + "Z"


def _from_tags(tags: Mapping[str, str], names: tuple[str, ...]) -> tuple[str, str] | None:
    for tag in names:
        for form in TIME_FORMATS:
            try:
                return rfc3339(datetime.strptime(tags.get(tag, ""), form)), f"tag {tag}"
            except ValueError:
                continue
    return None


def _from_name(name: str, where: str) -> tuple[str, str] | None:
    for pattern, form in NAME_FORMATS:
        for match in pattern.finditer(name):
            try:
                plain = re.sub(r"[-_]", "", match.group(1))
                return rfc3339(datetime.strptime(plain.upper(), form)), where
            except ValueError:
                continue
    return None

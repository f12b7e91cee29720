"""Poses that stand beside the frames: a JSON file for one image, a table for a video.

`IMG_0001.json` beside `IMG_0001.JPG` holds one object:

    time                    when it was taken, RFC 3339 with an offset
    lat, lon                WGS 84, degrees
    height_above_ground_m   metres
    yaw_deg                 bearing of the picture's top, clockwise from true north
    pitch_deg               −90 straight down, 0 to the horizon
    roll_deg                turn about the line of sight
    focal_px or hfov_deg    focal length in pixels, or horizontal field of view

A table (`--poses FILE.csv`) has a column by each of these names, a row for each time in ascending
order, and instead of `time` it may have `seconds`, from the beginning of the video. All fields but
the time may be left out, or be empty; the frame is then placed less well.
"""

import bisect
import csv
import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from edgers.errors import SceneError
from edgers.files import read_file
from edgers.scene.frame_time import FrameTime, is_plausible, utc_from_text
from edgers.scene.pose import Pose

NUMBERS = {
    "lat": "lat_deg",
    "lon": "lon_deg",
    "height_above_ground_m": "height_m",
    "yaw_deg": "yaw_deg",
    "pitch_deg": "pitch_deg",
    "roll_deg": "roll_deg",
    "focal_px": "focal_px",
    "hfov_deg": "hfov_deg",
}
"""Field of a pose by its name in files."""

ANGLES = ("lon_deg", "yaw_deg", "pitch_deg", "roll_deg")
"""Fields that go around at 360°."""

MAX_JSON_BYTES = 100_000
"""Most bytes of a JSON file; a pose has some 200."""

MAX_TABLE_BYTES = 100_000_000
"""Most bytes of a table: a row every 10 ms for two hours has 70 MB."""

MAX_GAP_S = 1.0
"""Longest time between two rows of a table for a frame between them to have a pose: at 15 m/s, a
drone's usual speed, it is 15 m."""

MAX_TURN_DEG = 30.0
"""Most that an angle may change between two rows; beyond, what lies between is a guess."""


def read_pose_file(path: Path) -> tuple[FrameTime | None, Pose]:
    """Read the JSON file beside an image.

    Raises SceneError where it is no such file, or has a field that is not known or no number.
    """
    data = read_file(path, "pose file", MAX_JSON_BYTES, SceneError)
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _fault(path, "It is no JSON.") from error
    if not isinstance(document, dict):
        raise _fault(path, "It holds no object.")
    _check_names(path, document, "time")
    time = None
    if "time" in document:
        text = document["time"]
        utc = utc_from_text(text) if isinstance(text, str) else None
        if utc is None or not is_plausible(utc):
            raise _fault(path, f"Its time is {str(text)[:80]!r}.")
        time = FrameTime(utc=utc, origin="pose file")
    found: dict[str, float | None] = {}
    for name, field in NUMBERS.items():
        value = document.get(name)
        if value is None:
            continue
        # True is a number in Python and no angle.
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _fault(path, f"Its {name} is {str(value)[:80]!r}.")
        found[field] = _finite(path, name, value)
    return time, Pose(**found)  # type: ignore[arg-type]


def _finite(path: Path, name: str, value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _fault(path, f"Its {name} is {number}.")
    return number


def _fault(path: Path, seen: str) -> SceneError:
    return SceneError(
        f"pose file {path} cannot be used.",
        seen=seen,
        rule=f"Fields are time (RFC 3339 with an offset) and the numbers {', '.join(NUMBERS)}.",
    )


def _check_names(path: Path, names: Mapping[str, object], *times: str) -> None:
    """Refuse names that are not known: a slip would go unseen."""
    if strangers := [name for name in names if name not in NUMBERS and name not in times]:
        raise _fault(path, f"It has {str(strangers[0])[:80]!r}.")
    if "focal_px" in names and "hfov_deg" in names:
        raise _fault(path, "It has both focal_px and hfov_deg.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PoseTable:
    """Poses in the order of time."""

    times_s: tuple[float, ...]
    """Seconds since 1970, or since the beginning of the video."""
    poses: tuple[Pose, ...]
    """What is stated for each."""
    is_relative: bool
    """Whether times count from the beginning of the video."""

    def at(self, time_s: float) -> Pose:
        """Give the pose at a time, between the rows before and after it.

        A pose without a position, and the reason, where there is no row near enough.
        """
        after = bisect.bisect_left(self.times_s, time_s)
        if after < len(self.times_s) and self.times_s[after] == time_s:
            return self.poses[after]
        if after in (0, len(self.times_s)):
            return Pose(why="the table of poses does not reach its time")
        before = after - 1
        gap_s = self.times_s[after] - self.times_s[before]
        if gap_s > MAX_GAP_S:
            return Pose(why=f"the poses about its time are {gap_s:.3g} s apart")
        share = (time_s - self.times_s[before]) / gap_s
        return _between(self.poses[before], self.poses[after], share)


def _between(one: Pose, other: Pose, share: float) -> Pose:
    """Give the pose at a share of the way; a field that either lacks is lacking."""
    found: dict[str, float | None] = {}
    for field in NUMBERS.values():
        here, there = getattr(one, field), getattr(other, field)
        if here is None or there is None:
            found[field] = None
            continue
        way: float = there - here
        if field in ANGLES:
            way = (way + 180) % 360 - 180
            if abs(way) > MAX_TURN_DEG:
                return Pose(why=f"{field.removesuffix('_deg')} changes by {abs(way):.0f}° at once")
        value: float = here + share * way
        found[field] = (value + 180) % 360 - 180 if field == "lon_deg" else value
    return replace(one, **found)  # type: ignore[arg-type]


def read_pose_table(path: Path) -> PoseTable:
    """Read a table of poses; raises SceneError where it is none."""
    data = read_file(path, "table of poses", MAX_TABLE_BYTES, SceneError)
    try:
        text = data.decode("utf-8-sig")
        rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        names = [name.strip() for name in next(rows, [])]
        _check_names(path, dict.fromkeys(names), "time", "seconds")
        clock = [name for name in names if name in ("time", "seconds")]
        if len(clock) != 1 or len(set(names)) < len(names):
            raise _fault(path, "It must have one column 'time' or 'seconds', and none twice.")
        times_s: list[float] = []
        poses = []
        for number, row in enumerate(rows, 2):
            if not row:
                continue
            if len(row) != len(names):
                raise _fault(path, f"Line {number} has {len(row)} fields, not {len(names)}.")
            fields = dict(zip(names, (field.strip() for field in row), strict=True))
            time_s = _time_s(fields.pop(clock[0]), clock[0])
            if time_s is None or (times_s and time_s <= times_s[-1]):
                raise _fault(path, f"The time of line {number} is none, or not after the last.")
            times_s.append(time_s)
            poses.append(_pose(path, number, fields))
    except (UnicodeDecodeError, csv.Error) as error:
        raise _fault(path, f"It is no table: {error}.") from error
    if not poses:
        raise _fault(path, "It has no row.")
    return PoseTable(times_s=tuple(times_s), poses=tuple(poses), is_relative=clock[0] == "seconds")


def _time_s(text: str, name: str) -> float | None:
    """Read a time of a table in seconds; None where it is none."""
    if name == "time":
        utc = utc_from_text(text)
        return utc.timestamp() if utc is not None and is_plausible(utc) else None
    number = _number(text)
    return number if number is not None and number >= 0 else None


def _pose(path: Path, line: int, fields: Mapping[str, str]) -> Pose:
    """Read one row."""
    found = {}
    for name, text in fields.items():
        if text:
            number = _number(text)
            if number is None:
                raise _fault(path, f"The {name} of line {line} is {text[:80]!r}.")
            found[NUMBERS[name]] = number
    return Pose(**found)  # type: ignore[arg-type]


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None

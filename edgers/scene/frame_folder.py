"""A folder of images as a stream of frames, and the images that come into it later.

Images that are there at the beginning come in the order of their times. With `follow`, an image
that appears or is written anew is a frame as soon as it is complete: renamed into place, or its
size and date have stood still for half a second. Names that begin with a point, and those that
programs give to unfinished files, are left alone until they are renamed.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from edgers.closing import Closing
from edgers.errors import SceneError
from edgers.scene.camera_pose import focal_px_from_tags, pose_from_tags
from edgers.scene.camera_tags import read_camera_tags, time_from_tags
from edgers.scene.frame import Frame, FrameKey
from edgers.scene.frame_time import ForwardClock, FrameTime, utc_from_name
from edgers.scene.open import has_known_format
from edgers.scene.pose import Pose
from edgers.scene.pose_file import PoseTable, read_pose_file

LOOK_EVERY_S = 0.1
"""Seconds between two looks at the folder: half of it is the mean delay it adds to a frame."""

SETTLED_S = 0.5
"""Seconds for which a file must stand still to count as complete."""

UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart")
"""Endings of files that are still being written (rsync and dotted names begin with a point)."""

Signature = tuple[int, int, int]
"""Size in bytes, time of writing in ns, and inode: what changes when a file is written anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A complete image."""

    path: Path
    """Where it is."""
    signature: Signature
    """What it was when it was found."""
    time: FrameTime
    """When it was taken."""
    pose: Pose
    """What is known of its camera."""


class FrameFolder(Closing):
    """Images of a folder; a context manager."""

    patience_s: float | None = None
    was_lost = False
    reconnects = 0

    def __init__(
        self, folder: Path, *, follow: bool, poses: PoseTable | None = None,
        idle_s: float | None = None, clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
    ) -> None:  # fmt: skip
        """Prepare to read `folder`; with `follow` to its end at `stop`, or when no image has come
        for `idle_s`. `clock` and `wait` stand in for time in tests.

        Raises SceneError where it is no folder, or holds no image and is not followed.
        """
        self.name = Path(os.path.abspath(folder)).name or str(folder)
        self.is_live = follow
        self.ended_by = ""
        self._folder, self._poses, self._idle_s = folder, poses, idle_s
        self._stopped = threading.Event()
        self._clock, self._wait = clock, wait or self._stopped.wait
        self._forward = ForwardClock()
        self._given: dict[str, Signature] = {}
        self._seen: dict[str, tuple[Signature, float]] = {}
        there = self._look()
        if not follow and not any(map(has_known_format, there)):
            raise SceneError(
                f"folder {folder} holds no image.",
                rule="Frames are GeoTIFF, JPEG 2000, PNG or JPEG files in the folder itself.",
                fix="Give --follow to wait for images.",
            )

    def frames(self, first: int) -> Iterator[Frame]:
        """Give the frames, numbered from `first`."""
        number = first
        there = [path for path, signature in self._look().items() if self._has_settled(signature)]
        found = [one for path in there if (one := self._image(path)) is not None]
        for one in sorted(found, key=_order):
            if self._stopped.is_set():
                break
            yield self._frame(one, number)
            number += 1
        last_s = self._clock()
        while self.is_live and not self._stopped.is_set():
            complete = self._complete()
            new = [one for path in complete if (one := self._image(path)) is not None]
            for one in sorted(new, key=_order):
                yield self._frame(one, number, complete[one.path])
                number += 1
                last_s = self._clock()
            if self._idle_s is not None and self._clock() - last_s >= self._idle_s:
                self.ended_by = f"no image for {self._idle_s:g} s"
                return
            self._wait(LOOK_EVERY_S)
        self.ended_by = "interrupt" if self._stopped.is_set() else "end of folder"

    def stop(self) -> None:
        """End with the frame in hand."""
        self._stopped.set()

    def close(self) -> None:
        """End; nothing is held."""
        self._stopped.set()

    def _look(self) -> dict[Path, Signature]:
        """List files that may be images, as they are now."""
        found = {}
        try:
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or entry.name.lower().endswith(UNFINISHED):
                        continue
                    # A file may be gone between the two calls.
                    try:
                        if entry.is_file():
                            facts = entry.stat()
                            found[Path(entry.path)] = _signature(facts)
                    except FileNotFoundError:
                        continue
        except (OSError, ValueError) as error:
            seen = getattr(error, "strerror", None) or str(error)
            raise SceneError(f"folder {self._folder} cannot be read.", seen=f"{seen}.") from error
        return found

    def _has_settled(self, signature: Signature) -> bool:
        """Tell whether a file that is there at the beginning is complete by its date."""
        return not self.is_live or time.time() - signature[1] / 1e9 > SETTLED_S

    def _complete(self) -> dict[Path, float]:
        """Look once, and give the files that are new and complete, with the time from which on they
        have stood still.
        """
        now_s, there = self._clock(), self._look()
        complete = {}
        for path, signature in there.items():
            if self._given.get(path.name) == signature:
                continue
            before = self._seen.get(path.name)
            if before is None or before[0] != signature:
                self._seen[path.name] = signature, now_s
            elif now_s - before[1] >= SETTLED_S:
                del self._seen[path.name]
                complete[path] = before[1]
        names = {path.name for path in there}
        for known in (self._given, self._seen):
            for name in known.keys() - names:
                del known[name]
        return complete

    def _image(self, path: Path) -> _Found | None:
        """Read the time and pose of an image; None where it is none, or gone."""
        try:
            signature = _signature(path.stat())
        except OSError:
            return None
        # Others are not looked at again until they change.
        self._given[path.name] = signature
        if not has_known_format(path):
            return None
        time, pose = _time_and_pose(path, signature)
        if self._poses is not None:
            pose = self._poses.at(time.utc.timestamp())
        return _Found(path=path, signature=signature, time=time, pose=pose)

    def _frame(self, one: _Found, number: int, came_s: float | None = None) -> Frame:
        """Make the frame; one that came while the folder is followed has a time."""
        size, mtime_ns, _ = one.signature
        return Frame(
            number=number,
            key=FrameKey(source=one.path.name, size_bytes=size, mtime_ns=mtime_ns),
            time=self._forward.next(one.time),
            received_s=self._clock() if came_s is None else came_s,
            pose=one.pose,
            path=one.path,
            is_backlog=self.is_live and came_s is None,
        )


def _order(one: _Found) -> tuple[datetime, str]:
    return one.time.utc, one.path.name


def _signature(facts: os.stat_result) -> Signature:
    return facts.st_size, facts.st_mtime_ns, facts.st_ino


def _time_and_pose(path: Path, signature: Signature) -> tuple[FrameTime, Pose]:
    """Find the time and pose of an image: in the file beside it, in its tags, in its name.

    A file beside it replaces all of the pose in the tags but the focal length. Where it cannot be
    used the image has no pose: the tags are not asked instead, for they were to be replaced.
    """
    tags = read_camera_tags(path)
    found, pose = time_from_tags(tags), pose_from_tags(tags)
    beside = path.with_suffix(".json")
    if beside.exists():
        try:
            stated, pose = read_pose_file(beside)
            found = stated or found
            if pose.focal_px is None and pose.hfov_deg is None:
                pose = replace(pose, focal_px=focal_px_from_tags(tags))
        except SceneError as error:
            pose = Pose(why=" ".join(part for part in (error.what, error.seen) if part))
    if found is None:
        utc, origin = utc_from_name(path.name), "file name"
        if utc is None:
            utc = datetime.fromtimestamp(signature[1] / 1e9, timezone.utc)
            origin = "file date"
        found = FrameTime(utc=utc, origin=origin)
    return found, pose

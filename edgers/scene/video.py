"""A video as a stream of frames: a file from its first picture to its last, or a camera as it goes.

The time of a frame of a file is that of the beginning plus its time stamp in the container, or its
number divided by the frame rate where stamps are missing or go back. The time of a camera's frame
is that of its receipt. A camera that is lost is opened again, at growing intervals.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

from edgers.closing import Closing
from edgers.errors import SceneError
from edgers.scene.capture import Capture, open_camera, open_video_file, public_address
from edgers.scene.frame import Frame, FrameKey, Pixels
from edgers.scene.frame_time import ForwardClock, FrameTime, ReceiveClock, utc_from_name
from edgers.scene.pose import Pose
from edgers.scene.pose_file import PoseTable

MIN_FPS, MAX_FPS = 0.001, 1000.0
"""Frame rates that are believed: from a picture every quarter of an hour to fast cameras."""

ASSUMED_FPS = 25.0
"""Frame rate where a file states none that is believed, and no time stamps: that of PAL."""

MAX_LEAP_S = 3600.0
"""Longest time between two stamps of a container that is believed."""

TIMEOUT_S = 10.0
"""Seconds to wait for a camera to answer, or for its next picture."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
"""Pauses before a lost camera is opened again: each is twice the one before."""

GIVE_UP_S = 300.0
"""Seconds without a picture after which a lost camera is given up, where nothing else is said."""

NO_POSE = Pose(why="video states no pose; give --poses")


class VideoFile(Closing):
    """The frames of a video file; a context manager."""

    is_live = False
    patience_s: float | None = None
    was_lost = False
    reconnects = 0

    def __init__(
        self, path: Path, *, begin: datetime | None = None, poses: PoseTable | None = None,
        open_video: Callable[[Path], Capture] = open_video_file,
    ) -> None:  # fmt: skip
        """Open the file, whose first picture was taken at `begin`; None for the time in its name,
        else its date.

        Raises SceneError where there is no video, EngineError where OpenCV is not installed.
        """
        self.name = path.name
        self.ended_by = ""
        self._poses = poses
        self._stopped = threading.Event()
        self._video: Capture | None = open_video(path)
        facts = path.stat()
        self._size_bytes, self._mtime_ns = facts.st_size, facts.st_mtime_ns
        if begin is not None:
            self._begin, self._origin = begin, "--start"
        elif named := utc_from_name(path.name):
            self._begin, self._origin = named, "file name"
        else:
            self._begin = datetime.fromtimestamp(facts.st_mtime, timezone.utc)
            self._origin = "file date"
        fps = self._video.fps
        self._has_rate = MIN_FPS <= fps <= MAX_FPS
        self._period_s = 1 / fps if self._has_rate else 1 / ASSUMED_FPS

    def frames(self, first: int) -> Iterator[Frame]:
        """Give the frames by their position in the file; `first` has no say.

        Raises SceneError where there is none.
        """
        forward, number, last_s = ForwardClock(), 0, None
        while not self._stopped.is_set():
            assert self._video is not None, "the video is closed"
            pixels = self._video.read()
            if pixels is None and number == 0:
                raise SceneError(
                    f"video {self.name} has no picture.",
                    seen="The first one cannot be read.",
                    fix="Copy or record the file again.",
                )
            if pixels is None:
                self.ended_by = self._ending(number)
                return
            at_s, origin = self._time_s(self._video.position_s(), last_s)
            taken = FrameTime(
                utc=self._begin + timedelta(seconds=at_s), origin=f"{self._origin} + {origin}"
            )
            yield self._frame(pixels, number, forward.next(taken), at_s)
            last_s = at_s
            number += 1
        self.ended_by = "interrupt"

    def stop(self) -> None:
        """End with the frame in hand."""
        self._stopped.set()

    def close(self) -> None:
        """Close the file."""
        if self._video is not None:
            self._video.close()
            self._video = None

    def _time_s(self, stamp_s: float, last_s: float | None) -> tuple[float, str]:
        """Give seconds from the beginning, and where they come from."""
        if last_s is None:
            # Before the second picture it cannot be told whether stamps go on.
            return (stamp_s, "stamp") if 0 <= stamp_s <= MAX_LEAP_S else (0.0, self._rate)
        if math.isfinite(stamp_s) and 0 < stamp_s - last_s <= MAX_LEAP_S:
            return stamp_s, "stamp"
        return last_s + self._period_s, self._rate

    @property
    def _rate(self) -> str:
        return "frame rate" if self._has_rate else f"{ASSUMED_FPS:g} frames a second assumed"

    def _ending(self, number: int) -> str:
        """Say how the file ended; many containers state a count that is only near."""
        assert self._video is not None
        count = self._video.count
        if math.isfinite(count) and number < count < 1e9:
            return f"end of file after {number} of {count:.0f} frames"
        return "end of file"

    def _frame(self, pixels: Pixels, number: int, taken: FrameTime, at_s: float) -> Frame:
        return Frame(
            number=number,
            key=FrameKey(
                source=self.name,
                size_bytes=self._size_bytes,
                mtime_ns=self._mtime_ns,
                video_frame=number,
            ),
            time=taken,
            received_s=time.monotonic(),
            pose=_pose_at(self._poses, taken, at_s),
            pixels=pixels,
        )


class Camera(Closing):
    """The frames of a camera; a context manager."""

    is_live = True

    def __init__(
        self, address: str, *, give_up_s: float = GIVE_UP_S,
        open_video: Callable[[str, float], Capture] = open_camera,
        clock: Callable[[], float] = time.monotonic, wait: Callable[[float], object] | None = None,
    ) -> None:  # fmt: skip
        """Open the camera; `clock` and `wait` stand in for time in tests.

        Raises SceneError where it does not answer, EngineError where OpenCV is not installed.
        """
        self.name = public_address(address)
        self.ended_by = ""
        self.was_lost = False
        self.reconnects = 0
        # A read that does not keep to its own time limit, and tries after it.
        self.patience_s: float | None = give_up_s + 2 * TIMEOUT_S + LONGEST_PAUSE_S
        self._address, self._give_up_s, self._open = address, give_up_s, open_video
        self._stopped = threading.Event()
        self._clock, self._wait = clock, wait or self._stopped.wait
        self._video: Capture | None = open_video(address, TIMEOUT_S)

    def frames(self, first: int) -> Iterator[Frame]:
        """Give the frames, numbered from `first` as they are received."""
        forward, receive, number = ForwardClock(), ReceiveClock(), first
        last_s, pause_s, was_cut = self._clock(), FIRST_PAUSE_S, False
        while not self._stopped.is_set():
            pixels = None if self._video is None else self._video.read()
            if pixels is not None:
                last_s, pause_s = self._clock(), FIRST_PAUSE_S
                self.reconnects += was_cut
                was_cut = False
                yield Frame(
                    number=number,
                    key=FrameKey(source=self.name, size_bytes=None, mtime_ns=None),
                    time=forward.next(receive.now()),
                    received_s=time.monotonic(),
                    pose=NO_POSE,
                    pixels=pixels,
                )
                number += 1
                continue
            was_cut = True
            self._release()
            if self._clock() - last_s >= self._give_up_s:
                self.was_lost = True
                self.ended_by = f"no picture for {self._give_up_s:g} s"
                return
            self._wait(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            if not self._stopped.is_set():
                self._try_again()
        self.ended_by = "interrupt"

    def stop(self) -> None:
        """End with the frame in hand."""
        self._stopped.set()

    def close(self) -> None:
        """Let the camera go."""
        self._stopped.set()
        self._release()

    def _try_again(self) -> None:
        try:
            self._video = self._open(self._address, TIMEOUT_S)
        except SceneError:
            self._video = None

    def _release(self) -> None:
        if self._video is not None:
            self._video.close()
            self._video = None


def _pose_at(poses: PoseTable | None, taken: FrameTime, at_s: float) -> Pose:
    """Find the pose of a frame."""
    if poses is None:
        return NO_POSE
    return poses.at(at_s if poses.is_relative else taken.utc.timestamp())

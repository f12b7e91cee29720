import math
import os
import sys
from collections.abc import Iterable
from datetime import datetime, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders.frames import FakeCapture, colours, write_video

from edgers.errors import EngineError, SceneError
from edgers.scene import capture
from edgers.scene.capture import is_camera, open_video_file, public_address
from edgers.scene.frame import Frame
from edgers.scene.pose import Pose
from edgers.scene.pose_file import PoseTable
from edgers.scene.video import LONGEST_PAUSE_S, Camera, VideoFile

PICTURE = np.zeros((4, 6, 3), np.uint8)
NOON = datetime(2024, 5, 4, 12, tzinfo=timezone.utc)


def film(folder: Path, video: FakeCapture, **options: Any) -> VideoFile:
    path = folder / "film.mp4"
    path.write_bytes(b"x")
    return VideoFile(path, begin=NOON, open_video=lambda _: video, **options)


def seconds(frames: Iterable[Frame]) -> list[float]:
    return [round((frame.time.utc - NOON).total_seconds(), 6) for frame in frames]


def test_a_video_file_gives_its_pictures_and_times(tmp_path: Path) -> None:
    pictures = [np.full((48, 64, 3), (200, 100, 20 * i), np.uint8) for i in range(5)]
    path = write_video(tmp_path / "v_20240504T120000.avi", pictures, fps=4)
    with VideoFile(path) as source:
        frames = list(source.frames(100))
        assert source.ended_by == "end of file"
    assert [frame.number for frame in frames] == [0, 1, 2, 3, 4]
    assert seconds(frames) == [0, 0.25, 0.5, 0.75, 1.0]
    assert {frame.time.origin for frame in frames} == {"file name + stamp"}
    for frame, picture in zip(frames, pictures, strict=True):
        assert frame.pixels is not None
        # Blue first; JPEG is not exact.
        assert np.abs(frame.pixels[..., ::-1].astype(int) - picture).max() < 6


def test_a_video_cut_short_says_so(tmp_path: Path) -> None:
    with film(tmp_path, FakeCapture([PICTURE] * 3, count=10)) as source:
        assert len(list(source.frames(0))) == 3
    assert source.ended_by == "end of file after 3 of 10 frames"


@pytest.mark.parametrize("count", [0.0, -1.0, math.nan, math.inf, 2.0, 1e18])
def test_a_count_that_is_none_is_not_believed(tmp_path: Path, count: float) -> None:
    with film(tmp_path, FakeCapture([PICTURE] * 3, count=count)) as source:
        assert len(list(source.frames(0))) == 3
    assert source.ended_by == "end of file"


@pytest.mark.parametrize("fps", [0.0, -5.0, math.nan, math.inf, 1e4, 90_000.0])
def test_a_frame_rate_that_is_none_is_replaced_and_said(tmp_path: Path, fps: float) -> None:
    video = FakeCapture([PICTURE] * 3, fps=fps, stamps_s=[math.nan] * 3)
    with film(tmp_path, video) as source:
        frames = list(source.frames(0))
    assert seconds(frames) == [0, 0.04, 0.08]
    assert {frame.time.origin for frame in frames} == {"--start + 25 frames a second assumed"}


def test_stamps_that_go_on_are_believed_whatever_the_rate(tmp_path: Path) -> None:
    video = FakeCapture([PICTURE] * 3, fps=1e4, stamps_s=[0, 0.5, 2.0])
    with film(tmp_path, video) as source:
        assert seconds(source.frames(0)) == [0, 0.5, 2.0]


@pytest.mark.parametrize(
    ("stamps", "wanted"),
    [
        ([0, 0, 0, 0], [0, 0.1, 0.2, 0.3]),
        ([0, 0.1, 0.05, 0.3], [0, 0.1, 0.2, 0.3]),
        ([0, 0.1, math.nan, 0.5], [0, 0.1, 0.2, 0.5]),
        ([-7, 0.1, 1e9, 0.4], [0, 0.1, 0.2, 0.4]),
        ([math.inf, 0.1, 0.2, 0.3], [0, 0.1, 0.2, 0.3]),
        ([0.5, 0.6, 0.7, 0.8], [0.5, 0.6, 0.7, 0.8]),
    ],
)
def test_stamps_that_go_back_or_leap_are_replaced(
    tmp_path: Path, stamps: list[float], wanted: list[float]
) -> None:
    with film(tmp_path, FakeCapture([PICTURE] * 4, stamps_s=stamps)) as source:
        found = seconds(source.frames(0))
    assert found == pytest.approx(wanted)
    assert all(a < b for a, b in pairwise(found))


def test_the_time_of_a_video_is_that_of_its_file_at_last(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"x")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    with VideoFile(path, open_video=lambda _: FakeCapture([PICTURE])) as source:
        (frame,) = source.frames(0)
    assert frame.time.origin == "file date + stamp"
    assert frame.time.utc.timestamp() == 1_700_000_000


@pytest.mark.parametrize("is_relative", [True, False])
def test_a_table_of_poses_goes_by_seconds_or_time(tmp_path: Path, is_relative: bool) -> None:
    begin = 0.0 if is_relative else NOON.timestamp()
    table = PoseTable(
        times_s=(begin, begin + 1), poses=(Pose(lat_deg=1.0), Pose(lat_deg=2.0)),
        is_relative=is_relative,
    )  # fmt: skip
    with film(tmp_path, FakeCapture([PICTURE] * 12), poses=table) as source:
        found = [frame.pose.lat_deg for frame in source.frames(0)]
    assert found[:11] == pytest.approx([1 + i / 10 for i in range(11)])
    assert found[11] is None


def test_a_stop_ends_a_video(tmp_path: Path) -> None:
    video = FakeCapture([PICTURE] * 100)
    with film(tmp_path, video) as source:
        frames = source.frames(0)
        next(frames)
        source.stop()
        assert list(frames) == []
    assert source.ended_by == "interrupt"
    assert video.is_closed


class Cameras:
    """Answers to each try to open a camera: a capture, or None where it does not answer."""

    def __init__(self, *answers: FakeCapture | None) -> None:
        self.answers = list(answers)
        self.opened = 0

    def __call__(self, _address: str, _timeout_s: float) -> FakeCapture:
        self.opened += 1
        answer = self.answers.pop(0) if self.answers else None
        if answer is None:
            raise SceneError("no answer")
        return answer


class Clock:
    """Time that goes on in waits alone."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    def wait(self, pause_s: float) -> None:
        self.waits.append(pause_s)
        self.now_s += pause_s


def camera(cameras: Cameras, give_up_s: float = 100.0) -> tuple[Camera, Clock]:
    clock = Clock()
    return (
        Camera(
            "rtsp://user:secret@host/live", give_up_s=give_up_s, open_video=cameras, clock=clock,
            wait=clock.wait,
        ),
        clock,
    )  # fmt: skip


def test_a_camera_that_does_not_answer_at_first_is_refused() -> None:
    with pytest.raises(SceneError):
        camera(Cameras(None))


def test_a_camera_that_is_lost_is_found_again() -> None:
    first, second = FakeCapture([PICTURE] * 3), FakeCapture([PICTURE] * 2)
    cameras = Cameras(first, None, None, second)
    source, clock = camera(cameras)
    with source:
        frames = list(source.frames(5))
    assert [frame.number for frame in frames] == [5, 6, 7, 8, 9]
    assert source.reconnects == 1
    assert clock.waits[:4] == [0.5, 1.0, 2.0, 0.5]
    assert first.is_closed
    assert second.is_closed
    assert all(a.time.utc < b.time.utc for a, b in pairwise(frames))
    assert {frame.time.origin for frame in frames} == {"receive"}


def test_a_camera_that_stays_lost_is_given_up() -> None:
    source, clock = camera(Cameras(FakeCapture([PICTURE])), give_up_s=100)
    with source:
        assert len(list(source.frames(0))) == 1
    assert source.was_lost
    assert source.ended_by == "no picture for 100 s"
    assert 100 <= clock.now_s <= 100 + LONGEST_PAUSE_S
    assert max(clock.waits) == LONGEST_PAUSE_S
    assert all(b in (2 * a, LONGEST_PAUSE_S) for a, b in pairwise(clock.waits))


def test_a_camera_that_opens_and_gives_nothing_is_given_up() -> None:
    cameras = Cameras(*(FakeCapture([]) for _ in range(100)))
    source, clock = camera(cameras, give_up_s=50)
    with source:
        assert list(source.frames(0)) == []
    assert source.was_lost
    assert cameras.opened == len(clock.waits) + 1


def test_a_stop_ends_a_camera_that_is_lost() -> None:
    source, clock = camera(Cameras(FakeCapture([PICTURE])))
    wait = clock.wait

    def stop_in_wait(pause_s: float) -> None:
        wait(pause_s)
        source.stop()

    source._wait = stop_in_wait  # type: ignore[assignment]
    with source:
        assert len(list(source.frames(0))) == 1
    assert source.ended_by == "interrupt"
    assert not source.was_lost


def test_a_local_file_stands_for_a_camera(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.avi", [colours(48, 64, i) for i in range(4)])
    source = Camera(
        "rtsp://host/live", give_up_s=0, open_video=lambda *_: open_video_file(path),
        wait=lambda _: None,
    )  # fmt: skip
    with source:
        frames = list(source.frames(0))
    assert len(frames) == 4
    assert all(frame.pixels is not None and frame.pixels.shape == (48, 64, 3) for frame in frames)
    assert source.was_lost


def test_addresses_are_told_apart_and_shown_without_secrets() -> None:
    assert is_camera("RTSP://host/x")
    assert is_camera("rtsps://host/x")
    assert not is_camera("http://host/x")
    assert not is_camera("rtsp.avi")
    shown = public_address("rtsp://me:pass@10.0.0.2:554/live?token=abc#x")
    assert shown == "rtsp://10.0.0.2:554/live"
    assert "pass" not in public_address("rtsp://me:pass@host:port/live")
    assert camera(Cameras(FakeCapture([])))[0].name == "rtsp://host/live"


def test_without_opencv_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "v.avi"
    path.write_bytes(b"RIFF\0\0\0\0AVI LIST")
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(EngineError, match=r"edgers\[video\]"):
        open_video_file(path)


def test_options_of_ffmpeg_are_for_one_opening(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_video(tmp_path / "v.avi", [colours(48, 64)])
    monkeypatch.delenv(capture.ENVIRONMENT, raising=False)
    open_video_file(path).close()
    assert capture.ENVIRONMENT not in os.environ
    monkeypatch.setenv(capture.ENVIRONMENT, "mine;1")
    open_video_file(path).close()
    assert os.environ[capture.ENVIRONMENT] == "mine;1"

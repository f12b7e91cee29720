"""Frames as scenes, and folders of images as streams."""

import json
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest
from builders.frames import NADIR, SIDECAR, colours, write_image
from PIL.ExifTags import Base

from edgers.contract.model import Band, ModelInput
from edgers.errors import BandError, SceneError
from edgers.scene.frame import Frame, PixelScene
from edgers.scene.frame_folder import SETTLED_S, FrameFolder
from edgers.scene.pose_file import PoseTable

RGB = ModelInput(
    name="x", bands=tuple(Band(name=name) for name in ("red", "green", "blue")),
    shape=(-1, 3, -1, -1), dim_order=("batch", "channel", "height", "width"), data_type="float32",
)  # fmt: skip


def at(text: str) -> dict[int, str]:
    return {Base.DateTimeOriginal: text, Base.OffsetTimeOriginal: "+00:00"}


def names(folder: Path, **options: object) -> list[str]:
    given = {"follow": False, **options}
    with FrameFolder(folder, **given) as source:  # type: ignore[arg-type]
        return [frame.key.source for frame in source.frames(0)]


class Hand:
    """Time turned by hand: a wait does the next thing of a list, then time goes on."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        self._steps = list(steps)
        self.now_s = 0.0
        self.stop: Callable[[], None] = lambda: None

    def clock(self) -> float:
        return self.now_s

    def wait(self, seconds: float) -> None:
        if not self._steps:
            self.stop()
            return
        step = self._steps.pop(0)
        # A step may ask for a time to pass instead of a look.
        passed = step()
        self.now_s += passed if isinstance(passed, float) else seconds


def followed(folder: Path, *steps: Callable[[], object]) -> Iterator[Frame]:
    """Follow a folder while steps are taken, and stop after the last."""
    hand = Hand(*steps)
    with FrameFolder(folder, follow=True, clock=hand.clock, wait=hand.wait) as source:
        hand.stop = source.stop
        yield from source.frames(0)


def nothing() -> None:
    return


def settle() -> float:
    return SETTLED_S


def test_pixels_of_a_video_are_bands_by_colour() -> None:
    pixels = colours(20, 30)
    with PixelScene(np.ascontiguousarray(pixels[..., ::-1]), RGB, {}, "v") as scene:
        window = scene.read(3, 5, 10, 12)
        assert (scene.height_px, scene.width_px) == (20, 30)
    assert np.array_equal(window.samples, pixels[3:13, 5:17].transpose(2, 0, 1))
    assert not window.missing.any()
    assert not window.nodata.any()


def test_a_model_of_other_bands_does_not_fit_a_video() -> None:
    other = ModelInput(
        name="x", bands=(Band(name="nir"),), shape=(-1, 1, -1, -1),
        dim_order=("batch", "channel", "height", "width"), data_type="float32",
    )  # fmt: skip
    with pytest.raises(BandError):
        PixelScene(colours(4, 4), other, {}, "v")
    with PixelScene(colours(4, 4), other, {"nir": "green"}, "v") as scene:
        assert scene.bands[0].common_name == "green"


@pytest.mark.parametrize(
    "pixels",
    [
        None, np.zeros((0, 0, 3), np.uint8), np.zeros((4, 0, 3), np.uint8),
        np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3), np.uint16),
    ],
)  # fmt: skip
def test_pixels_that_are_no_picture_are_refused(pixels: np.ndarray | None) -> None:
    with pytest.raises(SceneError):
        PixelScene(pixels, RGB, {}, "v")


def test_images_come_in_the_order_of_their_times(tmp_path: Path) -> None:
    write_image(tmp_path / "a.jpg", exif=at("2024:05:04 12:00:02"))
    write_image(tmp_path / "b.jpg", exif=at("2024:05:04 12:00:01"))
    write_image(tmp_path / "c_20240504T120000.png")
    (tmp_path / "b.json").write_text(json.dumps({"time": "2024-05-04T12:00:03Z"}))
    assert names(tmp_path) == ["c_20240504T120000.png", "a.jpg", "b.jpg"]


def test_images_of_one_time_come_by_name_and_later_each(tmp_path: Path) -> None:
    for name in ("b.jpg", "a.jpg", "c.jpg"):
        write_image(tmp_path / name, exif=at("2024:05:04 12:00:00"))
    with FrameFolder(tmp_path, follow=False) as source:
        frames = list(source.frames(7))
        assert source.ended_by == "end of folder"
    assert [frame.key.source for frame in frames] == ["a.jpg", "b.jpg", "c.jpg"]
    assert [frame.number for frame in frames] == [7, 8, 9]
    assert [frame.time.utc.microsecond for frame in frames] == [0, 1, 2]
    assert [frame.time.stated is None for frame in frames] == [True, False, False]


def test_the_date_of_a_file_is_the_last_resort_and_said(tmp_path: Path) -> None:
    path = write_image(tmp_path / "a.jpg")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    with FrameFolder(tmp_path, follow=False) as source:
        (frame,) = source.frames(0)
    assert frame.time.origin == "file date"
    assert frame.time.utc == datetime.fromtimestamp(1_700_000_000, timezone.utc)


def test_what_is_no_image_is_left_alone(tmp_path: Path) -> None:
    write_image(tmp_path / "a.jpg")
    write_image(tmp_path / ".b.jpg")
    (tmp_path / "c.jpg.part").write_bytes((tmp_path / "a.jpg").read_bytes())
    (tmp_path / "d.txt").write_text("words")
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "inside").mkdir()
    write_image(tmp_path / "inside" / "e.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    assert names(tmp_path) == ["a.jpg"]


def test_a_folder_without_images_is_refused_unless_it_is_followed(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="holds no image"):
        FrameFolder(tmp_path, follow=False)
    FrameFolder(tmp_path, follow=True).close()
    with pytest.raises(SceneError):
        FrameFolder(tmp_path / "none", follow=True)


def test_a_file_beside_an_image_replaces_the_pose_in_its_tags(tmp_path: Path) -> None:
    write_image(tmp_path / "a.jpg", dji=NADIR)
    stated = {**SIDECAR, "lat": 48.0}
    del stated["focal_px"]
    (tmp_path / "a.json").write_text(json.dumps(stated))
    with FrameFolder(tmp_path, follow=False) as source:
        (frame,) = source.frames(0)
    assert (frame.pose.lat_deg, frame.pose.height_from) == (48.0, "stated")
    # The lens is the camera's own.
    assert frame.pose.focal_px == 100.0


def test_a_file_beside_an_image_that_cannot_be_read_leaves_no_pose(tmp_path: Path) -> None:
    write_image(tmp_path / "a.jpg", dji=NADIR)
    (tmp_path / "a.json").write_text("{")
    with FrameFolder(tmp_path, follow=False) as source:
        (frame,) = source.frames(0)
    assert frame.pose.lat_deg is None
    assert "no JSON" in frame.pose.why


def test_a_table_of_poses_goes_by_the_times_of_images(tmp_path: Path) -> None:
    write_image(tmp_path / "a_20240504T120000.jpg", dji=NADIR)
    table = PoseTable(times_s=(1.0, 2.0), poses=(), is_relative=False)
    with FrameFolder(tmp_path, follow=False, poses=table) as source:
        (frame,) = source.frames(0)
    assert frame.pose.lat_deg is None
    assert "table" in frame.pose.why


def test_an_image_that_appears_is_a_frame_when_it_has_stood_still(tmp_path: Path) -> None:
    made = write_image(tmp_path / ".made.jpg").read_bytes()
    path, half = tmp_path / "a.jpg", len(made) // 2
    looks: list[int] = []

    def look() -> float:
        looks.append(len(seen))
        return SETTLED_S

    def begin() -> None:
        path.write_bytes(made[:half])

    def end() -> None:
        with path.open("ab") as file:
            file.write(made[half:])

    seen: list[Frame] = []
    for frame in followed(tmp_path, begin, nothing, end, nothing, look, look):
        seen.append(frame)
    assert [frame.key.source for frame in seen] == ["a.jpg"]
    assert seen[0].key.size_bytes == len(made)
    assert not seen[0].is_backlog
    # None before the file has stood still.
    assert looks == [0, 1]


def test_a_file_that_grows_at_every_look_is_not_complete(tmp_path: Path) -> None:
    def grow() -> float:
        with (tmp_path / "a.jpg").open("ab") as file:
            file.write(b"\xff\xd8\xff")
        return SETTLED_S

    assert list(followed(tmp_path, *[grow] * 5)) == []


def test_an_image_renamed_into_place_is_a_frame(tmp_path: Path) -> None:
    write_image(tmp_path / "x.jpg").rename(tmp_path / "a.jpg.part")

    def rename() -> None:
        (tmp_path / "a.jpg.part").rename(tmp_path / "a.jpg")

    found = list(followed(tmp_path, settle, settle, rename, nothing, settle, settle))
    assert [frame.key.source for frame in found] == ["a.jpg"]


def test_an_image_written_anew_is_another_frame(tmp_path: Path) -> None:
    path = write_image(tmp_path / "latest.jpg")
    os.utime(path, (1_700_000_000, 1_700_000_000))

    def again() -> None:
        write_image(path, colours(48, 64, seed=2))

    found = list(followed(tmp_path, settle, settle, again, nothing, settle, settle))
    assert [frame.key.source for frame in found] == ["latest.jpg"] * 2
    assert [frame.is_backlog for frame in found] == [True, False]
    assert [frame.number for frame in found] == [0, 1]
    assert found[0].key != found[1].key
    assert found[0].time.utc < found[1].time.utc


def test_an_image_taken_away_and_put_back_is_another_frame(tmp_path: Path) -> None:
    path = write_image(tmp_path / "a.jpg")
    os.utime(path, (1_700_000_000, 1_700_000_000))

    def away() -> None:
        path.rename(tmp_path / ".kept")

    def back() -> None:
        (tmp_path / ".kept").rename(path)

    assert len(list(followed(tmp_path, away, nothing, back, nothing, settle, nothing))) == 2


def test_following_ends_when_nothing_comes(tmp_path: Path) -> None:
    hand = Hand(*[settle] * 100)
    with FrameFolder(tmp_path, follow=True, idle_s=3.0, clock=hand.clock, wait=hand.wait) as source:
        assert list(source.frames(0)) == []
        assert source.ended_by == "no image for 3 s"
    assert hand.now_s == pytest.approx(3.0)


def test_a_folder_that_goes_away_is_an_error_in_words(tmp_path: Path) -> None:
    folder = tmp_path / "f"
    folder.mkdir()
    with pytest.raises(SceneError, match="cannot be read"):
        list(followed(folder, folder.rmdir, nothing))

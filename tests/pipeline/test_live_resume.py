"""A stream that is run again, and what lies in its output folder."""

from pathlib import Path
from typing import Any

import pytest
from builders.frames import FakeCapture, write_image
from builders.live import NOON, PICTURE, Script, images, lines, live
from builders.networks import (
    unet,
)

from edgers.errors import OutputError, ResumeError
from edgers.scene.frame_folder import FrameFolder
from edgers.scene.video import VideoFile


def test_the_same_command_leaves_out_what_is_done(tmp_path: Path) -> None:
    folder = images(tmp_path / "in")
    for done, before in ((3, 0), (0, 3), (1, 3)):
        with FrameFolder(folder, follow=False) as source:
            report = live(tmp_path, source)
        assert (report.done, report.made_before) == (done, before)
        if before:
            write_image(folder / "q_20240504T110000.png")
    numbers = [line["frame"] for line in lines(tmp_path)]
    assert len(set(numbers)) == len(numbers)


def test_an_image_whose_product_is_gone_is_run_again(tmp_path: Path) -> None:
    folder = images(tmp_path / "in")
    with FrameFolder(folder, follow=False) as source:
        live(tmp_path, source)
    (tmp_path / "out" / lines(tmp_path)[1]["product"]).unlink()
    with FrameFolder(folder, follow=False) as source:
        report = live(tmp_path, source)
    assert (report.done, report.made_before) == (1, 2)
    assert lines(tmp_path)[-1]["key"]["source"] == "p1_20240504T120001.png"


def film(folder: Path, count: int) -> VideoFile:
    path = folder / "film.mp4"
    if not path.exists():
        path.write_bytes(b"x")
    return VideoFile(path, begin=NOON, open_video=lambda _: FakeCapture([PICTURE] * count))


@pytest.mark.parametrize("cut", [1, 10, 300, None])
def test_a_torn_line_is_cut_off_and_its_frame_run_again(tmp_path: Path, cut: int | None) -> None:
    with film(tmp_path, 4) as source:
        live(tmp_path, source)
    log = tmp_path / "out" / "frames.jsonl"
    whole = log.read_bytes()
    last = whole.splitlines(keepends=True)[-1]
    log.write_bytes(whole[: -len(last)] + last[: cut or len(last) - 1])
    with film(tmp_path, 6) as source:
        report = live(tmp_path, source)
    assert (report.done, report.made_before) == (3, 3)
    assert [line["frame"] for line in lines(tmp_path)] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("text", ["mine\n", "{}\n", '{"frames": 3}\n', "[1]\n", "\n"])
def test_a_file_that_is_no_log_is_not_overwritten(tmp_path: Path, text: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "frames.jsonl").write_text(text)
    with pytest.raises(OutputError, match="no log of frames"):
        live(tmp_path, Script(PICTURE))
    assert (out / "frames.jsonl").read_text() == text


def test_a_log_of_another_bundle_is_refused_and_begun_anew_when_asked(tmp_path: Path) -> None:
    live(tmp_path, Script(PICTURE))
    (tmp_path / "b.edgers").unlink()
    (tmp_path / "model").rename(tmp_path / "old")
    with pytest.raises(ResumeError, match="another bundle"):
        live(tmp_path, Script(PICTURE), net=unet)
    live(tmp_path, Script(PICTURE, PICTURE, is_live=False), restart=True)
    assert [line["frame"] for line in lines(tmp_path)] == [0, 1]


def test_another_video_of_the_same_name_is_refused(tmp_path: Path) -> None:
    with film(tmp_path, 2) as source:
        live(tmp_path, source)
    (tmp_path / "film.mp4").write_bytes(b"other")
    with film(tmp_path, 2) as source, pytest.raises(ResumeError, match="another video"):
        live(tmp_path, source)
    assert len(lines(tmp_path)) == 2


def test_two_runs_do_not_write_to_one_folder(tmp_path: Path) -> None:
    def second(_entry: Any) -> None:
        with pytest.raises(OutputError, match="another run"):
            live(tmp_path, Script(PICTURE))

    assert live(tmp_path, Script(PICTURE), on_frame=second).done == 1


def test_what_a_kill_left_unfinished_is_removed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / ".edgers-watch").mkdir(parents=True)
    (out / ".edgers-watch" / "frame_000009.tif").write_bytes(b"half")
    live(tmp_path, Script(PICTURE))
    assert sorted(path.name for path in out.iterdir()) == ["frame_000000.tif", "frames.jsonl"]


@pytest.mark.parametrize("kind", ["file", "product is a folder"])
def test_an_output_that_cannot_be_written_is_an_error_in_words(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "out"
    if kind == "file":
        out.write_text("mine")
    else:
        (out / "frame_000000.tif" / "x").mkdir(parents=True)
    with pytest.raises(OutputError):
        live(tmp_path, Script(PICTURE))
    if kind == "file":
        assert out.read_text() == "mine"
    else:
        assert [path.name for path in out.iterdir()] == ["frame_000000.tif"]

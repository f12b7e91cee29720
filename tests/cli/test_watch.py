import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

import pytest
from builders.bundles import make_bundle
from builders.frames import FakeCapture, colours, write_image, write_video
from builders.networks import band_net, plain_contract
from builders.refusals import edgers_within
from builders.runs import edgers

from edgers.cli import watch
from edgers.scene.video import Camera

DEADLINE_S = 30
LISTENING = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from edgers.cli.main import main
main()
"""
"""The command, also where the tests themselves run with interrupts turned off."""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundle"), plain_contract(), band_net)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "in"
    made.mkdir()
    for i in range(4):
        write_image(made / f"p_20240504T12000{i}.png", colours(48, 64, i))
    return made


def lines(out: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (out / "frames.jsonl").read_text().splitlines()]


def test_a_folder_is_run_and_told(bundle: Path, folder: Path, tmp_path: Path) -> None:
    done = edgers("watch", bundle, folder, "-o", tmp_path / "out")
    assert done.code == 0
    told = dict(line.split(maxsplit=1) for line in done.out.splitlines())
    assert told["stream"] == "in · ended by: end of folder"
    assert told["frames"] == "4 done · 0 dropped · 0 skipped · 0 failed"
    assert told["placed"] == "4 by none"
    assert told["log"] == str(tmp_path / "out" / "frames.jsonl")
    assert len(lines(tmp_path / "out")) == 4


def test_json_and_quiet(bundle: Path, folder: Path, tmp_path: Path) -> None:
    done = edgers("watch", bundle, folder, "-o", tmp_path / "out", "--json", "--every", 2)
    report = json.loads(done.out)
    assert (report["done"], report["skipped"]) == (2, 2)
    assert report["latency_max_ms"] >= report["latency_median_ms"] > 0
    done = edgers("watch", bundle, folder, "-o", tmp_path / "out", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert len(lines(tmp_path / "out")) == 4


def test_a_run_is_begun_anew_when_asked(bundle: Path, folder: Path, tmp_path: Path) -> None:
    for _ in range(2):
        edgers("watch", bundle, folder, "-o", tmp_path / "out")
    assert len(lines(tmp_path / "out")) == 4
    edgers("watch", bundle, folder, "-o", tmp_path / "out", "--restart", "--max-fps", 0.5)
    assert [line["frame"] for line in lines(tmp_path / "out")] == [0, 2]


def test_a_video_begins_when_told(bundle: Path, tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.avi", [colours(48, 64, i) for i in range(3)])
    done = edgers(
        "watch", bundle, path, "-o", tmp_path / "out", "--start", "2024-05-04T12:00:00Z",
        "--tile", "25", "--drop", "oldest", "--queue", "50",
    )  # fmt: skip
    assert done.code == 0
    found = lines(tmp_path / "out")
    assert [line["time"] for line in found] == [f"2024-05-04T12:00:00.{i}00000Z" for i in range(3)]
    assert found[0]["time_from"] == "--start + stamp"
    assert (tmp_path / "out" / "v_000002.tif").is_file()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--start", "noon"], "is no time"),
        (["--start", "2024-05-04T12:00:00Z"], "--start needs a video file"),
        (["--idle", "3"], "--idle needs --follow"),
        (["--max-fps", "0"], "is no rate"),
        (["--max-fps", "nan"], "is no rate"),
        (["--max-fps", "-1"], "is no rate"),
        (["--max-fps", "inf"], "is no rate"),
        (["--map", "B02"], "is not of the form"),
        (["--map", "B02=nir"], "no band that fits 'nir'"),
        (["--poses", "none.csv"], "cannot be read"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    bundle: Path, folder: Path, tmp_path: Path, options: list[str], text: str
) -> None:
    done = edgers("watch", bundle, folder, "-o", tmp_path / "out", *options)
    assert done.code == 2
    assert text in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("source", "options", "text"),
    [
        ("rtsp://me:secret@host/x", ["--drop", "none"], "does not fit a camera"),
        ("rtsp://me:secret@host/x", ["--poses", "p.csv"], "does not fit a camera"),
        ("rtsp://me:secret@host/x", ["--follow"], "--follow needs a folder"),
        ("http://me:secret@host/x", [], "no source of frames"),
        ("none.avi", ["--follow"], "--follow needs a folder"),
    ],
)
def test_sources_that_do_not_fit_are_refused(
    bundle: Path, tmp_path: Path, source: str, options: list[str], text: str
) -> None:
    done = edgers("watch", bundle, source, "-o", tmp_path / "out", *options)
    assert done.code == 2
    assert text in done.err
    assert "secret" not in done.err
    assert not (tmp_path / "out").exists()


def test_a_table_by_seconds_is_refused_for_images(
    bundle: Path, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "p.csv").write_text("seconds,lat\n0,1\n")
    done = edgers("watch", bundle, folder, "-o", tmp_path / "out", "--poses", tmp_path / "p.csv")
    assert done.code == 2
    assert "column 'time'" in done.err


def test_a_camera_that_is_lost_ends_with_an_error_after_its_report(
    bundle: Path, tmp_path: Path
) -> None:
    def opened(address: str, *, give_up_s: float) -> Camera:
        video = FakeCapture([colours(48, 64, i) for i in range(3)])
        return Camera(
            address, give_up_s=0, open_video=lambda *_: video, wait=lambda _: None
        )  # fmt: skip

    with mock.patch.object(watch, "Camera", opened):
        done = edgers(
            "watch", bundle, "rtsp://me:secret@host/live", "-o", tmp_path / "out", "--queue", 10
        )
    assert done.code == 1
    assert "3 done" in done.out
    assert "rtsp://host/live was lost" in done.err
    assert "secret" not in done.out + done.err + (tmp_path / "out" / "frames.jsonl").read_text()
    assert (tmp_path / "out" / "frame_000000.tif").is_file()


def test_a_camera_that_does_not_answer_is_refused(bundle: Path, tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    address = "rtsp://me:secret@127.0.0.1:9/live"
    done = edgers_within(DEADLINE_S, "watch", bundle, address, "-o", tmp_path / "out")
    assert done.code == 2
    assert "camera rtsp://127.0.0.1:9/live cannot be opened" in done.err
    assert "secret" not in done.out + done.err
    assert not (tmp_path / "out").exists()


def started(bundle: Path, source: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    """Start a watch and wait until it has a frame."""
    process = subprocess.Popen(
        [sys.executable, "-c", LISTENING, "watch", bundle, source, "-o", out, *more],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_for(process, lambda: (out / "frames.jsonl").exists() and len(lines(out)) > 0)
    return process


def wait_for(process: subprocess.Popen[str], is_so: object) -> None:
    end = time.monotonic() + DEADLINE_S
    while not is_so():  # type: ignore[operator]
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        os.sched_yield()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_followed_folder_is_run_until_a_signal(
    bundle: Path, folder: Path, tmp_path: Path, number: signal.Signals
) -> None:
    out = tmp_path / "out"
    old = time.time() - 60
    for path in folder.iterdir():
        os.utime(path, (old, old))
    with started(bundle, folder, out, "--follow") as process:
        write_image(folder / ".new.png", colours(48, 64, 9)).rename(folder / "new.png")
        wait_for(process, lambda: lines(out)[-1]["key"]["source"] == "new.png")  # type: ignore[index]
        process.send_signal(number)
        told, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0, err
    assert "ended by: interrupt" in told
    assert "5 done" in told
    assert "Traceback" not in err


def test_a_signal_in_a_folder_says_that_the_command_goes_on(bundle: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    first = write_image(folder / "p0.png", colours(512, 512))
    for i in range(1, 400):
        shutil.copy(first, folder / f"p{i}.png")
    with started(bundle, folder, out) as process:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 130, err
    assert "goes on from here" in err
    assert "Traceback" not in err
    found = lines(out)
    assert 0 < len(found) < 400
    assert {path.name for path in out.glob("*.tif")} == {line["product"] for line in found}
    assert not list(out.glob(".*"))


def test_a_kill_leaves_nothing_that_the_next_run_cannot_take_up(
    bundle: Path, tmp_path: Path
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for i in range(60):
        write_image(folder / f"p{i}.png", colours(128, 128, i))
    for _ in range(2):
        with started(bundle, folder, out) as process:
            process.kill()
            process.communicate(timeout=DEADLINE_S)
        if process.returncode == 0:
            break
    done = edgers("watch", bundle, folder, "-o", out, "--json")
    assert done.code == 0
    report = json.loads(done.out)
    assert report["done"] + report["made_before"] == 60
    found = [line for line in lines(out) if line["status"] == "done"]
    assert {line["key"]["source"] for line in found} == {f"p{i}.png" for i in range(60)}  # type: ignore[index]
    assert not list(out.glob(".*"))

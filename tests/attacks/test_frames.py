"""Frames that nobody vouches for: damaged images, hostile tags, playlists that say they are video.

None of it may end in a traceback, a file that is not a frame's, or a confident wrong place.
"""

import json
import random
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders.bundles import make_bundle
from builders.frames import NADIR, SIDECAR, XMP, colours, dms, write_image, write_video
from builders.networks import band_net, plain_contract
from builders.refusals import edgers_within, is_refusal
from builders.runs import Outcome, edgers
from PIL.ExifTags import GPS
from PIL.TiffImagePlugin import IFDRational

from edgers.errors import SceneError
from edgers.scene.camera_pose import pose_from_tags
from edgers.scene.camera_tags import read_camera_tags, time_from_tags
from edgers.scene.camera_xmp import dji_from_xmp
from edgers.scene.capture import open_video_file
from edgers.scene.png_whole import check_png
from edgers.scene.pose import fix_from_pose

DEADLINE_S = 60


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundle"), plain_contract(), band_net)


def watched(bundle: Path, folder: Path, out: Path, *more: object) -> tuple[Outcome, list[Any]]:
    done = edgers("watch", bundle, folder, "-o", out, *more)
    log = out / "frames.jsonl"
    lines = log.read_text().splitlines() if log.exists() else []
    return done, [json.loads(line) for line in lines]


def pictures(folder: Path, ending: str) -> tuple[Path, bytes]:
    """Put a good image and one to be spoiled into a folder; give the latter and its bytes."""
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    write_image(folder / "a_20240504T120000.png", noise)
    path = write_image(folder / f"b_20240504T120001{ending}", noise, dji=NADIR)
    return path, path.read_bytes()


@pytest.mark.parametrize("ending", [".png", ".jpg"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9, 0.99, -12, -1])
def test_an_image_that_is_cut_off_is_noted(
    bundle: Path, tmp_path: Path, ending: str, share: float
) -> None:
    path, whole = pictures(tmp_path / "in", ending)
    path.write_bytes(whole[: int(share * len(whole)) if share > 0 else int(share)])
    done, lines = watched(bundle, tmp_path / "in", tmp_path / "out")
    assert done.code == 0
    assert [line["status"] for line in lines] == ["done", "failed"]
    assert path.name in lines[1]["error"]
    assert sorted(one.name for one in (tmp_path / "out").glob("*.tif")) == [lines[0]["product"]]


def test_a_png_is_whole_or_refused_wherever_a_byte_is_altered(tmp_path: Path) -> None:
    path = write_image(tmp_path / "a.png", colours(24, 24))
    whole = path.read_bytes()
    check_png(path)
    for position in range(8, len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        with pytest.raises(SceneError):
            check_png(path)


def test_a_png_that_states_an_absurd_size_ends_in_time(bundle: Path, tmp_path: Path) -> None:
    path, whole = pictures(tmp_path / "in", ".png")
    header = b"IHDR" + (10**6).to_bytes(4, "big") * 2 + whole[24:29]
    path.write_bytes(
        whole[:12] + header + zlib.crc32(header).to_bytes(4, "big") + whole[33:]
    )  # fmt: skip
    done = edgers_within(DEADLINE_S, "watch", bundle, tmp_path / "in", "-o", tmp_path / "out")
    assert done.code == 0, done.err
    text = (tmp_path / "out" / "frames.jsonl").read_text()
    assert "too large" in text or "impossible size" in text


# rasterio's own log stumbles over words of GDAL's that are no text.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_altered_images_never_end_in_a_traceback(bundle: Path, tmp_path: Path) -> None:
    path, whole = pictures(tmp_path / "in", ".jpg")
    rng = random.Random(0)
    for number in range(40):
        data = bytearray(whole)
        for _ in range(rng.choice((1, 5, 50))):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(bytes(data))
        done, lines = watched(bundle, tmp_path / "in", tmp_path / f"out{number}")
        assert done.code == 0, done
        assert len(lines) == 2 or (len(lines) == 1 and data[:3] != whole[:3])


def test_altered_tags_never_raise_nor_move_the_place_off_the_earth(tmp_path: Path) -> None:
    gps = {
        GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: dms(47.0), GPS.GPSLongitudeRef: "E",
        GPS.GPSLongitude: dms(8.0), GPS.GPSImgDirection: IFDRational(10),
        GPS.GPSImgDirectionRef: "T", GPS.GPSDateStamp: "2024:05:04",
        GPS.GPSTimeStamp: (IFDRational(1), IFDRational(2), IFDRational(3)),
    }  # fmt: skip
    path = write_image(tmp_path / "a.jpg", gps=gps, dji=NADIR)
    whole = path.read_bytes()
    end = whole.index(b"\xff\xdb")
    rng = random.Random(1)
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(rng.choice((1, 3, 20))):
            data[rng.randrange(2, end)] = rng.randrange(256)
        path.write_bytes(bytes(data))
        tags = read_camera_tags(path)
        time_from_tags(tags)
        fix = fix_from_pose(pose_from_tags(tags), 48, 64)
        if fix.geo != "none":
            assert abs(fix.lat_deg or 0) <= 90
            assert abs(fix.lon_deg or 0) <= 180


BOMB = b"""<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
]><r xmlns:d="http://www.dji.com/drone-dji/1.0/" d:RelativeAltitude="100"><x>&c;</x></r>"""


@pytest.mark.parametrize(
    "data",
    [
        BOMB, BOMB.replace(b"&c;", b""),
        b'<!DOCTYPE r SYSTEM "file:///etc/passwd"><r xmlns:d="http://www.dji.com/drone-dji/1.0/"'
        b' d:RelativeAltitude="1"/>',
        b"<r", b"", b"\0" * 100, b"\xff\xfe<\0r\0", b"<a>" * 5_000, b" " * 2_000_000,
        b'<r xmlns:d="http://www.dji.com/drone-dji/1.0/" d:RelativeAltitude="1">' + b"x" * 10**6,
    ],
)  # fmt: skip
def test_xmp_that_is_not_plain_gives_no_tags(data: bytes) -> None:
    assert dji_from_xmp(data) == {}


def test_an_entity_bomb_in_an_image_gives_no_pose(tmp_path: Path) -> None:
    gps = {
        GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: dms(47.0), GPS.GPSLongitudeRef: "E",
        GPS.GPSLongitude: dms(8.0),
    }  # fmt: skip
    path = write_image(tmp_path / "a.jpg", gps=gps, xmp=BOMB)
    assert fix_from_pose(pose_from_tags(read_camera_tags(path)), 48, 64).geo == "position"


def test_an_xmp_value_without_end_is_cut() -> None:
    text = XMP.format(tags=f'drone-dji:RelativeAltitude="{"1" * 100_000}"')
    assert len(dji_from_xmp(text.encode())["RelativeAltitude"]) == 200


@pytest.mark.parametrize(
    "tags",
    [
        {"GpsLatitude": "0", "GpsLongitude": "0"}, {"GpsLatitude": "400"},
        {"GpsLatitude": "nan"}, {"GpsLongitude": "inf"}, {"GpsLatitude": "1e999"},
        {"GpsLatitude": "47,0"}, {"GpsLatitude": ""},
    ],
)  # fmt: skip
def test_a_drone_that_states_nonsense_is_nowhere(
    bundle: Path, tmp_path: Path, tags: dict[str, str]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write_image(folder / "a.jpg", dji={**NADIR, **tags})
    _, (line,) = watched(bundle, folder, tmp_path / "out")
    assert line["geo"] == "none"
    assert (line["footprint"], line["gsd_m"], "lat" in line) == (None, None, False)


@pytest.mark.parametrize(
    "tags",
    [
        {"RelativeAltitude": "nan"}, {"RelativeAltitude": "-3"}, {"RelativeAltitude": "0"},
        {"RelativeAltitude": "100000"}, {"GimbalPitchDegree": "0"}, {"GimbalPitchDegree": ""},
        {"GimbalYawDegree": "north"}, {"GimbalRollDegree": "1e9"}, {"CalibratedFocalLength": "3"},
        {"CalibratedFocalLength": "-100"},
    ],
)  # fmt: skip
def test_a_drone_of_a_doubtful_pose_has_a_position_alone(
    bundle: Path, tmp_path: Path, tags: dict[str, str]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write_image(folder / "a.jpg", dji={**NADIR, **tags})
    _, (line,) = watched(bundle, folder, tmp_path / "out")
    assert (line["geo"], line["lat"], line["lon"]) == ("position", 47.0, 8.0)
    assert (line["footprint"], line["gsd_m"]) == (None, None)
    assert line["geo_why"]


@pytest.mark.parametrize("beside", ["{", "[]", '{"lat": "x"}', "9" * 5000, '{"Lat": 1}'])
def test_a_pose_file_that_cannot_be_read_leaves_the_frame_nowhere(
    bundle: Path, tmp_path: Path, beside: str
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write_image(folder / "a.jpg", dji=NADIR)
    (folder / "a.json").write_text(beside)
    done, (line,) = watched(bundle, folder, tmp_path / "out")
    assert done.code == 0
    assert (line["geo"], line["status"]) == ("none", "done")


def test_a_pose_file_that_is_a_folder_or_too_large_leaves_the_frame_nowhere(
    bundle: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write_image(folder / "a.jpg", dji=NADIR)
    (folder / "a.json").mkdir()
    write_image(folder / "b.jpg", dji=NADIR)
    (folder / "b.json").write_text(json.dumps(SIDECAR) + " " * 200_000)
    _, lines = watched(bundle, folder, tmp_path / "out")
    assert [line["geo"] for line in lines] == ["none", "none"]


VIDEOS = {
    "playlist": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
    "concat": b"ffconcat version 1.0\nfile '/etc/passwd'\n",
    "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
    "text": b"hello",
    "empty": b"",
    "zeros": b"\0" * 4096,
    "image": b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
    "avi without pictures": b"RIFF\x10\0\0\0AVI LIST" + b"\0" * 200,
    "mp4 without pictures": b"\0\0\0\x18ftypisom" + b"\0" * 200,
    "matroska without pictures": b"\x1a\x45\xdf\xa3" + b"\xff" * 200,
}


@pytest.mark.parametrize("kind", VIDEOS)
@pytest.mark.parametrize("ending", [".avi", ".mp4", ".m3u8", ".sdp", "%02d.jpg"])
def test_what_is_no_video_is_refused(bundle: Path, tmp_path: Path, kind: str, ending: str) -> None:
    pytest.importorskip("cv2")
    path = tmp_path / f"v{ending}"
    path.write_bytes(VIDEOS[kind])
    done = edgers("watch", bundle, path, "-o", tmp_path / "out")
    assert is_refusal(done), done
    assert not (tmp_path / "out").exists()
    if "without" not in kind:
        # Told by its beginning, before anything else looks at it.
        assert "first bytes" in done.err or "empty" in done.err


def test_a_name_that_stands_for_other_files_leads_to_none(tmp_path: Path) -> None:
    write_video(tmp_path / "w.avi", [colours(48, 64)])
    write_image(tmp_path / "v01.jpg")
    path = tmp_path / "v%02d.jpg"
    path.write_bytes(VIDEOS["avi without pictures"])
    with pytest.raises(SceneError):
        open_video_file(path)


@pytest.mark.parametrize(
    "source",
    ["http://127.0.0.1:9/v.mp4", "udp://127.0.0.1:9", "file:///etc/passwd", "concat:a|b", "",
     "/dev/video0", "/dev/zero", "rtmp://user:secret@host/x", "none.avi", "v\0.avi"],
)  # fmt: skip
def test_what_is_no_file_is_refused(bundle: Path, tmp_path: Path, source: str) -> None:
    done = edgers("watch", bundle, source, "-o", tmp_path / "out")
    assert is_refusal(done), done
    assert "secret" not in done.err
    assert not (tmp_path / "out").exists()


def test_a_video_that_is_cut_or_altered_ends_cleanly(bundle: Path, tmp_path: Path) -> None:
    whole = write_video(tmp_path / "w.avi", [colours(48, 64, i) for i in range(8)]).read_bytes()
    rng = random.Random(2)
    path = tmp_path / "v.avi"
    for number in range(20):
        data = bytearray(whole[: rng.randrange(len(whole) // 3, len(whole))])
        for _ in range(rng.choice((0, 1, 30))):
            data[rng.randrange(12, len(data))] = rng.randrange(256)
        path.write_bytes(bytes(data))
        done, lines = watched(bundle, path, tmp_path / f"out{number}")
        assert done.code in (0, 2), done
        assert "Traceback" not in done.err
        times = [line["time"] for line in lines]
        assert times == sorted(set(times))


def test_a_video_is_opened_as_a_file_whatever_its_name(tmp_path: Path) -> None:
    made = write_video(tmp_path / "v.avi", [colours(48, 64)] * 2)
    for name in ("rtsp:x.avi", "img_%03d.avi", "a|b.avi", "concat:x.avi"):
        path = tmp_path / name
        made.rename(path)
        with open_video_file(path) as video:
            assert video.read() is not None, name
        made = path

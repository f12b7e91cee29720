import json
from pathlib import Path
from typing import Any

import pytest
from builders.frames import SIDECAR

from edgers.errors import SceneError
from edgers.scene.pose_file import PoseTable, read_pose_file, read_pose_table

NAMES = ("lat", "lon", "height_above_ground_m", "yaw_deg", "pitch_deg", "roll_deg", "hfov_deg")


def written(folder: Path, document: Any) -> Path:
    path = folder / "a.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def table(folder: Path, *rows: str, clock: str = "seconds", names: tuple[str, ...] = NAMES) -> Path:
    path = folder / "poses.csv"
    path.write_text("\n".join([",".join((clock, *names)), *rows]) + "\n")
    return path


def read(folder: Path, *rows: str) -> PoseTable:
    return read_pose_table(table(folder, *rows))


def test_a_file_beside_an_image_is_read(tmp_path: Path) -> None:
    time, pose = read_pose_file(
        written(tmp_path, {**SIDECAR, "time": "2024-05-04T12:00:00.5+02:00"})
    )
    assert time is not None
    assert time.utc.isoformat() == "2024-05-04T10:00:00.500000+00:00"
    assert (pose.lat_deg, pose.height_m, pose.pitch_deg, pose.focal_px) == (47, 100, -90, 100)
    assert pose.height_from == "stated"


@pytest.mark.parametrize(
    "document",
    [
        "", "[]", "{", "1", "null", "\x00", "[" * 100_000,
        {**SIDECAR, "height": 100}, {**SIDECAR, "lat": "47"}, {**SIDECAR, "lat": True},
        {**SIDECAR, "lat": [47]}, {**SIDECAR, "hfov_deg": 60},
        {**SIDECAR, "time": "2024-05-04T12:00:00"}, {**SIDECAR, "time": 0},
        {**SIDECAR, "time": "1970-01-01T00:00:00Z"},
        '{"lat": NaN}', '{"lat": 1e999}', '{"lat": ' + "9" * 400 + "}",
    ],
)  # fmt: skip
def test_a_file_that_is_not_clear_is_refused(tmp_path: Path, document: Any) -> None:
    with pytest.raises(SceneError):
        read_pose_file(written(tmp_path, document))


def test_fields_may_be_left_out(tmp_path: Path) -> None:
    time, pose = read_pose_file(written(tmp_path, {"lat": 1, "lon": None}))
    assert time is None
    assert (pose.lat_deg, pose.lon_deg, pose.height_m) == (1.0, None, None)


def test_between_two_rows_a_pose_is_between(tmp_path: Path) -> None:
    poses = read(tmp_path, "1.0,10,20,100,350,-90,0,60", "1.5,11,22,120,10,-88,2,60")
    pose = poses.at(1.125)
    assert pose.lat_deg == pytest.approx(10.25)
    assert pose.lon_deg == pytest.approx(20.5)
    assert pose.height_m == pytest.approx(105)
    # The short way from 350° to 10°.
    assert (pose.yaw_deg or 0) % 360 == pytest.approx(355)
    assert pose.pitch_deg == pytest.approx(-89.5)
    assert poses.at(1.5).lat_deg == 11


def test_a_longitude_goes_across_the_date_line(tmp_path: Path) -> None:
    poses = read(tmp_path, "0,10,179.9,1,0,-90,0,60", "1,10,-179.9,1,0,-90,0,60")
    assert abs(poses.at(0.5).lon_deg or 0) == pytest.approx(180)
    assert poses.at(0.75).lon_deg == pytest.approx(-179.95)


@pytest.mark.parametrize("time_s", [-1.0, 0.99, 3.1, 1e9, 1.6, float("nan")])
def test_a_stale_pose_is_refused(tmp_path: Path, time_s: float) -> None:
    poses = read(
        tmp_path, "1,10,20,1,0,-90,0,60", "1.5,10,20,1,0,-90,0,60", "3.0,10,20,1,0,-90,0,60"
    )
    pose = poses.at(time_s)
    assert pose.lat_deg is None
    assert pose.why


def test_a_pose_between_two_that_turn_is_refused(tmp_path: Path) -> None:
    poses = read(tmp_path, "1,10,20,1,0,-90,0,60", "1.5,10,20,1,90,-90,0,60")
    assert "yaw" in poses.at(1.2).why


def test_an_empty_field_is_lacking_on_both_sides(tmp_path: Path) -> None:
    poses = read(tmp_path, "1,10,20,,0,-90,0,60", "1.5,10,20,5,0,-90,0,60")
    assert poses.at(1.2).height_m is None
    assert poses.at(1.2).lat_deg == 10
    assert poses.at(1.5).height_m == 5


def test_times_of_day(tmp_path: Path) -> None:
    path = table(tmp_path, "2024-05-04T10:00:00Z,1", "2024-05-04T10:00:00.5Z,2", clock="time",
                 names=("lat",))  # fmt: skip
    poses = read_pose_table(path)
    assert not poses.is_relative
    assert poses.at(1714816800.25).lat_deg == pytest.approx(1.5)


@pytest.mark.parametrize(
    "text",
    [
        "", "lat\n1\n", "time,seconds,lat\n", "seconds,lat\n", "seconds,lat,lat\n1,2,3\n",
        "seconds,high\n1,2\n", "seconds,lat\n1\n", "seconds,lat\n1,2\n1,2\n",
        "seconds,lat\n2,2\n1,2\n", "seconds,lat\nnan,1\n", "seconds,lat\n1,nan\n",
        "seconds,lat\n-1,1\n", "seconds,lat\n1,x\n", "time,lat\n2024-05-04T10:00:00,1\n",
        'seconds,lat\n1,"2\n', "seconds,focal_px,hfov_deg\n1,2,3\n",
    ],
)  # fmt: skip
def test_a_table_that_is_not_clear_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.csv"
    path.write_text(text)
    with pytest.raises(SceneError):
        read_pose_table(path)


def test_a_table_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(b"\xff\xfe\x00seconds")
    with pytest.raises(SceneError):
        read_pose_table(path)

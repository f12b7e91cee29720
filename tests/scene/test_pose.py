import math
from dataclasses import replace

import pytest

from edgers.scene.pose import Pose, fix_from_pose

POSE = Pose(
    lat_deg=47.0, lon_deg=8.0, height_m=100.0, yaw_deg=10.0, pitch_deg=-90.0, roll_deg=0.0,
    focal_px=500.0,
)  # fmt: skip


def geo(**fields: float | None) -> str:
    return fix_from_pose(replace(POSE, **fields), 300, 400).geo  # type: ignore[arg-type]


def test_a_full_pose_places_the_frame() -> None:
    fix = fix_from_pose(POSE, 300, 400)
    assert fix.geo == "pose"
    assert fix.why == ""
    assert fix.view is not None
    assert fix.view.gsd_m == pytest.approx(0.2)


def test_a_field_of_view_stands_for_the_focal_length() -> None:
    fov = math.degrees(2 * math.atan(200 / 500))
    fix = fix_from_pose(replace(POSE, focal_px=None, hfov_deg=fov), 300, 400)
    assert fix.view is not None
    assert fix.view.focal_px == pytest.approx(500)


@pytest.mark.parametrize(
    ("lat", "lon"),
    [
        (400.0, 8.0), (47.0, 181.0), (-90.1, 8.0), (math.nan, 8.0), (47.0, math.inf),
        (0.0, 0.0), (0.0005, -0.0005), (None, 8.0), (47.0, None), (470_000_000.0, 80_000_000.0),
    ],
)  # fmt: skip
def test_a_position_that_cannot_be_true_is_none(lat: float | None, lon: float | None) -> None:
    fix = fix_from_pose(replace(POSE, lat_deg=lat, lon_deg=lon), 300, 400)
    assert fix.geo == "none"
    assert fix.why
    assert (fix.lat_deg, fix.lon_deg, fix.view) == (None, None, None)


@pytest.mark.parametrize("position", [(0.0, 8.0), (47.0, 0.0), (-33.0, -70.0), (0.002, 0.0)])
def test_a_position_on_the_equator_or_the_meridian_is_one(position: tuple[float, float]) -> None:
    assert geo(lat_deg=position[0], lon_deg=position[1]) == "pose"


@pytest.mark.parametrize("field", ["height_m", "yaw_deg", "pitch_deg", "roll_deg", "focal_px"])
def test_without_one_of_its_parts_a_pose_is_a_position(field: str) -> None:
    fix = fix_from_pose(replace(POSE, **{field: None}), 300, 400)  # type: ignore[arg-type]
    assert fix.geo == "position"
    assert field.split("_")[0] in fix.why
    assert (fix.lat_deg, fix.lon_deg, fix.view) == (47.0, 8.0, None)


@pytest.mark.parametrize("height", [0.0, -20.0, math.nan, math.inf, 100_000.0])
def test_a_height_that_cannot_be_true_gives_no_footprint(height: float) -> None:
    assert geo(height_m=height) == "position"


@pytest.mark.parametrize("field", ["yaw_deg", "pitch_deg", "roll_deg"])
@pytest.mark.parametrize("angle", [math.nan, math.inf, 1e9])
def test_an_angle_that_is_none_gives_no_footprint(field: str, angle: float) -> None:
    assert geo(**{field: angle}) == "position"


@pytest.mark.parametrize("focal", [0.0, -500.0, math.nan, 8.8, 8_800_000.0])
def test_a_focal_length_in_another_unit_gives_no_footprint(focal: float) -> None:
    assert geo(focal_px=focal) == "position"


@pytest.mark.parametrize("fov", [0.0, 180.0, -60.0, math.nan, 1.2, 175.0])
def test_a_field_of_view_that_cannot_be_gives_no_footprint(fov: float) -> None:
    assert geo(focal_px=None, hfov_deg=fov) == "position"


@pytest.mark.parametrize(("pitch", "found"), [(-75.1, "pose"), (-74.9, "position"),
                                              (-104.9, "pose"), (-105.1, "position"),
                                              (0.0, "position"), (90.0, "position"),
                                              (-45.0, "position")])  # fmt: skip
def test_a_camera_that_leans_too_far_has_no_footprint(pitch: float, found: str) -> None:
    assert geo(pitch_deg=pitch) == found


def test_a_wide_lens_that_leans_has_no_footprint() -> None:
    # Its far corner looks more than 70° off the vertical.
    assert geo(focal_px=100.0, pitch_deg=-78.0) == "position"
    assert geo(focal_px=150.0, pitch_deg=-90.0) == "pose"


def test_a_reason_to_doubt_the_pose_leaves_the_position() -> None:
    fix = fix_from_pose(replace(POSE, why="the picture was zoomed"), 300, 400)
    assert (fix.geo, fix.why) == ("position", "the picture was zoomed")

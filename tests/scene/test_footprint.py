import math

import numpy as np
import pytest

from edgers.scene.footprint import View
from edgers.scene.geometry import gsd_m, row_areas_m2

LAT, LON = 47.0, 8.0
E2 = 0.00669437999014
"""Squared eccentricity of WGS 84 (NGA.STND.0036)."""


def view(**fields: float) -> View:
    given = {
        "height_px": 300, "width_px": 400, "focal_px": 500.0, "height_m": 100.0, "lat_deg": LAT,
        "lon_deg": LON, "yaw_deg": 0.0, "pitch_deg": -90.0, "roll_deg": 0.0, **fields,
    }  # fmt: skip
    return View(**given)  # type: ignore[arg-type]


def metres(one: View, columns: object, rows: object) -> tuple[np.ndarray, np.ndarray]:
    """Give east and north of the camera, m, of points of a frame, by the radii of curvature."""
    lon, lat = one.lonlat(np.asarray(columns, float), np.asarray(rows, float))
    phi = math.radians(one.lat_deg)
    w = math.sqrt(1 - E2 * math.sin(phi) ** 2)
    meridian, normal = 6_378_137 * (1 - E2) / w**3, 6_378_137 / w
    along = (np.asarray(lon) - one.lon_deg + 180) % 360 - 180
    return (
        np.radians(along) * normal * math.cos(phi),
        np.radians(lat - one.lat_deg) * meridian,
    )


def test_a_frame_seen_from_above_lies_on_the_known_grid() -> None:
    one = view()
    gsd = 100 / 500
    columns, rows = np.meshgrid(np.linspace(0, 400, 9), np.linspace(0, 300, 7))
    east, north = metres(one, columns, rows)
    # North is up and east is right; a mirrored or swapped axis is off by up to 80 m.
    assert np.abs(east - (columns - 200) * gsd).max() < 0.01 * gsd
    assert np.abs(north - (150 - rows) * gsd).max() < 0.01 * gsd
    assert one.gsd_m == pytest.approx(gsd)


@pytest.mark.parametrize(
    ("yaw", "top"), [(0, (0, 1)), (90, (1, 0)), (180, (0, -1)), (270, (-1, 0)), (-90, (-1, 0))]
)
def test_the_top_of_the_frame_points_where_yaw_says(yaw: float, top: tuple[int, int]) -> None:
    east, north = metres(view(yaw_deg=yaw), [200, 200], [0, 150])
    assert east[0] == pytest.approx(30 * top[0], abs=0.01)
    assert north[0] == pytest.approx(30 * top[1], abs=0.01)
    assert (east[1], north[1]) == pytest.approx((0, 0), abs=1e-6)


def test_the_right_of_the_frame_is_a_quarter_turn_clockwise_of_its_top() -> None:
    east, north = metres(view(yaw_deg=90), [400], [150])
    assert (east[0], north[0]) == pytest.approx((0, -40), abs=0.01)


def test_roll_straight_down_turns_the_frame_as_yaw_does_the_other_way() -> None:
    # DJI gimbals write a heading of 30° as yaw −150° and roll 180° at times.
    one, other = view(yaw_deg=30), view(yaw_deg=-150, roll_deg=180)
    assert np.allclose(one.lonlat(*one.corners), other.lonlat(*other.corners), atol=1e-10)
    turned = view(roll_deg=90)
    assert np.allclose(metres(turned, [200], [0]), metres(view(yaw_deg=90), [200], [0]), atol=1e-6)


def test_a_camera_that_leans_forward_sees_ground_ahead() -> None:
    one = view(pitch_deg=-80)
    east, north = metres(one, [200, 200, 200], [0, 150, 300])
    half = math.degrees(math.atan(150 / 500))
    for found, angle in zip(north, (10 + half, 10, 10 - half), strict=True):
        assert found == pytest.approx(100 * math.tan(math.radians(angle)), rel=1e-5)
    assert np.abs(east).max() < 1e-6
    lean = np.degrees(one.off_nadir(np.array([200.0]), np.array([150.0])))
    assert lean[0] == pytest.approx(10)


def test_a_leaning_camera_looks_where_its_yaw_says() -> None:
    east, north = metres(view(pitch_deg=-80, yaw_deg=90), [200], [150])
    assert east[0] == pytest.approx(100 * math.tan(math.radians(10)), rel=1e-5)
    assert north[0] == pytest.approx(0, abs=1e-3)


def test_pixel_areas_add_up_to_the_ground_between_the_corners() -> None:
    one = view(pitch_deg=-78, yaw_deg=33, roll_deg=4)
    east, north = metres(one, *one.corners)
    shoelace = (east * np.roll(north, -1) - np.roll(east, -1) * north).sum() / 2
    columns, rows = np.meshgrid(np.arange(400) + 0.5, np.arange(300) + 0.5)
    areas = one.pixel_areas_m2(columns, rows)
    assert areas.sum() == pytest.approx(abs(shoelace), rel=1e-4)
    assert areas.max() > 1.3 * areas.min()


def test_the_place_of_a_straight_frame_has_its_corners_as_points() -> None:
    one = view(yaw_deg=20)
    place = one.place
    assert [(p.col, p.row) for p in place.gcps] == [(0, 0), (400, 0), (400, 300), (0, 300)]
    assert place.kind == "gcps"
    assert gsd_m(place) == pytest.approx(0.2, rel=1e-4)
    areas = row_areas_m2(place, 0, 0, 300, 400)
    assert areas is not None
    assert areas == pytest.approx(np.full(300, 0.04), rel=1e-3)


def test_the_place_of_a_leaning_frame_follows_the_perspective() -> None:
    one = view(pitch_deg=-78)
    assert len(one.place.gcps) == 16
    columns, rows = np.meshgrid(np.linspace(0, 400, 7), np.linspace(0, 300, 7))
    lon, lat = one.place.lonlat(columns, rows)
    there = one.lonlat(columns, rows)
    away_m = np.hypot((lon - there[0]) * 76_000, (lat - there[1]) * 111_000)
    assert away_m.max() < 2 * one.gsd_m


@pytest.mark.parametrize("lat", [89.9999, -89.9999, 0.5])
@pytest.mark.parametrize("lon", [179.9999, -179.9999])
def test_a_frame_at_the_date_line_or_a_pole_is_a_small_one(lat: float, lon: float) -> None:
    place = view(lat_deg=lat, lon_deg=lon).place
    assert all(-180 <= point.x <= 180 and abs(point.y) <= 90 for point in place.gcps)
    # The area of one small pixel costs digits at a pole.
    assert gsd_m(place) == pytest.approx(0.2, rel=1e-2)

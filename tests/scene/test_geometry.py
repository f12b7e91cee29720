"""Areas on the ellipsoid against plain integrals, and where outlines lie."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS
from rasterio.warp import transform as warp_points

from edgers.scene.geometry import footprint_lonlat, gsd_m, lonlat_from_pixels, row_areas_m2

A_M, F = 6_378_137.0, 1 / 298.257223563
E2 = F * (2 - F)
EARTH_M2 = 5.100656217240886e14
"""Surface of the WGS 84 ellipsoid (authalic radius 6 371 007.1809 m)."""


def integral_m2(south: float, north: float, width_deg: float) -> float:
    """Area of a cell in degrees: the midpoint rule on both radii of curvature."""
    steps = 2000
    phi = np.radians(south + (np.arange(steps) + 0.5) * (north - south) / steps)
    w = 1 - E2 * np.sin(phi) ** 2
    meridian, normal = A_M * (1 - E2) / w**1.5, A_M / np.sqrt(w)
    strip = float(np.sum(meridian * normal * np.cos(phi))) * math.radians(north - south) / steps
    return strip * math.radians(width_deg)


def areas(code: str, transform: Affine, height: int = 1, width: int = 1) -> np.ndarray:
    found = row_areas_m2(CRS.from_string(code), transform, 0, 0, height, width)
    assert found is not None
    return found


@pytest.mark.parametrize("north", [0.01, 30.0, 60.0, 85.0, -45.0])
@pytest.mark.parametrize("size", [0.0001, 0.25])
def test_a_cell_in_degrees_has_the_area_of_the_integral(north: float, size: float) -> None:
    found = areas("EPSG:4326", Affine(size, 0, 12, 0, -size, north))[0]
    assert found == pytest.approx(integral_m2(north - size, north, size), rel=1e-6)


def test_the_whole_earth_has_its_area() -> None:
    found = areas("EPSG:4326", Affine(0.5, 0, -180, 0, -0.5, 90), 360, 240).sum() * 720
    assert found == pytest.approx(EARTH_M2, rel=1e-9)


def test_a_block_that_spans_more_than_half_of_the_earth_has_its_area() -> None:
    found = areas("EPSG:4326", Affine(1, 0, -180, 0, -1, 90), 180, 360).sum() * 360
    assert found == pytest.approx(EARTH_M2, rel=1e-9)


@pytest.mark.parametrize("latitude_m", [0, 4_000_000, 7_000_000])
def test_utm_near_its_meridian_is_planar_to_a_thousandth(latitude_m: float) -> None:
    at_meridian = Affine(10, 0, 500_000 - 1280, 0, -10, latitude_m)
    found = areas("EPSG:32630", at_meridian, 4, 256)
    scale = 0.9996**2
    np.testing.assert_allclose(found, 100 / scale, rtol=1e-6)
    np.testing.assert_allclose(found, 100, rtol=1e-3)


def test_utm_at_its_edge_is_smaller_than_planar() -> None:
    edge = areas("EPSG:32630", Affine(10, 0, 833_000, 0, -10, 100), 1, 8)[0]
    assert 99.7 < edge < 99.85


def test_web_mercator_at_60_degrees_is_a_quarter_of_planar() -> None:
    xs, ys = warp_points(CRS.from_epsg(4326), CRS.from_epsg(3857), [10.0], [60.0])
    found = areas("EPSG:3857", Affine(10, 0, xs[0], 0, -10, ys[0]), 2, 16)
    np.testing.assert_allclose(found, 100 * 0.25, rtol=0.01)
    (south,) = warp_points(CRS.from_epsg(3857), CRS.from_epsg(4326), [xs[0]], [ys[0] - 10])[1]
    exact = integral_m2(south, 60, 10 / (A_M * math.pi) * 180)
    assert found[0] == pytest.approx(exact, rel=1e-6)


GRIDS = {
    "utm": ("EPSG:32630", Affine(10, 0, 600_000, 0, -10, 4_200_000)),
    "utm, south up": ("EPSG:32630", Affine(10, 0, 600_000, 0, 10, 4_200_000)),
    "utm, rotated": ("EPSG:32630", Affine(8, 6, 600_000, 6, -8, 4_200_000)),
    "mercator": ("EPSG:3857", Affine(10, 0, 1_000_000, 0, -10, 8_000_000)),
    "polar": ("EPSG:3413", Affine(30, 0, -200_000, 0, -30, -900_000)),
    "degrees": ("EPSG:4326", Affine(1e-4, 0, 10, 0, -1e-4, 60)),
    "degrees, other datum": ("EPSG:4258", Affine(1e-4, 0, 10, 0, -1e-4, 60)),
    "date line": ("EPSG:4326", Affine(1e-4, 0, 179.99, 0, -1e-4, 60)),
    "date line in utm": ("EPSG:32601", Affine(10, 0, 331_500, 0, -10, 6_655_000)),
}


@pytest.mark.parametrize("name", GRIDS)
def test_a_row_has_the_area_of_its_pixels(name: str) -> None:
    code, transform = GRIDS[name]
    rows = areas(code, transform, 3, 256)
    pixels = [areas(code, transform @ Affine.translation(i, 0), 3).tolist() for i in range(256)]
    np.testing.assert_allclose(rows, np.mean(pixels, axis=0), rtol=2e-5)


@pytest.mark.parametrize("name", GRIDS)
def test_a_pixel_has_the_area_of_its_outline_on_a_plane(name: str) -> None:
    code, transform = GRIDS[name]
    corners = np.array([0.0, 0, 1, 1]), np.array([0.0, 1, 1, 0])
    lon, lat = lonlat_from_pixels(CRS.from_string(code), transform, *corners)
    middle = math.radians(lat.mean())
    w = 1 - E2 * math.sin(middle) ** 2
    x = np.unwrap(np.radians(lon)) * A_M / math.sqrt(w) * math.cos(middle)
    y = np.radians(lat) * A_M * (1 - E2) / w**1.5
    x, y = x - x.mean(), y - y.mean()
    plane = abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
    assert areas(code, transform)[0] == pytest.approx(plane, rel=1e-4)


def test_the_date_line_takes_no_area() -> None:
    away = areas("EPSG:4326", Affine(0.001, 0, 10, 0, -0.001, 60), 4, 256)
    across = areas("EPSG:4326", Affine(0.001, 0, 179.9, 0, -0.001, 60), 4, 256)
    np.testing.assert_allclose(across, away, rtol=1e-7)


def test_the_date_line_in_utm_is_crossed_where_these_tests_think_it_is() -> None:
    code, transform = GRIDS["date line in utm"]
    lon, _ = lonlat_from_pixels(
        CRS.from_string(code), transform, np.array([0.0, 256]), np.array([0.0, 0])
    )
    assert lon[0] > 179.9
    assert lon[1] < -179.9


def test_a_block_inside_a_grid_has_the_areas_of_its_rows() -> None:
    code, transform = GRIDS["degrees"]
    crs = CRS.from_string(code)
    whole = row_areas_m2(crs, transform, 0, 0, 20, 8)
    part = row_areas_m2(crs, transform, 5, 3, 4, 5)
    assert whole is not None
    assert part is not None
    np.testing.assert_allclose(part, whole[5:9], rtol=2e-5)


def test_without_a_crs_there_is_no_area() -> None:
    assert row_areas_m2(None, Affine.identity(), 0, 0, 4, 4) is None


GEOSTATIONARY = "+proj=geos +h=35785831 +lon_0=0 +sweep=y +datum=WGS84"
"""The view of a weather satellite: the corners of its picture are sky."""


@pytest.mark.parametrize(
    ("crs", "corner_m"), [(GEOSTATIONARY, 5.4e6), ("EPSG:32630", 5e8)], ids=["sky", "far off"]
)
def test_pixels_off_the_earth_have_no_area_and_no_outline(crs: str, corner_m: float) -> None:
    place = CRS.from_string(crs), Affine(3000, 0, -corner_m, 0, -3000, corner_m)
    assert row_areas_m2(*place, 0, 0, 4, 4) is None
    assert footprint_lonlat(*place, 3600, 3600) == []


def test_points_beside_one_off_the_earth_keep_their_place() -> None:
    disk = CRS.from_string(GEOSTATIONARY)
    lon, lat = lonlat_from_pixels(
        disk, Affine(1, 0, 0, 0, 1, 0), np.array([0.0, 5.4e6]), np.array([0.0, 5.4e6])
    )
    assert (lon[0], lat[0]) == (0, 0)
    assert np.isnan([lon[1], lat[1]]).all()


@dataclass
class Placed:
    crs: CRS | None
    transform: Affine
    shape: tuple[int, int] = (100, 100)


def test_ground_sample_distance_is_the_side_of_the_middle_pixel() -> None:
    utm = Placed(CRS.from_epsg(32630), GRIDS["utm"][1])
    assert gsd_m(utm) == pytest.approx(10, rel=1e-3)
    degrees = Placed(CRS.from_epsg(4326), Affine(1e-4, 0, 10, 0, -1e-4, 60))
    assert gsd_m(degrees) == pytest.approx(math.sqrt(11.14 * 5.58), rel=0.01)
    oblong = Placed(CRS.from_epsg(32630), Affine(20, 0, 500_000, 0, -5, 4_200_000))
    assert gsd_m(oblong) == pytest.approx(10, rel=1e-3)
    assert gsd_m(Placed(None, Affine.identity())) is None


def ring_area(points: list[tuple[float, float]]) -> float:
    """Signed area in square degrees; positive where the ring runs counter-clockwise."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(points)) / 2


def test_the_outline_is_closed_and_runs_counter_clockwise() -> None:
    points = footprint_lonlat(CRS.from_epsg(4326), Affine(0.1, 0, 10, 0, -0.1, 60), 20, 30)
    assert points[0] == points[-1] == (10.0, 60.0)
    assert {(10.0, 58.0), (13.0, 58.0), (13.0, 60.0)} < set(points)
    assert len(points) == 33
    assert ring_area(points) == pytest.approx(6)


def test_a_south_up_outline_covers_the_same_place() -> None:
    crs = CRS.from_epsg(4326)
    up = footprint_lonlat(crs, Affine(0.1, 0, 10, 0, -0.1, 60), 20, 30)
    down = footprint_lonlat(crs, Affine(0.1, 0, 10, 0, 0.1, 58), 20, 30)
    assert set(up) == set(down)
    assert ring_area(down) == pytest.approx(6)


def test_without_a_crs_there_is_no_outline() -> None:
    assert footprint_lonlat(None, Affine.identity(), 4, 4) == []

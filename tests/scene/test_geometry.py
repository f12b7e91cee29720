"""Areas on the ellipsoid against plain integrals and equal-area maps."""

import math

import numpy as np
import pytest
from affine import Affine
from builders.swaths import Swath, model_place, pixels_by_model, sensor_model
from rasterio.crs import CRS
from rasterio.warp import transform as warp_points

from edgers.scene.geometry import gsd_m, row_areas_m2
from edgers.scene.place import Place

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


def grid(code: str, transform: Affine, height: int = 1, width: int = 1) -> Place:
    return Place(height_px=height, width_px=width, crs=CRS.from_string(code), transform=transform)


NOWHERE = Place(height_px=4, width_px=4, crs=None, transform=Affine.identity())


def areas(code: str, transform: Affine, height: int = 1, width: int = 1) -> np.ndarray:
    found = row_areas_m2(grid(code, transform), 0, 0, height, width)
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


@pytest.mark.parametrize("code", ["EPSG:4326", "EPSG:3857"])
def test_rows_around_the_earth_have_the_area_of_their_zone(code: str) -> None:
    half = 180.0 if code == "EPSG:4326" else 20_037_508.342789244
    place = grid(code, Affine(half / 360, 0, -half, 0, -half / 360, half / 2), 360, 720)
    found = row_areas_m2(place, 0, 0, 360, 720)
    assert found is not None
    _, edges = place.lonlat(np.zeros(361), np.arange(361.0))
    for row in range(0, 360, 20):
        exact = integral_m2(edges[row + 1], edges[row], 360) / 720
        assert found[row] == pytest.approx(exact, rel=1e-6)


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
    "pole": ("EPSG:3413", Affine(30, 0, -3_900, 0, -30, 45)),
    "south pole": ("EPSG:3031", Affine(300, 0, -30_000, 0, -300, 301)),
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
    lon, lat = grid(code, transform).lonlat(*corners)
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
    lon, _ = grid(code, transform).lonlat(np.array([0.0, 256]), np.array([0.0, 0]))
    assert lon[0] > 179.9
    assert lon[1] < -179.9


def test_a_block_inside_a_grid_has_the_areas_of_its_rows() -> None:
    place = grid(*GRIDS["degrees"])
    whole = row_areas_m2(place, 0, 0, 20, 8)
    part = row_areas_m2(place, 5, 3, 4, 5)
    assert whole is not None
    assert part is not None
    np.testing.assert_allclose(part, whole[5:9], rtol=2e-5)


@pytest.mark.parametrize(
    "place", [grid(*GRIDS["utm"], 9, 9), Swath().place()], ids=["map", "swath"]
)
def test_a_block_without_pixels_has_none(place: Place) -> None:
    for height, width in ((3, 0), (0, 3), (0, 0)):
        found = row_areas_m2(place, 2, 2, height, width)
        assert found is not None
        assert found.tolist() == [0] * height


def test_without_a_crs_there_is_no_area() -> None:
    assert row_areas_m2(NOWHERE, 0, 0, 4, 4) is None


GEOSTATIONARY = "+proj=geos +h=35785831 +lon_0=0 +sweep=y +datum=WGS84"
"""The view of a weather satellite: the corners of its picture are sky."""


@pytest.mark.parametrize(
    ("crs", "corner_m"), [(GEOSTATIONARY, 5.4e6), ("EPSG:32630", 5e8)], ids=["sky", "far off"]
)
def test_pixels_off_the_earth_have_no_area(crs: str, corner_m: float) -> None:
    place = grid(crs, Affine(3000, 0, -corner_m, 0, -3000, corner_m), 3600, 3600)
    assert row_areas_m2(place, 0, 0, 4, 4) is None


def test_points_beside_one_off_the_earth_keep_their_place() -> None:
    disk = grid(GEOSTATIONARY, Affine(1, 0, 0, 0, 1, 0))
    lon, lat = disk.lonlat(np.array([0.0, 5.4e6]), np.array([0.0, 5.4e6]))
    assert (lon[0], lat[0]) == (0, 0)
    assert np.isnan([lon[1], lat[1]]).all()


def test_ground_sample_distance_is_the_side_of_the_middle_pixel() -> None:
    utm = grid(*GRIDS["utm"], 100, 100)
    assert gsd_m(utm) == pytest.approx(10, rel=1e-3)
    degrees = grid("EPSG:4326", Affine(1e-4, 0, 10, 0, -1e-4, 60), 100, 100)
    assert gsd_m(degrees) == pytest.approx(math.sqrt(11.14 * 5.58), rel=0.01)
    oblong = grid("EPSG:32630", Affine(20, 0, 500_000, 0, -5, 4_200_000), 100, 100)
    assert gsd_m(oblong) == pytest.approx(10, rel=1e-3)
    assert gsd_m(NOWHERE) is None


def exact_areas(place: Place, rows: range) -> np.ndarray:
    """Give the mean area of the pixels of rows: their outline on an equal-area map."""
    assert place.crs is not None
    middle = 90 if place.lonlat(np.zeros(1), np.zeros(1))[1][0] > 0 else -90
    equal = CRS.from_dict(proj="laea", lat_0=middle, datum="WGS84")
    along = np.linspace(0, place.width_px, 4001)
    found = []
    for row in rows:
        columns = np.concatenate([along, along[::-1]])
        edge = np.concatenate([np.full(4001, row), np.full(4001, row + 1)])
        x, y = map(np.array, warp_points(place.crs, equal, *(place.transform @ (columns, edge))))
        found.append(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)
    return np.array(found) / place.width_px


POLAR_GRIDS = {
    "around the pole": grid("EPSG:3413", Affine(30, 0, -3_000, 0, -30, 3_000), 200, 200),
    "around the south pole": grid("EPSG:3031", Affine(500, 0, -9e4, 0, -500, 1e5), 400, 400),
    "sea ice": grid("EPSG:3411", Affine(25_000, 0, -3_850_000, 0, -25_000, 5_850_000), 448, 304),
    "turned": grid(
        "EPSG:3413", Affine.rotation(30) @ Affine(50, 0, -5_000, 0, -50, 5_000), 90, 200
    ),
}


@pytest.mark.parametrize("name", POLAR_GRIDS)
def test_rows_around_a_pole_have_their_area(name: str) -> None:
    place = POLAR_GRIDS[name]
    found = row_areas_m2(place, 0, 0, *place.shape)
    assert found is not None
    rows = range(0, place.height_px, 10)
    np.testing.assert_allclose(found[rows], exact_areas(place, rows), rtol=1e-4)


def test_a_row_that_runs_over_beyond_a_pole_ends_there() -> None:
    nodes_on_poles = grid("EPSG:4326", Affine(1, 0, -0.5, 0, -1, 90.5))
    found = row_areas_m2(nodes_on_poles, 0, 0, 181, 360)
    assert found is not None
    assert found.sum() * 360 == pytest.approx(EARTH_M2, rel=1e-9)


SWATHS = {
    "plain": Swath(),
    "date line": Swath(lon=179.98),
    "north pole": Swath(lat=89.95),
    "on a map": Swath(lat=-20.0),
}


@pytest.mark.parametrize("name", SWATHS)
def test_pixels_of_a_swath_have_their_area(name: str) -> None:
    swath = SWATHS[name]
    place = swath.place(CRS.from_epsg(32735) if name == "on a map" else CRS.from_epsg(4326))
    found = row_areas_m2(place, 0, 0, *place.shape)
    assert found is not None
    assert found.mean() == pytest.approx(swath.pixel_m**2, rel=1e-4)
    np.testing.assert_allclose(found, swath.pixel_m**2, rtol=5e-3)
    assert gsd_m(place) == pytest.approx(swath.pixel_m, rel=1e-3)


def test_blocks_of_a_swath_add_up_to_the_whole() -> None:
    place = Swath().place()
    whole = row_areas_m2(place, 0, 0, *place.shape)
    parts = [row_areas_m2(place, row, 100, 35, 300) for row in range(0, 700, 35)]
    assert whole is not None
    assert all(part is not None for part in parts)
    together = np.concatenate([part for part in parts if part is not None])
    assert together.shape == (700,)
    assert together.mean() == pytest.approx(whole.mean(), rel=1e-3)


@pytest.mark.parametrize("lon", [10.0, 179.99])
def test_pixels_of_a_sensor_model_have_their_area(lon: float) -> None:
    model = sensor_model(lon)
    place = model_place(model)
    # The model leads from the ground to pixels: one square kilometre is so many of them.
    equal = CRS.from_dict(proj="laea", lon_0=lon, lat_0=45, datum="WGS84")
    corners = np.array([(-500, -500), (500, -500), (500, 500), (-500, 500)]).T
    ground = map(np.array, warp_points(equal, CRS.from_epsg(4326), *corners))
    near = [
        lon + (value - lon + 180) % 360 - 180 if i == 0 else value for i, value in enumerate(ground)
    ]
    x, y = pixels_by_model(model, near[0], near[1], 500.0)
    pixels = abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
    found = row_areas_m2(place, 560, 460, 80, 80)
    assert found is not None
    assert found.mean() == pytest.approx(1e6 / pixels, rel=1e-3)
    assert gsd_m(place) == pytest.approx(math.sqrt(1e6 / pixels), rel=1e-3)

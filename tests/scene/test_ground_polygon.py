"""Polygons of pixels on the ground against geometry by others, everywhere on Earth."""

import numpy as np
import pytest
import shapely
from affine import Affine
from builders.earth_places import AROUND_THE_EARTH, PLACES, north_up
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS

from edgers.scene.geometry import row_areas_m2
from edgers.scene.ground_polygon import GroundPolygon, ground_polygons, polygon_areas_m2
from edgers.scene.place import Place

Floats = np.ndarray


def ring(*points: tuple[float, float]) -> Floats:
    return np.array(points, float)


def box(left: float, top: float, right: float, bottom: float) -> Floats:
    return ring((left, top), (right, top), (right, bottom), (left, bottom))


def shape_of(polygon: GroundPolygon) -> shapely.Geometry:
    return shapely.MultiPolygon([(shell, holes) for shell, *holes in polygon.parts()])


def inside(shape: shapely.Geometry, place: Place, columns: Floats, rows: Floats) -> Floats:
    lon, lat = place.lonlat(columns, rows)
    return shapely.contains_xy(shape, (lon + 180) % 360 - 180, lat)


def share_box(place: Place, west: float, north: float, east: float, south: float) -> Floats:
    height, width = place.shape
    return box(west * width, north * height, east * width, south * height)


@pytest.mark.parametrize("name", PLACES)
def test_pixels_of_a_polygon_are_inside_and_those_of_its_hole_are_not(name: str) -> None:
    place = PLACES[name]
    shell = share_box(place, 0.1, 0.05, 0.9, 0.95)
    hole = share_box(place, 0.3, 0.4, 0.7, 0.8)
    (polygon,) = ground_polygons(place, [[shell, hole]])
    assert polygon is not None
    shape = shape_of(polygon)
    assert shape.is_valid, shapely.is_valid_reason(shape)
    columns, rows = np.random.default_rng(0).uniform(0.01, 0.99, (2, 4000))
    is_in = (columns > 0.1) & (columns < 0.9) & (rows > 0.05) & (rows < 0.95)
    is_in &= ~((columns > 0.3) & (columns < 0.7) & (rows > 0.4) & (rows < 0.8))
    sides = np.array([0.1, 0.9, 0.3, 0.7]), np.array([0.05, 0.95, 0.4, 0.8])
    far = np.ones(columns.shape, bool)
    for values, lines in zip((columns, rows), sides, strict=True):
        far &= (np.abs(values - lines[:, np.newaxis]) > 0.002).all(axis=0)
    height, width = place.shape
    found = inside(shape, place, columns * width, rows * height)
    assert (found == is_in)[far].all()


@pytest.mark.parametrize("name", [*PLACES, *AROUND_THE_EARTH])
def test_rings_are_closed_wound_as_rfc_7946_says_and_within_the_degrees(name: str) -> None:
    place = {**PLACES, **AROUND_THE_EARTH}[name]
    shell, hole = share_box(place, 0, 0, 1, 1), share_box(place, 0.4, 0.3, 0.6, 0.8)
    for polygon in ground_polygons(place, [[shell, hole], [shell[::-1], hole[::-1]]]):
        assert polygon is not None
        parts = polygon.parts()
        assert parts
        for outer, *inner in parts:
            assert shapely.LinearRing(outer).is_ccw
            assert not any(shapely.LinearRing(one).is_ccw for one in inner)
            for one in (outer, *inner):
                assert one[0] == one[-1]
                assert all(-180 <= x <= 180 and -90 <= y <= 90 for x, y in one)
                assert all(round(x, 7) == x and round(y, 7) == y for x, y in one)


@pytest.mark.parametrize("name", PLACES)
def test_the_area_of_a_block_is_that_of_its_pixels(name: str) -> None:
    place = PLACES[name]
    row, column, height, width = 20, 30, place.height_px // 3, place.width_px // 3
    areas = row_areas_m2(place, row, column, height, width)
    assert areas is not None
    corners = box(column, row, column + width, row + height)
    (area,) = polygon_areas_m2(place, [[corners]])
    assert area == pytest.approx(areas.sum() * width, rel=3e-6)


def test_a_hole_takes_its_area_away() -> None:
    place = PLACES["utm"]
    whole, small = box(0, 0, 100, 100), box(20, 30, 40, 50)
    without, alone, hole = ground_polygons(place, [[whole, small], [whole], [small]])
    assert without is not None
    assert alone is not None
    assert hole is not None
    assert without.area_m2 == pytest.approx(alone.area_m2 - hole.area_m2, rel=1e-9)
    assert alone.area_m2 == pytest.approx(1e6, rel=1e-3)


def test_the_area_of_a_degree_is_the_known_one() -> None:
    """Between 45° and 46° north a cell of one degree has 8 686.9 km²: from an own integral."""
    place = north_up("EPSG:4326", 0.01, 10, 46, 100, 100)
    (area,) = polygon_areas_m2(place, [[box(0, 0, 100, 100)]])
    lat = np.radians(np.linspace(45, 46, 20_001))
    e2 = 0.00669437999014
    width = (
        np.radians(1) * 6_378_137.0**2 * (1 - e2) * np.cos(lat) / (1 - e2 * np.sin(lat) ** 2) ** 2
    )
    known = float(((width[1:] + width[:-1]) / 2 * np.diff(lat)).sum())
    assert area == pytest.approx(known, rel=1e-9)
    assert known / 1e6 == pytest.approx(8687, abs=1)


@pytest.mark.parametrize("code", ["EPSG:3413", "EPSG:3031"])
def test_a_ring_of_ice_around_a_pole_keeps_its_hole(code: str) -> None:
    place = north_up(code, 1000, -500_000, 500_000, 1000, 1000)
    shell, hole, edge = box(0, 0, 1000, 1000), box(400, 400, 600, 600), box(100, 300, 300, 700)
    polygons = ground_polygons(place, [[shell, hole, edge], [shell], [hole], [edge]])
    ice, *others = (one.area_m2 for one in polygons if one is not None)
    assert ice == pytest.approx(others[0] - others[1] - others[2], rel=1e-9)
    shape = shape_of(polygons[0])  # type: ignore[arg-type]
    assert shape.is_valid
    columns, rows = np.random.default_rng(0).uniform(1, 999, (2, 3000))
    expected = shapely.contains_xy(shapely.Polygon(shell, [hole, edge]), columns, rows)
    near = shapely.distance(
        shapely.points(columns, rows), shapely.Polygon(shell, [hole, edge]).boundary
    )
    assert (inside(shape, place, columns, rows) == expected)[near > 0.5].all()


def test_straight_sides_get_no_points_and_bent_ones_do() -> None:
    degrees = north_up("EPSG:4326", 0.01, 10, 60, 5000, 3000)
    (straight,) = ground_polygons(degrees, [[box(0, 0, 3000, 4000)]])
    (bent,) = ground_polygons(PLACES["north pole"], [[box(0, 0, 300, 400)]])
    (small,) = ground_polygons(PLACES["utm"], [[box(100, 100, 130, 140)]])
    assert straight is not None
    assert bent is not None
    assert small is not None
    assert len(straight.rings[0]) == len(small.rings[0]) == 4
    assert len(bent.rings[0]) > 20


def test_what_is_not_wholly_on_earth_has_no_polygon() -> None:
    full_disc = north_up(
        "+proj=geos +h=35785831 +lon_0=0 +sweep=y +datum=WGS84", 3000, -5.4e6, 5.4e6, 3600, 3600
    )
    found = ground_polygons(full_disc, [[box(0, 0, 50, 50)], [box(1700, 1700, 1800, 1800)]])
    assert found[0] is None
    assert found[1] is not None
    nowhere = Place(height_px=9, width_px=9, crs=None, transform=Affine.identity())
    assert ground_polygons(nowhere, [[box(0, 0, 5, 5)]]) == [None]
    assert ground_polygons(full_disc, []) == []


def test_what_is_smaller_than_the_digits_has_no_parts() -> None:
    (polygon,) = ground_polygons(PLACES["utm"], [[box(5, 5, 5.0001, 5.0001)]])
    assert polygon is not None
    assert polygon.parts() == []


@settings(max_examples=60, deadline=None)
@given(
    lon=st.floats(-180, 180), lat=st.floats(-90, 90), turn=st.floats(0, 360),
    pixel_m=st.floats(10, 5000), flip=st.booleans(), seed=st.integers(0, 2**32),
)  # fmt: skip
def test_anywhere_on_earth_stars_of_pixels_keep_their_inside(
    lon: float, lat: float, turn: float, pixel_m: float, flip: bool, seed: int
) -> None:
    plane = CRS.from_dict(proj="laea", lon_0=lon, lat_0=lat, datum="WGS84")
    turned = Affine.rotation(turn) @ Affine.scale(pixel_m, pixel_m if flip else -pixel_m)
    place = Place(
        height_px=150, width_px=100, crs=plane, transform=turned @ Affine.translation(-50, -75)
    )
    random = np.random.default_rng(seed)
    angles = np.linspace(0, 2 * np.pi, 9)[:-1]
    radii = random.uniform(25, 49, 8)
    shell = np.stack([50 + radii * np.cos(angles), 75 + radii * np.sin(angles)], axis=1)
    hole = shell * 0.4 + [30, 45]
    (polygon,) = ground_polygons(place, [[shell, hole]])
    assert polygon is not None
    shape, flat = shape_of(polygon), shapely.Polygon(shell, [hole])
    assert shape.is_valid, shapely.is_valid_reason(shape)
    assert polygon.area_m2 == pytest.approx(flat.area * pixel_m**2, rel=2e-3)
    columns, rows = random.uniform(0, 1, (2, 300)) * [[100], [150]]
    near = shapely.distance(shapely.points(columns, rows), flat.boundary)
    expected = shapely.contains_xy(flat, columns, rows)
    assert (inside(shape, place, columns, rows) == expected)[near > 0.2].all()

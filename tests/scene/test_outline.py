"""Outlines against geometry by others: pixels inside are inside, everywhere on Earth."""

import numpy as np
import pytest
import shapely
import shapely.geometry
from affine import Affine
from builders.earth_places import AROUND_THE_EARTH, PLACES, grid, north_up
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS

from edgers.scene.outline import Outline, outline
from edgers.scene.place import Place

GEOSTATIONARY = "+proj=geos +h=35785831 +lon_0=0 +sweep=y +datum=WGS84"


def found(place: Place) -> Outline:
    around = outline(place)
    assert around is not None
    return around


def shape_of(around: Outline) -> shapely.Geometry:
    return shapely.geometry.shape(around.geometry())


def share_inside(shape: shapely.Geometry, place: Place, columns: object, rows: object) -> float:
    lon, lat = place.lonlat(np.asarray(columns), np.asarray(rows))
    has_place = np.isfinite(lon)
    return float(
        shapely.contains_xy(shape, (lon[has_place] + 180) % 360 - 180, lat[has_place]).mean()
    )


@pytest.mark.parametrize("name", PLACES)
def test_pixels_are_inside_and_what_is_beside_them_is_not(name: str) -> None:
    place = PLACES[name]
    height, width = place.shape
    shape = shape_of(found(place))
    random = np.random.default_rng(0)
    margin = 0.002 * max(height, width)
    columns = random.uniform(margin, width - margin, 3000)
    rows = random.uniform(margin, height - margin, 3000)
    assert share_inside(shape, place, columns, rows) == 1
    # To the left and right, above and below, by up to a fifth of the size.
    away = margin + random.uniform(0, 0.2, 1000) * min(height, width)
    along_rows, along_columns = random.uniform(0, 1, (2, 1000)) * [[height], [width]]
    beside = [(-away, along_rows), (width + away, along_rows)]
    beside += [(along_columns, -away), (along_columns, height + away)]
    assert all(share_inside(shape, place, *sides) == 0 for sides in beside)


@pytest.mark.parametrize("name", [*PLACES, *AROUND_THE_EARTH])
def test_outlines_are_valid_geojson(name: str) -> None:
    around = found({**PLACES, **AROUND_THE_EARTH}[name])
    shape = shape_of(around)
    assert shape.is_valid
    for ring in around.polygons():
        assert ring[0] == ring[-1]
        assert shapely.LinearRing(ring).is_ccw
        assert all(-180 <= x <= 180 and -90 <= y <= 90 for x, y in ring)
    west, south, east, north = around.bbox()
    bounds = shape.bounds
    assert (south, north) == (bounds[1], bounds[3])
    if west < east:
        assert (west, east) == (bounds[0], bounds[2])
    else:
        assert around.geometry()["type"] == "MultiPolygon"
        assert (bounds[0], bounds[2]) == (-180, 180)
        gap = shapely.box(east + 1e-6, -90, west - 1e-6, 90)
        assert shape.intersection(gap).area == 0


@pytest.mark.parametrize("name", AROUND_THE_EARTH)
def test_all_around_the_earth_is_one_box(name: str) -> None:
    around = found(AROUND_THE_EARTH[name])
    assert around.bbox() == [-180, -90, 180, 90]
    assert shape_of(around).equals(shapely.box(-180, -90, 180, 90))


def test_an_outline_across_the_date_line_is_cut_there() -> None:
    around = found(PLACES["date line"])
    assert around.geometry()["type"] == "MultiPolygon"
    assert around.bbox() == [175, 50, -175, 60]
    east, west = (shapely.Polygon(ring) for ring in around.polygons())
    assert east.equals(shapely.box(175, 50, 180, 60))
    assert west.equals(shapely.box(-180, 50, -175, 60))


@pytest.mark.parametrize(
    ("name", "pole"),
    [("north pole", 90), ("south pole", -90), ("swath on the north pole", 90), ("sea ice", 90)],
)
def test_an_outline_around_a_pole_is_closed_over_it(name: str, pole: int) -> None:
    around = found(PLACES[name])
    assert around.holds_pole
    (ring,) = around.polygons()
    assert {(-180.0, float(pole)), (180.0, float(pole))} <= set(ring)


def test_a_plain_outline_has_few_points() -> None:
    ring = found(north_up("EPSG:4326", 0.1, 10, 60, 20, 30)).polygons()[0]
    assert ring[0] == ring[-1]
    assert {(10.0, 60.0), (10.0, 58.0), (13.0, 58.0), (13.0, 60.0)} < set(ring)
    assert len(ring) == 33


@pytest.mark.parametrize(
    "place",
    [
        Place(height_px=4, width_px=4, crs=None, transform=Affine.identity()),
        grid(GEOSTATIONARY, Affine(3000, 0, -5.4e6, 0, -3000, 5.4e6), 3600, 3600),
        north_up("EPSG:32630", 1e-5, 600_000, 4_200_000, 4, 4),
    ],
    ids=["no place", "corners in the sky", "smaller than digits"],
)
def test_what_has_no_outline_says_so(place: Place) -> None:
    assert outline(place) is None


def bent(lon: float, points: list[tuple[float, float]]) -> Outline:
    return Outline(ring=tuple((lon + x, y) for x, y in points), holds_pole=False)


def test_a_bent_swath_may_cross_the_date_line_more_than_once() -> None:
    hook = [(-5, -5), (5, -5), (5, -3), (-3, -3), (-3, 3), (5, 3), (5, 5), (-5, 5)]
    around = bent(180, [(float(x), float(y)) for x, y in hook])
    shape = shape_of(around)
    assert shape.is_valid
    assert len(around.polygons()) == 3
    assert shape.area == pytest.approx(shapely.Polygon(hook).area)


@settings(max_examples=60, deadline=None)
@given(
    lon=st.floats(-180, 180), lat=st.floats(-90, 90), turn=st.floats(0, 360),
    pixel_m=st.floats(10, 5000), flip=st.booleans(),
)  # fmt: skip
def test_anywhere_on_earth_pixels_are_inside(
    lon: float, lat: float, turn: float, pixel_m: float, flip: bool
) -> None:
    plane = CRS.from_dict(proj="laea", lon_0=lon, lat_0=lat, datum="WGS84")
    turned = Affine.rotation(turn) @ Affine.scale(pixel_m, pixel_m if flip else -pixel_m)
    place = Place(
        height_px=150, width_px=100, crs=plane, transform=turned @ Affine.translation(-50, -75)
    )
    shape = shape_of(found(place))
    assert shape.is_valid
    columns, rows = np.random.default_rng(0).uniform(0.01, 0.99, (2, 300)) * [[100], [150]]
    assert share_inside(shape, place, columns, rows) == 1
    assert share_inside(shape, place, columns - 101, rows) == 0

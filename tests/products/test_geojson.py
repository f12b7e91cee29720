"""GeoJSON as RFC 7946 has it, read by GDAL and strictly by itself."""

from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
import shapely.geometry
from affine import Affine
from builders.earth_places import PLACES, north_up
from builders.features import COLUMNS, NOWHERE, UTM, a_feature, box, geojson, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.warp import transform as warp_points

from edgers.products.features import Feature, write_features
from edgers.scene.place import Place

DATE_LINE = north_up("EPSG:4326", 0.1, 175, 60, 100, 100)


def test_gdal_reads_positions_of_pixels_in_degrees(tmp_path: Path) -> None:
    path = written(tmp_path, [a_feature(0), a_feature(1)], "geojson")
    meta, _, shapes, _ = pyogrio.raw.read(path)
    assert meta["crs"] == "EPSG:4326"
    xs, ys = zip(*[UTM.transform @ corner for corner in ((30, 30), (50, 30), (50, 40), (30, 40))],
                 strict=True)  # fmt: skip
    known = shapely.Polygon(zip(*warp_points(UTM.crs, "EPSG:4326", xs, ys), strict=True))
    read = shapely.from_wkb(shapes[0])
    assert read.is_valid
    assert shapely.hausdorff_distance(read, known) < 1e-7


def test_the_document_is_a_collection_with_bounds_and_provenance(tmp_path: Path) -> None:
    document = geojson(written(tmp_path, [a_feature(0), a_feature(1)], "geojson"))
    assert document["type"] == "FeatureCollection"
    # A CRS is no member of GeoJSON any more.
    assert "crs" not in document
    assert document["edgers:provenance"]["scene"] == "scene.tif"
    assert document["edgers:columns"]["area_m2"]["unit"] == "m²"
    shape = shapely.GeometryCollection(
        [shapely.geometry.shape(one["geometry"]) for one in document["features"]]
    )
    assert document["bbox"] == list(shape.bounds)
    for one in document["features"]:
        assert one["type"] == "Feature"
        assert list(one["properties"]) == [column.name for column in COLUMNS]


def test_a_box_across_the_date_line_is_cut_in_two(tmp_path: Path) -> None:
    features = [Feature(geometry=box(40, 10, 60, 20), properties={"id": 1})]
    document = geojson(written(tmp_path, features, "geojson", DATE_LINE))
    (one,) = document["features"]
    assert one["geometry"]["type"] == "MultiPolygon"
    shape = shapely.geometry.shape(one["geometry"])
    assert shape.equals(
        shapely.union(shapely.box(179, 58, 180, 59), shapely.box(-180, 58, -179, 59))
    )
    assert document["bbox"] == [179, 58, -179, 59]


@pytest.mark.parametrize(
    ("columns", "west", "east"),
    [((10, 90), 176, -176), ((10, 20), 176, 177), ((80, 90), -177, -176)],
)
def test_bounds_of_several_take_the_short_way_around(
    tmp_path: Path, columns: tuple[int, int], west: int, east: int
) -> None:
    left, right = columns
    boxes = [box(left, 10, left + 5, 20), box(right - 5, 10, right, 20)]
    features = [Feature(geometry=one, properties={}) for one in boxes]
    document = geojson(written(tmp_path, features, "geojson", DATE_LINE))
    assert document["bbox"] == pytest.approx([west, 58, east, 59])


def test_bounds_around_greenwich_are_plain(tmp_path: Path) -> None:
    place = north_up("EPSG:4326", 0.1, -5, 60, 100, 100)
    features = [Feature(geometry=box(10, 0, 80, 10), properties={})]
    assert geojson(written(tmp_path, features, "geojson", place))["bbox"] == [-4, 59, 3, 60]


@pytest.mark.parametrize("name", PLACES)
def test_gdal_finds_every_shape_valid(tmp_path: Path, name: str) -> None:
    place = PLACES[name]
    height, width = place.shape
    features = [
        Feature(geometry=box(0, 0, width, height), holes=[box(5, 6, 7, 8)], properties={"id": 0}),
        Feature(geometry=box(5, 5, 6, 6), properties={"id": 1}),
    ]
    path = written(tmp_path, features, "geojson", place)
    _, _, shapes, _ = pyogrio.raw.read(path)
    assert shapely.from_wkb(shapes).size == 2
    assert shapely.is_valid(shapely.from_wkb(shapes)).all()


@pytest.mark.parametrize("flip", [1, -1])
def test_a_map_that_is_south_up_or_turned_has_its_features_in_place(
    tmp_path: Path, flip: int
) -> None:
    turned = Affine(8, 6, 6e5, 6 * flip, -8 * flip, 4.2e6)
    place = Place(height_px=90, width_px=90, crs=CRS.from_epsg(32630), transform=turned)
    path = written(tmp_path, [a_feature()], "geojson", place)
    _, _, shapes, _ = pyogrio.raw.read(path)
    shape = shapely.from_wkb(shapes[0])
    assert shape.exterior.is_ccw
    x, y = turned @ (40, 35)
    (lon,), (lat,) = warp_points(place.crs, "EPSG:4326", [x], [y])
    assert shape.centroid.distance(shapely.Point(lon, lat)) < 1e-7


def test_without_a_place_features_are_unlocated_and_tell_their_pixels(tmp_path: Path) -> None:
    path = written(tmp_path, [a_feature()], "geojson", NOWHERE)
    document = geojson(path)
    (one,) = document["features"]
    assert one["geometry"] is None
    assert "bbox" not in document
    assert shapely.from_wkt(one["properties"]["pixel_wkt"]).equals(shapely.box(30, 30, 50, 40))
    assert pyogrio.raw.read(path)[2][0] is None


def test_what_hangs_over_the_limb_is_unlocated(tmp_path: Path) -> None:
    disc = north_up(
        "+proj=geos +h=35785831 +lon_0=0 +sweep=y +datum=WGS84", 3000, -5.4e6, 5.4e6, 3600, 3600
    )
    features = [Feature(geometry=box(0, 0, 40, 40), properties={"id": 0}),
                Feature(geometry=box(1800, 1800, 1840, 1840), properties={"id": 1})]  # fmt: skip
    off, on = geojson(written(tmp_path, features, "geojson", disc))["features"]
    assert off["geometry"] is None
    assert off["properties"]["pixel_wkt"].startswith("POLYGON ((0.0 0.0")
    assert on["geometry"]["type"] == "Polygon"
    assert "pixel_wkt" not in on["properties"]


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_an_outline_that_is_not_finite_is_none(tmp_path: Path, broken: float) -> None:
    ring = box(1, 2, broken, 4)
    (one,) = geojson(written(tmp_path, [Feature(geometry=ring, properties={})], "geojson"))[
        "features"
    ]
    assert one["geometry"] is None


TEXTS = st.text(st.characters(exclude_categories=()), max_size=30)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(-(2**63), 2**63 - 1), TEXTS, st.none() | st.booleans(),
            st.floats(), st.floats(0, 900), st.floats(0, 900), st.floats(1, 100),
        ),
        max_size=5,
    )
)  # fmt: skip
def test_any_property_comes_back(tmp_path: Path, rows: list[tuple[object, ...]]) -> None:
    features = [
        Feature(
            geometry=box(x, y, x + side, y + side),  # type: ignore[operator]
            properties={"id": number, "class_name": name, "moored": moored, "score": score},  # type: ignore[dict-item]
        )
        for number, name, moored, score, x, y, side in rows
    ]
    path = tmp_path / "found.geojson"
    write_features(path, features, COLUMNS, UTM)
    document = geojson(path)
    assert len(document["features"]) == len(rows)
    for one, (number, name, moored, score, x, y, side) in zip(
        document["features"], rows, strict=True
    ):
        told = one["properties"]
        assert told["id"] == number
        assert told["moored"] is moored
        assert told["score"] == (score if np.isfinite(score) else None)  # type: ignore[call-overload]
        assert all(
            a == b or ((b == "\0" or "\ud800" <= b <= "\udfff") and a == "\ufffd")
            for a, b in zip(told["class_name"], name, strict=True)
        )  # type: ignore[call-overload]
        shape = shapely.geometry.shape(one["geometry"])
        middle = UTM.transform @ (x + side / 2, y + side / 2)  # type: ignore[operator]
        (lon,), (lat,) = warp_points(UTM.crs, "EPSG:4326", *[[value] for value in middle])
        assert shape.contains(shapely.Point(lon, lat))

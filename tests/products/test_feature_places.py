"""GeoParquet, FlatGeobuf and CSV: features lie where the pixels do."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from builders.earth_places import PLACES, north_up
from builders.features import NOWHERE, UTM, a_feature, box, written
from rasterio.crs import CRS
from rasterio.warp import transform as warp_points

from edgers.products.features import Column, Feature, with_areas, write_features
from edgers.scene.geometry import row_areas_m2
from edgers.scene.place import Place

MAPS = [
    "utm",
    "utm, south up",
    "utm, turned",
    "date line",
    "date line in utm",
    "fiji",
    "south pole",
]
SWATHS = ["swath", "swath at the date line", "model", "swath on the north pole"]


def geo(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(pq.read_metadata(path).metadata[b"geo"])
    return found


def read_shapes(path: Path) -> np.ndarray:
    """Read shapes in the order of `id`."""
    if path.name.endswith("parquet"):
        table = pq.read_table(path).sort_by("id")
        return shapely.from_wkb(table["geometry"].to_numpy())
    meta, _, shapes, columns = pyogrio.raw.read(path)
    order = np.argsort(columns[list(meta["fields"]).index("id")])
    return np.array(shapely.from_wkb(shapes))[order]


@pytest.mark.parametrize("kind", ["geoparquet", "flatgeobuf"])
@pytest.mark.parametrize("name", MAPS)
def test_on_a_map_corners_are_what_the_transform_says(tmp_path: Path, kind: Any, name: str) -> None:
    place = PLACES[name]
    shapes = read_shapes(written(tmp_path, [a_feature(0), a_feature(1)], kind, place))
    for shape, (left, top) in zip(shapes, ((30, 30), (60, 60)), strict=True):
        known = {
            place.transform @ corner for corner in box(left, top, left + 20, top + 10).tolist()
        }
        assert {(x, y) for x, y in shape.exterior.coords} == known
        assert shape.exterior.is_ccw


@pytest.mark.parametrize("kind", ["geoparquet", "flatgeobuf"])
@pytest.mark.parametrize("name", SWATHS)
def test_in_sensor_geometry_shapes_are_in_degrees(tmp_path: Path, kind: Any, name: str) -> None:
    place = PLACES[name]
    (shape,) = read_shapes(written(tmp_path, [a_feature(0)], kind, place))
    columns, rows = np.random.default_rng(0).uniform(0.01, 0.99, (2, 200)) * [[20], [10]] + 30
    lon, lat = place.lonlat(columns, rows)
    assert shapely.contains_xy(shape, (lon + 180) % 360 - 180, lat).all()


@pytest.mark.parametrize("name", ["utm", "date line", "swath", "south pole"])
def test_the_crs_is_the_one_of_the_coordinates(tmp_path: Path, name: str) -> None:
    place = PLACES[name]
    known = place.crs or CRS.from_epsg(4326)
    column = geo(written(tmp_path, [a_feature()], "geoparquet", place))["columns"]["geometry"]
    stated = CRS.from_user_input(column["crs"])
    # A swath's is CRS84, which is EPSG:4326 but for the order of axes.
    assert stated == known or column["crs"]["id"] == {"authority": "OGC", "code": "CRS84"}
    meta = pyogrio.read_info(written(tmp_path, [a_feature()], "flatgeobuf", place))
    assert CRS.from_user_input(meta["crs"]) == known


def test_geoparquet_states_what_version_1_1_asks_for(tmp_path: Path) -> None:
    path = written(tmp_path, [a_feature(i) for i in range(3)], "geoparquet")
    document = geo(path)
    assert document["version"] == "1.1.0"
    assert document["primary_column"] == "geometry"
    column = document["columns"]["geometry"]
    assert column["encoding"] == "WKB"
    assert column["geometry_types"] == ["Polygon"]
    assert column["orientation"] == "counterclockwise"
    table = pq.read_table(path)
    bounds = shapely.bounds(shapely.from_wkb(table["geometry"].to_numpy()))
    assert column["bbox"] == [*bounds[:, :2].min(axis=0), *bounds[:, 2:].max(axis=0)]
    cover = column["covering"]["bbox"]
    for side, (name, child) in cover.items():
        at = ["xmin", "ymin", "xmax", "ymax"].index(side)
        assert [one[child] for one in table[name].to_pylist()] == bounds[:, at].tolist()
    # Readers leave out groups by their least and largest, so these must be there.
    statistics = pq.read_metadata(path).row_group(0)
    names = [statistics.column(i).path_in_schema for i in range(statistics.num_columns)]
    assert statistics.column(names.index("bbox.xmin")).statistics.min == bounds[:, 0].min()


def test_many_features_come_in_groups(tmp_path: Path) -> None:
    features = [Feature(geometry=box(0, 0, 2, 2), properties={"id": i}) for i in range(9000)]
    path = tmp_path / "many.parquet"
    write_features(path, features, [Column(name="id", type="int")], UTM, "geoparquet")
    assert pq.read_metadata(path).num_row_groups == 2
    assert pq.read_table(path)["id"].to_pylist() == list(range(9000))


@pytest.mark.parametrize("kind", ["geoparquet", "flatgeobuf"])
def test_without_a_place_shapes_are_in_pixels_and_the_crs_is_none(
    tmp_path: Path, kind: Any
) -> None:
    path = written(tmp_path, [a_feature()], kind, NOWHERE)
    assert read_shapes(path)[0].equals(shapely.box(30, 30, 50, 40))
    if kind == "geoparquet":
        assert geo(path)["columns"]["geometry"]["crs"] is None
    else:
        assert pyogrio.read_info(path)["crs"] is None


@pytest.mark.parametrize("kind", ["geoparquet", "flatgeobuf"])
def test_a_feature_without_a_place_is_kept_among_others(tmp_path: Path, kind: Any) -> None:
    gone = Feature(geometry=box(0, 0, np.nan, 4), properties={"id": 1})
    shapes = read_shapes(written(tmp_path, [a_feature(0), gone, a_feature(2)], kind))
    assert [shape is None for shape in shapes] == [False, True, False]


def test_flatgeobuf_has_an_index_that_finds_them(tmp_path: Path) -> None:
    path = written(tmp_path, [a_feature(i) for i in range(20)], "flatgeobuf")
    assert pyogrio.read_info(path)["capabilities"]["fast_spatial_filter"]
    x, y = UTM.transform @ (160, 155)
    _, _, shapes, columns = pyogrio.raw.read(path, bbox=(x - 1, y - 1, x + 1, y + 1))
    assert len(shapes) == 1
    assert columns[0].tolist() == [4]


@pytest.mark.parametrize("name", ["utm", "date line", "swath at the date line"])
def test_csv_has_the_outline_as_text_in_degrees(tmp_path: Path, name: str) -> None:
    place = PLACES[name]
    path = written(tmp_path, [a_feature()], "csv", place)
    raw = path.read_bytes()
    assert raw.count(b"\r\n") == raw.count(b"\n") == 2
    (row,) = csv.DictReader(raw.decode().splitlines())
    lon, lat = place.lonlat(np.array([40.0]), np.array([35.0]))
    shape = shapely.from_wkt(row["WKT"])
    assert shapely.contains_xy(shape, (lon + 180) % 360 - 180, lat).all()
    # GDAL takes the column for the geometry by its name.
    assert shapely.from_wkb(pyogrio.raw.read(path)[2][0]).equals(shape)


def test_csv_without_a_place_tells_pixels_under_another_name(tmp_path: Path) -> None:
    path = written(tmp_path, [a_feature()], "csv", NOWHERE)
    (row,) = csv.DictReader(path.read_text().splitlines())
    assert "WKT" not in row
    assert shapely.from_wkt(row["pixel_wkt"]).equals(shapely.box(30, 30, 50, 40))


@pytest.mark.parametrize("name", PLACES)
def test_the_area_of_a_feature_is_that_of_its_pixels(name: str) -> None:
    place = PLACES[name]
    (feature,) = with_areas([a_feature()], place)
    areas = row_areas_m2(place, 30, 30, 10, 20)
    assert areas is not None
    assert feature.properties["area_m2"] == pytest.approx(areas.sum() * 20, rel=1e-5)
    assert feature.properties["class_name"] == "ship"


def test_without_a_place_there_is_no_area() -> None:
    (feature,) = with_areas([a_feature()], NOWHERE)
    assert feature.properties["area_m2"] is None


def test_areas_agree_with_an_equal_area_map() -> None:
    place: Place = north_up("EPSG:32633", 10, 500_000, 5_300_000, 500, 500)
    ring = np.array([(10, 10), (300, 40), (400, 350), (120, 420), (200, 200)], float)
    (feature,) = with_areas([Feature(geometry=ring, properties={})], place)
    dense = shapely.segmentize(shapely.Polygon(ring), 1.0)
    xs, ys = np.array([place.transform @ corner for corner in dense.exterior.coords]).T
    plane = CRS.from_dict(proj="laea", lon_0=15, lat_0=47.8, datum="WGS84")
    known = shapely.Polygon(zip(*warp_points(place.crs, plane, xs, ys), strict=True)).area
    assert feature.properties["area_m2"] == pytest.approx(known, rel=1e-6)


def test_a_name_of_geoparquet_is_no_column(tmp_path: Path) -> None:
    for name in ("geometry", "bbox"):
        with pytest.raises(ValueError, match=name):
            written(tmp_path, [], "geoparquet", columns=[Column(name=name, type="str")])

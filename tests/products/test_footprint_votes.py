"""What a finished map holds under polygons, against a count pixel by pixel."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
import shapely
from affine import Affine
from builders.runs import edgers
from builders.scenes import TRANSFORM, write_scene
from rasterio.crs import CRS
from rasterio.warp import transform_geom

from edgers.products import footprint_votes
from edgers.products.footprint_votes import collect_votes
from edgers.products.polygon_file import polygons_from_file

UTM = CRS.from_epsg(32630)
CLASSES = {0: "land", 1: "water", 5: "cloud"}


def class_map(path: Path, height: int = 60, width: int = 90, **scene: Any) -> npt.NDArray[Any]:
    """Write a map of classes as a run does: class names in the band's tags, 255 is nodata."""
    random = np.random.default_rng(2)
    classes = random.choice([0, 1, 5, 255], (height, width), p=[0.4, 0.3, 0.2, 0.1]).astype("uint8")
    write_scene(path, classes[None], nodata=255, **scene)
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(1, **{f"CLASS_{value}": name for value, name in CLASSES.items()})
    return classes


def ring(points: list[tuple[float, float]], transform: Affine = TRANSFORM) -> list[list[float]]:
    """Give pixel corners (column, row) as a closed ring on the map."""
    return [list(transform @ point) for point in [*points, points[0]]]


def polygons(random: np.random.Generator, count: int) -> list[Any]:
    """Give polygons at random on the map: some overlap, some have holes, some lie beyond it."""
    found = []
    for _ in range(count):
        middle = random.uniform((-5, -5), (95, 65))
        turns = np.sort(random.uniform(0, 2 * np.pi, random.integers(3, 9)))
        reach = random.uniform(1, 25, len(turns))
        edge = middle + np.stack([np.cos(turns), np.sin(turns)], 1) * reach[:, None]
        shape = shapely.Polygon(ring([tuple(p) for p in edge]))
        if not shape.is_valid:
            continue
        if random.random() < 0.4 and not (inner := shape.buffer(-40)).is_empty:
            shape = shape.difference(inner)
        found.append(shapely.geometry.mapping(shape))
    return found


def write_polygons(
    path: Path, geometries: list[Any], properties: list[dict[str, Any]] | None = None,
    crs: CRS | None = UTM,
) -> Path:  # fmt: skip
    """Write polygons that lie on the map as longitude and latitude; as they are without `crs`."""
    features = [
        {
            "type": "Feature", "id": f"f{i}",
            "geometry": transform_geom(crs, "EPSG:4326", one) if crs and one else one,
            "properties": properties[i] if properties else {"name": f"polygon {i}"},
        }
        for i, one in enumerate(geometries)
    ]  # fmt: skip
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def inside(geometry: Any, height: int, width: int) -> npt.NDArray[np.bool_]:
    """Tell pixel by pixel whether the middle lies in a polygon of the map."""
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    xs, ys = TRANSFORM @ (columns, rows)
    found: npt.NDArray[np.bool_] = shapely.contains_xy(shapely.geometry.shape(geometry), xs, ys)
    return found


@pytest.mark.parametrize("block_px", [7, 32, 1024])
def test_votes_equal_a_count_pixel_by_pixel_whatever_the_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block_px: int
) -> None:
    monkeypatch.setattr(footprint_votes, "BLOCK_PX", block_px)
    classes = class_map(tmp_path / "map.tif")
    shapes = polygons(np.random.default_rng(5), 40)
    assert any(shape["type"] == "MultiPolygon" or len(shape["coordinates"]) > 1 for shape in shapes)
    read = polygons_from_file(write_polygons(tmp_path / "p.geojson", shapes))
    with rasterio.open(tmp_path / "map.tif") as dataset:
        votes = collect_votes(dataset, read, classes=True)
    for shape, one in zip(shapes, votes, strict=True):
        under = classes[inside(shape, *classes.shape)]
        wanted = {value: int((under == value).sum()) for value in CLASSES if value in under}
        assert one.counts == wanted
        assert (one.pixels, one.nodata_px) == (sum(wanted.values()), int((under == 255).sum()))
    assert sum(one.pixels for one in votes) > 1000


def test_values_have_mean_least_and_most(tmp_path: Path) -> None:
    random = np.random.default_rng(8)
    values = random.normal(0, 10, (2, 60, 90)).astype(np.float32)
    values[0, 10:20, 10:30] = np.nan
    write_scene(tmp_path / "map.tif", values, names=("depth", "error"), nodata=np.nan)
    shapes = polygons(random, 12)
    write_polygons(tmp_path / "p.geojson", shapes)
    out = tmp_path / "out.csv"
    assert edgers("votes", tmp_path / "map.tif", tmp_path / "p.geojson", "-o", out).code == 0
    for shape, row in zip(shapes, table(out), strict=True):
        under = values[:, inside(shape, 60, 90) & np.isfinite(values).all(axis=0)]
        assert int(row["pixels"]) == under.shape[1]
        for band, seen in zip(("depth", "error"), under.astype(float), strict=True):
            if seen.size:
                told = [float(row[f"{band}_{what}"]) for what in ("mean", "min", "max")]
                assert told == pytest.approx([seen.mean(), seen.min(), seen.max()])
            else:
                assert row[f"{band}_mean"] == ""


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_stored_whole_numbers_are_told_as_what_they_mean(tmp_path: Path) -> None:
    write_scene(tmp_path / "map.tif", np.full((1, 20, 20), 30, np.int16), names=("biomass",))
    with rasterio.open(tmp_path / "map.tif", "r+") as dataset:
        dataset.scales, dataset.offsets = (0.5,), (100.0,)
    square = shapely.geometry.mapping(shapely.Polygon(ring([(2, 2), (8, 2), (8, 8), (2, 8)])))
    write_polygons(tmp_path / "p.geojson", [square])
    out = tmp_path / "out.csv"
    assert edgers("votes", tmp_path / "map.tif", tmp_path / "p.geojson", "-o", out).code == 0
    assert float(table(out)[0]["biomass_mean"]) == 115


@pytest.fixture
def fields(tmp_path: Path) -> Path:
    """A map whose left half is water, and three fields: left, right, and one far away."""
    classes = class_map(tmp_path / "map.tif", 20, 40)
    classes[:, :20], classes[:, 20:] = 1, 0
    classes[:5, 20:30] = 255
    with rasterio.open(tmp_path / "map.tif", "r+") as dataset:
        dataset.write(classes, 1)
    squares = [
        shapely.geometry.mapping(shapely.Polygon(ring([(a, 0), (b, 0), (b, 10), (a, 10)])))
        for a, b in ((0, 25), (20, 30), (500, 510))
    ]
    properties = [{"crop": "wheat", "tags": [1, 2]}, {"crop": "rye"}, {"owner": "x"}]
    write_polygons(tmp_path / "fields.geojson", [*squares, None], [*properties, {}])
    return tmp_path


def test_attributes_join_the_properties_there_are(fields: Path) -> None:
    out = fields / "out.geojson"
    assert edgers("votes", fields / "map.tif", fields / "fields.geojson", "-o", out).code == 0
    given = json.loads((fields / "fields.geojson").read_text())["features"]
    first, second, third, fourth = json.loads(out.read_text())["features"]
    assert [one["geometry"] for one in (first, second, third, fourth)] == [
        one["geometry"] for one in given
    ]
    assert (first["id"], first["properties"]["tags"]) == ("f0", [1, 2])
    assert first["properties"] | {"majority_share": 0.0} == {
        "crop": "wheat", "tags": [1, 2], "pixels": 225, "nodata_share": 0.1, "majority": 1,
        "majority_name": "water", "majority_share": 0.0, "n_land": 25, "n_water": 200, "n_cloud": 0,
    }  # fmt: skip
    assert first["properties"]["majority_share"] == pytest.approx(200 / 225, abs=1e-6)
    assert (second["properties"]["majority_name"], second["properties"]["nodata_share"]) == (
        "land", 0.5,
    )  # fmt: skip
    for one in (third, fourth):
        assert one["properties"]["pixels"] == 0
        assert one["properties"]["majority"] is None


def test_a_table_has_the_same_without_outlines(fields: Path) -> None:
    out = fields / "out.csv"
    done = edgers("votes", fields / "map.tif", fields / "fields.geojson", "-o", out)
    assert "4 · 2 hold no pixel with data" in done.out
    rows = table(out)
    assert list(rows[0])[:4] == ["id", "crop", "tags", "owner"]
    assert (rows[0]["tags"], rows[1]["majority_name"], rows[2]["majority"]) == (
        "[1, 2]",
        "land",
        "",
    )


def test_polygons_may_lie_in_a_crs_that_the_file_names(fields: Path) -> None:
    document = json.loads((fields / "fields.geojson").read_text())
    for one in document["features"]:
        if one["geometry"]:
            one["geometry"] = transform_geom("EPSG:4326", "EPSG:3857", one["geometry"])
    document["crs"] = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}
    (fields / "mercator.geojson").write_text(json.dumps(document))
    for name in ("fields", "mercator"):
        source, out = fields / f"{name}.geojson", fields / f"{name}.csv"
        assert edgers("votes", fields / "map.tif", source, "-o", out).code == 0
    assert (fields / "fields.csv").read_text() == (fields / "mercator.csv").read_text()


def test_a_property_is_never_replaced(fields: Path) -> None:
    square = json.loads((fields / "fields.geojson").read_text())["features"][0]["geometry"]
    write_polygons(fields / "p.geojson", [square], [{"pixels": "mine"}], crs=None)
    command = ("votes", fields / "map.tif", fields / "p.geojson", "-o", fields / "o.csv")
    done = edgers(*command)
    assert done.code == 2
    assert "'pixels' already" in done.err
    assert not (fields / "o.csv").exists()
    assert edgers(*command, "--prefix", "v_").code == 0
    assert (table(fields / "o.csv")[0]["pixels"], table(fields / "o.csv")[0]["v_pixels"]) == (
        "mine", "225",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("geometry", "message"),
    [
        ({"type": "Point", "coordinates": [0, 0]}, "is a Point, no polygon"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1]]]}, "under 4 points"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [2, 2]]]}, "is open"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, "a"], [1, 1], [0, 0]]]}, "a point of"),
        ({"type": "Polygon", "coordinates": []}, "no ring"),
        ({"type": "MultiPolygon", "coordinates": [[]]}, "no ring"),
        ("Polygon", "is a None"),
    ],
)
def test_a_file_of_other_things_is_refused(fields: Path, geometry: Any, message: str) -> None:
    write_polygons(fields / "p.geojson", [geometry], crs=None)
    out = fields / "o.csv"
    done = edgers("votes", fields / "map.tif", fields / "p.geojson", "-o", out)
    assert done.code == 2
    assert message in done.err
    assert not out.exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"type": "FeatureCollection"}', "NaN", "\xff"])
def test_what_is_no_geojson_is_refused(fields: Path, text: str) -> None:
    (fields / "p.geojson").write_bytes(text.encode("latin-1"))
    done = edgers("votes", fields / "map.tif", fields / "p.geojson", "-o", fields / "o.csv")
    assert done.code == 2
    assert "cannot be read" in done.err


def test_a_map_without_a_place_and_an_ending_of_no_kind_are_refused(fields: Path) -> None:
    write_scene(fields / "loose.tif", np.ones((1, 20, 40), np.uint8), crs=None)
    done = edgers("votes", fields / "loose.tif", fields / "fields.geojson", "-o", fields / "o.csv")
    assert done.code == 2
    assert "--warp" in done.err
    done = edgers("votes", fields / "map.tif", fields / "fields.geojson", "-o", fields / "o.shp")
    assert done.code == 2
    assert ".csv or .geojson" in done.err

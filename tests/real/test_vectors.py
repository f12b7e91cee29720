"""Polygons and alert of a real flood chip, and features where real rasters lie."""

import json
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from builders.features import COLUMNS, a_feature, geojson
from builders.ml4floods import ml4floods_contract
from rasterio.features import rasterize
from rasterio.warp import transform as warp_points

from edgers.bundle import open_bundle
from edgers.export.compile import compile_bundle
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.run import run_scene
from edgers.products.features import write_features
from edgers.scene.place import place_of


def test_a_flood_as_polygons_burnt_back_is_the_class_map(real_data: Path, tmp_path: Path) -> None:
    contract = tmp_path / "contract.json"
    contract.write_text(json.dumps(ml4floods_contract("simplecnn")))
    bundle = tmp_path / "flood.edgers"
    graph = real_data / "models/ml4floods_simplecnn.onnx"
    compile_bundle(graph, contract, bundle, engine="onnxruntime")
    scene = real_data / "flood/Spain_7370579_S2Hand.tif"
    options = RunOptions(vectors=("flatgeobuf", "geojson"), alert=True, tile_px=128)
    with load_model(open_bundle(bundle)) as model:
        report = run_scene(model, scene, tmp_path / "out", options)
    paths = {path.name.split(".", 1)[1]: path for path in report.products}
    with rasterio.open(paths["tif"]) as dataset:
        classes, nodata, transform = dataset.read(1), dataset.nodata, dataset.transform
    meta, _, shapes, columns = pyogrio.raw.read(paths["fgb"])
    told = dict(zip(meta["fields"], columns, strict=True))
    burnt = rasterize(
        zip(shapely.from_wkb(shapes), told["class"], strict=True), out_shape=classes.shape,
        transform=transform, fill=nodata, dtype=classes.dtype.name,
    )  # fmt: skip
    assert np.array_equal(burnt, classes)
    assert shapely.is_valid(shapely.from_wkb(shapes)).all()
    for area in report.found.classes:
        own = told["class"] == area.value
        assert told["area_m2"][own].sum() / 1e6 == pytest.approx(area.area_km2, rel=1e-6)
    assert len(geojson(paths["geojson"])["features"]) == len(shapes)
    (alert,) = (path for path in report.products if path.name.endswith("_alert.json"))
    found = {one["c"]: one for one in json.loads(alert.read_text())["f"]}
    column, row = ~transform @ found["water"]["p"]
    # Four digits of degrees are a pixel of this chip.
    near = classes[int(row) - 1 : int(row) + 2, int(column) - 1 : int(column) + 2]
    assert (near == 1).any()
    assert 0.5 < found["water"]["s"] <= 1


NAMES = ["cog_dateline.tif", "cog_gcps.tif", "inverted_lat.tif", "RGB2.byte.tif"]


@pytest.mark.parametrize("name", NAMES)
def test_features_lie_where_the_raster_does(real_data: Path, tmp_path: Path, name: str) -> None:
    with rasterio.open(real_data / "geotiff" / name) as dataset:
        place = place_of(dataset)
    path = tmp_path / "found.geojson"
    write_features(path, [a_feature()], COLUMNS, place)
    shape = shapely.from_wkb(pyogrio.raw.read(path)[2][0])
    assert shape.is_valid
    if place.kind == "map":
        x, y = place.transform @ (40, 35)
        (lon,), (lat,) = warp_points(place.crs, "EPSG:4326", [x], [y])
    else:
        (lon,), (lat,) = place.lonlat(np.array([40.0]), np.array([35.0]))
    middle = shapely.Point((lon + 180) % 360 - 180, lat)
    assert shape.contains(middle)
    assert shape.centroid.distance(middle) < 0.01 * shape.length

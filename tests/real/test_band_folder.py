"""A real Sentinel-2 granule, one JPEG 2000 file a band at 10, 20 and 60 m, as one scene."""

import json
from pathlib import Path

import numpy as np
import rasterio
from builders.ml4floods import MEAN_STDDEV, ml4floods_contract
from rasterio.warp import Resampling, reproject

from edgers.bundle import open_bundle
from edgers.export.compile import compile_bundle
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.run import run_scene

PREFIX = "T31TDH_20150726T105026_"


def test_the_granule_runs_as_one_scene_of_13_bands_at_10_m(real_data: Path, tmp_path: Path) -> None:
    contract, bundle = tmp_path / "c.json", tmp_path / "b.edgers"
    contract.write_text(json.dumps(ml4floods_contract("simplecnn")))
    graph = real_data / "models/ml4floods_simplecnn.onnx"
    compile_bundle(graph, contract, bundle, engine="onnxruntime")
    folder = real_data / "s2_jp2"
    planes = []
    with rasterio.open(folder / f"{PREFIX}B02.jp2") as grid:
        crs, transform, shape = grid.crs, grid.transform, grid.shape
    for name, (mean, stddev) in MEAN_STDDEV.items():
        number = name if name == "B8A" else f"B{int(name[1:]):02d}"
        with rasterio.open(folder / f"{PREFIX}{number}.jp2") as band:
            plane = np.zeros(shape, np.uint16)
            reproject(
                rasterio.band(band, 1), plane, dst_crs=crs, dst_transform=transform,
                resampling=Resampling.bilinear,
            )  # fmt: skip
        planes.append((plane.astype(np.float32) - np.float32(mean)) / np.float32(stddev))
    with load_model(open_bundle(bundle)) as model:
        report = run_scene(model, folder, tmp_path / "out", RunOptions(tile_px=100))
        untiled = model.engine.infer({"x": np.stack(planes)[np.newaxis]})["logits"][0].argmax(
            axis=0
        )
    with rasterio.open(report.products[0]) as product:
        assert (product.crs, product.transform, product.shape) == (crs, transform, shape)
        assert product.tags()["EDGERS_DATETIME"] == "2015-07-26T10:50:26Z"
        assert np.array_equal(product.read(1), untiled)
    assert report.products[0].name == "s2_jp2_ml4floods-simplecnn.tif"

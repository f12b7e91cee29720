"""Real acquisitions as several inputs, as a STAC Item, and at another ground sample distance."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from builders.bundles import make_bundle
from builders.items import item_document
from builders.stacks import SAR, fusion_net, input_document, stack_document

from edgers.bundle import open_bundle
from edgers.contract import ModelInput, contract_from_document
from edgers.pipeline.model import load_model
from edgers.pipeline.preprocess import ScenePreprocessor
from edgers.scene.geometry import gsd_m
from edgers.scene.open import environment
from edgers.scene.raster import Raster
from edgers.scene.scene import Scene, scene_paths
from edgers.tiling.grid import plan_grid

CHIP = "Spain_7370579_{}Hand.tif"
GRANULE = "T31TDH_20150726T105026_{}.jp2"


def wants(*bands: str, **fields: Any) -> ModelInput:
    return contract_from_document(stack_document(input_document("x", bands, **fields))).inputs[0]


def test_radar_and_optics_of_one_chip_are_one_scene(real_data: Path, tmp_path: Path) -> None:
    """A label stands for the DEM: one more layer of whole numbers on the same ground."""
    document = stack_document(
        input_document("optical", ("B2", "B3", "B4"), **{"edgers:gsd_m": 10}),
        input_document("sar", SAR, **{"edgers:nodata": {"pixel": "any"}}),
        input_document("dem", ("label",), **{"edgers:nodata": {"counts": False}}),
    )
    parts = {
        name: [real_data / "flood" / CHIP.format(part)]
        for name, part in (("optical", "S2"), ("sar", "S1"), ("dem", "Label"))
    }
    with load_model(open_bundle(make_bundle(tmp_path, document, fusion_net))) as model:
        paths = scene_paths(model.inputs, [], parts)
        renamed = {"label": "1"}
        with environment(), Scene(paths, model.inputs, renamed) as scene:
            assert (scene.height_px, scene.width_px) == (512, 512)
            prepare = ScenePreprocessor(model.inputs, scene)
            window = scene.read(0, 0, 512, 512)
            tensors = prepare.tensors(window, (512, 512))
            whole = model.engine.infer(tensors)["y"][0]
            tiled = np.full_like(whole, np.nan)
            for tile in plan_grid(512, 512, 200, model.bundle.halo):
                rows, columns = tile.rows, tile.columns
                shape = tile.window_shape
                part = scene.read(rows.window_start, columns.window_start, *shape)
                answer = model.engine.infer(prepare.tensors(part, shape))["y"][0]
                height, width = tile.core_shape
                tiled[
                    :, rows.core_start : rows.core_stop, columns.core_start : columns.core_stop
                ] = answer[
                    :, rows.crop_start : rows.crop_start + height,
                    columns.crop_start : columns.crop_start + width,
                ]  # fmt: skip
    with rasterio.open(parts["sar"][0]) as dataset:
        assert np.array_equal(window.inputs["sar"].samples, dataset.read())
    assert np.array_equal(tiled, whole)


def test_a_granule_is_read_at_the_ground_sample_distance_of_a_model(real_data: Path) -> None:
    fields = {"edgers:gsd_m": 30, "edgers:gsd_tolerance": 0.1, "edgers:gsd_rule": "resample"}
    folder = real_data / "s2_jp2"
    with environment(), Raster(folder, wants("B02", "B04", "B01", **fields), {}) as raster:
        window = raster.read(0, 0, raster.height_px, raster.width_px)
        # 60 m is nearer 30 m than 10 m is: B01's grid, made finer.
        assert raster.own_place.shape == (50, 50)
        assert raster.place.shape == (100, 100)
        assert gsd_m(raster.place) is not None
        assert abs((gsd_m(raster.place) or 0) - 30) < 0.1
    fine = stored(folder / GRANULE.format("B02"))
    assert np.abs(window.samples[0] - means(fine, 3)).max() <= 1
    with environment(), Raster(folder, wants("B02", "B04", **fields), {}) as raster:
        assert raster.own_place.shape == (300, 300)
        window = raster.read(0, 0, 100, 100)
    assert np.abs(window.samples[0] - means(fine, 3)).max() <= 1
    assert not window.missing.any()


def stored(path: Path) -> npt.NDArray[Any]:
    with rasterio.open(path) as dataset:
        samples: npt.NDArray[Any] = dataset.read(1)
    return samples


def means(samples: npt.NDArray[Any], step: int) -> npt.NDArray[np.float64]:
    height, width = samples.shape
    blocks = samples.reshape(height // step, step, width // step, step)
    found: npt.NDArray[np.float64] = blocks.mean(axis=(1, 3))
    return found


def test_a_granule_with_an_item_beside_it_is_found_by_common_names(
    real_data: Path, tmp_path: Path
) -> None:
    names = {"blue": "B02", "red": "B04", "swir22": "B12"}
    assets = {}
    for common, name in names.items():
        source = real_data / "s2_jp2" / GRANULE.format(name)
        (tmp_path / f"{common}.jp2").write_bytes(source.read_bytes())
        bands = [{"name": common, "eo:common_name": common}]
        assets[common] = {
            "href": f"./{common}.jp2", "type": "image/jp2", "roles": ["data"], "bands": bands
        }  # fmt: skip
    path = tmp_path / "item.json"
    path.write_text(json.dumps(item_document(assets)))
    entry = input_document("x", ("r", "s"), **{"edgers:gsd_m": 10})
    for band, common in zip(entry["bands"], ("red", "swir22"), strict=True):
        band["common_name"] = common
    (source,) = contract_from_document(stack_document(entry)).inputs
    with environment(), Raster(tmp_path, source, {}) as raster:
        window = raster.read(0, 0, 300, 300)
        assert raster.time == ("2020-01-31T10:50:19Z", "STAC Item")
    assert np.array_equal(window.samples[0], stored(tmp_path / "red.jp2"))
    with environment(), Raster(real_data / "s2_jp2", wants("B04", "B12"), {}) as raster:
        assert np.array_equal(window.samples, raster.read(0, 0, 300, 300).samples)


def test_the_two_sensors_of_other_places_have_no_common_ground(real_data: Path) -> None:
    """The patches lie in other zones and places: all of the radar is missing, none made up."""
    inputs = contract_from_document(
        stack_document(input_document("optical", ("B02",)), input_document("sar", SAR))
    ).inputs
    paths = scene_paths(inputs, [real_data / "s1s2"], {})
    with environment(), Scene(paths, inputs, {}) as scene:
        assert (scene.height_px, scene.width_px) == (120, 120)
        window = scene.read(0, 0, 120, 120)
        assert scene.time[0] == "2018-05-26T10:00:31Z"
    assert window.inputs["sar"].missing.all()
    assert window.nodata.all()
    assert not window.inputs["optical"].missing.any()

"""A STAC Item as a scene: its files, what it says of their bands, its date."""

from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pytest
import rasterio
from affine import Affine
from builders.items import COMMON, GEOTIFF, data_asset, item_document, write_bands, write_item
from builders.scenes import TRANSFORM, noise, write_scene
from builders.stacks import SERIES_AXES, input_document, stack_document

from edgers.contract import ModelInput, contract_from_document
from edgers.errors import BandError, SceneError
from edgers.scene.folder import scene_files
from edgers.scene.open import environment
from edgers.scene.raster import Raster, SceneWindow
from edgers.scene.scene import Scene


def wants(*bands: dict[str, Any], **fields: Any) -> ModelInput:
    entry = input_document("x", [band["name"] for band in bands], **fields)
    entry["bands"] = list(bands)
    return contract_from_document(stack_document(entry)).inputs[0]


ALL = tuple({"name": name} for name in COMMON)


def whole(path: Path, *bands: dict[str, Any], **fields: Any) -> tuple[SceneWindow, Raster]:
    with environment(), Raster(path, wants(*(bands or ALL), **fields), {}) as raster:
        return raster.read(0, 0, raster.height_px, raster.width_px), raster


def stored(path: Path) -> Any:
    with rasterio.open(path) as dataset:
        return dataset.read()


def test_the_items_in_these_tests_are_items() -> None:
    item = pystac.Item.from_dict(item_document({"red": data_asset("B04")}))
    assert item.assets["red"].roles == ["data"]


@pytest.mark.parametrize("by_folder", [False, True])
def test_an_item_or_its_folder_is_a_scene(tmp_path: Path, by_folder: bool) -> None:
    write_bands(tmp_path)
    item = write_item(tmp_path, {name: data_asset(name) for name in COMMON})
    window, raster = whole(tmp_path if by_folder else item)
    for name, samples in zip(COMMON, window.samples, strict=True):
        assert np.array_equal(samples, stored(tmp_path / f"{name.lower()}.tif")[0])
    assert raster.time == ("2020-01-31T10:50:19Z", "STAC Item")


@pytest.mark.parametrize(
    "band",
    [
        {"name": "B04"},
        {"name": "rot", "common_name": "red"},
        {"name": "r", "center_wavelength": 0.66},
    ],
)
def test_bands_are_found_by_every_word_of_the_item(tmp_path: Path, band: dict[str, Any]) -> None:
    write_bands(tmp_path)
    item = write_item(tmp_path, {f"asset {name}": data_asset(name) for name in COMMON})
    assert np.array_equal(whole(item, band)[0].samples, stored(tmp_path / "b04.tif"))


def test_the_fields_of_stac_1_0_are_read(tmp_path: Path) -> None:
    write_bands(tmp_path)
    old = {
        "href": "b04.tif", "type": GEOTIFF, "roles": ["data", "reflectance"],
        "eo:bands": [{"name": "red", "common_name": "red", "center_wavelength": 0.665}],
        "raster:bands": [{"nodata": 7, "scale": 0.0001, "offset": -0.1, "unit": "1"}],
    }  # fmt: skip
    item = write_item(tmp_path, {"red": old})
    _, raster = whole(item, {"name": "B04", "common_name": "red"}, **{"edgers:values": "physical"})
    (band,) = raster.bands
    assert (band.name, band.wavelength_um, band.unit) == ("red", 0.665, "1")
    assert (band.scale, band.offset, raster.is_scaled) == (0.0001, -0.1, True)


def test_scale_and_offset_of_the_item_are_asked_about(tmp_path: Path) -> None:
    write_bands(tmp_path)
    item = write_item(tmp_path, {"r": data_asset("B04", **{"raster:scale": 0.0001})})
    with pytest.raises(BandError, match="states physical values by scale and offset"):
        whole(item, {"name": "B04"})


def test_what_the_file_says_of_its_values_comes_first(tmp_path: Path) -> None:
    write_bands(tmp_path, nodata=5)
    with rasterio.open(tmp_path / "b04.tif", "r+") as dataset:
        dataset.scales, dataset.offsets, dataset.units = (0.5,), (1.0,), ("K",)
    stated = {"raster:scale": 0.1, "raster:offset": 7, "unit": "m", "nodata": 9}
    item = write_item(tmp_path, {"r": data_asset("B04", **stated)})
    window, raster = whole(item, {"name": "B04"}, **{"edgers:values": "physical"})
    (band,) = raster.bands
    assert (band.scale, band.offset, band.unit) == (0.5, 1.0, "K")
    assert np.array_equal(window.missing, window.samples == 5)


def test_nodata_of_the_item_holds_where_the_file_states_none(tmp_path: Path) -> None:
    write_bands(tmp_path)
    with rasterio.open(tmp_path / "b04.tif", "r+") as dataset:
        samples = dataset.read()
        samples[:, 3:6, 4:8] = 0
        dataset.write(samples)
    item = write_item(tmp_path, {"r": data_asset("B04", nodata=0)})
    window, _ = whole(item, {"name": "B04"})
    assert window.missing.sum() == window.nodata.sum() == 12
    assert window.missing[0, 3:6, 4:8].all()


def test_nodata_of_the_item_is_not_mixed_into_resampled_samples(tmp_path: Path) -> None:
    write_bands(tmp_path, 60)
    coarse = np.full((1, 20, 20), 4000, np.uint16)
    coarse[:, :, :10] = 0
    write_scene(tmp_path / "b04.tif", coarse, transform=TRANSFORM @ Affine.scale(3))
    assets = {name: data_asset(name) for name in ("B02", "B03")}
    item = write_item(tmp_path, {**assets, "r": data_asset("B04", nodata=0)})
    window, _ = whole(item)
    assert np.unique(window.samples[2][~window.missing[2]]).tolist() == [4000]
    assert window.missing[2, :, :29].all()
    assert not window.missing[2, :, 31:].any()


def test_several_bands_in_a_file_are_named_in_order(tmp_path: Path) -> None:
    samples = noise(3, 20, 20)
    write_scene(tmp_path / "stack.tif", samples, names=("x", "y", "z"))
    bands = [{"name": name} for name in ("B04", "B03", "B02")]
    item = write_item(tmp_path, {"data": {"href": "stack.tif", "bands": bands}})
    assert np.array_equal(whole(item)[0].samples, samples[::-1])


def test_another_number_of_bands_is_refused(tmp_path: Path) -> None:
    write_scene(tmp_path / "stack.tif", noise(3, 20, 20))
    bands = [{"name": name} for name in ("B04", "B03")]
    item = write_item(tmp_path, {"data": {"href": "stack.tif", "bands": bands}})
    with pytest.raises(SceneError, match="does not have the bands its STAC Item lists") as caught:
        whole(item)
    assert "It has 3, the Item lists 2" in str(caught.value)


def test_an_asset_of_one_band_goes_by_its_key(tmp_path: Path) -> None:
    write_bands(tmp_path)
    assets = {name: {"href": f"{name.lower()}.tif"} for name in ("B02", "B03")}
    item = write_item(tmp_path, {**assets, "red": {"href": "b04.tif", "type": GEOTIFF}})
    _, raster = whole(item, {"name": "B02"}, {"name": "x", "common_name": "red"})
    assert [band.label for band in raster.bands] == ["B02", "B04"]


def test_only_data_is_read(tmp_path: Path) -> None:
    write_bands(tmp_path)
    (tmp_path / "meta.xml").write_text("<a/>")
    (tmp_path / "data.csv").write_text("1,2")
    assets = {
        **{name: data_asset(name) for name in COMMON},
        "visual": {"href": "b04.tif", "type": GEOTIFF, "roles": ["data"]},
        "thumbnail": {"href": "https://example.org/t.png", "roles": ["thumbnail"]},
        "clouds": {"href": "../clouds.tif", "type": GEOTIFF, "roles": ["cloud"]},
        "metadata": {"href": "meta.xml", "type": "application/xml", "roles": ["metadata"]},
        "table": {"href": "data.csv", "roles": ["data"]},
    }
    item = write_item(tmp_path, assets)
    assert [path.name for path in scene_files(item)] == ["b02.tif", "b03.tif", "b04.tif"]


def test_files_in_folders_below_are_read(tmp_path: Path) -> None:
    write_bands(tmp_path / "bands and more")
    fields = {"href": "bands%20and%20more/b04.tif"}
    item = write_item(tmp_path, {"r": data_asset("B04", **fields)})
    assert whole(item, {"name": "B04"})[0].samples.shape == (1, 20, 20)


def test_items_that_name_no_file_leave_the_folder_as_it_is(tmp_path: Path) -> None:
    write_bands(tmp_path)
    for path in tmp_path.glob("*.tif"):
        path.rename(path.with_stem(path.stem.upper()))
    remote = data_asset("B04", href="https://example.org/b04.tif")
    write_item(tmp_path, {"red": remote}, "remote")
    own = {"red": {"href": "./B04.tif"}}
    write_item(tmp_path, own, "product", **{"edgers:bundle_id": "1"})
    (tmp_path / "other.json").write_text('{"type": "FeatureCollection"}')
    (tmp_path / "broken.json").write_text("{")
    assert whole(tmp_path)[0].samples.shape == (3, 20, 20)


def test_two_items_in_a_folder_are_not_one_scene(tmp_path: Path) -> None:
    write_bands(tmp_path)
    for name in ("one", "two"):
        write_item(tmp_path, {"r": data_asset("B04")}, name)
    with pytest.raises(SceneError, match="holds 2 STAC Items"):
        whole(tmp_path)
    assert whole(tmp_path / "one.json", {"name": "B04"})[0].samples.shape == (1, 20, 20)


def test_an_item_may_state_a_span_of_time(tmp_path: Path) -> None:
    write_bands(tmp_path)
    span = {"datetime": None, "start_datetime": "2020-01-31T12:00:00+02:00"}
    item = write_item(tmp_path, {"r": data_asset("B04")}, **span)
    assert whole(item, {"name": "B04"})[1].time == ("2020-01-31T10:00:00Z", "STAC Item")


def test_items_are_the_dates_of_a_series(tmp_path: Path) -> None:
    for day, folder in (("2020-03-01", "a"), ("2020-01-01", "b")):
        write_bands(tmp_path / folder)
        assets = {name: data_asset(name, href=f"{folder}/{name.lower()}.tif") for name in COMMON}
        write_item(tmp_path, assets, f"item-{folder}", datetime=f"{day}T00:00:00Z")
    entry = input_document("x", tuple(COMMON), SERIES_AXES, 2)
    inputs = contract_from_document(stack_document(entry)).inputs
    wanted = ("2020-01-01T00:00:00Z", "2020-03-01T00:00:00Z")
    with Scene({"x": [tmp_path]}, inputs, {}) as scene:
        assert scene.dates == {"x": wanted}
        assert [path.parent.name for path in scene.files] == ["b", "b", "b", "a", "a", "a"]
    items = [tmp_path / "item-a.json", tmp_path / "item-b.json"]
    with Scene({"x": items}, inputs, {}) as scene:
        assert scene.dates == {"x": wanted}

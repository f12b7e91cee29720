"""Products as they come: of all their files the right ones are bands."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from builders.granules import (
    S2_10M,
    S2_20M,
    layer,
    write_bigearthnet,
    write_landsat,
    write_s1_safe,
    write_safe,
)
from builders.scenes import noise, write_scene
from builders.stacks import input_document, stack_document

from edgers.contract import ModelInput, contract_from_document
from edgers.errors import BandError, SceneError
from edgers.scene.folder import scene_files, scene_name
from edgers.scene.open import environment
from edgers.scene.raster import Raster, SceneWindow
from edgers.scene.scene import Scene, scene_paths

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

NEAREST = {"edgers:resampling": "nearest"}


def wants(*bands: str, gsd_m: float = 10, common: Sequence[str] = ()) -> ModelInput:
    entry = input_document("x", bands, **{"edgers:gsd_m": gsd_m, **NEAREST})
    for band, name in zip(entry["bands"], common, strict=False):
        band["common_name"] = name
    return contract_from_document(stack_document(entry)).inputs[0]


def whole(path: Path, source: ModelInput) -> tuple[SceneWindow, Raster]:
    with environment(), Raster(path, source, {}) as raster:
        return raster.read(0, 0, raster.height_px, raster.width_px), raster


@pytest.mark.parametrize("part", [".", "GRANULE", "GRANULE/*/IMG_DATA"])
def test_a_safe_or_the_folders_in_it_are_one_scene(tmp_path: Path, part: str) -> None:
    safe, bands = write_safe(tmp_path)
    (path,) = safe.glob(part) if part != "." else [safe]
    window, raster = whole(path, wants(*S2_10M, *S2_20M))
    assert [band.file.removesuffix(".jp2").split("_", 2)[2] for band in raster.bands] == [
        *(f"{name}_10m" for name in S2_10M), *(f"{name}_20m" for name in S2_20M),
    ]  # fmt: skip
    for name, samples in zip((*S2_10M, *S2_20M), window.samples, strict=True):
        factor = 60 // bands[name].shape[1]
        assert np.array_equal(samples, bands[name][0].repeat(factor, 0).repeat(factor, 1)), name


def test_a_coarser_model_takes_the_coarser_copies(tmp_path: Path) -> None:
    safe, _ = write_safe(tmp_path)
    window, raster = whole(safe, wants("B02", "B03", "B8A", gsd_m=20))
    assert window.samples.shape == (3, 30, 30)
    assert all(path.name.endswith("_20m.jp2") for path in raster.files)


def test_masks_and_pictures_are_no_bands(tmp_path: Path) -> None:
    safe, _ = write_safe(tmp_path)
    names = [path.name for path in scene_files(safe)]
    assert len(names) == len(set(names)) == 11 + 10 + 4 + 6 + 2
    assert not [n for n in names if "MSK" in n or "TCI" in n or "PVI" in n or "ql" in n]
    assert not [n for n in names if n.endswith(".png")]


def test_masks_are_no_bands_wherever_they_lie(tmp_path: Path) -> None:
    safe, bands = write_safe(tmp_path)
    flat = tmp_path / "flat"
    flat.mkdir()
    for path in safe.rglob("*.jp2"):
        path.rename(flat / path.name)
    window, _ = whole(flat, wants("B02", "B8A"))
    assert np.array_equal(window.samples[0], bands["B02"][0])
    assert np.array_equal(window.samples[1], bands["B8A"][0].repeat(2, 0).repeat(2, 1))


def test_a_model_that_asks_for_colours_does_not_get_a_picture(tmp_path: Path) -> None:
    safe, _ = write_safe(tmp_path)
    with pytest.raises(BandError, match="no band that fits band colour"):
        whole(safe, wants("colour", common=["red"]))


def test_classes_are_an_input_of_their_own(tmp_path: Path) -> None:
    safe, bands = write_safe(tmp_path)
    classes = input_document("classes", ("SCL",), **NEAREST)
    optical = input_document("optical", ("B04",), **{"edgers:gsd_m": 10, **NEAREST})
    inputs = contract_from_document(stack_document(optical, classes)).inputs
    with environment(), Scene(scene_paths(inputs, [safe], {}), inputs, {}) as scene:
        window = scene.read(0, 0, 60, 60)
        assert scene.time == ("2020-01-31T10:50:19Z", "file name")
        assert scene.name == safe.name.removesuffix(".SAFE")
        assert scene.listing["classes"] == [["T31TDH_20200131T105019_SCL_20m.jp2"]]
    assert np.array_equal(window.inputs["optical"].samples, bands["B04"])
    found = window.inputs["classes"].samples[0]
    assert np.array_equal(found, bands["SCL"][0].repeat(2, 0).repeat(2, 1))


def test_a_landsat_folder_is_one_scene(tmp_path: Path) -> None:
    folder, bands = write_landsat(tmp_path)
    names = ("B2", "B3", "B4", "B5", "B6", "B7", "B10")
    window, raster = whole(folder, wants(*names, gsd_m=30))
    for name, samples in zip(names, window.samples, strict=True):
        assert np.array_equal(samples, bands[name][0]), name
    assert [path.name[41:] for path in raster.files] == sorted(
        [*(f"SR_{name}.TIF" for name in names[:-1]), "ST_B10.TIF"]
    )
    assert raster.time == ("2021-07-07T00:00:00Z", "file name")
    window, _ = whole(folder, wants("QA_PIXEL", gsd_m=30))
    assert np.array_equal(window.samples, bands["QA_PIXEL"])
    assert scene_name(folder) == folder.name


def test_a_patch_pair_is_one_scene_of_two_inputs(tmp_path: Path) -> None:
    folder, bands = write_bigearthnet(tmp_path)
    inputs = contract_from_document(
        stack_document(
            input_document("optical", (*S2_10M, "B8A"), **NEAREST),
            input_document("sar", ("VV", "VH")),
        )
    ).inputs
    with environment(), Scene(scene_paths(inputs, [folder], {}), inputs, {}) as scene:
        window = scene.read(0, 0, 60, 60)
    for name, samples in zip(("VV", "VH"), window.inputs["sar"].samples, strict=True):
        assert np.array_equal(samples, bands[name][0])
    optical = window.inputs["optical"].samples
    assert np.array_equal(optical[2], bands["B04"][0])
    assert np.array_equal(optical[4], bands["B8A"][0].repeat(2, 0).repeat(2, 1))


def test_a_sentinel_1_safe_is_one_scene(tmp_path: Path) -> None:
    safe, bands = write_s1_safe(tmp_path)
    window, raster = whole(safe, wants("VV", "VH"))
    assert np.array_equal(window.samples, np.concatenate([bands["VV"], bands["VH"]]))
    assert raster.time == ("2020-01-01T05:55:55Z", "file name")


@pytest.mark.parametrize("stem", ["{}", "site_7_{}", "2020-01-01 {}"])
def test_files_may_bear_common_names(tmp_path: Path, stem: str) -> None:
    bands = {n: layer(tmp_path / f"{stem.format(n)}.tif") for n in ("blue", "green", "red", "nir")}
    window, _ = whole(tmp_path, wants("B04", "B08", common=["red", "nir"]))
    assert np.array_equal(window.samples, np.concatenate([bands["red"], bands["nir"]]))


def test_a_file_of_one_band_goes_by_its_own_name(tmp_path: Path) -> None:
    samples = layer(tmp_path / "elevation.tif")
    assert np.array_equal(whole(tmp_path / "elevation.tif", wants("elevation"))[0].samples, samples)
    layer(tmp_path / "slope.tif")
    with pytest.raises(BandError, match="no band that fits band elevation"):
        whole(tmp_path / "slope.tif", wants("elevation"))


def test_a_file_without_a_place_is_the_last_to_give_the_grid(tmp_path: Path) -> None:
    layer(tmp_path / "a_B02.tif")
    layer(tmp_path / "a_B03.tif", crs=None)
    with pytest.raises(SceneError, match="cannot be put onto one grid") as caught:
        whole(tmp_path, wants("B02", "B03", gsd_m=12))
    assert "a_B03.tif and a_B02.tif" in str(caught.value)


def test_chips_of_several_places_are_no_scene(tmp_path: Path) -> None:
    """Pixels in degrees are finer in the north by a little: those are no copies of one another."""
    for latitude in (40, 42):
        write_scene(
            tmp_path / f"at{latitude}.tif", noise(1, 16, 16), names=("B02",), crs="EPSG:4326",
            transform=Affine(1e-4, 0, 10, 0, -1e-4, latitude),
        )  # fmt: skip
    with pytest.raises(BandError, match="2 bands that fit band B02"):
        whole(tmp_path, wants("B02"))

"""A scene of another ground sample distance: refused, or read on a grid of the model's."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from affine import Affine
from builders.bundles import BAND_NAMES, contract_document
from builders.scenes import TRANSFORM, noise, write_scene
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS

from edgers.contract import contract_from_document
from edgers.errors import SceneError
from edgers.scene.open import MAX_SIDE_PX, environment
from edgers.scene.raster import Raster, SceneWindow

RESAMPLE = {"edgers:gsd_rule": "resample"}


def opened(path: Path, gsd_m: float, **fields: Any) -> Raster:
    document = contract_document(**{"edgers:gsd_m": gsd_m, **fields})
    return Raster(path, contract_from_document(document).inputs[0], {})


def whole(raster: Raster) -> SceneWindow:
    with environment():
        return raster.read(0, 0, raster.height_px, raster.width_px)


def scene(folder: Path, samples: npt.NDArray[Any], **fields: Any) -> Path:
    return write_scene(folder / "scene.tif", samples, names=BAND_NAMES, **fields)


def means(samples: npt.NDArray[Any], step: int) -> npt.NDArray[np.float64]:
    bands, height, width = samples.shape
    blocks = samples.reshape(bands, height // step, step, width // step, step)
    found: npt.NDArray[np.float64] = blocks.mean(axis=(2, 4))
    return found


def test_within_the_tolerance_nothing_is_resampled(tmp_path: Path) -> None:
    samples = noise(3, 40, 60)
    with opened(scene(tmp_path, samples), 14, **RESAMPLE) as raster:
        assert raster.place is raster.own_place
        assert np.array_equal(whole(raster).samples, samples)


def test_the_default_is_to_refuse(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="another ground sample distance") as caught:
        opened(scene(tmp_path, noise(3, 40, 60)), 30)
    assert "resample" in str(caught.value)


@pytest.mark.parametrize("resampling", ["bilinear", "cubic", "average"])
def test_finer_pixels_are_averaged(tmp_path: Path, resampling: str) -> None:
    samples = noise(3, 40, 60, "float32")
    fields = {**RESAMPLE, "edgers:resampling": resampling}
    with opened(scene(tmp_path, samples), 40, **fields) as raster:
        assert (raster.height_px, raster.width_px) == (10, 15)
        window = whole(raster)
    assert np.allclose(window.samples, means(samples, 4), rtol=1e-5)
    assert not window.missing.any()


def test_a_pattern_of_single_pixels_does_not_become_another(tmp_path: Path) -> None:
    samples = np.zeros((3, 60, 60), np.float32)
    samples[:, ::2] = 1000
    with opened(scene(tmp_path, samples), 30, **RESAMPLE) as raster:
        found = whole(raster).samples
    # Three rows hold one or two bright ones.
    assert found.min() == pytest.approx(1000 / 3, rel=1e-5)
    assert found.max() == pytest.approx(2000 / 3, rel=1e-5)


def test_values_that_must_not_be_mixed_give_the_most_frequent(tmp_path: Path) -> None:
    samples = np.full((3, 40, 40), 7, np.uint16)
    samples[:, ::4, ::4] = 900
    fields = {**RESAMPLE, "edgers:resampling": "nearest"}
    with opened(scene(tmp_path, samples), 40, **fields) as raster:
        assert np.unique(whole(raster).samples).tolist() == [7]


def test_coarser_pixels_are_resampled_by_the_contracts_rule(tmp_path: Path) -> None:
    samples = noise(3, 20, 30)
    path = scene(tmp_path, samples)
    with opened(path, 5, **RESAMPLE, **{"edgers:resampling": "nearest"}) as raster:
        assert np.array_equal(whole(raster).samples, samples.repeat(2, 1).repeat(2, 2))
    ramp = np.broadcast_to(np.arange(30, dtype=np.float32) * 4, (3, 20, 30)).copy()
    with opened(scene(tmp_path, ramp), 5, **RESAMPLE) as raster:
        inside = whole(raster).samples[:, 4:-4, 4:-4]
    assert np.allclose(np.diff(inside, axis=2), 2)


def test_the_ground_is_kept_to_the_last_corner(tmp_path: Path) -> None:
    with opened(scene(tmp_path, noise(3, 41, 67)), 25, **RESAMPLE) as raster:
        place, own = raster.place, raster.own_place
        assert place.shape == (16, 27)
        assert own.transform == TRANSFORM
    for corner in ((0, 0), (1, 0), (0, 1), (1, 1)):
        here = place.transform @ (corner[0] * place.width_px, corner[1] * place.height_px)
        there = own.transform @ (corner[0] * own.width_px, corner[1] * own.height_px)
        assert here == pytest.approx(there, abs=1e-6)


def test_a_scene_smaller_than_a_pixel_of_the_model_is_one_pixel(tmp_path: Path) -> None:
    with opened(scene(tmp_path, noise(3, 4, 3)), 500, **RESAMPLE) as raster:
        assert whole(raster).samples.shape == (3, 1, 1)


def test_missing_samples_are_not_averaged_in(tmp_path: Path) -> None:
    samples = noise(3, 40, 40).astype(np.float32) + 5000
    samples[:, :6] = -1
    with opened(scene(tmp_path, samples, nodata=-1), 40, **RESAMPLE) as raster:
        window = whole(raster)
    assert window.missing[:, 0].all()
    assert not window.missing[:, 1:].any()
    assert np.allclose(window.samples[:, 1], samples[:, 6:8].reshape(3, 2, 10, 4).mean((1, 3)))


def test_a_window_is_the_same_part_of_the_whole(tmp_path: Path) -> None:
    with opened(scene(tmp_path, noise(3, 311, 407)), 17, **RESAMPLE) as raster:
        full = whole(raster)
        with environment():
            part = raster.read(31, 57, 90, 111)
    assert np.array_equal(part.samples, full.samples[:, 31:121, 57:168])


def test_all_files_are_brought_onto_the_one_grid(tmp_path: Path) -> None:
    fine = noise(1, 60, 60, "float32")
    write_scene(tmp_path / "a_B02.tif", fine)
    write_scene(tmp_path / "a_B03.tif", fine)
    write_scene(tmp_path / "a_B04.tif", means(fine, 2), transform=TRANSFORM @ Affine.scale(2))
    with opened(tmp_path, 60, **RESAMPLE) as raster:
        # The coarser file is nearer the model's GSD: its grid is taken.
        assert raster.own_place.shape == (30, 30)
        window = whole(raster)
    assert window.samples.shape == (3, 10, 10)
    for plane in window.samples:
        assert np.allclose(plane, means(fine, 6)[0], rtol=1e-4)


def swath(folder: Path, samples: npt.NDArray[Any], name: str = "scene") -> Path:
    """Write a scene in sensor geometry with pixels of about 10 m."""
    path = write_scene(folder / f"{name}.tif", samples, names=BAND_NAMES, crs=None)
    height, width = samples.shape[1:]
    points = [
        GroundControlPoint(r, c, 600_000 + 10 * c + r * 0.5, 4_200_000 - 10 * r)
        for r in np.linspace(0, height, 4)
        for c in np.linspace(0, width, 4)
    ]
    with rasterio.open(path, "r+") as dataset:
        dataset.gcps = points, CRS.from_epsg(32630)
    return path


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_swath_is_resampled_in_its_own_pixels(tmp_path: Path) -> None:
    samples = noise(3, 80, 120, "float32")
    with opened(swath(tmp_path, samples), 40, **RESAMPLE) as raster:
        assert (raster.place.kind, raster.place.shape) == ("gcps", (20, 30))
        window = whole(raster)
        corners = np.array([0.0, 30, 0, 30]), np.array([0.0, 0, 20, 20])
        here = raster.place.lonlat(*corners)
        there = raster.own_place.lonlat(*(4 * side for side in corners))
    assert np.allclose(window.samples, means(samples, 4), rtol=1e-5)
    assert not window.missing.any()
    assert np.allclose(here, there, atol=1e-7)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_files_of_one_swath_are_resampled_alike(tmp_path: Path) -> None:
    samples = noise(3, 80, 120, "float32")
    for i, name in enumerate(BAND_NAMES):
        path = swath(tmp_path, samples[i : i + 1].repeat(3, 0), "x")
        with rasterio.open(path) as dataset:
            points, crs = dataset.gcps
        path.unlink()
        alone = write_scene(tmp_path / f"s_{name}.tif", samples[i : i + 1], crs=None)
        with rasterio.open(alone, "r+") as dataset:
            dataset.gcps = points, crs
    with opened(tmp_path, 40, **RESAMPLE) as raster:
        assert np.allclose(whole(raster).samples, means(samples, 4), rtol=1e-5)


def test_an_impossible_size_is_refused(tmp_path: Path) -> None:
    path = scene(tmp_path, noise(3, 8, 8), transform=TRANSFORM @ Affine.scale(100))
    with pytest.raises(SceneError, match="cannot be read at the model's ground sample") as caught:
        opened(path, 5e-3, **RESAMPLE)
    assert str(MAX_SIDE_PX) in str(caught.value)

"""EnMAP tiles through `run` to cubes: values, place, wavelengths, and back in again."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from builders.bundles import make_bundle
from builders.cube_models import cube_document, matrix_net
from PIL import Image

from edgers.bundle import open_bundle
from edgers.kernels import eigen
from edgers.kernels.scene_statistics import Covariance
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.report import SceneReport
from edgers.pipeline.run import run_scene
from edgers.products.spectra_picture import CURVES
from edgers.scene.bands import bands_of
from edgers.scene.envi import read_header

TILES = ("128_128", "192_160", "96_32", "96_96")
DEAD = range(130, 136)
"""Numbers of bands without data."""


def tile(real_data: Path, name: str) -> Path:
    return real_data / f"hsi/enmap_potsdam_tile_{name}.tif"


def living(path: Path) -> tuple[npt.NDArray[np.float32], list[float]]:
    """Give reflectances and wavelengths, in µm, of the bands that have data."""
    numbers = [number for number in range(1, 225) if number not in DEAD]
    with rasterio.open(path) as dataset:
        stored = dataset.read(numbers)
        bands = bands_of(dataset)
    assert (stored != -32768).all()
    wavelengths = [bands[number - 1].wavelength_um for number in numbers]
    return (stored * 1e-4).astype(np.float32), [um for um in wavelengths if um is not None]


def run_pca(folder: Path, path: Path, components: int | None, **options: Any) -> SceneReport:
    """Take a tile to its components and back."""
    cube, wavelengths_um = living(path)
    seen = Covariance(len(cube))
    seen.add(cube)
    few = eigen.pca(seen.result.covariance, seen.result.mean, components)
    matrix = few.inverse.matrix.astype(np.float64) @ few.forward.matrix
    offset = seen.result.mean - matrix @ seen.result.mean
    document = cube_document(
        wavelengths_um, len(cube), {"edgers:values": "physical"},
        **{"edgers:restores": {"input": "x"}},
    )  # fmt: skip
    with load_model(
        open_bundle(make_bundle(folder, document, lambda: matrix_net(matrix, offset)))
    ) as model:
        return run_scene(model, path, folder / "out", RunOptions(tile_px=20, **options))


@pytest.mark.parametrize("name", TILES)
def test_a_tile_comes_back_with_its_place_and_its_wavelengths(
    name: str, real_data: Path, tmp_path: Path
) -> None:
    path = tile(real_data, name)
    cube, wavelengths_um = living(path)
    report = run_pca(tmp_path, path, None)
    with rasterio.open(path) as given, rasterio.open(report.products[0]) as found:
        assert (found.crs, found.transform, found.shape) == (given.crs, given.transform, (32, 32))
        values = found.read()
        bands = bands_of(found)
    assert np.abs(values - cube).max() < 2e-4
    assert [band.wavelength_um for band in bands] == pytest.approx(wavelengths_um, abs=1e-6)
    assert all(band.fwhm_um is not None and 0.005 < band.fwhm_um < 0.02 for band in bands)


def test_few_components_are_an_envi_cube_with_spectra_in_its_picture(
    real_data: Path, tmp_path: Path
) -> None:
    path = tile(real_data, "96_32")
    cube, wavelengths_um = living(path)
    report = run_pca(tmp_path, path, 10, cube="envi")
    header = read_header(report.products[1])
    rows = np.fromfile(report.products[0], header.stored_type).reshape(32, len(cube), 32)
    assert np.sqrt(((rows.transpose(1, 0, 2) - cube) ** 2).mean()) < 0.005
    assert [band.wavelength_um for band in header.bands] == pytest.approx(wavelengths_um, abs=1e-6)
    with rasterio.open(path) as given, rasterio.open(report.products[0]) as found:
        assert (found.crs, found.transform) == (given.crs, given.transform)
    picture = np.asarray(Image.open(report.products[2])).reshape(-1, 3)
    assert all((picture == colour).all(axis=1).sum() > 200 for colour in CURVES)

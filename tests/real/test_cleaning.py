"""Dead bands and an index of real EnMAP tiles; speckle of real Sentinel-1 chips."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import rasterio

from edgers.kernels.cpu.dead_pixels import replace_across_bands
from edgers.kernels.cpu.decibel import decibel_from_power, power_from_decibel
from edgers.kernels.cpu.indices import compute_indices
from edgers.kernels.cpu.speckle import lee, refined_lee
from edgers.kernels.cpu.stripes import column_moments
from edgers.kernels.detectors import dead_bands
from edgers.kernels.spectra import Cube

DEAD = [129, 130, 131, 132, 133, 134]
"""Bands 130 to 135, counted from 0: water vapour about 1.4 µm."""
NDVI = {
    "128_128": (-1.0, 0.7121, 1.0),
    "192_160": (0.2766, 0.8603, 0.9231),
    "96_32": (0.1282, 0.7015, 0.8740),
    "96_96": (0.0367, 0.6175, 1.0),
}
"""Least, median and greatest found: fields and forest near Potsdam in July, lakes in the first."""
LOOKS = 4.4
"""Sentinel-1 ground range detected, interferometric wide swath, high resolution (ESA, 2016)."""
CHIPS = ("Spain_7370579", "India_900498", "Nigeria_812045", "Sri-Lanka_534068")


def enmap(real_data: Path, name: str) -> tuple[Cube, npt.NDArray[np.float64]]:
    """Samples as stored, NaN for nodata, and the wavelength of each band in nm."""
    with rasterio.open(real_data / f"hsi/enmap_potsdam_tile_{name}.tif") as tile:
        samples = tile.read()
        wavelengths = np.array([float(tile.tags(i)["wavelength"]) for i in tile.indexes])
        assert tile.nodata == -32768
    return np.where(samples == -32768, np.float32(np.nan), samples), wavelengths


@pytest.mark.parametrize("name", NDVI)
def test_the_dead_bands_are_found_and_no_other(name: str, real_data: Path) -> None:
    cube, wavelengths = enmap(real_data, name)
    assert cube.shape == (224, 32, 32)
    found = dead_bands(column_moments(cube))
    assert np.flatnonzero(found).tolist() == DEAD
    whole = replace_across_bands(cube, np.repeat(found[:, None], 32, axis=1), wavelengths)
    assert np.isfinite(whole).all()
    assert np.array_equal(whole[~found], cube[~found])
    # Between the last band before the gap and the first after it, in the same pixel.
    low, high = np.minimum(cube[128], cube[135]), np.maximum(cube[128], cube[135])
    assert ((whole[DEAD] >= low - 1e-2) & (whole[DEAD] <= high + 1e-2)).all()


@pytest.mark.parametrize("name", NDVI)
def test_vegetation_has_the_index_of_vegetation(name: str, real_data: Path) -> None:
    cube, wavelengths = enmap(real_data, name)
    names = [f"band {i}" for i in range(len(cube))]
    for common, nm in (("red", 665), ("nir", 842)):
        names[int(np.abs(wavelengths - nm).argmin())] = common
    ndvi = compute_indices(cube, names, ("ndvi",), scale=1e-4)[0]
    found = (np.nanmin(ndvi), np.nanmedian(ndvi), np.nanmax(ndvi))
    np.testing.assert_allclose(found, NDVI[name], atol=5e-4)


def block_looks(power: Cube, is_water: npt.NDArray[np.bool_]) -> float:
    """Median equivalent number of looks, mean² / variance, of 16 × 16 px that are all water."""
    rows, columns = (side // 16 for side in is_water.shape)
    shape = (rows, 16, columns, 16)
    water = is_water[: 16 * rows, : 16 * columns].reshape(shape).all(axis=(1, 3))
    blocks = power[: 16 * rows, : 16 * columns].astype(np.float64).reshape(shape)
    looks = blocks.mean(axis=(1, 3)) ** 2 / blocks.var(axis=(1, 3))
    return float(np.median(looks[water]))


@pytest.mark.parametrize("name", CHIPS)
def test_speckle_of_water_goes_and_means_hardly_move(name: str, real_data: Path) -> None:
    with rasterio.open(real_data / f"flood/{name}_S1Hand.tif") as chip:
        power = power_from_decibel(chip.read().astype(np.float32))
    with rasterio.open(real_data / f"flood/{name}_LabelHand.tif") as labels:
        label = labels.read(1)
    filtered = {"refined": refined_lee(power, LOOKS), "lee": lee(power, LOOKS, 7)}
    for found in filtered.values():
        assert np.array_equal(np.isnan(found), np.isnan(power))
    for band in range(2):
        known = np.isfinite(power[band])
        before = block_looks(power[band], known & (label == 1))
        for kind, found in filtered.items():
            gain = block_looks(found[band], known & (label == 1)) / before
            # Found: 1.55 (Nigeria, VH) to 3.09 (Sri Lanka, VH); 1.6 to 6.6 by the plain filter.
            assert gain > 1.5, f"{kind}, band {band}: looks times {gain:.2f}"
        for value in (0, 1):
            chosen = known & (label == value)
            means = [one[band][chosen].mean(dtype=float) for one in (power, filtered["refined"])]
            moved = float(np.diff(10 * np.log10(means))[0])
            # Found: −0.38 dB (Spain, VV) to −0.11 dB; bright targets weigh most in a mean.
            assert abs(moved) < 0.45, f"class {value}, band {band}: {moved:.2f} dB"


def test_decibels_of_a_chip_survive_power_and_back(real_data: Path) -> None:
    with rasterio.open(real_data / "flood/India_900498_S1Hand.tif") as chip:
        decibel = chip.read().astype(np.float32)
    back = decibel_from_power(power_from_decibel(decibel))
    np.testing.assert_allclose(back, decibel, atol=2e-5)

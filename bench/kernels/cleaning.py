"""Cleaning of spectra: 200 bands of 256 by 256 pixels; filters of bands: 4 of 512 by 512."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from edgers.bench.kernels.case import Case
from edgers.kernels.cpu import dead_pixels, denoise, indices, stripes
from edgers.kernels.index_formulae import INDEX_FORMULAE
from edgers.kernels.moment_matching import match_moments
from edgers.kernels.reference import dead_pixels as plain_dead_pixels
from edgers.kernels.reference import denoise as plain_denoise
from edgers.kernels.reference import indices as plain_indices
from edgers.kernels.reference import stripes as plain_stripes
from edgers.kernels.spectra import Cube

BANDS, SIDE = 200, 256
FLAT_BANDS, FLAT_SIDE = 4, 512
NAMES = ("blue", "green", "red", "rededge071", "nir", "swir16", "swir22")


def cases() -> Iterator[Case]:
    """Give each kernel with its numpy reference."""
    random = np.random.default_rng(30)
    cube = random.normal(10_000, 100, (BANDS, SIDE, SIDE)).astype(np.float32)
    yield from _detectors(cube, random)
    yield from _along_bands(cube)
    yield from _filters(random.normal(0, 1, (FLAT_BANDS, FLAT_SIDE, FLAT_SIDE)).astype(np.float32))
    yield from _indices(random)


def _detectors(cube: Cube, random: np.random.Generator) -> Iterator[Case]:
    dead = random.random((BANDS, SIDE)) < 0.01
    dead[130:136] = True
    places = np.linspace(400, 2400, BANDS)
    gains = match_moments(stripes.column_moments(cube))
    for name, fast, plain, moved in (
        ("column moments", partial(stripes.column_moments, cube),
         partial(plain_stripes.column_moments, cube), cube.nbytes),
        ("gain and offset", partial(stripes.apply_gains, cube, gains),
         partial(plain_stripes.apply_gains, cube, gains), 2 * cube.nbytes),
        ("dead detectors across columns", partial(dead_pixels.replace_across_columns, cube, dead),
         partial(plain_dead_pixels.replace_across_columns, cube, dead), 2 * cube.nbytes),
        ("dead detectors across bands",
         partial(dead_pixels.replace_across_bands, cube, dead, places),
         partial(plain_dead_pixels.replace_across_bands, cube, dead, places), 2 * cube.nbytes),
    ):  # fmt: skip
        yield Case(name=name, moved_bytes=moved, fast=fast, plain=plain)


def _along_bands(cube: Cube) -> Iterator[Case]:
    for window in (5, 11):
        yield Case(
            name=f"Savitzky-Golay {window} bands", moved_bytes=2 * cube.nbytes,
            fast=partial(denoise.savitzky_golay, cube, window, 2),
            plain=partial(plain_denoise.savitzky_golay, cube, window, 2),
        )  # fmt: skip


def _filters(image: Cube) -> Iterator[Case]:
    for size in (3, 5):
        yield Case(
            name=f"median {size} x {size}", moved_bytes=2 * image.nbytes,
            fast=partial(denoise.median_filter, image, size), plain=partial(_sorted, image, size),
            rival="numpy median of all windows",
        )  # fmt: skip
    yield Case(
        name="Gaussian 1 px", moved_bytes=2 * image.nbytes,
        fast=partial(denoise.gaussian_filter, image, 1.0),
        plain=partial(plain_denoise.gaussian_filter, image, 1.0),
    )  # fmt: skip


def _sorted(image: Cube, size: int) -> Cube:
    """Medians as one writes them in numpy; the reference, pixel by pixel, would take minutes."""
    half = size // 2
    around = np.pad(image, ((0, 0), (half, half), (half, half)), mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(around, (size, size), axis=(1, 2))
    flat = windows.reshape(*image.shape, size * size)
    middle: Cube = np.partition(flat, size * size // 2, axis=-1)[..., size * size // 2]
    return middle


def _indices(random: np.random.Generator) -> Iterator[Case]:
    samples = random.integers(0, 10_000, (len(NAMES), 1024, 1024)).astype(np.uint16)
    for chosen in (("ndvi",), ("evi",), ("ndvi", "ndwi", "mndwi", "nbr", "evi")):
        used = {band for name in chosen for band in INDEX_FORMULAE[name].bands}
        given = {"scale": 1e-4, "nodata": 0.0}
        yield Case(
            name=f"indices uint16 {len(chosen)}, {chosen[-1]} last",
            moved_bytes=len(used) * samples[0].nbytes + len(chosen) * 4 * samples[0].size,
            fast=partial(indices.compute_indices, samples, NAMES, chosen, **given),
            plain=partial(plain_indices.compute_indices, samples, NAMES, chosen, **given),
        )

"""Cubes of made-up spectra for the kernels that work on them."""

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from edgers.kernels.spectra import Cube


def cube_of(
    seed: int, bands: int, rows: int, columns: int, *, level: float = 100.0, holes: float = 0.0
) -> Cube:
    """Correlated bands about `level`; a share `holes` of the samples is NaN."""
    random = np.random.default_rng(seed)
    mixing = random.normal(size=(bands, bands)) + 2 * np.eye(bands)
    cube = np.einsum("ij,jrc->irc", mixing, random.normal(size=(bands, rows, columns))) + level
    cube[random.random(cube.shape) < holes] = np.nan
    return cube.astype(np.float32)


@st.composite
def cubes(draw: st.DrawFn, *, least_pixels: int = 0) -> Cube:
    """Cubes of any small shape, with or without holes, infinities, zeros and constant bands."""
    bands = draw(st.sampled_from([1, 2, 3, 4, 5, 8, 9, 13]))
    rows, columns = draw(st.integers(least_pixels, 9)), draw(st.integers(least_pixels, 9))
    cube = cube_of(
        draw(st.integers(0, 999)), bands, rows, columns,
        level=draw(st.sampled_from([0.0, 100.0, 1e4])), holes=draw(st.sampled_from([0, 0, 0.1])),
    )  # fmt: skip
    special = draw(st.sampled_from([None, None, 0.0, np.inf, -np.inf, 1e12]))
    if special is not None and cube.size:
        cube[draw(st.integers(0, bands - 1)), draw(st.integers(0, rows - 1)), 0] = special
    if draw(st.booleans()):
        cube[draw(st.integers(0, bands - 1))] = 7
    return cube


def same_holes(found: npt.NDArray[np.generic], wanted: npt.NDArray[np.generic]) -> bool:
    """Both have NaN in the same places."""
    return bool(np.array_equal(np.isnan(found), np.isnan(wanted)))

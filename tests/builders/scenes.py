"""Scenes for tests, written with rasterio."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning

TRANSFORM = Affine(10, 0, 600_000, 0, -10, 4_200_000)
"""10 m pixels, north up, in a UTM zone."""


def write_scene(
    path: Path,
    samples: npt.NDArray[Any],
    *,
    names: tuple[str, ...] = (),
    crs: str | None = "EPSG:32630",
    transform: Affine = TRANSFORM,
    nodata: float | None = None,
    **profile: Any,
) -> Path:
    """Write samples, (band, height, width), as a raster with band descriptions."""
    driver = profile.pop("driver", "GTiff")
    place = {} if crs is None else {"crs": crs, "transform": transform}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(
            path, "w", driver=driver, count=samples.shape[0], height=samples.shape[1],
            width=samples.shape[2], dtype=samples.dtype.name, nodata=nodata, **place, **profile,
        ) as dataset:  # fmt: skip
            dataset.write(samples)
            if names:
                dataset.descriptions = names
    return path


CORNERS = ((0, 0, 10, 50), (0, 8, 11, 50), (8, 0, 10, 49), (8, 8, 11, 49))
"""Ground control points as row, column, longitude and latitude."""


def place_by_points(path: Path) -> Path:
    """Give a scene without a CRS the ground control points `CORNERS`."""
    points = [GroundControlPoint(row, column, x, y) for row, column, x, y in CORNERS]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "r+") as dataset:
            dataset.gcps = points, CRS.from_epsg(4326)
    return path


def noise(
    bands: int, height: int, width: int, dtype: str = "uint16", seed: int = 0
) -> npt.NDArray[Any]:
    """Give smooth-ish random samples of 1 to 4000, (band, height, width)."""
    random = np.random.default_rng(seed)
    return random.integers(1, 4000, (bands, height, width)).astype(dtype)

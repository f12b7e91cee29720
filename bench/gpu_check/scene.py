"""What the kernels are tried on: a tile of stored samples, and a cube of many bands."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError

SMALL = ((3, 8, 9), (5, 6, 7))
"""Shapes for the simulator, which takes a millisecond a thread."""
LARGE = ((4, 1024, 1024), (64, 512, 512))
"""Shapes for a device: beyond the caches of all but the largest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Samples, the same for all cases."""

    stored: npt.NDArray[np.uint16]
    """As in a file, (band, row, column); 0 is missing."""
    cube: npt.NDArray[np.float32]
    """Spectra, (band, row, column); NaN where missing."""

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Where `stored` is missing."""
        return np.asarray(self.stored == 0)

    @property
    def n(self) -> int:
        """Pixels of the cube."""
        return int(self.cube[0].size)


def made_scene(shapes: tuple[tuple[int, int, int], tuple[int, int, int]]) -> Scene:
    """Make a scene from a seed: fields of one cover each, noise, an edge and holes without data."""
    random = np.random.default_rng(7)
    samples = _fields(random, shapes[0]) + random.normal(0, 60, shapes[0])
    stored = np.clip(samples, 1, 10_000).astype(np.uint16)
    stored[:, :, 0] = 0
    cube = _fields(random, shapes[1]) / 1e4 + random.normal(0, 0.02, shapes[1])
    cube[:, random.random(shapes[1][1:]) < 0.02] = np.nan
    return Scene(stored=stored, cube=cube.astype(np.float32))


def scene_from_file(path: Path, shapes: tuple[tuple[int, int, int], tuple[int, int, int]]) -> Scene:
    """Take both from the middle of a raster; bands are repeated with noise where there are few.

    Raises BadInputError where it cannot be read or is smaller than the shapes.
    """
    import rasterio
    from rasterio.errors import RasterioError
    from rasterio.windows import Window

    height, width = (max(shape[axis] for shape in shapes) for axis in (1, 2))
    try:
        with rasterio.open(path) as dataset:
            if dataset.height < height or dataset.width < width:
                raise BadInputError(
                    f"{path} is too small to try kernels on.",
                    seen=f"It has {dataset.height} × {dataset.width} pixels.",
                    rule=f"At least {height} × {width} are needed.",
                )
            corner = (dataset.width - width) // 2, (dataset.height - height) // 2
            read = dataset.read(window=Window(*corner, width, height), masked=True)
    except RasterioError as error:
        raise BadInputError(f"{path} cannot be read.", seen=f"{error}") from error
    samples = np.nan_to_num(read.filled(0).astype(np.float32), posinf=0, neginf=0)
    largest = max(float(samples.max()), 1.0)
    whole = np.clip(samples * (10_000 / largest), 0, 10_000).astype(np.uint16)
    made = made_scene(shapes)
    stored = np.resize(whole, (shapes[0][0], height, width))
    wide = np.resize(whole / np.float32(1e4), (shapes[1][0], height, width))
    cube = wide[:, : shapes[1][1], : shapes[1][2]] + np.float32(0.1) * made.cube
    return Scene(
        stored=np.ascontiguousarray(stored[:, : shapes[0][1], : shapes[0][2]]),
        cube=np.ascontiguousarray(cube, np.float32),
    )


def _fields(
    random: np.random.Generator, shape: tuple[int, int, int]
) -> npt.NDArray[np.float64]:  # fmt: skip
    """Give reflectance × 10 000 of covers with smooth spectra, in fields of 16 px."""
    bands, height, width = shape
    knots = random.uniform(300, 5000, (6, 5))
    at = np.linspace(0, 4, bands)
    spectra = np.stack([np.interp(at, np.arange(5), row) for row in knots])
    covers = random.integers(0, 6, (height // 16 + 1, width // 16 + 1))
    pixels = covers.repeat(16, axis=0).repeat(16, axis=1)[:height, :width]
    return np.ascontiguousarray(spectra[pixels].transpose(2, 0, 1))

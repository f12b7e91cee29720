"""Yes or no for each pixel, one band a thing: its samples, its layer, and what it covers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelClass
from edgers.products.areas import AreaCounter, ClassArea, block_pixels
from edgers.products.raster_files import Layer
from edgers.products.vrt import Meaning
from edgers.scene.geometry import row_areas_m2
from edgers.scene.place import Place

NODATA = 255
"""What stands for nodata; 0 is no and 1 is yes."""

YES = (ModelClass(value=1, name="yes", colour="000000"),)
"""What is counted in each band."""


def flag_layer(names: Sequence[str], ending: str) -> Layer:
    """Give the layer of flags: one band a name."""
    return Layer(
        ending=ending,
        bands=len(names),
        data_type="uint8",
        meaning=Meaning(bands=list(names), nodata=NODATA),
        continuous=False,
        fields={"bands": [{"name": name} for name in names]},
    )


def flag_samples(
    flags: npt.NDArray[np.generic] | None, bands: int, gone: npt.NDArray[np.bool_]
) -> npt.NDArray[np.uint8]:
    """Give flags, (band, height, width), as they are stored; nodata where a pixel is `gone`."""
    samples = np.full((bands, *gone.shape), NODATA, np.uint8)
    if flags is not None:
        np.copyto(samples, flags, where=~gone, casting="unsafe")
    return samples


class FlagCounter:
    """Running sums over blocks of flags."""

    def __init__(self, classes: Sequence[ModelClass], place: Place) -> None:
        """Prepare for one band a class, at `place`."""
        self._counter, self._place, self._data_px = AreaCounter(classes), place, 0

    def own(self, samples: npt.NDArray[np.uint8], row: int, column: int) -> dict[str, Any]:
        """Count a block, (band, height, width), that begins at `row`, `column`; JSON values."""
        height, width = samples.shape[1:]
        areas = row_areas_m2(self._place, row, column, height, width) if samples.size else None
        found = [block_pixels(band, YES, areas) for band in samples]
        is_placed = all(area is not None for _, area in found)
        return {
            "flag_px": [pixels[0] for pixels, _ in found],
            "flag_mm2": [area[0] for _, area in found if area] if is_placed else None,
            "data_px": int(np.count_nonzero(samples[0] != NODATA)) if samples.size else 0,
        }

    def add(self, own: Mapping[str, Any]) -> None:
        """Add what `own` said of a block."""
        self._counter.add(own["flag_px"], own["flag_mm2"])
        self._data_px += own["data_px"]

    def areas(self) -> tuple[ClassArea, ...]:
        """Give what each covers, its share that of the pixels with data."""
        return self._counter.areas(self._data_px)

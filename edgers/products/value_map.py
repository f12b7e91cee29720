"""Maps of values: one band a value, in float32 or in whole numbers with scale and offset."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.contract import OutputValue, Storage
from edgers.products.disk_errors import disk_errors
from edgers.products.found import Found, ValueRange
from edgers.products.raster_block import Block, Laid
from edgers.products.raster_drafts import RasterDrafts
from edgers.products.raster_files import Layer
from edgers.products.value_picture import write_value_picture
from edgers.products.vrt import Meaning
from edgers.tasks.values import ValueBlock

ROLE = "values"


class ValueMap:
    """A `raster_products.RasterKind` of values."""

    def __init__(self, values: Sequence[OutputValue], storage: Storage | None) -> None:
        """Prepare for so many values a pixel."""
        self._values, self._storage = tuple(values), storage
        self._nodata = nodata_of(storage)
        self._sums = [_Sum() for _ in values]
        self.layers: Mapping[str, Layer] = {
            ROLE: Layer(
                ending="",
                bands=len(values),
                data_type=storage.data_type if storage else "float32",
                meaning=Meaning(
                    bands=[one.name for one in values],
                    units=[one.unit for one in values],
                    nodata=self._nodata,
                    scale=storage.scale if storage else 1.0,
                    offset=storage.offset if storage else 0.0,
                ),
                continuous=True,
            )
        }

    @property
    def found(self) -> Found:
        """Give the range of each value so far."""
        return Found(
            values=tuple(
                one.range(value) for value, one in zip(self._values, self._sums, strict=True)
            )
        )

    def lay(self, block: Block[ValueBlock]) -> Laid:
        """Give the samples to store, without those of pixels that have no data."""
        found = block.found
        values = np.full((len(self._values), *block.nodata.shape), np.nan, np.float32)
        gone = np.ones(block.nodata.shape, bool)
        if found is not None:
            gone = block.nodata | found.not_finite
            np.copyto(values, found.values, where=~gone)
        kept = [band[~gone].astype(np.float64) for band in values]
        return Laid(
            blocks={ROLE: stored(values, self._storage)},
            gone=gone,
            not_finite=None if found is None else found.not_finite,
            own={
                "pixels": [band.size for band in kept],
                "least": [float(band.min()) if band.size else None for band in kept],
                "most": [float(band.max()) if band.size else None for band in kept],
                "sums": [float(band.sum()) for band in kept],
            },
        )

    def count(self, own: Mapping[str, Any]) -> None:
        """Add the range of a block."""
        keys = ("pixels", "least", "most", "sums")
        for one, *parts in zip(self._sums, *(own[key] for key in keys), strict=True):
            one.add(*parts)

    def draw(self, path: Path, title: str, *, drafts: RasterDrafts, nodata_share: float) -> None:
        """Draw the scene beside its first value, or three values as colours."""
        thin = drafts.thinned(ROLE).astype(np.float32)
        gone = np.isnan(thin) if np.isnan(self._nodata) else thin == self._nodata
        if self._storage is not None:
            thin = thin * np.float32(self._storage.scale) + np.float32(self._storage.offset)
        thin[gone] = np.nan
        with disk_errors(path.name):
            write_value_picture(
                path, thin, drafts.preview(), self.found.values, title=title,
                nodata_share=nodata_share,
            )  # fmt: skip


class _Sum:
    """What is known of one value; exact, so that the order of tiles is no matter."""

    def __init__(self) -> None:
        self._pixels, self._sum = 0, Fraction(0)
        self._least, self._most = float("inf"), float("-inf")

    def add(self, pixels: int, least: float | None, most: float | None, total: float) -> None:
        if least is None or most is None:
            return
        self._pixels += pixels
        self._sum += Fraction(total)
        self._least, self._most = min(self._least, least), max(self._most, most)

    def range(self, value: OutputValue) -> ValueRange:
        """Give the range under the name of the value."""
        some = self._pixels > 0
        return ValueRange(
            name=value.name,
            unit=value.unit,
            pixels=self._pixels,
            least=self._least if some else None,
            most=self._most if some else None,
            mean=float(self._sum / self._pixels) if some else None,
        )


def nodata_of(storage: Storage | None) -> float:
    """Give what stands for nodata: NaN, or a number that no value is stored as."""
    if storage is None:
        return float("nan")
    limits = np.iinfo(storage.data_type)
    # The smallest of signed numbers, as is usual; 0 is a good value of unsigned ones.
    return limits.min if limits.min < 0 else limits.max


def stored(values: npt.NDArray[np.float32], storage: Storage | None) -> npt.NDArray[np.generic]:
    """Give values, NaN where there is none, as they are stored; beyond the range, its ends."""
    if storage is None:
        return values
    limits = np.iinfo(storage.data_type)
    low, high = int(limits.min), int(limits.max)
    low, high = (low + 1, high) if low < 0 else (low, high - 1)
    whole = np.rint((values.astype(np.float64) - storage.offset) / storage.scale)
    held = np.where(np.isnan(whole), nodata_of(storage), np.clip(whole, low, high))
    return held.astype(storage.data_type)

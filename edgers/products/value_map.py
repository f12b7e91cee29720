"""Maps of values: one band a value, in float32 or in whole numbers with scale and offset."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelClass, OutputValue, Storage
from edgers.contract.read_output import PALETTE
from edgers.products.disk_errors import disk_errors
from edgers.products.flags import FlagCounter, flag_layer, flag_samples
from edgers.products.found import Found
from edgers.products.raster_block import Block, Laid
from edgers.products.raster_drafts import RasterDrafts
from edgers.products.raster_files import Layer
from edgers.products.value_picture import shown_bands, write_value_picture
from edgers.products.value_sums import SumCounter, ValueSum
from edgers.products.vrt import Meaning
from edgers.scene.place import Place
from edgers.tasks.values import ValueBlock

VALUES, FOUND = "values", "found"
"""Roles: the values, and where they reach the contract's thresholds."""

ENDINGS = {VALUES: "", FOUND: "_found"}
"""What a product's name has beside the scene's and the model's, by role."""


class ValueMap:
    """A `raster_products.RasterKind` of values."""

    def __init__(
        self, values: Sequence[OutputValue], storage: Storage | None, place: Place, *,
        sum_tolerance: float | None = None, cube: str = "cog",
    ) -> None:  # fmt: skip
        """Prepare for so many values a pixel, at `place`; `cube` is a COG, or `envi`."""
        self._storage = storage
        self.values = tuple(values)
        """What the bands are, in order."""
        self._nodata = nodata_of(storage)
        self._ranges = [ValueSum(one) for one in values]
        self._sums = None if sum_tolerance is None else SumCounter(sum_tolerance)
        self._sought = [i for i, one in enumerate(values) if one.threshold is not None]
        self._limits = np.array([values[i].threshold for i in self._sought], np.float32)
        names = [values[i].name for i in self._sought]
        self._flags = FlagCounter([_counted(name, i) for i, name in enumerate(names)], place)
        self.layers: Mapping[str, Layer] = {VALUES: self._layer(is_cube=cube == "envi")}
        if names:
            self.layers = {**self.layers, FOUND: flag_layer(names, ENDINGS[FOUND])}

    @property
    def found(self) -> Found:
        """Give the range of each value so far, and what reaches the thresholds."""
        ranges = [one.range() for one in self._ranges]
        for i, area in zip(self._sought, self._flags.areas(), strict=True):
            ranges[i] = replace(ranges[i], found=area)
        return Found(values=tuple(ranges), sums=self._sums.check() if self._sums else None)

    @property
    def sought(self) -> list[tuple[int, OutputValue]]:
        """Give the values that have a threshold, each with its position among all."""
        return [(i, self.values[i]) for i in self._sought]

    def lay(self, block: Block[ValueBlock]) -> Laid:
        """Give the samples to store, without those of pixels that have no data."""
        found = block.found
        values = np.full((len(self.values), *block.nodata.shape), np.nan, np.float32)
        gone = np.ones(block.nodata.shape, bool)
        if found is not None:
            gone = block.nodata | found.not_finite
            np.copyto(values, found.values, where=~gone)
        blocks: dict[str, npt.NDArray[np.generic]] = {VALUES: stored(values, self._storage)}
        own: dict[str, Any] = {"ranges": [ValueSum.own(band[~gone]) for band in values]}
        if self._sums is not None:
            own["sums"] = self._sums.own(values[:, ~gone])
        if self._sought:
            reached = values[self._sought] >= self._limits[:, np.newaxis, np.newaxis]
            flags = flag_samples(reached, len(self._sought), gone)
            blocks[FOUND] = flags
            own |= self._flags.own(flags, block.row, block.column)
        return Laid(
            blocks=blocks,
            gone=gone,
            not_finite=None if found is None else found.not_finite,
            own=own,
        )

    def count(self, own: Mapping[str, Any]) -> None:
        """Add the ranges of a block, and what it has of things that are sought."""
        for one, part in zip(self._ranges, own["ranges"], strict=True):
            one.add(part)
        if self._sums is not None:
            self._sums.add(own["sums"])
        if self._sought:
            self._flags.add(own)

    def draw(self, path: Path, title: str, *, drafts: RasterDrafts, nodata_share: float) -> None:
        """Draw the scene beside its first value, or three as colours, and spectra of cubes."""
        bands = shown_bands(self.values)
        thin = self.read(drafts.thinned(VALUES, bands))
        flags = drafts.thinned(FOUND, [0])[0] if self._sought else None

        def spectrum(row: int, column: int) -> npt.NDArray[np.float32]:
            step = drafts.thinning.step
            return self.read(drafts[VALUES].read(row * step, column * step, 1, 1))[:, 0, 0]

        with disk_errors(path.name):
            write_value_picture(
                path, thin, drafts.preview(), self.found.values, self.values, title=title,
                nodata_share=nodata_share, flags=flags, spectrum=spectrum,
            )  # fmt: skip

    def read(self, samples: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
        """Give the values of stored samples, NaN where there is none."""
        values = samples.astype(np.float32)
        gone = np.isnan(values) if np.isnan(self._nodata) else samples == self._nodata
        if self._storage is not None:
            values = values * np.float32(self._storage.scale) + np.float32(self._storage.offset)
        values[gone] = np.nan
        return values

    def _layer(self, *, is_cube: bool) -> Layer:
        values, storage = self.values, self._storage
        is_spectral = any(one.center_wavelength_um is not None for one in values)
        return Layer(
            ending=ENDINGS[VALUES],
            bands=len(values),
            data_type=storage.data_type if storage else "float32",
            meaning=Meaning(
                bands=[one.name for one in values],
                units=[one.unit for one in values],
                nodata=self._nodata,
                scale=storage.scale if storage else 1.0,
                offset=storage.offset if storage else 0.0,
                spectral=values if is_spectral else (),
            ),
            continuous=True,
            is_cube=is_cube,
        )


def _counted(name: str, position: int) -> ModelClass:
    """Give what is counted where a value reaches its threshold."""
    return ModelClass(value=1, name=name, colour=PALETTE[position % len(PALETTE)])


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

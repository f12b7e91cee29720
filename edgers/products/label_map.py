"""Maps of several classes a pixel: one band a class, 1 where a pixel is of it and 0 where not."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edgers.contract import ModelOutput
from edgers.products.disk_errors import disk_errors
from edgers.products.flags import NODATA, FlagCounter, flag_layer, flag_samples
from edgers.products.found import Found
from edgers.products.quicklook import Bytes, Preview, area_rows, nodata_row, rgb, write_sheet
from edgers.products.raster_block import Block, Laid
from edgers.products.raster_drafts import RasterDrafts
from edgers.products.raster_files import Layer
from edgers.products.vrt import Meaning
from edgers.scene.place import Place
from edgers.tasks.multi_label import LabelBlock

ENDINGS = {"labels": "", "probabilities": "_probabilities"}
"""What a product's name has beside the scene's and the model's, by role."""

NOTHING = (236, 238, 240)
"""Colour of pixels that are of no class."""


class LabelMap:
    """A `raster_products.RasterKind` of several classes a pixel."""

    def __init__(self, output: ModelOutput, place: Place, *, probabilities: bool) -> None:
        """Prepare for the classes of `output` that are shown, at `place`."""
        self._classes = output.shown_classes
        names = [one.name for one in self._classes]
        self.layers: Mapping[str, Layer] = {"labels": flag_layer(names, ENDINGS["labels"])}
        if probabilities:
            chances = Layer(
                ending=ENDINGS["probabilities"], bands=len(names), data_type="float32",
                meaning=Meaning(bands=names, nodata=float("nan")), continuous=True,
            )  # fmt: skip
            self.layers = {**self.layers, "probabilities": chances}
        self._counter = FlagCounter(self._classes, place)

    @property
    def found(self) -> Found:
        """Give what each class covers so far."""
        return Found(classes=self._counter.areas())

    def lay(self, block: Block[LabelBlock]) -> Laid:
        """Give labels and probabilities, without those of pixels that have no data."""
        found = block.found
        gone = np.ones(block.nodata.shape, bool)
        if found is not None:
            gone = block.nodata | found.not_finite
        bands = len(self._classes)
        labels = flag_samples(None if found is None else found.labels, bands, gone)
        blocks: dict[str, Any] = {"labels": labels}
        if "probabilities" in self.layers:
            chances = np.full((bands, *gone.shape), np.nan, np.float32)
            if found is not None:
                np.copyto(chances, found.probabilities, where=~gone)
            blocks["probabilities"] = chances
        return Laid(
            blocks=blocks,
            gone=gone,
            not_finite=None if found is None else found.not_finite,
            own=self._counter.own(labels, block.row, block.column),
        )

    def count(self, own: Mapping[str, Any]) -> None:
        """Add pixels and areas of a block."""
        self._counter.add(own)

    def draw(self, path: Path, title: str, *, drafts: RasterDrafts, nodata_share: float) -> None:
        """Draw the scene beside its labels: the mean colour of the classes that a pixel is of."""
        labels = drafts.thinned("labels")
        gone = np.asarray(labels[0] == NODATA, np.uint8)
        scene = Preview(classes=gone, samples=drafts.preview(), nodata=1).scene_picture()
        picture: Bytes = np.full_like(scene, NOTHING)
        is_any, sums = np.zeros(gone.shape), np.zeros(scene.shape)
        for band, one in zip(labels, self._classes, strict=True):
            is_any += band == 1
            sums[band == 1] += rgb(one.colour)
        mixed = is_any > 0
        picture[mixed] = sums[mixed] / is_any[mixed, np.newaxis]
        picture[gone == 1] = scene[gone == 1]
        rows = [*area_rows(self._classes, self.found.classes), nodata_row(nodata_share)]
        with disk_errors(path.name):
            write_sheet(path, [scene, picture], rows, title=title)

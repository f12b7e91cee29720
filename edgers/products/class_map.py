"""Class maps, with the probability of each class where asked for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelOutput
from edgers.products.areas import AreaCounter, block_pixels
from edgers.products.disk_errors import disk_errors
from edgers.products.found import Found
from edgers.products.quicklook import Preview, write_quicklook
from edgers.products.raster_block import Block, Laid
from edgers.products.raster_drafts import RasterDrafts
from edgers.products.raster_files import Layer
from edgers.products.stac import class_fields
from edgers.products.vrt import Meaning
from edgers.scene.geometry import row_areas_m2
from edgers.scene.place import Place
from edgers.tasks.segmentation import ClassBlock

CHANCE_PARTS = 10**6
"""Parts of a probability that are counted."""

ENDINGS = {"classes": "", "probabilities": "_probabilities"}
"""What a product's name has beside the scene's and the model's, by role."""


class ClassMap:
    """A `raster_products.RasterKind` of classes."""

    def __init__(
        self, output: ModelOutput, place: Place, data_type: type[np.uint8] | type[np.uint16], *,
        probabilities: bool, confidences: bool = False,
    ) -> None:  # fmt: skip
        """Prepare for the classes of `output` at `place`; the largest value stands for nodata.

        With `confidences` the mean probability of each class over its pixels is worked out.
        """
        self._classes, self._place, self._data_type = output.shown_classes, place, data_type
        self._all = output.classes
        self.nodata = int(np.iinfo(data_type).max)
        self.layers: Mapping[str, Layer] = {"classes": self._class_layer()}
        if probabilities:
            self.layers = {**self.layers, "probabilities": self._chance_layer()}
        self._counter = AreaCounter(self._classes)
        self._sums = [0] * len(self._classes) if confidences else None

    @property
    def found(self) -> Found:
        """Give what each class covers so far."""
        return Found(classes=self._counter.areas())

    @property
    def confidences(self) -> list[float | None]:
        """Give the mean probability of each class over its pixels; None where not known."""
        counts = [area.pixels for area in self._counter.areas()]
        if self._sums is None:
            return [None] * len(counts)
        return [total / count / CHANCE_PARTS if count else None
                for total, count in zip(self._sums, counts, strict=True)]  # fmt: skip

    def lay(self, block: Block[ClassBlock]) -> Laid:
        """Give class values and probabilities, without those of pixels that have no data."""
        found = block.found
        height, width = block.nodata.shape
        classes = np.full((height, width), self.nodata, self._data_type)
        # A tile is not inferred where all of it is nodata.
        gone = np.ones((height, width), bool)
        if found is not None:
            # Classes that are ignored come as nodata.
            gone = block.nodata | found.not_finite | (found.classes == self.nodata)
            np.copyto(classes, found.classes, where=~gone)
        areas = None
        if classes.size:
            areas = row_areas_m2(self._place, block.row, block.column, height, width)
        pixels, areas_mm2 = block_pixels(classes, self._classes, areas)
        blocks: dict[str, npt.NDArray[np.generic]] = {"classes": classes[np.newaxis]}
        if "probabilities" in self.layers:
            blocks["probabilities"] = self._chances(found, gone)
        return Laid(
            blocks=blocks,
            gone=gone,
            not_finite=None if found is None else found.not_finite,
            own={"pixels": pixels, "areas_mm2": areas_mm2, **self._chance_sums(found, classes)},
        )

    def count(self, own: Mapping[str, Any]) -> None:
        """Add pixels and areas of a block."""
        self._counter.add(own["pixels"], own["areas_mm2"])
        if self._sums is not None:
            self._sums = [a + b for a, b in zip(self._sums, own["chances"], strict=True)]

    def draw(self, path: Path, title: str, *, drafts: RasterDrafts, nodata_share: float) -> None:
        """Draw the scene beside its classes."""
        preview = Preview(
            classes=drafts.thinned("classes")[0], samples=drafts.preview(), nodata=self.nodata
        )
        with disk_errors(path.name):
            write_quicklook(
                path, preview, self._classes, self.found.classes, title=title,
                nodata_share=nodata_share,
            )  # fmt: skip

    def _chance_sums(
        self, found: ClassBlock | None, classes: npt.NDArray[np.generic]
    ) -> dict[str, list[int]]:
        """Sum the probability of each class over its pixels, in whole parts: order is no matter."""
        if self._sums is None:
            return {}
        if found is None or found.probabilities is None:
            return {"chances": [0] * len(self._classes)}
        at = {one.value: i for i, one in enumerate(self._all)}
        sums = (
            found.probabilities[at[one.value]][classes == one.value].sum(dtype=np.float64)
            for one in self._classes
        )
        return {"chances": [round(float(total) * CHANCE_PARTS) for total in sums]}

    def _chances(
        self, found: ClassBlock | None, gone: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.float32]:
        """Give probabilities, NaN where there are none."""
        none = np.float32(np.nan)
        if found is None or found.probabilities is None:
            return np.full((len(self._all), *gone.shape), none)
        return np.where(gone, none, found.probabilities) if gone.any() else found.probabilities

    def _class_layer(self) -> Layer:
        return Layer(
            ending=ENDINGS["classes"],
            bands=1,
            data_type=np.dtype(self._data_type).name,
            meaning=Meaning(bands=["class"], nodata=self.nodata, classes=self._classes),
            continuous=False,
            fields=class_fields(self._classes),
        )

    def _chance_layer(self) -> Layer:
        return Layer(
            ending=ENDINGS["probabilities"],
            bands=len(self._all),
            data_type="float32",
            meaning=Meaning(bands=[one.name for one in self._all], nodata=float("nan")),
            continuous=True,
        )

"""All products of a segmentation: class map, probabilities, quicklook and STAC Item."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgers.closing import Closing
from edgers.contract import ModelOutput
from edgers.products.areas import AreaCounter, ClassArea
from edgers.products.cog import CogWriter, ProductGrid
from edgers.products.quicklook import Preview, write_quicklook
from edgers.products.stac import FILE_DATE, write_item
from edgers.products.staging import Staging
from edgers.scene.geometry import row_areas_m2


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What one tile contributes; all arrays cover its core."""

    row: int
    """First row in the product."""
    column: int
    """First column in the product."""
    classes: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
    """Class values, (height, width)."""
    nodata: npt.NDArray[np.bool_]
    """True where the scene has no data, (height, width)."""
    not_finite: npt.NDArray[np.bool_]
    """True where the network gave NaN or infinity, (height, width)."""
    probabilities: npt.NDArray[np.float32] | None
    """Probability of each class, (class, height, width), where asked for."""
    preview: npt.NDArray[np.generic]
    """Scene samples for the quicklook, (band, height, width)."""
    skipped: bool
    """Whether the tile was not inferred because it holds no data."""


class ClassMap(Closing):
    """Products of one scene in the making; a context manager."""

    def __init__(
        self, staging: Staging, *, name: str, grid: ProductGrid, output: ModelOutput,
        data_type: type[np.uint8] | type[np.uint16], preview_bands: int, probabilities: bool,
    ) -> None:  # fmt: skip
        """Begin the products `name`.tif, .png and .json in `staging`."""
        self._staging, self._name, self._grid, self._classes = staging, name, grid, output.classes
        self.nodata = int(np.iinfo(data_type).max)
        self._cog = CogWriter(
            staging.path(f"{name}.tif"), grid, count=1, data_type=np.dtype(data_type).name,
            nodata=self.nodata, continuous=False,
        )  # fmt: skip
        self._probabilities = (
            CogWriter(
                staging.path(f"{name}_probabilities.tif"), grid, count=len(output.classes),
                data_type="float32", nodata=float("nan"), continuous=True,
            )
            if probabilities
            else None
        )  # fmt: skip
        self._preview = Preview(grid.height_px, grid.width_px, preview_bands, self.nodata)
        self._counter = AreaCounter(output.classes)
        self._nodata_px = 0
        self.not_finite_px = 0
        self.skipped_tiles = 0

    @property
    def nodata_share(self) -> float:
        """Share of the product's pixels that are nodata."""
        return self._nodata_px / (self._grid.height_px * self._grid.width_px)

    def areas(self) -> tuple[ClassArea, ...]:
        """Give what each class covers so far."""
        return self._counter.areas()

    def add(self, block: Block) -> None:
        """Put a block in its place."""
        gone = block.nodata | block.not_finite
        classes = np.where(gone, np.asarray(self.nodata, block.classes.dtype), block.classes)
        self._cog.write(classes[np.newaxis], block.row, block.column)
        if self._probabilities:
            self._write_probabilities(block, gone)
        self._preview.add_classes(classes, block.row, block.column)
        self._preview.add_samples(block.preview, block.row, block.column)
        height, width = classes.shape
        grid = self._grid
        areas = row_areas_m2(grid.crs, grid.transform, block.row, block.column, height, width)
        self._counter.add(classes, areas)
        self._nodata_px += int(gone.sum())
        self.not_finite_px += int((block.not_finite & ~block.nodata).sum())
        self.skipped_tiles += block.skipped

    def _write_probabilities(self, block: Block, gone: npt.NDArray[np.bool_]) -> None:
        assert self._probabilities is not None
        shape = (len(self._classes), *block.classes.shape)
        values = np.full(shape, np.nan, np.float32)
        if block.probabilities is not None:
            np.copyto(values, block.probabilities, where=~gone)
        self._probabilities.write(values, block.row, block.column)

    def finish(self, *, time: tuple[str, str], provenance: Mapping[str, object]) -> list[Path]:
        """Complete all products and move them into place; the STAC Item, which vouches for the
        others, is moved last.
        """
        facts = {**provenance, "nodata_share": round(self.nodata_share, 6)}
        # A file's date is no property of the scene: the same samples must give the same map.
        if time[1] != FILE_DATE:
            facts["datetime"] = time[0]
        tags = {f"EDGERS_{key.upper()}": str(value) for key, value in facts.items()}
        names = {"classes": f"{self._name}.tif"}
        self._cog.describe(["class"], tags, self._classes)
        self._cog.finish()
        if self._probabilities:
            names["probabilities"] = f"{self._name}_probabilities.tif"
            self._probabilities.describe([c.name for c in self._classes], tags)
            self._probabilities.finish()
        names["quicklook"] = f"{self._name}.png"
        write_quicklook(
            self._staging.path(names["quicklook"]), self._preview, self._classes, self.areas(),
            title=f"{provenance['scene']} · {provenance['model']}", nodata_share=self.nodata_share,
        )  # fmt: skip
        item = f"{self._name}.json"
        write_item(
            self._staging.path(item), grid=self._grid, classes=self._classes, areas=self.areas(),
            assets=names, time=time, provenance=facts,
        )  # fmt: skip
        return self._staging.commit([*names.values(), item])

    def close(self) -> None:
        """Let go of files that are still open."""
        self._cog.close()
        if self._probabilities:
            self._probabilities.close()

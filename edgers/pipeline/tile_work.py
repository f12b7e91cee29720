"""What is done to one tile: read, preprocess, infer and decode."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from edgers.pipeline.flow import Stage
from edgers.pipeline.model import Model
from edgers.pipeline.preprocess import Preprocessor
from edgers.products.class_map import Block
from edgers.scene.open import environment
from edgers.scene.raster import Raster, SceneWindow
from edgers.tasks.segmentation import SegmentationDecoder
from edgers.tiling.axis_tiles import AxisPlan, AxisTile
from edgers.tiling.grid import Grid, Tile


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTile:
    """A tile with its samples."""

    tile: Tile
    """Where it lies."""
    window: SceneWindow
    """What was read, cut off at the scene's end."""
    nodata: npt.NDArray[np.bool_]
    """True where a pixel of the core is nodata, (height, width) in output pixels."""
    preview: npt.NDArray[np.generic]
    """Samples of the core for the quicklook, (band, height, width) in output pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyTile:
    """A tile with its tensor."""

    read: ReadTile
    """What it was made from."""
    tensor: npt.NDArray[np.generic] | None
    """What the network takes; None where the core holds no data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TileWork:
    """The work on tiles of one scene."""

    raster: Raster
    """Scene."""
    grid: Grid
    """Its tiles."""
    prepare: Preprocessor
    """Scaling and layout."""
    model: Model
    """Network."""
    decoder: SegmentationDecoder
    """Meaning of its output."""

    @property
    def preview_bands(self) -> tuple[int, ...]:
        """Positions of the bands that make a picture: red, green and blue, else the first."""
        names = [
            band.common_name or found.common_name
            for band, found in zip(self.model.source.bands, self.raster.bands, strict=True)
        ]
        colours = [names.index(name) for name in ("red", "green", "blue") if name in names]
        return tuple(colours) if len(colours) == 3 else (0,)

    def stages(self, workers: int) -> list[Stage]:
        """Give the stages in order; inference has `workers` threads."""
        return [
            Stage(name="read", work=lambda item: self.read(cast(Tile, item))),
            Stage(name="preprocess", work=lambda item: self.preprocess(cast(ReadTile, item))),
            Stage(
                name="infer", work=lambda item: self.infer(cast(ReadyTile, item)), threads=workers
            ),
        ]

    def read(self, tile: Tile) -> ReadTile:
        """Read the window of a tile, as far as the scene goes."""
        row, column = tile.rows.window_start, tile.columns.window_start
        # GDAL settings and its error log belong to a thread.
        with environment():
            window = self.raster.read(
                row,
                column,
                min(tile.rows.window_stop, self.grid.rows.size_px) - row,
                min(tile.columns.window_stop, self.grid.columns.size_px) - column,
            )
        core = np.ix_(_core(self.grid.rows, tile.rows), _core(self.grid.columns, tile.columns))
        return ReadTile(
            tile=tile,
            window=window,
            nodata=window.nodata[core],
            preview=np.stack([window.samples[i][core] for i in self.preview_bands]),
        )

    def preprocess(self, read: ReadTile) -> ReadyTile:
        """Make the tensor, unless nothing in the core is worth it."""
        empty = bool(read.nodata.all())
        tensor = None if empty else self.prepare.tensor(read.window, read.tile.window_shape)
        return ReadyTile(read=read, tensor=tensor)

    def infer(self, ready: ReadyTile) -> Block:
        """Run the network and decode the core."""
        read, tile = ready.read, ready.read.tile
        if ready.tensor is None:
            found = self.decoder.nothing(tile)
        else:
            outputs = self.model.engine.infer({self.model.source.name: ready.tensor})
            found = self.decoder.decode(outputs[self.model.output.name], tile)
        return Block(
            row=tile.rows.core_start,
            column=tile.columns.core_start,
            classes=found.classes,
            nodata=read.nodata,
            not_finite=found.not_finite,
            probabilities=found.probabilities,
            preview=read.preview,
            skipped=ready.tensor is None,
        )


def _core(plan: AxisPlan, tile: AxisTile) -> npt.NDArray[np.intp]:
    """Positions in the window of the pixels under the core's output pixels."""
    return plan.input_index(tile.core_start, tile.core_stop) - tile.window_start

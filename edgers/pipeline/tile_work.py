"""What is done to one tile: read, preprocess, infer, and hand over what the network gives."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelInput
from edgers.engines import Tensors
from edgers.engines.raw import Inputs
from edgers.pipeline.answer import Answer, Seen
from edgers.pipeline.flow import Stage
from edgers.pipeline.kept_input import KeptInput
from edgers.pipeline.maker import Taker
from edgers.pipeline.model import Model
from edgers.pipeline.preprocess import ScenePreprocessor
from edgers.programs import Spot
from edgers.programs.cascade import GATED
from edgers.scene.bands import SceneBand, colours_by_wavelength
from edgers.scene.open import environment
from edgers.scene.scene import StackWindow
from edgers.scene.scene_view import SceneView
from edgers.tiling.axis_tiles import AxisPlan, AxisTile
from edgers.tiling.grid import Grid, Tile

Index = slice | npt.NDArray[np.intp]
"""Positions along an axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTile:
    """A tile with its samples."""

    seen: Seen
    """What its core shows."""
    window: StackWindow | None
    """What was read, cut off at the scene's end; None where nothing of it is worth a look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyTile:
    """A tile that is ready for the engine."""

    seen: Seen
    """What its core shows."""
    inputs: Inputs | None
    """What the engine takes, by input; None where it holds no data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TileSteps:
    """What is done to the window of a tile once it is read."""

    prepare: ScenePreprocessor
    """Scaling and layout."""
    model: Model
    """Network."""
    maker: Taker
    """What takes the answers."""
    preview_bands: tuple[int, ...]
    """Positions of the bands that make a picture."""
    kept: KeptInput | None = None
    """What of the scene the product keeps; None where it keeps nothing."""
    beside: Tensors = field(default_factory=dict)
    """What every tile gets beside its image."""

    def look(self, tile: Tile, window: StackWindow, rows: Index, columns: Index) -> ReadTile:
        """Say what a window shows; `rows` and `columns` are those of it under the core."""
        kept = self.kept if self.kept is not None and self.kept.fills else None
        nodata = window.nodata if kept is None else kept.nodata(window)
        seen = Seen(
            tile=tile,
            nodata=nodata[rows][:, columns],
            preview=np.array(
                [window.main.samples[i][rows][:, columns] for i in self.preview_bands]
            ),
            around=window.nodata if self.maker.looks_beyond else None,
            window_nodata_px=int(np.count_nonzero(window.nodata)),
            own=None if kept is None else kept.own(window, rows, columns),
        )
        # A tile that is mixed with others also speaks of what lies beyond its core.
        is_empty = (nodata if self.maker.looks_beyond else seen.nodata).all()
        return ReadTile(seen=seen, window=None if is_empty else window)

    def preprocess(self, read: ReadTile) -> ReadyTile:
        """Make the tensors, or leave that to an engine that does it itself."""
        shape = read.seen.tile.window_shape
        inputs = self.prepare.ready(read.window, shape) if read.window else None
        return ReadyTile(seen=read.seen, inputs=inputs)

    def infer(self, ready: ReadyTile) -> Answer:
        """Run the network, and take what it gives as far as the tile alone can say."""
        if ready.inputs is None:
            return self.maker.take(ready.seen, None)
        tile = ready.seen.tile
        spot = Spot(tile.rows.window_start, tile.columns.window_start)
        inputs = cast(Inputs, {**ready.inputs, **self.beside}) if self.beside else ready.inputs
        outputs = self.model.infer(inputs, spot)
        answer = self.maker.take(ready.seen, outputs)
        return replace(answer, gated=True) if GATED in outputs else answer


@dataclass(frozen=True, slots=True, kw_only=True)
class TileWork(TileSteps):
    """The work on tiles of one scene."""

    scene: SceneView
    """What is looked at."""
    grid: Grid
    """Its tiles."""

    def stages(self, workers: int) -> list[Stage]:
        """Give the stages in order; inference has `workers` threads."""
        return [
            # GDAL settings and its error log belong to a thread.
            Stage(name="read", work=lambda item: self.read(cast(Tile, item)), around=environment),
            Stage(name="preprocess", work=lambda item: self.preprocess(cast(ReadTile, item))),
            Stage(
                name="infer",
                work=lambda item: self.infer(cast(ReadyTile, item)),
                threads=workers,
                around=environment,
            ),
        ]

    def read(self, tile: Tile) -> ReadTile:
        """Read the window of a tile, as far as the scene goes."""
        row, column = tile.rows.window_start, tile.columns.window_start
        window = self.scene.read(
            row,
            column,
            min(tile.rows.window_stop, self.grid.rows.size_px) - row,
            min(tile.columns.window_stop, self.grid.columns.size_px) - column,
        )
        rows = core_index(self.grid.rows, tile.rows)
        return self.look(tile, window, rows, core_index(self.grid.columns, tile.columns))


def preview_bands(source: ModelInput, bands: Sequence[SceneBand]) -> tuple[int, ...]:
    """Choose the bands that make a picture, by position: red, green and blue, else the first."""
    names = [
        band.common_name or found.common_name
        for band, found in zip(source.bands, bands, strict=True)
    ]
    colours = [names.index(name) for name in ("red", "green", "blue") if name in names]
    if len(colours) == 3:
        return tuple(colours)
    return colours_by_wavelength([band.wavelength_um for band in bands]) or (0,)


def core_index(plan: AxisPlan, tile: AxisTile) -> Index:
    """Positions in the window of the pixels under the core's output pixels."""
    return plain_index(plan.input_index(tile.core_start, tile.core_stop) - tile.window_start)


def plain_index(index: npt.NDArray[np.intp]) -> Index:
    """Give positions as a slice where they are one."""
    # Mostly each follows on the one before, and then nothing needs to be looked up.
    if len(index) and np.all(np.diff(index) == 1):
        return slice(int(index[0]), int(index[-1]) + 1)
    return index

"""What is done to one tile: read, preprocess, infer, and write where nothing is mixed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelInput
from edgers.engines.raw import Inputs
from edgers.pipeline.flow import Stage
from edgers.pipeline.model import Model
from edgers.pipeline.preprocess import ScenePreprocessor
from edgers.pipeline.seams import Scores, Seams
from edgers.products.class_map import Block, ClassMap
from edgers.products.tile_record import TileRecord
from edgers.scene.bands import SceneBand
from edgers.scene.open import environment
from edgers.scene.scene import Scene, StackWindow
from edgers.tasks.segmentation import ClassBlock, SegmentationDecoder
from edgers.tiling.axis_tiles import AxisPlan, AxisTile
from edgers.tiling.grid import Grid, Tile


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the scene shows in the core of a tile."""

    tile: Tile
    """Where it lies."""
    nodata: npt.NDArray[np.bool_]
    """True where a pixel is nodata, (height, width) in output pixels."""
    preview: npt.NDArray[np.generic]
    """Samples for the quicklook, (band, height, width) in output pixels."""


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
class Answer:
    """A tile that the network has seen."""

    tile: Tile
    """Where it lies."""
    record: TileRecord | None = None
    """What was noted when it was written; None where it has to be mixed with others first."""
    parts: list[Scores] | None = None
    """What it gives to each core, (class, height, width); None where it holds no data."""
    seen: Seen | None = None
    """What its core shows, where it has to be mixed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TileWork:
    """The work on tiles of one scene."""

    scene: Scene
    """What is looked at."""
    grid: Grid
    """Its tiles."""
    prepare: ScenePreprocessor
    """Scaling and layout."""
    model: Model
    """Network."""
    decoder: SegmentationDecoder
    """Meaning of its output."""
    class_map: ClassMap
    """Products in the making."""
    seams: Seams | None
    """How tiles are mixed, where they are."""
    preview_bands: tuple[int, ...]
    """Positions of the bands that make a picture."""

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
        rows = _core(self.grid.rows, tile.rows)
        columns = _core(self.grid.columns, tile.columns)
        seen = Seen(
            tile=tile,
            nodata=window.nodata[rows][:, columns],
            preview=np.stack(
                [window.main.samples[i][rows][:, columns] for i in self.preview_bands]
            ),
        )
        # A tile that is mixed with others also speaks of what lies beyond its core.
        is_empty = (window.nodata if self.seams else seen.nodata).all()
        return ReadTile(seen=seen, window=None if is_empty else window)

    def preprocess(self, read: ReadTile) -> ReadyTile:
        """Make the tensors, or leave that to an engine that does it itself."""
        shape = read.seen.tile.window_shape
        inputs = self.prepare.ready(read.window, shape) if read.window else None
        return ReadyTile(seen=read.seen, inputs=inputs)

    def infer(self, ready: ReadyTile) -> Answer:
        """Run the network; write the core where it is not mixed with others."""
        seen, tile, tensor = ready.seen, ready.seen.tile, None
        if ready.inputs is not None:
            tensor = self.model.infer(ready.inputs)[self.model.output.name]
        if self.seams is None:
            found = None if tensor is None else self.decoder.decode(tensor, tile)
            return Answer(tile=tile, record=self.write(seen, found))
        parts = None
        if tensor is not None:
            parts = self.seams.parts(tile, self.decoder.scores(tensor))
        return Answer(tile=tile, parts=parts, seen=seen)

    def write(
        self, seen: Seen, found: ClassBlock | None, *, skipped: bool | None = None,
        seam: int | None = None,
    ) -> TileRecord:  # fmt: skip
        """Put the core of a tile into the products; without classes it holds no data."""
        tile = seen.tile
        classes = found or self.decoder.nothing(tile)
        block = Block(
            tile=tile.index,
            row=tile.rows.core_start,
            column=tile.columns.core_start,
            classes=classes.classes,
            nodata=seen.nodata,
            not_finite=classes.not_finite,
            probabilities=classes.probabilities,
            preview=seen.preview,
            skipped=found is None if skipped is None else skipped,
        )
        return self.class_map.write(block, seam)


def preview_bands(source: ModelInput, bands: Sequence[SceneBand]) -> tuple[int, ...]:
    """Choose the bands that make a picture, by position: red, green and blue, else the first."""
    names = [
        band.common_name or found.common_name
        for band, found in zip(source.bands, bands, strict=True)
    ]
    colours = [names.index(name) for name in ("red", "green", "blue") if name in names]
    return tuple(colours) if len(colours) == 3 else (0,)


def _core(plan: AxisPlan, tile: AxisTile) -> slice | npt.NDArray[np.intp]:
    """Positions in the window of the pixels under the core's output pixels."""
    index = plan.input_index(tile.core_start, tile.core_stop) - tile.window_start
    # Mostly each follows on the one before, and then nothing needs to be looked up.
    if len(index) and np.all(np.diff(index) == 1):
        return slice(int(index[0]), int(index[-1]) + 1)
    return index

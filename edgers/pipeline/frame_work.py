"""What is done to one frame: the same as to a scene, with the class map held in memory."""

from contextlib import closing
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from edgers.contract.model import ModelClass
from edgers.errors import EngineError, SceneError
from edgers.pipeline.flow import Flow, Stage
from edgers.pipeline.model import Model, check_one_image
from edgers.pipeline.options import RunOptions
from edgers.pipeline.plan import plan_tiles
from edgers.pipeline.preprocess import Preprocessor
from edgers.pipeline.scene_scaling import scaled_to_samples
from edgers.programs import Spot
from edgers.scene.frame import FrameScene
from edgers.scene.open import environment
from edgers.tasks.segmentation import SegmentationDecoder
from edgers.tiling.axis_tiles import AxisPlan, AxisTile
from edgers.tiling.grid import Grid, Tile, Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameMap:
    """The classes of one frame."""

    classes: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
    """Class values, (height, width); the largest value of the type where there is none."""
    not_finite_px: int
    """Pixels with data at which the network gave NaN or infinity."""
    grid: Grid
    """Tiles it was made in."""

    @property
    def nodata(self) -> int:
        """Value of pixels without a class."""
        return int(np.iinfo(self.classes.dtype).max)

    @property
    def nodata_share(self) -> float:
        """Share of pixels without a class."""
        return float(np.count_nonzero(self.classes == self.nodata) / self.classes.size)

    def pixels(self, classes: tuple[ModelClass, ...]) -> tuple[int, ...]:
        """Count the pixels of each class."""
        return tuple(int(np.count_nonzero(self.classes == one.value)) for one in classes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A tile with its tensor."""

    tile: Tile
    """Where it lies."""
    nodata: npt.NDArray[np.bool_]
    """True where a pixel of the core is nodata, (height, width) in output pixels."""
    tensor: npt.NDArray[np.generic] | None
    """What the network takes; None where nothing of it has data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """A tile with what the network gave."""

    ready: _Ready
    """What went in."""
    tensor: npt.NDArray[np.generic] | None
    """What came out; None where nothing went in."""


class FrameWork:
    """The work on frames, one after the other; their size may change."""

    def __init__(self, model: Model, options: RunOptions) -> None:
        """Prepare; raises ContractError where the model needs more than one image."""
        check_one_image(model, "A frame")
        self._model, self._options = model, options
        self._decoder = SegmentationDecoder(model.output, with_probabilities=False)
        self._grid: Grid | None = None

    def run(self, scene: FrameScene, name: str) -> FrameMap:
        """Give the class map of a frame.

        Raises SceneError where it cannot be read or holds no data, TilingError where the graph does
        not take its size, EngineError where the network gives no number at all.
        """
        grid = self._planned(scene.height_px, scene.width_px)
        shape = scene.height_px, scene.width_px
        with environment():
            source = scaled_to_samples(
                self._model.source, scene.read, shape, scene.bands, scene.is_scaled
            )
        prepare = Preprocessor(source, scene.bands, scene.is_scaled)
        stages = [
            Stage(
                name="read", work=lambda item: self._read(scene, grid, prepare, cast(Tile, item))
            ),
            Stage(
                name="infer", work=lambda item: self._infer(cast(_Ready, item)),
                threads=self._options.workers,
            ),
        ]  # fmt: skip
        flow: Flow[_Answer] = Flow(grid, stages, limit=self._options.in_flight)
        with closing(flow.results()) as answers:
            canvas = _Canvas(grid, self._decoder)
            for answer in answers:
                canvas.add(answer)
        return _checked(canvas.finish(), name)

    def _planned(self, height_px: int, width_px: int) -> Grid:
        """Cut a frame into tiles as a scene of its size; the last plan is kept."""
        grid = self._grid
        if grid is None or (grid.rows.size_px, grid.columns.size_px) != (height_px, width_px):
            grid = self._grid = plan_tiles(self._model, height_px, width_px, self._options)
        return grid

    def _read(self, scene: FrameScene, grid: Grid, prepare: Preprocessor, tile: Tile) -> _Ready:
        """Read the window of a tile and make the tensor."""
        row, column = tile.rows.window_start, tile.columns.window_start
        # GDAL settings and its error log belong to a thread.
        with environment():
            window = scene.read(
                row,
                column,
                min(tile.rows.window_stop, grid.rows.size_px) - row,
                min(tile.columns.window_stop, grid.columns.size_px) - column,
            )
        core = np.ix_(_core(grid.rows, tile.rows), _core(grid.columns, tile.columns))
        nodata = window.nodata[core]
        # A tile that is mixed with others also speaks of what lies beyond its core.
        is_empty = (window.nodata if grid.weights else nodata).all()
        tensor = None if is_empty else prepare.tensor(window, tile.window_shape)
        return _Ready(tile=tile, nodata=nodata, tensor=tensor)

    def _infer(self, ready: _Ready) -> _Answer:
        """Run the network."""
        if ready.tensor is None:
            return _Answer(ready=ready, tensor=None)
        spot = Spot(ready.tile.rows.window_start, ready.tile.columns.window_start)
        outputs = self._model.program.infer({self._model.source.name: ready.tensor}, spot)
        return _Answer(ready=ready, tensor=outputs[self._model.output.name])


class _Canvas:
    """A class map that is filled tile by tile, in their order."""

    def __init__(self, grid: Grid, decoder: SegmentationDecoder) -> None:
        self._grid, self._decoder = grid, decoder
        self._classes = np.zeros(grid.output_shape, decoder.data_type)
        self._nodata = np.zeros(grid.output_shape, bool)
        self._not_finite = np.zeros(grid.output_shape, bool)
        self._scores: npt.NDArray[np.float32] | None = None

    def add(self, answer: _Answer) -> None:
        """Put a tile in its place."""
        tile, tensor = answer.ready.tile, answer.tensor
        core = _slices(tile)
        self._nodata[core] = answer.ready.nodata
        if tensor is None:
            return
        if self._grid.weights is not None:
            self._mix(self._grid.weights, tile, self._decoder.scores(tensor))
            return
        found = self._decoder.decode(tensor, tile)
        self._classes[core], self._not_finite[core] = found.classes, found.not_finite

    def finish(self) -> FrameMap:
        """Give the class map."""
        if self._scores is not None:
            found = self._decoder.settle(self._scores)
            self._classes[:], self._not_finite[:] = found.classes, found.not_finite
        self._classes[self._nodata | self._not_finite] = np.iinfo(self._classes.dtype).max
        not_finite_px = int(np.count_nonzero(self._not_finite & ~self._nodata))
        return FrameMap(classes=self._classes, not_finite_px=not_finite_px, grid=self._grid)

    def _mix(self, weights: Weights, tile: Tile, scores: npt.NDArray[np.float32]) -> None:
        """Add the scores of a whole window, by their weights, to those of the tiles before it."""
        if self._scores is None:
            self._scores = np.zeros((len(scores), *self._grid.output_shape), np.float32)
        down, across = weights.rows[tile.row], weights.columns[tile.column]
        rows, columns = down.stop - down.start, across.stop - across.start
        share = down.weights[:, np.newaxis] * across.weights
        self._scores[:, down.start : down.stop, across.start : across.stop] += (
            scores[:, :rows, :columns] * share
        )


def _checked(found: FrameMap, name: str) -> FrameMap:
    """Refuse a map on which not one pixel has a class."""
    if found.nodata_share < 1:
        return found
    if found.not_finite_px:
        raise EngineError(
            f"the network gave NaN or infinity on every pixel of {name} that has data.",
            fix="Check the contract's scaling: a wrong unit overflows the network.",
        )
    raise SceneError(f"frame {name} has no data.", seen="All its pixels are nodata.")


def _core(plan: AxisPlan, tile: AxisTile) -> npt.NDArray[np.intp]:
    """Positions in the window of the pixels under the core's output pixels."""
    return plan.input_index(tile.core_start, tile.core_stop) - tile.window_start


def _slices(tile: Tile) -> tuple[slice, slice]:
    return (
        slice(tile.rows.core_start, tile.rows.core_stop),
        slice(tile.columns.core_start, tile.columns.core_stop),
    )

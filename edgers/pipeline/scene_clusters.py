"""Centroids that are fitted to a scene: a pass over it before the first tile.

Pixels are taken on a lattice over the whole scene, so many that the contract's bound holds; which
these are hangs on the scene's size alone, not on tiles. What was fitted is noted in the ledger: a
run that goes on takes it from there.
"""

import io
import math
import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from edgers.bundle import GOLDEN_OUTPUT
from edgers.engines import Tensors
from edgers.errors import SceneError
from edgers.pipeline.answer import Answer, Seen
from edgers.pipeline.flow import Flow
from edgers.pipeline.ledger import Ledger
from edgers.pipeline.model import Model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.preprocess import ScenePreprocessor
from edgers.pipeline.tile_work import TileWork
from edgers.programs.clusters import Clusters
from edgers.scene.scene import Scene
from edgers.tiling.grid import Grid

CENTROIDS = "centroids"
"""Key of what was fitted, in the ledger and in the provenance."""

Reals = npt.NDArray[np.float32]
Facts = Mapping[str, object]


def fitted_to_scene(
    model: Model, scene: Scene, grid: Grid, options: RunOptions, ledger: Ledger
) -> tuple[Model, Facts]:
    """Give a model whose clusters are those of `scene`, and its centroids for the provenance.

    Any other model is given as it is. Raises SceneError where the scene has no data, or fewer
    pixels that differ than there are to be clusters.
    """
    program = model.engine
    if not isinstance(program, Clusters):
        return model, {}
    facts: dict[str, Any] = next(
        (dict(entry) for entry in ledger.entries() if CENTROIDS in entry), {}
    )
    if not facts:
        samples = _samples(model, program, scene, grid, options)
        try:
            found = program.fitted(samples)
        except ValueError as error:
            raise SceneError(
                f"scene {scene.name} has fewer different pixels than clusters.",
                seen=f"Of {len(samples)} pixels on a lattice {error}.",
                rule=f"The contract asks for {program.rule.k} clusters.",
            ) from error
        # The shortest text that single precision is read back from.
        rows = [[float(str(one)) for one in row] for row in found]
        facts = {CENTROIDS: rows, "fitted_px": len(samples)}
        ledger.add(facts)
    centroids = np.asarray(facts[CENTROIDS], np.float32)
    return replace(model, engine=program.with_centroids(centroids)), facts


def fitting_bytes(model: Model) -> int:
    """Give what a fit holds: its samples twice in single precision, and in double with their
    distances to all centroids.
    """
    program = model.engine
    if not isinstance(program, Clusters):
        return 0
    golden = np.load(io.BytesIO(model.bundle.entries[GOLDEN_OUTPUT]), allow_pickle=False)
    features: int = golden.shape[program.rule.axes.index("channel")]
    return program.rule.sample_px * (features * (4 + 4 + 8 + 8) + 8 * program.rule.k)


def lattice_step(height_px: int, width_px: int, most: int) -> int:
    """Give the smallest step at which a lattice over a scene has at most so many pixels."""
    step = max(1, math.isqrt(height_px * width_px // most))
    while -(-height_px // step) * -(-width_px // step) > most:
        step += 1
    return step


@dataclass(slots=True, kw_only=True)
class _Lattice:
    """A `maker.Taker` that keeps the features of pixels on a lattice."""

    program: Clusters
    """What gives them."""
    step: int
    """Rows, and columns, from one pixel of the lattice to the next."""
    width_px: int
    """Columns of the scene."""
    kept: dict[int, tuple[npt.NDArray[np.int64], Reals]] = field(default_factory=dict)
    """Number of each pixel, and its features, (pixel, feature), by tile."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Guards `kept`."""

    @property
    def looks_beyond(self) -> bool:
        """A pixel speaks of itself."""
        return False

    def take(self, seen: Seen, outputs: Tensors | None) -> Answer:
        """Keep the pixels of a tile that have data."""
        tile = seen.tile
        if outputs is not None:
            rows, columns = tile.rows, tile.columns
            features = self.program.features(outputs)
            down = _on_lattice(rows.core_start, rows.core_stop, self.step)
            across = _on_lattice(columns.core_start, columns.core_stop, self.step)
            at = np.ix_(down - rows.core_start, across - columns.core_start)
            inside = np.ix_(down - rows.core_start + rows.crop_start,
                            across - columns.core_start + columns.crop_start)  # fmt: skip
            found = np.stack([band[inside] for band in features], axis=-1)
            kept = ~seen.nodata[at] & np.isfinite(found).all(axis=-1)
            numbers = down[:, None].astype(np.int64) * self.width_px + across
            with self.lock:
                self.kept[tile.index] = numbers[kept], found[kept]
        return Answer(tile=tile)


def _samples(
    model: Model, program: Clusters, scene: Scene, grid: Grid, options: RunOptions
) -> Reals:
    """Give the features of pixels on a lattice, (pixel, feature), row by row of the scene."""
    height, width = grid.output_shape
    step = lattice_step(height, width, program.rule.sample_px)
    lattice = _Lattice(program=program, step=step, width_px=width)
    work = TileWork(
        scene=scene, grid=grid, prepare=ScenePreprocessor(model.inputs, scene, model.kernels),
        model=model, maker=lattice, preview_bands=(0,),
    )  # fmt: skip
    tiles = (grid.tile(index) for index in range(len(grid)))
    source = (
        tile for tile in tiles
        if len(_on_lattice(tile.rows.core_start, tile.rows.core_stop, step))
        and len(_on_lattice(tile.columns.core_start, tile.columns.core_stop, step))
    )  # fmt: skip
    flow: Flow[Answer] = Flow(source, work.stages(options.workers), limit=options.in_flight)
    with closing(flow.results()) as answers:
        for _ in answers:
            pass
    if not any(len(numbers) for numbers, _ in lattice.kept.values()):
        raise SceneError(
            f"scene {scene.name} has no data.",
            seen=f"Looked at was one pixel in {step} of one row in {step}.",
        )
    numbers = np.concatenate([one for one, _ in lattice.kept.values()])
    features = np.concatenate([one for _, one in lattice.kept.values()])
    return cast(Reals, features[np.argsort(numbers, kind="stable")])


def _on_lattice(start: int, stop: int, step: int) -> npt.NDArray[np.intp]:
    """Give the rows, or columns, of a span that are on the lattice, which begins half a step in."""
    half = step // 2
    first = start + (half - start) % step
    return np.arange(first, stop, step)

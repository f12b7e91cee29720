"""Proof by trial that tiled equals untiled for a graph: random pixels, whole and in tiles."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.contract import Contract, ModelInput
from edgers.engines import Engine
from edgers.engines.agreement import largest_difference, largest_value
from edgers.export.noise import noise_tensor
from edgers.tiling.axis_tiles import AxisPlan, plan_axis, smallest_tile_px
from edgers.tiling.graph import image_axes_of
from edgers.tiling.grid import Grid, Tile
from edgers.tiling.halo import AxisHalo, Halo

RELATIVE_TOLERANCE = 1e-4
"""Largest difference accepted, as a share of the largest value.

Zero is the rule. What stays above it comes from runtimes that sum in another order on small maps
and from resizes whose positions are rounded (1e-5 at most in tests/properties); a wrong halo or
grid differs in the first digits."""

Array = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What the trial showed."""

    difference: float
    """Largest |tiled − untiled| over the scene."""
    scale: float
    """Largest |untiled|."""
    tiles: int
    """Tiles used."""

    @property
    def holds(self) -> bool:
        """Tell whether tiled equals untiled, up to the order of sums."""
        return self.difference <= RELATIVE_TOLERANCE * max(self.scale, 1e-30)


def prove_tiling(engine: Engine, contract: Contract, halo: Halo) -> Proof | None:
    """Compare tiled and untiled on a scene of 3 × 3 small tiles of random pixels.

    Gives None for a graph of fixed size, which cannot run a scene untiled.
    """
    if halo.height.fixed_px or halo.width.fixed_px:
        return None
    grid = Grid(rows=_three_tiles(halo.height), columns=_three_tiles(halo.width))
    return compare_tiled(
        engine, contract.inputs, contract.outputs[0].name, contract.outputs[0].dim_order, grid
    )


def _three_tiles(halo: AxisHalo) -> AxisPlan:
    """Plan an axis long enough for three tiles."""
    tile_px = smallest_tile_px(halo) + 2 * halo.align_px
    return plan_axis(2 * tile_px, tile_px, halo)


def compare_tiled(
    engine: Engine, inputs: ModelInput | Sequence[ModelInput], output: str,
    output_axes: tuple[str, ...], grid: Grid,
) -> Proof:  # fmt: skip
    """Run random pixels whole and in the tiles of `grid`, and compare every output pixel."""
    sources = (inputs,) if isinstance(inputs, ModelInput) else tuple(inputs)
    random = np.random.default_rng(0)
    size_px = grid.rows.extended_px, grid.columns.extended_px
    scene = {one.name: noise_tensor(one, size_px, random) for one in sources}
    height, width = output_axes.index("height"), output_axes.index("width")

    def run(tensors: dict[str, Array]) -> Array:
        return np.moveaxis(engine.infer(tensors)[output], (height, width), (-2, -1))

    whole = run(scene)
    worst = 0.0
    for tile in grid:
        rows, columns = tile.rows, tile.columns
        found = run({one.name: _window(scene[one.name], one, tile) for one in sources})
        core = found[
            ...,
            rows.crop_start : rows.crop_start + rows.core_stop - rows.core_start,
            columns.crop_start : columns.crop_start + columns.core_stop - columns.core_start,
        ]
        wanted = whole[
            ..., rows.core_start : rows.core_stop, columns.core_start : columns.core_stop
        ]
        worst = max(worst, largest_difference(core, wanted))
    return Proof(difference=worst, scale=largest_value(whole), tiles=len(grid))


def _window(tensor: Array, source: ModelInput, tile: Tile) -> Array:
    """Cut the window of a tile out of a tensor."""
    height, width = image_axes_of(source)
    cut = [slice(None)] * tensor.ndim
    cut[height] = slice(tile.rows.window_start, tile.rows.window_stop)
    cut[width] = slice(tile.columns.window_start, tile.columns.window_stop)
    return np.ascontiguousarray(tensor[tuple(cut)])

"""River, ponds and flood: where water shows, how deep and how turbid it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgers.export.flood_demo.covers import Covers
from edgers.export.flood_demo.frame import Field, Frame, Mask
from edgers.export.flood_demo.noise import fractal_noise, smooth_noise
from edgers.export.flood_demo.relief import Relief
from edgers.export.flood_demo.resampling import block_mean, enlarged, gradient_per_px
from edgers.export.flood_demo.settlements import splat
from edgers.export.flood_demo.spectra import CANOPY_CLOSURE, CANOPY_HEIGHT_M

CONNECTION_FACTOR = 4
"""Flood water spreads over cells of 4 x 4 pixels: it passes culverts and ditches unseen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waters:
    """The water of a scene at one flood stage."""

    share: Field
    """Share of the pixel where a water surface shows from above, 0 to 1, [height, width]."""
    permanent: Mask
    """Pixels under water at the normal level too, [height, width]."""
    depth_m: Field
    """Depth of water, metres, 0 where there is none, [height, width]."""
    turbidity: Field
    """0 clear to 1 laden with silt, [height, width]."""
    wetness: Field
    """Wetness of the bare ground, 0 dry to 1 saturated, [height, width]."""


def draw_waters(frame: Frame, relief: Relief, covers: Covers, flood_stage_m: float) -> Waters:
    """Return the water when the river stands flood_stage_m above its normal level.

    Ground below the stage is flooded where the river can reach it over ground below the stage;
    ponds cut off from the river keep their normal level.
    """
    height = relief.height_m
    reached = connected(height < flood_stage_m, (relief.channel > 0.0) & (height < flood_stage_m))
    level = np.where(reached, np.float32(flood_stage_m), np.float32(0.0))
    slope_m = np.hypot(*gradient_per_px(height))
    cover_share = np.clip(0.5 + (level - height) / (slope_m + 0.04), 0.0, 1.0)
    depth = np.maximum(level - height, 0.0)
    stands_out = CANOPY_CLOSURE[covers.cover] * np.clip(
        1.0 - depth / CANOPY_HEIGHT_M[covers.cover], 0.0, 1.0
    )
    stands_out[height < 0.0] = 0.0
    share = cover_share * (1.0 - stands_out)
    brook = np.zeros(frame.shape, dtype=np.float32)
    for stream in relief.streams:
        splat(brook, stream, width_m=7.0, gsd_m=frame.gsd_m)
    share = np.maximum(share, np.minimum(0.6 * brook, 0.45))
    return Waters(
        share=share.astype(np.float32),
        permanent=height < 0.0,
        depth_m=np.maximum(depth, 0.5 * (brook > 0.1)).astype(np.float32),
        turbidity=_turbidity(frame, relief, reached),
        wetness=_wetness(frame, height, flood_stage_m),
    )


def connected(passable: Mask, seeds: Mask) -> Mask:
    """Return the passable pixels that a path through passable cells joins to a seed.

    Works on cells of CONNECTION_FACTOR pixels a side; a cell is passable if any pixel is.
    """
    factor = CONNECTION_FACTOR
    open_cells = block_mean(passable.astype(np.float32), factor) > 0.0
    filled = (block_mean(seeds.astype(np.float32), factor) > 0.0) & open_cells
    count = -1
    while count != (count := int(filled.sum())):
        filled = _filled_runs(open_cells, filled)
        filled = np.ascontiguousarray(_filled_runs(open_cells.T, filled.T).T)
    rows, columns = passable.shape
    fine = np.repeat(np.repeat(filled, factor, axis=0), factor, axis=1)
    return passable & fine[:rows, :columns]


def _filled_runs(open_cells: Mask, filled: Mask) -> Mask:
    """Return filled, grown along each row to the whole of every open run that it touches."""
    walls = np.cumsum(~open_cells, axis=1)
    runs = walls + np.arange(len(walls))[:, None] * (walls.shape[1] + 1)
    touched = np.zeros(runs.shape[0] * (runs.shape[1] + 1), dtype=np.bool_)
    touched[runs[filled]] = True
    grown: Mask = open_cells & touched[runs]
    return grown


def _turbidity(frame: Frame, relief: Relief, reached: Mask) -> Field:
    """Return silt: most in the river and its plume, less in backwater, little in ponds."""
    generator = frame.generator("silt")
    load = generator.uniform(0.6, 1.0)
    still = generator.uniform(0.1, 0.42)
    reach_m = generator.uniform(150.0, 600.0)
    swirls = fractal_noise(generator, frame.shape, coarsest_px=frame.to_px(450.0), slope=3.0)
    pools = smooth_noise(generator, frame.shape, coarsest_px=frame.to_px(700.0), slope=4.0)
    plume = np.exp(-relief.river_distance_m / np.float32(reach_m))
    flowing = still + (load - still) * plume + 0.07 * swirls + 0.10 * pools
    standing = 0.18 + 0.12 * pools
    return np.clip(np.where(reached, flowing, standing), 0.0, 1.0).astype(np.float32)


def _wetness(frame: Frame, height_m: Field, flood_stage_m: float) -> Field:
    """Return soil wetness: saturated just above the water line, patchy further up."""
    generator = frame.generator("wetness")
    coarse = fractal_noise(
        generator,
        (-(-frame.height_px // 2) + 1, -(-frame.width_px // 2) + 1),
        coarsest_px=frame.to_px(300.0) / 2,
        slope=2.6,
    )
    patches = enlarged(coarse, 2, frame.shape)
    above = (height_m - np.float32(flood_stage_m) - 0.6 - 0.5 * patches) / 0.5
    return (1.0 / (1.0 + np.exp(np.clip(above, -30.0, 30.0)))).astype(np.float32)

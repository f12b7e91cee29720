"""How long an engine takes for a tile, worked as a run works it: tiles side by side in threads."""

import math
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from edgers.contract import Contract
from edgers.engines import Engine, Tensors
from edgers.export.noise import noise_tensor
from edgers.tiling.grid import default_tile_px
from edgers.tiling.halo import AxisHalo, Halo

LAP_S = 0.1
"""Time a lap should last at least: shorter ones say more of the scheduler than of the engine."""

MOST_REPEATS = 32
"""Tiles a thread does in one lap, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopwatch:
    """The work that is timed."""

    tile: Tensors
    """Tensors of one tile, by input."""
    threads: int
    """Tiles handed in at once."""
    pool: Executor
    """Threads that hand them in, `threads` of them."""

    def lap(self, engine: Engine, tiles: int) -> Callable[[], float]:
        """Give a function that runs so many tiles and tells the seconds a tile took."""

        def run() -> float:
            begin = time.perf_counter()
            for _ in self.pool.map(lambda _: engine.infer(self.tile) and None, range(tiles)):
                pass
            return (time.perf_counter() - begin) / tiles

        return run

    def warm_up(self, engine: Engine) -> float:
        """Run each thread's first tiles, which cost more; give the seconds a tile takes then."""
        first = self.lap(engine, self.threads)
        first()
        return first()

    def tiles(self, seconds: float) -> int:
        """Give the tiles for a lap where one takes so many seconds."""
        repeats = math.ceil(LAP_S / (self.threads * max(seconds, 1e-6)))
        return self.threads * min(MOST_REPEATS, max(1, repeats))


def tile_of_noise(contract: Contract, halo: Halo) -> Tensors:
    """Give a tile of the size a run would take, for each input."""
    random = np.random.default_rng(0)
    source = contract.main
    size_px = []
    for axis, name in ((halo.height, "height"), (halo.width, "width")):
        stated = source.shape[source.dim_order.index(name)]
        asked = source.tile_px or (stated if stated > 0 else default_tile_px(halo))
        size_px.append(_side_px(axis, asked))
    return {
        one.name: noise_tensor(one, (size_px[0], size_px[1]), random) for one in contract.inputs
    }


def _side_px(halo: AxisHalo, asked_px: int) -> int:
    """Give the next size from the one asked for that the graph takes."""
    if halo.fixed_px:
        return halo.fixed_px
    whole = -(-asked_px // halo.align_px) * halo.align_px
    return next(
        s for s in range(whole, whole + 2 * halo.align_px) if (halo.output_size(s) or 0) > 0
    )

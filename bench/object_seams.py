"""Objects cut by tile borders, against the truth: `python -m edgers.bench.object_seams`.

A scene of 8000 × 8000 px with 5 000 known objects (2 800 scattered, 2 000 moored side by side 4 px
apart, 200 of 300 to 700 px) is cut into tiles of 640 px. A detector that knows the truth shows of
each tile what lies in it, pieces of at least a tenth of their object; so every loss is ours.
"""

import argparse
import time
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from edgers.bench.object_scene import Judgement, Mix, Oracle, judged, scene_of
from edgers.kernels.boxes import Boxes, boxes_from_corners
from edgers.tasks.joining import Joined, Joiner
from edgers.tasks.windows import Windows
from edgers.tiling.grid import Grid, Order, plan_grid
from edgers.tiling.halo import AxisHalo, Halo

SIDE_PX = 8000
MIX = Mix(scattered=2800, rows=100, long=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What joining gave."""

    found: list[Joined]
    """Objects, in the order in which they were complete."""
    most_held: int
    """Most pieces that waited at once."""
    pieces: int
    """Pieces that all tiles showed."""
    join_s: float
    """CPU seconds that joining took, without the detector."""


def grid_of(side_px: int, tile_px: int, shared_px: int, order: Order = "rows") -> Grid:
    """Give tiles of which two beside each other share `shared_px`."""
    before = shared_px // 2
    halo = AxisHalo(
        before_px=before, after_px=shared_px - before, align_px=1, stride=Fraction(1),
        offset_px=Fraction(0), sizes=(0,),
    )  # fmt: skip
    return plan_grid(side_px, side_px, tile_px, Halo(height=halo, width=halo), order=order)


def joined(oracle: Oracle, grid: Grid, *, upright: bool) -> Outcome:
    """Join what the oracle shows of all tiles."""
    windows = Windows(grid)
    joiner = Joiner(windows, upright=upright, by_class=True)
    found: list[Joined] = []
    count, spent = 0, 0.0
    for index in range(len(grid)):
        pieces = oracle.pieces(windows[index])
        begin = time.thread_time()
        found += joiner.add(index, pieces)
        spent += time.thread_time() - begin
        count += len(pieces)
    found += joiner.finish()
    return Outcome(found=found, most_held=joiner.most_held, pieces=count, join_s=spent)


def boxes_of(found: list[Joined]) -> Boxes:
    """Give the rectangles as boxes, (object, 5)."""
    return boxes_from_corners(np.array([one.corners for one in found]).reshape(-1, 4, 2))


def _row(kind: str, shared: int, least: float, what: Outcome, verdict: Judgement) -> str:
    return (
        f"{kind:4} {shared:7} {least:6.2f} {verdict.out:6} {verdict.missed:6} {verdict.broken:7} "
        f"{verdict.blurred:7} {verdict.extra:6} {what.pieces:7} {what.most_held:9} "
        f"{what.join_s:8.2f}"
    )


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="another scene")
    parser.add_argument("--tile", type=int, default=640, help="tile side, px")
    parser.add_argument("--noise-px", type=float, default=0.0, help="how far sides are off, px")
    chosen = parser.parse_args()
    seed, tile_px = chosen.seed, chosen.tile
    boxes = scene_of(MIX, SIDE_PX, seed)
    print(f"{len(boxes)} objects, {SIDE_PX} × {SIDE_PX} px, tiles of {tile_px} px, seed {seed}")
    print("     shared  shown    out missed  <0.95   <0.99  extra  pieces most held  seconds")
    for least in (0.1, 0.01):
        for upright in (True, False):
            oracle = Oracle(boxes, upright=upright, least=least, noise_px=chosen.noise_px)
            truth = boxes_from_corners(oracle.truth)
            for shared in (128, 0):
                what = joined(oracle, grid_of(SIDE_PX, tile_px, shared), upright=upright)
                verdict = judged(truth, boxes_of(what.found))
                print(_row("HBB" if upright else "OBB", shared, least, what, verdict))


if __name__ == "__main__":
    main()

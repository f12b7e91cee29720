"""Instances cut by tile borders, against the truth: `python -m edgers.bench.instance_seams`.

A scene of irregular instances, 2 or 4 px apart, is cut into tiles. A network that knows the truth
shows of each tile what lies in it: every instance as one mask, or what touches in the tile as one.
"""

import argparse
import time
from dataclasses import dataclass

from edgers.bench.instance_scene import Labels, MaskOracle, labels_of, outlines_of
from edgers.bench.object_seams import grid_of
from edgers.tasks.mask_joining import JoinedMask, MaskJoiner
from edgers.tasks.windows import Windows
from edgers.tiling.grid import Grid

SIDE_PX = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskOutcome:
    """What joining gave."""

    found: list[JoinedMask]
    """Instances, in the order in which they were complete."""
    shown: int
    """Pieces that all tiles showed."""
    most_runs: int
    """Most runs of pixels that waited at once."""
    all_runs: int
    """Runs of pixels of all pieces."""
    join_s: float
    """CPU seconds that joining took, without the network."""


def joined_masks(oracle: MaskOracle, grid: Grid) -> MaskOutcome:
    """Join what the oracle shows of all tiles."""
    windows = Windows(grid)
    joiner = MaskJoiner(
        windows, lambda tile, place: oracle.pieces(windows[tile]).masks[place], by_class=True
    )
    found: list[JoinedMask] = []
    shown, runs, spent = 0, 0, 0.0
    for index in range(len(grid)):
        pieces = oracle.pieces(windows[index])
        shown, runs = shown + len(pieces.masks), runs + sum(map(len, pieces.masks))
        begin = time.thread_time()
        found += joiner.add(index, pieces)
        spent += time.thread_time() - begin
    found += joiner.finish()
    return MaskOutcome(
        found=found, shown=shown, most_runs=joiner.most_runs, all_runs=runs, join_s=spent
    )


def exact(labels: Labels, found: list[JoinedMask]) -> int:
    """Count known instances that came out with just their pixels."""
    out = {one.runs.astype("<i4").tobytes() for one in found}
    return sum(one.astype("<i4").tobytes() in out for one in outlines_of(labels))


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="another scene")
    parser.add_argument("--side", type=int, default=SIDE_PX, help="scene side, px")
    seed, side = (vars(parser.parse_args())[name] for name in ("seed", "side"))
    labels = labels_of(side, seed)
    print(f"{labels.max()} instances, {side} × {side} px, seed {seed}")
    print("shows  tile shared    out  exact  pieces   runs most held  seconds")
    for parts in (False, True):
        oracle = MaskOracle(labels, parts=parts)
        for tile_px, shared in ((512, 0), (512, 2), (512, 64), (256, 0), (256, 32)):
            what = joined_masks(oracle, grid_of(side, tile_px, shared, "rows"))
            print(
                f"{'parts' if parts else 'whole'} {tile_px:5} {shared:6} {len(what.found):6} "
                f"{exact(labels, what.found):6} {what.shown:7} {what.all_runs:6} "
                f"{what.most_runs:9} {what.join_s:8.2f}"
            )


if __name__ == "__main__":
    main()

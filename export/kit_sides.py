"""The sides of the tiles that a plan must take."""

from edgers.build_kit import TileSides
from edgers.contract import Contract
from edgers.pipeline.plan import usual_tile_px
from edgers.tiling.axis_tiles import smallest_side_px
from edgers.tiling.halo import Halo


def tile_sides(contract: Contract, halo: Halo, golden_px: tuple[int, int]) -> TileSides:
    """Work out the sides from the halo, what the contract states and those of the golden tile.

    The smallest is what the graph takes at all: a scene may be as small. The usual one is that of
    a run where nothing else is asked for; tiles are no larger, unless the golden one is.
    """
    axes = (halo.height, halo.width)
    if any(axis.fixed_px for axis in axes):
        fixed = [axis.fixed_px or usual_tile_px(contract, halo) for axis in axes]
        return TileSides(least_px=min(fixed), usual_px=max(fixed), most_px=max(fixed))
    least_px = max(smallest_side_px(axis) for axis in axes)
    usual_px = max(usual_tile_px(contract, halo), least_px)
    align_px = max(axis.align_px for axis in axes)
    most_px = max(-(-usual_px // align_px) * align_px, *golden_px)
    least_px = min(least_px, *golden_px)
    return TileSides(least_px=least_px, usual_px=usual_px, most_px=most_px)

"""The shapes that a plan takes, from the golden tile and the sides that a kit names."""

import io
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from edgers.build_kit import TileSides
from edgers.building.recipe import Profile, Shape
from edgers.bundle import Bundle, golden_inputs
from edgers.contract import ModelInput
from edgers.pipeline.one_size import usual_side_px

DYNAMIC, FIXED = "dynamic", "fixed"
"""Names of profiles: any sides between two, and one size alone."""

MOST_DATES = 12
"""Longest series where the contract takes any number of dates: a year of months."""

Tiles = Mapping[str, npt.NDArray[np.generic]]
"""Tensors of one tile, by input."""

Sides = tuple[int, int]
"""Height and width, in pixels."""


def golden_tiles(bundle: Bundle) -> Tiles:
    """Read the golden tile of each input."""
    return {
        name: np.load(io.BytesIO(bundle.entries[entry]), allow_pickle=False)
        for name, entry in golden_inputs(bundle.contract).items()
    }


def profiles(bundle: Bundle, sides: TileSides, *, any_size: bool = True) -> tuple[Profile, ...]:
    """Give the shapes to build for, for one tile at a time.

    First comes `dynamic`: height and width between the kit's sides, the golden tile among them;
    then `fixed`, of the usual size alone. A graph of fixed size has only that. Without `any_size`,
    as for a DLA, which takes no range of shapes, the first is the golden tile's size alone.
    """
    golden = golden_tiles(bundle)
    usual = usual_px(bundle, sides)
    inputs = bundle.contract.inputs
    alone = Profile(name=FIXED, shapes=_one_size(inputs, golden, usual))
    if all(axis.fixed_px for axis in (bundle.halo.height, bundle.halo.width)):
        return (alone,)
    if not any_size:
        own = _sides_of(inputs[0], golden[inputs[0].name].shape)
        return (Profile(name=DYNAMIC, shapes=_one_size(inputs, golden, own)), alone)
    return (Profile(name=DYNAMIC, shapes=_range(bundle, golden, sides, usual)), alone)


def usual_px(bundle: Bundle, sides: TileSides) -> Sides:
    """Give height and width of the tile that a plan is tuned for."""
    halo = bundle.halo
    return usual_side_px(halo.height, sides), usual_side_px(halo.width, sides)


def usual_tiles(bundle: Bundle, sides: TileSides) -> Tiles:
    """Give tiles of the usual size: the golden tile, repeated until it is large enough."""
    usual = usual_px(bundle, sides)
    return {
        one.name: _repeated(one, golden_tiles(bundle)[one.name], usual)
        for one in bundle.contract.inputs
    }


def _one_size(
    inputs: tuple[ModelInput, ...], golden: Tiles, sides: Sides
) -> dict[str, tuple[Shape, Shape, Shape]]:
    shapes = {one.name: _shape(one, golden[one.name].shape, sides) for one in inputs}
    return {name: (shape, shape, shape) for name, shape in shapes.items()}


def _range(
    bundle: Bundle, golden: Tiles, sides: TileSides, usual: Sides
) -> dict[str, tuple[Shape, Shape, Shape]]:
    found = {}
    fixed = (bundle.halo.height.fixed_px, bundle.halo.width.fixed_px)
    for one in bundle.contract.inputs:
        shape = golden[one.name].shape
        own = _sides_of(one, shape)
        # The golden tile is run on every load, so it must be within.
        least = [f or min(sides.least_px, g) for f, g in zip(fixed, own, strict=True)]
        most = [f or max(sides.most_px, g) for f, g in zip(fixed, own, strict=True)]
        found[one.name] = (
            _shape(one, shape, (least[0], least[1]), dates=1),
            _shape(one, shape, usual),
            _shape(one, shape, (most[0], most[1]), dates=MOST_DATES),
        )
    return found


def _sides_of(source: ModelInput, shape: Shape) -> Sides:
    return shape[source.dim_order.index("height")], shape[source.dim_order.index("width")]


def _shape(source: ModelInput, golden: Shape, sides: Sides, dates: int | None = None) -> Shape:
    """Give the golden tile's shape with other sides, and another number of dates where it may."""
    other = {"height": sides[0], "width": sides[1]}
    if dates is not None and source.dates < 0:
        other["time"] = dates
    return tuple(other.get(axis, n) for axis, n in zip(source.dim_order, golden, strict=True))


def _repeated(
    source: ModelInput, tile: npt.NDArray[np.generic], sides: Sides
) -> npt.NDArray[np.generic]:
    wanted = dict(zip(("height", "width"), sides, strict=True))
    for axis, name in enumerate(source.dim_order):
        if name in wanted:
            places = np.arange(wanted[name]) % tile.shape[axis]
            tile = np.take(tile, places, axis=axis)
    return np.ascontiguousarray(tile)

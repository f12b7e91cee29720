"""Tiles of one size, for plans that are faster on it, or take no other."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders.bundles import make_bundle
from builders.networks import unet
from builders.small_kits import SIDES, make_kit

from edgers.build_kit import PLAN_ENTRY, BuildKit, Plan
from edgers.bundle import Bundle, EngineChoice, open_bundle
from edgers.pipeline.model import Model
from edgers.pipeline.one_size import usual_side_px
from edgers.pipeline.options import RunOptions
from edgers.pipeline.plan import plan_tiles
from edgers.tiling.axis_tiles import AxisPlan

SIDE = SIDES.usual_px

SLOW = {"dynamic": 30.0, "fixed": 10.0}
"""Milliseconds a tile where one size is worth much."""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder: Path = tmp_path_factory.mktemp("kit")
    return open_bundle(make_kit(folder))


def built(
    bundle: Bundle, profile: str = "fixed", tile_ms: Any = SLOW, dla_core: int | None = None
) -> Model:
    """A model as `edgers build` leaves it; nothing is run."""
    plan = Plan(
        entry=PLAN_ENTRY, precision="fp16", tensorrt=(10, 3, 0), cc=(8, 7), device="Orin",
        module="", cuda=(12, 6), memory_bytes=1, dla_core=dla_core, tried=(),
    )  # fmt: skip
    kit = bundle.kit or BuildKit(
        cc=(8, 7), sides=SIDES, bands=(), kernels=(), dla=False, plan=None
    )  # fmt: skip
    choice = EngineChoice(
        name="tensorrt", version="10.3.0", precision="fp16", graph=PLAN_ENTRY,
        settings={"profile": profile},
    )  # fmt: skip
    changed = replace(bundle, kit=replace(kit, plan=plan), measured={"built": {"tile_ms": tile_ms}})
    engine: Any = None
    return Model(bundle=changed, choice=choice, engine=engine, golden_error=0.0)


def sizes(plan: AxisPlan) -> set[int]:
    return {tile.window_stop - tile.window_start for tile in plan.tiles}


def cut(model: Model, height: int = 100, width: int = 131, tile: int = SIDE) -> list[set[int]]:
    grid = plan_tiles(model, height, width, RunOptions(tile_px=tile))
    for axis in (grid.rows, grid.columns):
        stops = [one.core_stop for one in axis.tiles]
        assert [one.core_start for one in axis.tiles] == [0, *stops[:-1]]
        assert all(one.crop_start >= 0 for one in axis.tiles)
    return [sizes(grid.rows), sizes(grid.columns)]


def test_all_tiles_are_of_the_size_that_is_faster(bundle: Bundle) -> None:
    assert cut(built(bundle)) == [{SIDE}, {SIDE}]
    grid = plan_tiles(built(bundle), 100, 131, RunOptions(tile_px=SIDE))
    # Nothing beyond the image is read: tiled still equals untiled.
    assert (grid.rows.extended_px, grid.columns.extended_px) == (100, 131)


def test_tiles_stay_as_they_are_where_any_size_is_as_fast(bundle: Bundle) -> None:
    balanced = cut(built(bundle, "dynamic"))
    assert balanced != [{SIDE}, {SIDE}]
    # One size is a little faster here, and needs many more pixels.
    assert cut(built(bundle, tile_ms={"dynamic": 10.2, "fixed": 10.0})) == balanced
    assert cut(built(bundle, tile_ms={})) == balanced


def test_an_image_that_has_no_room_for_it_is_cut_as_ever(bundle: Bundle) -> None:
    assert cut(built(bundle), height=SIDE - 1)[0] == {SIDE - 1}
    assert SIDE not in cut(built(bundle), tile=SIDE - 4)[0]


def test_a_grid_that_it_does_not_fit_is_kept(tmp_path: Path) -> None:
    coarse = open_bundle(make_bundle(tmp_path, net=unet))
    align = coarse.halo.height.align_px
    assert align > 1
    model = built(coarse)
    side = usual_side_px(coarse.halo.height, SIDES)
    fits, fits_not = side + 3 * align, side + 3 * align + 1
    assert cut(model, fits, fits) == [{side}, {side}]
    assert cut(model, fits_not, fits_not) == cut(built(coarse, "dynamic"), fits_not, fits_not)


def test_a_dla_gets_its_size_always(bundle: Bundle) -> None:
    model = built(bundle, tile_ms={}, dla_core=0)
    assert cut(model) == [{SIDE}, {SIDE}]
    # A smaller image is shown larger, as to a graph of one size.
    assert cut(model, 20, 20) == [{SIDE}, {SIDE}]
    assert cut(model, tile=30) == [{SIDE}, {SIDE}]


def test_the_fallback_takes_tiles_of_any_size(bundle: Bundle) -> None:
    model = built(bundle)
    assert model.bundle.kit is not None
    fallback = replace(model, choice=bundle.engines[0])
    assert cut(fallback) == cut(built(bundle, "dynamic"))


def test_the_usual_side_is_one_that_the_graph_takes(tmp_path: Path) -> None:
    halo = open_bundle(make_bundle(tmp_path, net=unet)).halo.height
    for usual in range(SIDE, SIDE + halo.align_px):
        side = usual_side_px(halo, replace(SIDES, usual_px=usual))
        assert (halo.output_size(side) or 0) > 0
        assert usual - halo.align_px < side <= usual

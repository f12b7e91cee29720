"""Tiles that a plan must take: from the smallest scene to the tile of a run."""

from collections.abc import Callable

import onnx
import pytest
from builders.bundles import contract_document, tiny_net
from builders.networks import attention_net, unet

from edgers.build_kit import TileSides
from edgers.contract import contract_from_document
from edgers.engines import ENGINES
from edgers.export.golden import golden_entries, golden_sides_px
from edgers.export.kit_sides import tile_sides
from edgers.tiling.graph import halo_from_graph
from edgers.tiling.grid import plan_grid

Net = Callable[[], onnx.ModelProto]

SMALL = (32, 32)
"""Sides of a golden tile."""


def sides_of(net: onnx.ModelProto, **fields: object) -> TileSides:
    contract = contract_from_document(contract_document(**fields))
    return tile_sides(contract, halo_from_graph(net, contract.inputs, "y"), SMALL)


def test_a_graph_without_a_grid_takes_a_single_pixel() -> None:
    assert sides_of(tiny_net()) == TileSides(least_px=1, usual_px=256, most_px=256)


def test_sides_fit_the_grid_of_the_graph() -> None:
    found = sides_of(unet())
    assert found == TileSides(least_px=4, usual_px=256, most_px=256)


def test_the_tile_that_a_contract_states_is_the_usual_one_and_rounded_up() -> None:
    found = sides_of(unet(), **{"edgers:tile_px": 130})
    assert found == TileSides(least_px=4, usual_px=130, most_px=132)


def test_a_graph_without_a_bound_is_tuned_for_what_it_was_trained_on() -> None:
    document = contract_document()
    document["mlm:input"][0]["input"]["shape"] = [-1, 3, 64, 64]
    contract = contract_from_document(document)
    found = tile_sides(contract, halo_from_graph(attention_net(), contract.inputs, "y"), SMALL)
    assert (found.usual_px, found.most_px) == (64, 64)


@pytest.mark.parametrize("net", [tiny_net, unet, attention_net])
@pytest.mark.parametrize("scene", [(1, 3), (5, 300), (257, 999)])
def test_no_tile_of_a_run_is_beyond_them(net: Net, scene: tuple[int, int]) -> None:
    model = net()
    contract = contract_from_document(contract_document())
    halo = halo_from_graph(model, contract.inputs, "y")
    sides = tile_sides(contract, halo, SMALL)
    grid = plan_grid(*scene, sides.usual_px, halo)
    found = [side for tile in grid for side in tile.window_shape]
    assert min(found) >= sides.least_px
    assert max(found) <= sides.most_px


@pytest.mark.parametrize("net", [tiny_net, unet, attention_net])
def test_the_golden_tile_is_among_them(net: Net) -> None:
    contract = contract_from_document(contract_document(**{"edgers:tile_px": 16}))
    model = net()
    halo = halo_from_graph(model, contract.inputs, "y")
    engine = ENGINES["onnxruntime"](model.SerializeToString())
    golden_px = golden_sides_px(contract, golden_entries(engine, contract, halo))
    sides = tile_sides(contract, halo, golden_px)
    assert max(golden_px) == sides.most_px > sides.usual_px
    assert min(golden_px) >= sides.least_px

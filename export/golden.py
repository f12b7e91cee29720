"""The golden tile: an input with a known answer that every load of a bundle must reproduce."""

import io
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from edgers.bundle import GOLDEN_OUTPUT, golden_inputs
from edgers.contract import Contract
from edgers.engines import Engine
from edgers.export.graph import check_answer
from edgers.export.noise import noise_tensor
from edgers.export.parts import graph_contract
from edgers.programs.proof import provable, side_answers
from edgers.tiling.axis_tiles import smallest_tile_px
from edgers.tiling.halo import AxisHalo, Halo

LEAST_PX = 32
"""Smallest side of a golden tile, so that it exercises more than one pixel."""
SEED = 20_230_517
"""Seed of the golden input; any number will do as long as it stays."""


def golden_entries(engine: Engine, contract: Contract, halo: Halo) -> dict[str, bytes]:
    """Give the bundle entries for the golden tile: normal noise through the network.

    Raises ContractError where what the network gives is not what the contract states.
    """
    tiles = _golden_tiles(contract, halo)
    entries = golden_inputs(contract)
    return {
        **{entries[name]: _npy(tile) for name, tile in tiles.items()},
        **{entry: _npy(one) for entry, one in side_answers(engine, tiles).items()},
        GOLDEN_OUTPUT: golden_answer(engine, contract, halo),
    }


def golden_answer(engine: Engine, contract: Contract, halo: Halo) -> bytes:
    """Give the bundle entry of what a graph gives for the golden tile.

    Raises ContractError where that is not what the contract states.
    """
    answer = provable(engine).infer(_golden_tiles(contract, halo))[contract.outputs[0].name]
    check_answer(graph_contract(contract), answer.shape)
    return _npy(answer)


def golden_sides_px(contract: Contract, golden: Mapping[str, bytes]) -> tuple[int, int]:
    """Give height and width of the golden tile of the main input, from its entries."""
    main = contract.main
    shape = np.load(io.BytesIO(golden[golden_inputs(contract)[main.name]])).shape
    return shape[main.dim_order.index("height")], shape[main.dim_order.index("width")]


def _golden_tiles(contract: Contract, halo: Halo) -> dict[str, npt.NDArray[np.generic]]:
    random = np.random.default_rng(SEED)
    size_px = _side_px(halo.height), _side_px(halo.width)
    return {one.name: noise_tensor(one, size_px, random) for one in contract.inputs}


def _side_px(halo: AxisHalo) -> int:
    if halo.fixed_px:
        return halo.fixed_px
    whole = -(-max(LEAST_PX, smallest_tile_px(halo)) // halo.align_px) * halo.align_px
    return next(
        s for s in range(whole, whole + 2 * halo.align_px) if (halo.output_size(s) or 0) > 0
    )


def _npy(array: npt.NDArray[np.generic]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()

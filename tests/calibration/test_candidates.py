"""Which windows may become tiles."""

import itertools
from typing import Any

import pytest
from builders.bundles import contract_document, tiny_net
from builders.networks import attention_net, fixed_net, plain_contract, unet
from hypothesis import given
from hypothesis import strategies as st

from edgers.calibration.candidates import DEFAULT_TILE_PX, tile_sides_px, tile_windows
from edgers.contract import Contract, contract_from_document
from edgers.errors import TilingError
from edgers.tiling.graph import halo_from_graph
from edgers.tiling.halo import Halo


def fitted(net: Any, document: dict[str, Any]) -> tuple[Contract, Halo]:
    contract = contract_from_document(document)
    return contract, halo_from_graph(net(), contract.inputs, contract.outputs[0].name)


TINY, UNET = fitted(tiny_net, contract_document()), fitted(unet, plain_contract())


@given(st.integers(64, 400), st.integers(64, 400), st.integers(1, 60), st.integers(64, 90))
def test_windows_lie_in_the_scene_on_the_grid_and_are_no_more_than_allowed(
    height: int, width: int, most: int, tile_px: int
) -> None:
    contract, halo = UNET
    sides = tile_sides_px(contract, halo, tile_px)
    windows = tile_windows((height, width), sides, halo, most)
    assert 1 <= len(windows) <= most
    assert len({(at.row, at.column) for at in windows}) == len(windows)
    for at in windows:
        assert at.row % halo.height.align_px == at.column % halo.width.align_px == 0
        assert 0 <= at.row <= height - at.height
        assert 0 <= at.column <= width - at.width
        for size, side, seen, shape in zip(
            (height, width), sides, (at.height, at.width), at.shape, strict=True
        ):
            assert seen == min(size, side)
            assert (halo.height.output_size(shape) or 0) > 0
            assert shape == side if size >= side else size <= shape <= side


def test_windows_cover_the_scene() -> None:
    _, halo = TINY
    windows = tile_windows((100, 250), (32, 32), halo, 1000)
    rows, columns = ({getattr(at, name) for at in windows} for name in ("row", "column"))
    assert rows == {0, 32, 64, 68}
    assert max(columns) == 250 - 32
    assert len(windows) == len(rows) * len(columns)


def test_windows_that_are_left_out_are_left_out_evenly() -> None:
    _, halo = TINY
    windows = tile_windows((3200, 6400), (32, 32), halo, 200)
    rows = sorted({at.row for at in windows})
    steps = {b - a for a, b in itertools.pairwise(rows)}
    assert 150 <= len(windows) <= 200
    assert max(steps) - min(steps) <= 32
    assert (rows[0], rows[-1]) == (0, 3200 - 32)


def test_tiles_are_as_large_as_the_halo_needs() -> None:
    assert tile_sides_px(*TINY, None) == (DEFAULT_TILE_PX, DEFAULT_TILE_PX)
    with pytest.raises(TilingError, match="too small"):
        tile_sides_px(*TINY, 4)


def test_a_graph_of_one_size_gets_it() -> None:
    fixed = fitted(fixed_net, plain_contract())
    assert tile_sides_px(*fixed, None) == tile_sides_px(*fixed, 32) == (64, 64)
    (at,) = tile_windows((40, 64), (64, 64), fixed[1], 10)
    assert (at.height, at.width, at.shape) == (40, 64, (64, 64))


def test_a_graph_without_a_bound_gets_the_tile_of_a_run() -> None:
    stated = fitted(attention_net, plain_contract(**{"edgers:tile_px": 96}))
    assert tile_sides_px(*stated, None) == (96, 96)
    assert tile_sides_px(*fitted(attention_net, plain_contract()), None) == (256, 256)

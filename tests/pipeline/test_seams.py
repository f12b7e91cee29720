"""What tiles put aside for later ones: how much is held, and what is found again."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from builders.halos import ORDERS, same_halo, with_overlap

from edgers.pipeline.seams import Seams
from edgers.tiling.grid import Grid, Order, Tile, plan_grid
from edgers.tiling.halo import Halo

CHANNELS = 2


def planned(height: int = 60, width: int = 80, order: Order = "rows", overlap: int = 4) -> Grid:
    halo = with_overlap(same_halo(), overlap)
    both = Halo(height=halo, width=halo)
    return plan_grid(height, width, 24, both, blend="hann", order=order)


def seams_of(grid: Grid, folder: Path) -> Seams:
    assert grid.weights is not None
    return Seams(grid, grid.weights, CHANNELS, folder)


def scores(tile: Tile) -> npt.NDArray[np.float32]:
    random = np.random.default_rng(tile.index)
    return random.normal(0, 1, (CHANNELS, *tile.window_shape)).astype(np.float32)


def worked(
    seams: Seams, grid: Grid, begin: int, end: int, gone: frozenset[int] = frozenset()
) -> tuple[list[npt.NDArray[Any]], list[int | None]]:
    """Take tiles from `begin` to `end`; give cores and checksums."""
    cores: list[npt.NDArray[Any]] = []
    put_aside: list[int | None] = []
    for index in range(begin, end):
        tile = grid.tile(index)
        parts = None if index in gone else seams.parts(tile, scores(tile))
        core, checksum = seams.add(tile, parts)
        seams.forget(index + 1)
        cores.append(core)
        put_aside.append(None if index in gone else checksum)
    return cores, put_aside


@pytest.mark.parametrize("order", ORDERS)
def test_work_goes_on_at_any_tile_with_the_same_bits(tmp_path: Path, order: Order) -> None:
    grid = planned(order=order)
    gone = frozenset({0, 5, 6})
    wanted, _ = worked(seams_of(grid, tmp_path), grid, 0, len(grid), gone)
    for stop in range(1, len(grid) + 1):
        folder = tmp_path / str(stop)
        folder.mkdir()
        _, done = worked(seams_of(grid, folder), grid, 0, stop, gone)
        again = seams_of(grid, folder)
        assert again.restore(done) == stop
        cores, _ = worked(again, grid, stop, len(grid), gone)
        for found, core in zip(cores, wanted[stop:], strict=True):
            assert np.array_equal(found, core)
    assert not list(tmp_path.glob("seam-*"))


@pytest.mark.parametrize("harm", ["gone", "short", "altered"])
def test_a_damaged_file_costs_the_tiles_from_which_it_is_needed(tmp_path: Path, harm: str) -> None:
    grid = planned()
    _, done = worked(seams_of(grid, tmp_path), grid, 0, 9)
    path = sorted(tmp_path.glob("seam-*"))[0]
    data = bytearray(path.read_bytes())
    if harm == "gone":
        path.unlink()
    elif harm == "short":
        path.write_bytes(data[:-4])
    else:
        data[7] ^= 4
        path.write_bytes(data)
    begin = seams_of(grid, tmp_path).restore(done)
    assert begin < 9


def test_nothing_finished_is_nothing_restored(tmp_path: Path) -> None:
    assert seams_of(planned(), tmp_path).restore([]) == 0


@pytest.mark.parametrize("order", ORDERS)
def test_what_is_held_does_not_grow_with_the_scene(tmp_path: Path, order: Order) -> None:
    most = {}
    for length in (200, 800):
        size = (length, 80) if order == "rows" else (80, length)
        grid = planned(*size, order)
        folder = tmp_path / str(length)
        folder.mkdir()
        seams, held = seams_of(grid, folder), 0
        for tile in grid:
            seams.add(tile, seams.parts(tile, scores(tile)))
            seams.forget(tile.index + 1)
            kept = sum(part.size for parts in seams._waiting.values() for _, part in parts)
            on_disk = sum(path.stat().st_size for path in folder.iterdir()) // 4
            held = max(held, kept, on_disk)
        most[length] = held
    assert 0 < most[800] <= 1.2 * most[200]


def test_files_forced_to_disk_stay_until_others_are(tmp_path: Path) -> None:
    grid = planned()
    seams = seams_of(grid, tmp_path)
    _, done = worked(seams, grid, 0, 6)
    seams.sync()
    saved = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    worked(seams, grid, 6, len(grid))
    left = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert saved.items() <= left.items()
    assert seams_of(grid, tmp_path).restore(done) == 6
    seams.sync()
    assert not list(tmp_path.iterdir())


def test_what_was_taken_back_stays_until_others_are_forced_to_disk(tmp_path: Path) -> None:
    grid = planned()
    _, done = worked(seams_of(grid, tmp_path), grid, 0, 6)
    again = seams_of(grid, tmp_path)
    assert again.restore(done) == 6
    worked(again, grid, 6, len(grid))
    # A power cut may take all that was written since.
    assert seams_of(grid, tmp_path).restore(done) == 6


def test_a_tile_alone_puts_nothing_aside(tmp_path: Path) -> None:
    grid = planned(20, 20)
    assert len(grid) == 1
    cores, put_aside = worked(seams_of(grid, tmp_path), grid, 0, 1)
    np.testing.assert_allclose(cores[0], scores(grid.tile(0)), rtol=1e-6)
    assert put_aside == [0]
    assert not list(tmp_path.iterdir())
    assert seams_of(grid, tmp_path).restore(put_aside) == 1


def test_pieces_are_the_tiles_own_first_and_the_last_target_is_the_last(tmp_path: Path) -> None:
    for order in ORDERS:
        grid = planned(order=order, overlap=8)
        seams = seams_of(grid, tmp_path)
        for tile in grid:
            targets = [piece.target for piece in seams.pieces(tile)]
            assert targets[0] == tile.index == min(targets)
            assert len(set(targets)) == len(targets)
            assert seams.last_target(tile.index) == max(targets)

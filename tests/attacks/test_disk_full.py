"""On a full disk a run ends in words, without a product; with room it ends with the same bytes."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from builders.bundles import BAND_NAMES, contract_document, make_bundle
from builders.limited import edgers_with_file_limit, make_room, small_disk
from builders.networks import attention_net
from builders.runs import Outcome, edgers
from builders.scenes import noise, write_scene
from builders.unfinished import ledger_lines, products, tile_of, work_folder

from edgers.products import class_map, raster_files

WAYS: dict[str, tuple[Any, ...]] = {
    "trim": ("--blend", "trim", "--tile", 60, "--probabilities"),
    "hann": ("--blend", "hann", "--tile", 60, "--overlap", 12, "--probabilities"),
}
NEEDED_KB = 8000
"""Room in which the whole run fits."""

Run = Callable[[Path], tuple[Any, ...]]


@pytest.fixture(scope="module", params=list(WAYS))
def run(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Run, dict[str, bytes]]:
    """Give the command for an output folder, and the products of a run with room."""
    folder = tmp_path_factory.mktemp(request.param)
    bundle = make_bundle(folder, contract_document(), attention_net)
    scene = write_scene(folder / "scene.tif", noise(3, 240, 270), names=BAND_NAMES)

    def command(out: Path) -> tuple[Any, ...]:
        return ("run", bundle, scene, "-o", out, "--json", *WAYS[request.param])

    assert edgers(*command(folder / "out")).code == 0
    return command, products(folder / "out")


def is_told(done: Outcome) -> bool:
    """Tell whether a command ended with 2 and an error in words."""
    return (
        done.code == 2
        and done.out == ""
        and done.err.startswith("error  ")
        and "cannot be" in done.err
        and "Traceback" not in done.err
    )


def finished_tiles(out: Path) -> int:
    """Count the tiles that an unfinished run has in its ledger."""
    if not list(out.glob(".edgers-*/ledger")):
        return 0
    return sum(
        tile_of(line) is not None for line in ledger_lines(work_folder(out)) if b"\n" in line
    )


SIZES_KB = (8, 24, 60, 150, 300, 600, 900, 1200, 1500, 1700, 1800, 1900, 2000, 2100, 2200, 2300,
            2400, 2500, 2600, 2700, 2800, 2900, 3000, 3100, 3200)  # fmt: skip
"""From no room for the ledger to room for all but the last product."""


def test_on_a_disk_of_any_size_no_product_is_half_written_and_room_ends_it(
    run: tuple[Run, dict[str, bytes]], tmp_path: Path
) -> None:
    command, wanted = run
    told: set[str] = set()
    for size_kb in SIZES_KB:
        with small_disk(tmp_path / str(size_kb), size_kb) as disk:
            done = edgers(*command(disk / "out"))
            if done.code == 0:
                assert products(disk / "out") == wanted, size_kb
                continue
            assert is_told(done), (size_kb, done)
            told.add(done.err.splitlines()[0])
            for path in (disk / "out").glob("scene*"):
                assert path.read_bytes() == wanted[path.name], size_kb
            tiles = finished_tiles(disk / "out")
            make_room(disk, NEEDED_KB)
            again = edgers(*command(disk / "out"))
            assert again.code == 0, (size_kb, again)
            assert products(disk / "out") == wanted, size_kb
            if "trim" in command(disk):
                assert f'"reused_tiles": {tiles}' in again.out
    # Drafts and maps each met the end of the disk.
    text = " ".join(told)
    assert all(word in text for word in (".raw", "scene_tiny-net_probabilities.tif"))


@pytest.mark.parametrize("limit", [0, 200, 2000, 20_000, 70_000, 700_000, 780_000, 806_000])
def test_at_a_limit_on_files_no_product_is_half_written_and_room_ends_it(
    run: tuple[Run, dict[str, bytes]], tmp_path: Path, limit: int
) -> None:
    command, wanted = run
    done = edgers_with_file_limit(limit, *command(tmp_path / "out"))
    assert is_told(done), done
    assert not list((tmp_path / "out").glob("scene*"))
    again = edgers(*command(tmp_path / "out"))
    assert again.code == 0
    assert products(tmp_path / "out") == wanted


@pytest.mark.parametrize(
    ("module", "writer"), [(class_map, "write_quicklook"), (raster_files, "write_item")]
)
def test_no_room_for_the_last_products_keeps_the_work(
    run: tuple[Run, dict[str, bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    module: ModuleType, writer: str,
) -> None:  # fmt: skip
    command, wanted = run

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module, writer, full)
    done = edgers(*command(tmp_path / "out"))
    monkeypatch.undo()
    assert is_told(done), done
    assert "No space left on device" in done.err
    tiles = finished_tiles(tmp_path / "out")
    assert tiles > 10
    again = edgers(*command(tmp_path / "out"))
    assert again.code == 0
    assert f'"reused_tiles": {tiles}' in again.out
    assert products(tmp_path / "out") == wanted


def test_a_limit_that_all_files_keep_is_no_trouble(
    run: tuple[Run, dict[str, bytes]], tmp_path: Path
) -> None:
    command, wanted = run
    assert edgers_with_file_limit(2**21, *command(tmp_path / "out")).code == 0
    assert products(tmp_path / "out") == wanted


def test_a_full_disk_leaves_the_products_of_an_earlier_run(
    run: tuple[Run, dict[str, bytes]], tmp_path: Path
) -> None:
    command, wanted = run
    with small_disk(tmp_path / "disk", NEEDED_KB) as disk:
        assert edgers(*command(disk / "out")).code == 0
        make_room(disk, 2400)
        done = edgers(*command(disk / "out"))
        assert is_told(done), done
        found = products_without_work(disk / "out")
        assert found == wanted


def products_without_work(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}

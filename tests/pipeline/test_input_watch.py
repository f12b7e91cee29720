"""A product is made of one scene: changes of the input between tries, and while a run goes on."""

import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from builders.bundles import BAND_NAMES, make_bundle
from builders.runs import edgers
from builders.scenes import noise, write_scene
from builders.unfinished import (
    leave_unfinished,
    ledger_lines,
    products,
    tile_of,
    work_folder,
    write_ledger,
)

from edgers.bundle import open_bundle
from edgers.errors import EdgersError, ResumeError, SceneError
from edgers.pipeline.input_watch import PIECE_BYTES, InputWatch, scene_hash
from edgers.pipeline.ledger import Ledger
from edgers.pipeline.model import Model, load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.run import run_scene

TILE_PX = 40


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load_model(open_bundle(make_bundle(tmp_path_factory.mktemp("bundle"))))


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    path = write_scene(tmp_path / "scene.tif", noise(3, 60, 200), names=BAND_NAMES)
    dated(path, -100)
    return path


def dated(path: Path, seconds: int) -> None:
    """Move the date of a file."""
    then_ns = path.stat().st_mtime_ns + seconds * 10**9
    os.utime(path, ns=(then_ns, then_ns))


def other_bytes(path: Path) -> None:
    """Put another scene of the same size in the file's place."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)


def run(model: Model, scene: Path, out: Path) -> int:
    """Go on with a run; give how many tiles were there."""
    return run_scene(model, scene, out, RunOptions(tile_px=TILE_PX)).reused_tiles


def test_the_input_as_it_was_goes_on(model: Model, scene: Path, tmp_path: Path) -> None:
    leave_unfinished(model, scene, tmp_path / "out", 3, tile_px=TILE_PX)
    assert run(model, scene, tmp_path / "out") == 3


def test_touched_with_the_same_bytes_goes_on(model: Model, scene: Path, tmp_path: Path) -> None:
    work = leave_unfinished(model, scene, tmp_path / "out", 3, tile_px=TILE_PX)
    assert any(b"scene_sha256" in line for line in ledger_lines(work))
    for _ in range(2):
        dated(scene, 50)
        leave_unfinished(model, scene, tmp_path / "out", 1, tile_px=TILE_PX)
    dated(scene, 50)
    assert run(model, scene, tmp_path / "out") == 5


def test_touched_before_its_hash_was_noted_is_refused(
    model: Model, scene: Path, tmp_path: Path
) -> None:
    work = leave_unfinished(model, scene, tmp_path / "out", 3, tile_px=TILE_PX)
    write_ledger(work, [line for line in ledger_lines(work) if b"scene_sha256" not in line])
    dated(scene, 50)
    with pytest.raises(ResumeError, match="the input was changed since"):
        run(model, scene, tmp_path / "out")
    dated(scene, -50)
    assert run(model, scene, tmp_path / "out") == 3


def test_other_bytes_of_the_same_size_are_refused(
    model: Model, scene: Path, tmp_path: Path
) -> None:
    work = leave_unfinished(model, scene, tmp_path / "out", 3, tile_px=TILE_PX)
    before = ledger_lines(work)
    other_bytes(scene)
    with pytest.raises(ResumeError, match="the input was changed since") as caught:
        run(model, scene, tmp_path / "out")
    assert "scene.tif" in caught.value.seen
    assert "--restart" in caught.value.fix
    assert ledger_lines(work) == before
    assert [path.name for path in (tmp_path / "out").iterdir()] == [work.name]


def test_other_bytes_of_the_same_size_and_date_give_no_product(
    model: Model, scene: Path, tmp_path: Path
) -> None:
    leave_unfinished(model, scene, tmp_path / "out", 3, tile_px=TILE_PX)
    date_ns = scene.stat().st_mtime_ns
    other_bytes(scene)
    os.utime(scene, ns=(date_ns, date_ns))
    with pytest.raises(SceneError, match="the scene was changed while it was read"):
        run(model, scene, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_another_size_of_the_file_is_refused(model: Model, scene: Path, tmp_path: Path) -> None:
    leave_unfinished(model, scene, tmp_path / "out", 3, tile_px=TILE_PX)
    with scene.open("ab") as file:
        file.write(b"more")
    with pytest.raises(ResumeError, match="input was"):
        run(model, scene, tmp_path / "out")


def test_another_size_in_pixels_is_refused(model: Model, scene: Path, tmp_path: Path) -> None:
    leave_unfinished(model, scene, tmp_path / "out", 3, tile_px=TILE_PX)
    write_scene(scene, noise(3, 60, 201), names=BAND_NAMES)
    with pytest.raises(ResumeError, match="size_px was"):
        run(model, scene, tmp_path / "out")


def test_a_changed_input_is_told_on_the_command_line_and_restarts(
    model: Model, scene: Path, tmp_path: Path
) -> None:
    leave_unfinished(model, scene, tmp_path / "out", 3, tile_px=TILE_PX)
    other_bytes(scene)
    bundle = make_bundle(tmp_path)
    done = edgers("run", bundle, scene, "-o", tmp_path / "out", "--tile", TILE_PX)
    assert done.code == 2
    assert "the input was changed since" in done.err
    again = edgers("run", bundle, scene, "-o", tmp_path / "out", "--tile", TILE_PX, "--restart")
    assert again.code == 0
    assert edgers("run", bundle, scene, "-o", tmp_path / "new", "--tile", TILE_PX).code == 0
    assert products(tmp_path / "out") == products(tmp_path / "new")


class Meddler:
    """Progress that changes the scene at a tile."""

    def __init__(self, at: int, change: Callable[[], object]) -> None:
        self.at, self.change, self.tiles = at, change, 0

    def start(self, scene: str, tiles: int, megapixels: float) -> None: ...

    def advance(self, megapixels: float) -> None:
        self.tiles += 1
        if self.tiles == self.at:
            self.change()

    def finish(self) -> None: ...


@pytest.mark.parametrize("at", [1, 12])
def test_a_scene_that_changes_while_it_is_read_gives_no_product(
    model: Model, scene: Path, tmp_path: Path, at: int
) -> None:
    with pytest.raises(SceneError, match="the scene was changed while it was read"):
        run_scene(
            model, scene, tmp_path / "out", RunOptions(tile_px=TILE_PX),
            Meddler(at, lambda: other_bytes(scene)),
        )  # fmt: skip
    assert not (tmp_path / "out").exists()


def test_a_scene_replaced_by_another_file_gives_no_product(
    model: Model, scene: Path, tmp_path: Path
) -> None:
    other = write_scene(tmp_path / "other.tif", noise(3, 60, 200, seed=1), names=BAND_NAMES)
    with pytest.raises(SceneError, match="the scene was changed while it was read"):
        run_scene(
            model, scene, tmp_path / "out", RunOptions(tile_px=TILE_PX),
            Meddler(2, lambda: other.replace(scene)),
        )  # fmt: skip
    assert not (tmp_path / "out").exists()


def test_a_scene_taken_away_while_it_is_read_is_an_error_in_words(
    model: Model, scene: Path, tmp_path: Path
) -> None:
    with pytest.raises(EdgersError, match=r"scene\.tif"):
        run_scene(
            model, scene, tmp_path / "out", RunOptions(tile_px=TILE_PX), Meddler(2, scene.unlink)
        )
    assert not list((tmp_path / "out").glob("scene*"))


def test_other_files_beside_the_scene_are_no_input(
    model: Model, scene: Path, tmp_path: Path
) -> None:
    leave_unfinished(model, scene, tmp_path / "out", 3, tile_px=TILE_PX)
    (tmp_path / "notes.txt").write_text("mine")
    assert run(model, scene, tmp_path / "out") == 3


def test_each_file_of_a_folder_is_watched(model: Model, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    samples = noise(3, 60, 200)
    for name, band in zip(BAND_NAMES, samples, strict=True):
        dated(write_scene(folder / f"x_{name}.tif", band[np.newaxis]), -100)
    leave_unfinished(model, folder, tmp_path / "out", 3, tile_px=TILE_PX)
    other_bytes(folder / "x_B03.tif")
    with pytest.raises(ResumeError, match="the input was changed since"):
        run(model, folder, tmp_path / "out")


def test_the_hash_is_that_of_the_file(tmp_path: Path) -> None:
    for size in (0, 1, PIECE_BYTES, 2 * PIECE_BYTES + 7):
        data = os.urandom(size)
        (tmp_path / "f").write_bytes(data)
        assert scene_hash([tmp_path / "f"]) == hashlib.sha256(data).hexdigest()


def test_the_hash_of_several_files_hangs_on_each(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_bytes(name.encode())
    paths = [tmp_path / name for name in "ab"]
    each = "".join(hashlib.sha256(name).hexdigest() for name in (b"a", b"b"))
    assert scene_hash(paths) == hashlib.sha256(each.encode()).hexdigest()
    assert scene_hash(paths[::-1]) != scene_hash(paths)


def test_hashing_ends_with_the_run(tmp_path: Path) -> None:
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(2**40)
    with Ledger(tmp_path / "ledger", {}) as ledger:
        with InputWatch([big], ledger):
            assert threading.active_count() > 1
        assert not any("scene_sha256" in entry for entry in ledger.entries())


def test_the_date_is_noted_before_any_tile(model: Model, scene: Path, tmp_path: Path) -> None:
    leave_unfinished(model, scene, tmp_path / "out", 3, tile_px=TILE_PX)
    lines = ledger_lines(work_folder(tmp_path / "out"))
    noted = next(i for i, line in enumerate(lines) if b"modified_ns" in line)
    tiles = [i for i, line in enumerate(lines) if tile_of(line) is not None]
    assert noted < tiles[0]

"""The work folder: found again, locked, cleared, and moved out of by renames that survive."""

import errno
import fcntl
import os
from pathlib import Path
from typing import Any

import pytest
from builders.bundles import BAND_NAMES, make_bundle
from builders.runs import edgers
from builders.scenes import noise, write_scene

from edgers.errors import OutputError
from edgers.products.work_folder import LEDGER, WorkFolder

PRODUCTS = ("x.tif", "x_probabilities.tif", "x.png", "x.json")


def work_in(folder: Path, name: str = "x") -> WorkFolder:
    return WorkFolder(folder, name, PRODUCTS)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_was_left_with_a_ledger_is_found_again(tmp_path: Path) -> None:
    with work_in(tmp_path) as work:
        work.path(LEDGER).write_text("here")
        work.path("x.raw").write_text("draft")
    with work_in(tmp_path) as work:
        assert work.path(LEDGER).read_text() == "here"
        assert work.path("x.raw").read_text() == "draft"


def test_what_was_left_without_a_ledger_is_cleared(tmp_path: Path) -> None:
    with work_in(tmp_path) as work:
        work.path("x.raw").write_text("draft")
        work.path("seam-1.f32").write_text("seam")
    with work_in(tmp_path) as work:
        assert list(work.path("").iterdir()) == []


def test_each_name_has_a_folder_of_its_own(tmp_path: Path) -> None:
    with work_in(tmp_path, "a") as a, work_in(tmp_path, "b") as b:
        assert a.path("f") != b.path("f")
        assert a.path("f").parent.parent == tmp_path


def test_it_lies_on_the_disk_of_the_products(tmp_path: Path) -> None:
    with work_in(tmp_path) as work:
        assert work.path("f").parent.stat().st_dev == tmp_path.stat().st_dev
        assert work.free_bytes > 0


def test_a_second_holder_is_refused_and_touches_nothing(tmp_path: Path) -> None:
    with work_in(tmp_path) as work:
        work.path("x.raw").write_text("in the making")
        with pytest.raises(OutputError, match=f"another run is making x in {tmp_path}") as caught:
            work_in(tmp_path)
        assert "Wait for it" in caught.value.fix
        assert names(work.path("")) == ["x.raw"]
    work_in(tmp_path).close()


def test_a_lock_ends_with_its_process_and_with_close(tmp_path: Path) -> None:
    work = work_in(tmp_path)
    work.close()
    work.close()
    with work_in(tmp_path):
        pass
    handle = os.open(tmp_path / ".edgers-x", os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(handle)


def test_committed_files_are_moved_in_order_each_after_it_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[tuple[str, str]] = []
    plain_sync, plain_replace = os.fsync, os.replace

    def sync(handle: int) -> None:
        steps.append(("sync", Path(os.readlink(f"/proc/self/fd/{handle}")).name))
        plain_sync(handle)

    def replace(source: Any, target: Any) -> None:
        steps.append(("move", Path(target).name))
        plain_replace(source, target)

    out = tmp_path / "out"
    with work_in(out) as work:
        for name in PRODUCTS:
            work.path(name).write_text(name)
        monkeypatch.setattr(os, "fsync", sync)
        monkeypatch.setattr(os, "replace", replace)
        assert work.commit(PRODUCTS) == [out / name for name in PRODUCTS]
        monkeypatch.undo()
        work.discard()
    assert [name for what, name in steps if what == "move"] == list(PRODUCTS)
    for name in PRODUCTS:
        assert steps.index(("sync", name)) < steps.index(("move", name))
        assert (out / name).read_text() == name
    assert steps[-1] == ("sync", "out")
    assert names(out) == sorted(PRODUCTS)


def test_a_move_that_fails_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with work_in(tmp_path) as work:
        work.path("x.tif").write_text("new")
        monkeypatch.setattr(os, "replace", failing)
        with pytest.raises(OutputError, match="cannot be moved") as caught:
            work.commit(["x.tif"])
    assert "Read-only file system" in caught.value.seen
    assert not (tmp_path / "x.tif").exists()


def test_discarded_it_is_gone_with_the_folders_made_for_it(tmp_path: Path) -> None:
    with work_in(tmp_path / "a" / "b") as work:
        work.path(LEDGER).write_text("x")
        work.discard()
    assert names(tmp_path) == []


def test_discarded_it_leaves_folders_that_were_there_and_what_others_put_into_new_ones(
    tmp_path: Path,
) -> None:
    (tmp_path / "a").mkdir()
    with work_in(tmp_path / "a") as work:
        work.discard()
    assert names(tmp_path) == ["a"]
    with work_in(tmp_path / "b" / "c") as work:
        (tmp_path / "b" / "mine").write_text("mine")
        work.discard()
    assert names(tmp_path / "b") == ["mine"]


def test_the_ledger_is_cleared_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone: list[str] = []
    plain = Path.unlink

    def unlink(path: Path, *arguments: Any, **more: Any) -> None:
        gone.append(path.name)
        plain(path, *arguments, **more)

    with work_in(tmp_path) as work:
        for name in ("a.raw", LEDGER, "z.raw"):
            work.path(name).write_text("x")
        monkeypatch.setattr(Path, "unlink", unlink)
        work.clear()
    assert gone[0] == LEDGER
    assert set(gone[1:]) >= {"a.raw", "z.raw"}


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_folder_in_the_place_of_a_product_is_refused_before_anything_is_made(
    tmp_path: Path, product: str
) -> None:
    (tmp_path / product).mkdir()
    with pytest.raises(OutputError, match="cannot be written to") as caught:
        work_in(tmp_path)
    assert caught.value.seen == f"{product} is a folder."
    assert names(tmp_path) == [product]


@pytest.mark.parametrize("name", ["x", "x.old", "x_probabilities", "y.tif"])
def test_a_folder_that_is_in_no_products_way_is_no_trouble(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with work_in(tmp_path) as work:
        work.discard()
    assert names(tmp_path) == [name]


@pytest.mark.parametrize("blocked", ["scene_tiny-net_probabilities.tif", "scene_tiny-net.json"])
def test_no_product_is_moved_where_another_cannot_be(tmp_path: Path, blocked: str) -> None:
    bundle, out = make_bundle(tmp_path), tmp_path / "out"
    scene = write_scene(tmp_path / "scene.tif", noise(3, 40, 50), names=BAND_NAMES)
    (out / blocked).mkdir(parents=True)
    done = edgers("run", bundle, scene, "-o", out, "--probabilities")
    assert done.code == 2
    assert f"{blocked} is a folder" in done.err
    assert names(out) == [blocked]


def test_a_file_in_the_place_of_the_folder_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / ".edgers-x").write_text("mine")
    with pytest.raises(OutputError, match="cannot be written to"):
        work_in(tmp_path)
    assert (tmp_path / ".edgers-x").read_text() == "mine"


def test_a_folder_taken_away_between_finding_and_locking_it_is_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run ended in between, and a third made the folder anew and holds it."""
    plain, held = fcntl.flock, []

    def late(handle: int, how: int) -> None:
        if not held:
            held.append(None)
            (tmp_path / ".edgers-x").rmdir()
            held.append(work_in(tmp_path))
        plain(handle, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with pytest.raises(OutputError, match="another run is making x"):
        work_in(tmp_path)
    held[1].close()

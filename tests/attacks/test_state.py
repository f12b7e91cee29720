"""A store survives kills, damage and strange names; what it cannot trust it sets aside."""

import os
import shutil
from pathlib import Path
from unittest import mock

import pytest
from builders.kept import dated, kept_bundle, tree
from builders.killable import was_killed
from builders.killable_state import run_one, start_kept
from builders.limited import edgers_with_file_limit
from builders.runs import edgers
from rasterio.io import DatasetWriter

from edgers.bundle import open_bundle
from edgers.errors import BadInputError, OutputError
from edgers.state.keep import keep_scene
from edgers.state.store import ASIDE, Store

STEPS = (5, 6, 7, 9, 10, 12, 14, 40)
"""Steps on the disk before which a run is killed: the scene written, named by its hash and safe,
older ones removed, the same for a median, and one while the model runs."""

Made = tuple[Path, Path, Path, Path]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A bundle, a full store, a further scene, and the folder of what a run on it gives."""
    folder = tmp_path_factory.mktemp("made")
    bundle = kept_bundle(folder / "bundle", 2, several="median", most=2)
    source = open_bundle(bundle).contract.main
    # January goes when the further one comes; of March there are two, whose median is made.
    for day in ("20240110", "20240210", "20240211", "20240310", "20240311"):
        with Store(folder / "store") as store:
            keep_scene(store, dated(folder, day), source, {})
    scene = dated(folder, "20240410")
    run_one(bundle, scene, folder / "out", copied(folder, folder / "done"))
    return bundle, folder / "store", scene, folder


def copied(folder: Path, to: Path) -> Path:
    shutil.copytree(folder / "store", to)
    return to


def test_killed_at_any_step_the_store_is_whole_and_the_run_repeats(
    made: Made, tmp_path: Path
) -> None:
    bundle, _, scene, folder = made
    wanted, kept = tree(folder / "out"), tree(folder / "done")
    assert len(wanted) == 3
    seen = set()
    for step in STEPS:
        state, out = copied(folder, tmp_path / f"store{step}"), tmp_path / f"out{step}"
        assert was_killed(start_kept(bundle, scene, out, state, step)), step
        seen.add(tuple(sorted(path.name for path in state.rglob("*.tif"))))
        # What stands under the name of a kept scene is whole at once.
        with Store(state) as store:
            assert all(ring.look()[1] == {} for ring in store.rings())
        run_one(bundle, scene, out, state)
        assert tree(out) == wanted, step
        assert tree(state) == kept, step
    # Not there, a draft, there, an older one gone, a draft of the median, the median.
    assert len(seen) >= 5


def test_what_is_damaged_or_strange_is_set_aside_with_the_reason(
    made: Made, tmp_path: Path
) -> None:
    bundle, _, scene, folder = made
    state = copied(folder, tmp_path / "store")
    (ring,) = (path.parent for path in state.glob("*/*/20240210*.tif"))
    (old,) = ring.glob("20240310*.tif")
    data = bytearray(old.read_bytes())
    data[len(data) // 2] ^= 1
    old.write_bytes(data)
    (ring / "index.json").write_bytes(os.urandom(99))
    (ring / f"20240501T000000Z_{'0' * 64}.tif").write_bytes(b"II*\0" + bytes(40))
    (ring / "20240502T000000Z_link.tif").symlink_to("/etc/passwd")
    # GDAL would take it for the mask of the scene beside it.
    (good,) = ring.glob("20240311*.tif")
    shutil.copy(good, ring / f"{good.name}.msk")
    listed = edgers("state", "list", state)
    assert listed.code == 0
    assert listed.out.count("damaged") == 5
    done = run_one(bundle, scene, tmp_path / "out", state)
    assert len(done.inputs[0].set_aside) == 5
    assert done.report is not None
    assert "Its bytes are not those it was written with." in str(done.inputs[0].set_aside)
    aside = sorted(path.name for path in (state / ASIDE).iterdir())
    assert len(aside) == 10
    assert edgers("state", "list", state).out.count("damaged") == 0
    again = run_one(bundle, scene, tmp_path / "out", state)
    assert again.inputs[0].set_aside == ()


def test_on_a_full_disk_nothing_is_kept_and_that_is_told(made: Made, tmp_path: Path) -> None:
    bundle, _, scene, folder = made
    state = copied(folder, tmp_path / "store")
    for limit_bytes in (8, 4000):
        done = edgers_with_file_limit(limit_bytes, "state", "add", bundle, state, scene)
        assert (done.code, "cannot be written" in done.err) == (2, True), done
        assert tree(state) == tree(folder / "store")


def test_what_the_disk_did_not_take_is_noticed(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, _, scene, folder = made
    state = copied(folder, tmp_path / "store")
    monkeypatch.setattr(DatasetWriter, "write", mock.Mock())
    with pytest.raises(OutputError, match="does not hold what was written"):
        run_one(bundle, scene, tmp_path / "out", state)
    assert tree(state) == tree(folder / "store")


def test_a_file_made_of_scenes_that_was_altered_is_made_again(made: Made, tmp_path: Path) -> None:
    bundle, _, scene, folder = made
    state = copied(folder, tmp_path / "store")
    run_one(bundle, scene, tmp_path / "out", state)
    kept = tree(state)
    (median,) = state.glob("*/*/made/*.tif")
    median.write_bytes(median.read_bytes()[:-1] + b"x")
    (median.parent / "stranger").mkdir()
    run_one(bundle, scene, tmp_path / "again", state)
    assert tree(state) == kept
    assert tree(tmp_path / "again") == tree(tmp_path / "out")


@pytest.mark.parametrize(
    "name", ["../out", "/etc", "a/b", "..", ".set-aside", "", "a\0b", "x" * 65, "a b", "é"]
)
def test_a_name_that_leads_elsewhere_is_refused(name: str, made: Made, tmp_path: Path) -> None:
    bundle, _, scene, _ = made
    with pytest.raises(BadInputError, match="cannot be the name of a place"):
        run_one(bundle, scene, tmp_path / "out", tmp_path / "store", place=name)
    assert tree(tmp_path) == {}


def test_a_link_in_the_place_of_a_folder_is_not_followed(made: Made, tmp_path: Path) -> None:
    bundle, _, scene, _ = made
    (tmp_path / "store").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "store" / "bay").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="is a link"):
        run_one(bundle, scene, tmp_path / "out", tmp_path / "store", place="bay")
    assert tree(tmp_path / "elsewhere") == {}


def test_a_store_is_used_by_one_command_at_a_time(tmp_path: Path) -> None:
    with Store(tmp_path / "store"), pytest.raises(OutputError, match="another command"):
        Store(tmp_path / "store")
    Store(tmp_path / "store").close()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be used"):
        Store(tmp_path / "file")

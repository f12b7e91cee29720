"""The ledger: which lines count, which runs may go on with it, and one run at a time."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders.bundles import BAND_NAMES, contract_document, make_bundle
from builders.networks import attention_net
from builders.runs import Outcome, edgers
from builders.scenes import noise, write_scene
from builders.unfinished import (
    leave_unfinished,
    ledger_line,
    ledger_lines,
    products,
    work_folder,
    write_ledger,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import edgers as package
from edgers.bundle import open_bundle
from edgers.errors import ResumeError
from edgers.pipeline.ledger import FORMAT, Ledger
from edgers.pipeline.model import Model, load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.run import run_scene

RUN: dict[str, object] = {"model": "m", "tiles": [2, 3]}
ENTRIES: list[dict[str, object]] = [
    {"tile": 0, "name": "ä\n²"},
    {"tile": 1, "checksums": [1, 2**32 - 1]},
    {"tile": 2, "seam": None},
]

QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def written(path: Path) -> bytes:
    """Write a ledger with all entries and give its bytes."""
    path.unlink(missing_ok=True)
    with Ledger(path, RUN) as ledger:
        for entry in ENTRIES:
            ledger.add(entry)
    return path.read_bytes()


def reopened(path: Path) -> list[object]:
    with Ledger(path, RUN) as ledger:
        return list(ledger.entries())


def test_what_was_added_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    written(tmp_path / "ledger")
    assert reopened(tmp_path / "ledger") == ENTRIES
    assert reopened(tmp_path / "ledger") == ENTRIES


def test_an_entry_is_on_file_before_the_ledger_is_closed(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger", RUN) as ledger:
        ledger.add(ENTRIES[0])
        assert (tmp_path / "ledger").read_bytes().count(b"\n") == 2
        assert list(ledger.entries()) == ENTRIES[:1]


@QUICK
@given(data=st.data())
def test_torn_anywhere_whole_lines_count_and_the_rest_is_taken_away(
    tmp_path: Path, data: st.DataObject
) -> None:
    path = tmp_path / "ledger"
    whole = written(path)
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    lines = max(0, whole[:cut].count(b"\n") - 1)
    assert reopened(path) == ENTRIES[:lines]
    with Ledger(path, RUN) as ledger:
        ledger.add({"tile": 9})
    assert reopened(path) == [*ENTRIES[:lines], {"tile": 9}]


@QUICK
@given(data=st.data(), junk=st.binary(min_size=1, max_size=40))
def test_torn_and_followed_by_junk_whole_lines_count(
    tmp_path: Path, data: st.DataObject, junk: bytes
) -> None:
    path = tmp_path / "ledger"
    whole = written(path)
    cut = data.draw(st.integers(whole.index(b"\n") + 1, len(whole)))
    content = whole[:cut] + junk
    path.write_bytes(content)
    # What looks like junk may be the very end that a line lacks.
    lines = whole.splitlines(keepends=True)
    kept = max(n for n in range(len(lines) + 1) if content.startswith(b"".join(lines[:n])))
    assert reopened(path) == ENTRIES[: kept - 1]


@settings(QUICK, max_examples=200)
@given(data=st.data())
def test_a_line_with_one_bit_altered_does_not_count(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "ledger"
    whole = bytearray(written(path))
    place = data.draw(st.integers(0, len(whole) - 1))
    line = bytes(whole[:place]).count(b"\n")
    whole[place] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(whole)
    assert reopened(path) == ENTRIES[: max(0, line - 1)]


def test_a_ledger_of_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    path.write_bytes(ledger_line({"format": FORMAT + 1, **RUN}))
    before = path.read_bytes()
    with pytest.raises(ResumeError, match=f"format was {FORMAT + 1} and is {FORMAT} now"):
        Ledger(path, RUN)
    assert path.read_bytes() == before


def test_every_difference_is_named(tmp_path: Path) -> None:
    written(tmp_path / "ledger")
    before = (tmp_path / "ledger").read_bytes()
    with pytest.raises(ResumeError) as caught:
        Ledger(tmp_path / "ledger", {"model": "other", "extra": 1, "tiles": [2, 3]})
    assert "model was 'm' and is 'other' now" in caught.value.seen
    assert "extra was None and is 1 now" in caught.value.seen
    assert "tiles" not in caught.value.seen
    assert "--restart" in caught.value.fix
    assert (tmp_path / "ledger").read_bytes() == before


# Whole runs: a scene of 5 × 1 tiles with an unbounded graph, stopped after two.

FIRST: dict[str, Any] = {"tile_px": 60, "overlap_px": 7, "blend": "trim"}
Change = Callable[[Path], dict[str, Any]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("bundle")
    return load_model(open_bundle(make_bundle(folder, contract_document(), attention_net)))


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    return write_scene(tmp_path / "scene.tif", noise(3, 60, 200), names=BAND_NAMES)


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"tile_px": 50}, "tile_px was 60"),
        ({"blend": "hann"}, "blend was 'trim' and is 'hann' now"),
        ({"blend": "linear"}, "blend was 'trim' and is 'linear' now"),
        ({"overlap_px": 15}, "now"),
        ({"probabilities": True}, "probabilities was False and is True now"),
        ({"renamed": {"B02": "3", "B04": "1"}}, "map was"),
    ],
)
def test_other_settings_are_another_run(
    model: Model, scene: Path, tmp_path: Path, changed: dict[str, Any], word: str
) -> None:
    leave_unfinished(model, scene, tmp_path / "out", 2, **FIRST)
    before = ledger_lines(work_folder(tmp_path / "out"))
    with pytest.raises(ResumeError) as caught:
        run_scene(model, scene, tmp_path / "out", RunOptions(**{**FIRST, **changed}))
    assert word in caught.value.seen
    assert ledger_lines(work_folder(tmp_path / "out")) == before
    report = run_scene(model, scene, tmp_path / "out", RunOptions(**FIRST))
    assert report.reused_tiles == 2


def test_another_overlap_is_another_run(model: Model, scene: Path, tmp_path: Path) -> None:
    leave_unfinished(model, scene, tmp_path / "out", 2, **FIRST)
    # As many tiles, and none longer than before: the scene is one tile high.
    with pytest.raises(ResumeError):
        run_scene(model, scene, tmp_path / "out", RunOptions(**{**FIRST, "overlap_px": 8}))


def test_another_bundle_is_another_run(model: Model, scene: Path, tmp_path: Path) -> None:
    leave_unfinished(model, scene, tmp_path / "out", 2, **FIRST)
    document = contract_document()
    document["mlm:input"][0]["value_scaling"][0]["mean"] = 1999
    other = open_bundle(make_bundle(tmp_path, document, attention_net))
    with load_model(other) as loaded, pytest.raises(ResumeError, match="bundle_id was") as caught:
        run_scene(loaded, scene, tmp_path / "out", RunOptions(**FIRST))
    assert other.bundle_id in caught.value.seen


def test_another_version_is_another_run(
    model: Model, scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_unfinished(model, scene, tmp_path / "out", 2, **FIRST)
    monkeypatch.setattr(package, "__version__", "99.0")
    with pytest.raises(ResumeError, match=r"version was .* and is '99\.0' now"):
        run_scene(model, scene, tmp_path / "out", RunOptions(**FIRST))


def test_what_changes_no_pixel_is_the_same_run(model: Model, scene: Path, tmp_path: Path) -> None:
    leave_unfinished(model, scene, tmp_path / "out", 2, **FIRST)
    more = {"workers": 1, "cache_bytes": 2**24, "max_memory_bytes": 2**34}
    assert run_scene(model, scene, tmp_path / "out", RunOptions(**FIRST, **more)).reused_tiles == 2


def test_restart_begins_anew(model: Model, scene: Path, tmp_path: Path) -> None:
    leave_unfinished(model, scene, tmp_path / "out", 2, **FIRST)
    changed: dict[str, Any] = {**FIRST, "overlap_px": 15}
    report = run_scene(model, scene, tmp_path / "out", RunOptions(**changed, restart=True))
    assert report.reused_tiles == 0
    run_scene(model, scene, tmp_path / "new", RunOptions(**changed))
    assert products(tmp_path / "out") == products(tmp_path / "new")


def test_restart_also_leaves_out_tiles_of_the_same_run(
    model: Model, scene: Path, tmp_path: Path
) -> None:
    leave_unfinished(model, scene, tmp_path / "out", 2, **FIRST)
    report = run_scene(model, scene, tmp_path / "out", RunOptions(**FIRST, restart=True))
    assert report.reused_tiles == 0


def test_an_unfinished_run_of_an_unknown_format_is_refused_until_restart(
    model: Model, scene: Path, tmp_path: Path
) -> None:
    work = leave_unfinished(model, scene, tmp_path / "out", 2, **FIRST)
    first, *rest = ledger_lines(work)
    stated = json.loads(first.split(b" ", 1)[1])
    write_ledger(work, [ledger_line({**stated, "format": FORMAT + 1}), *rest])
    with pytest.raises(ResumeError, match="format was"):
        run_scene(model, scene, tmp_path / "out", RunOptions(**FIRST))
    run_scene(model, scene, tmp_path / "out", RunOptions(**FIRST, restart=True))
    assert not list((tmp_path / "out").glob(".edgers-*"))


def test_the_command_line_tells_what_differs_and_restarts(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path)
    path = write_scene(tmp_path / "scene.tif", noise(3, 60, 200), names=BAND_NAMES)
    with load_model(open_bundle(bundle)) as loaded:
        leave_unfinished(loaded, path, tmp_path / "out", 2, tile_px=50)
    done = edgers("run", bundle, path, "-o", tmp_path / "out", "--tile", 60)
    assert done.code == 2
    assert "tile_px was " in done.err
    assert "--restart" in done.err
    assert not list((tmp_path / "out").glob("scene*"))
    done = edgers("run", bundle, path, "-o", tmp_path / "out", "--tile", 60, "--restart")
    assert done.code == 0
    assert "made before" not in done.out


def test_a_run_that_goes_on_says_what_was_made_before(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path)
    path = write_scene(tmp_path / "scene.tif", noise(3, 60, 200), names=BAND_NAMES)
    with load_model(open_bundle(bundle)) as loaded:
        leave_unfinished(loaded, path, tmp_path / "out", 2, tile_px=50)
    done = edgers("run", bundle, path, "-o", tmp_path / "out", "--tile", 50)
    assert done.code == 0
    assert " tiles · 2 of them made before" in done.out


class Meanwhile:
    """Progress that does something once, while a run is at its second tile."""

    def __init__(self, act: Callable[[], None]) -> None:
        self.act, self.tiles = act, 0

    def start(self, scene: str, tiles: int, megapixels: float) -> None: ...

    def advance(self, megapixels: float) -> None:
        self.tiles += 1
        if self.tiles == 2:
            self.act()

    def finish(self) -> None: ...


def test_two_runs_of_one_product_are_not_made_at_once(scene: Path, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path, contract_document(), attention_net)
    arguments = ("--tile", 60, "--overlap", 7, "--blend", "trim")
    told: list[Outcome] = []

    def second() -> None:
        for more in ((), ("--restart",)):
            told.append(edgers("run", bundle, scene, "-o", tmp_path / "out", *arguments, *more))
        told.append(edgers("run", bundle, scene, "-o", tmp_path / "new", *arguments))

    with load_model(open_bundle(bundle)) as loaded:
        options = RunOptions(**FIRST)
        run_scene(loaded, scene, tmp_path / "out", options, Meanwhile(second))
    assert [one.code for one in told] == [2, 2, 0]
    for one in told[:2]:
        assert "another run is making scene_tiny-net" in one.err
        assert "Wait for it" in one.err
    assert products(tmp_path / "out") == products(tmp_path / "new")

"""Whatever is left of an unfinished run, the products are those of one that nothing disturbed."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from builders.bundles import BAND_NAMES, contract_document, make_bundle
from builders.networks import attention_net
from builders.scenes import noise, write_scene
from builders.unfinished import (
    leave_unfinished,
    ledger_lines,
    products,
    tile_of,
    work_folder,
    write_ledger,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgers.bundle import open_bundle
from edgers.pipeline.model import Model, load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.run import run_scene

OPTIONS: dict[str, Any] = {"tile_px": 32, "overlap_px": 9, "probabilities": True}
RULES = ("trim", "hann")

FEW = settings(
    max_examples=25, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


@dataclass(frozen=True)
class Unfinished:
    """One scene, stopped after each number of tiles, and its undisturbed products."""

    model: Model
    scene: Path
    stopped: list[Path]
    wanted: dict[str, bytes]
    options: dict[str, Any]

    def ends_the_same(self, tiles: int, disturb: Callable[[Path], None]) -> bool:
        """Disturb what a run left after `tiles` tiles, and go on; tell if products are the same."""
        with TemporaryDirectory() as folder:
            out = Path(folder) / "out"
            shutil.copytree(self.stopped[tiles - 1], out)
            disturb(work_folder(out))
            run_scene(self.model, self.scene, out, RunOptions(**self.options))
            return products(out) == self.wanted


@pytest.fixture(scope="module", params=RULES)
def unfinished(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Unfinished:
    folder = tmp_path_factory.mktemp(request.param)
    options = {**OPTIONS, "blend": request.param}
    samples = noise(3, 58, 75)
    samples[:, :35, :38] = 0
    scene = write_scene(folder / "scene.tif", samples, names=BAND_NAMES, nodata=0)
    model = load_model(open_bundle(make_bundle(folder, contract_document(), attention_net)))
    report = run_scene(model, scene, folder / "whole", RunOptions(**options))
    assert report.skipped_tiles > 0
    stopped = [folder / f"out{tiles}" for tiles in range(1, report.tiles + 1)]
    for tiles, out in enumerate(stopped, 1):
        leave_unfinished(model, scene, out, tiles, **options)
    return Unfinished(
        model=model, scene=scene, stopped=stopped, wanted=products(folder / "whole"),
        options=options,
    )  # fmt: skip


def after(data: st.DataObject, unfinished: Unfinished) -> int:
    """Draw after how many tiles the run was stopped."""
    return data.draw(st.integers(1, len(unfinished.stopped)), label="tiles")


@FEW
@given(data=st.data())
def test_any_tiles_finished_in_any_order(unfinished: Unfinished, data: st.DataObject) -> None:
    def disturb(work: Path) -> None:
        lines = ledger_lines(work)
        tiles = [line for line in lines if tile_of(line) is not None]
        kept = data.draw(st.lists(st.sampled_from(tiles), unique=True), label="kept")
        write_ledger(work, [line for line in lines if tile_of(line) is None] + kept)

    assert unfinished.ends_the_same(after(data, unfinished), disturb)


@FEW
@given(data=st.data())
def test_a_ledger_torn_at_any_byte(unfinished: Unfinished, data: st.DataObject) -> None:
    def disturb(work: Path) -> None:
        size = (work / "ledger").stat().st_size
        os.truncate(work / "ledger", data.draw(st.integers(0, size), label="cut"))

    assert unfinished.ends_the_same(after(data, unfinished), disturb)


@FEW
@given(data=st.data())
def test_a_ledger_with_altered_bits(unfinished: Unfinished, data: st.DataObject) -> None:
    def disturb(work: Path) -> None:
        flip_bits(work / "ledger", data)

    assert unfinished.ends_the_same(after(data, unfinished), disturb)


@FEW
@given(data=st.data())
def test_damaged_missing_or_shortened_files(unfinished: Unfinished, data: st.DataObject) -> None:
    def disturb(work: Path) -> None:
        files = sorted(path for path in work.iterdir() if path.name != "ledger")
        chosen = data.draw(
            st.lists(st.sampled_from(files), unique=True, min_size=1, max_size=3), label="files"
        )
        for path in chosen:
            harm = data.draw(st.sampled_from(["bits", "short", "empty", "gone"]), label="harm")
            if harm == "bits":
                flip_bits(path, data)
            elif harm == "gone":
                path.unlink()
            else:
                size = path.stat().st_size
                os.truncate(path, data.draw(st.integers(0, size)) if harm == "short" else 0)

    assert unfinished.ends_the_same(after(data, unfinished), disturb)


@FEW
@given(data=st.data())
def test_files_of_different_moments(unfinished: Unfinished, data: st.DataObject) -> None:
    """A power cut may leave the ledger of one moment, and drafts and seams of others."""

    def disturb(work: Path) -> None:
        for path in sorted(work.iterdir()):
            other = unfinished.stopped[after(data, unfinished) - 1]
            found = work_folder(other) / path.name
            if found.exists():
                shutil.copy(found, path)
            elif path.name.startswith("seam"):
                path.unlink()

    assert unfinished.ends_the_same(after(data, unfinished), disturb)


@FEW
@given(data=st.data())
def test_stopped_at_many_tiles_in_turn(unfinished: Unfinished, data: st.DataObject) -> None:
    stops = data.draw(st.lists(st.integers(1, 6), max_size=4), label="stops")
    with TemporaryDirectory() as folder:
        out, left = Path(folder) / "out", len(unfinished.stopped)
        for stop in stops:
            if stop >= left:
                break
            leave_unfinished(unfinished.model, unfinished.scene, out, stop, **unfinished.options)
            left -= stop
        report = run_scene(
            unfinished.model, unfinished.scene, out, RunOptions(**unfinished.options)
        )
        assert report.tiles - report.reused_tiles == left
        assert products(out) == unfinished.wanted


def flip_bits(path: Path, data: st.DataObject) -> None:
    """Alter some bits of a file."""
    content = bytearray(path.read_bytes())
    if not content:
        return
    place = st.integers(0, len(content) - 1)
    for where in data.draw(st.lists(place, min_size=1, max_size=3), label="places"):
        content[where] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)

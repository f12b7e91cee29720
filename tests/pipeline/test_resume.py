"""What an unfinished run leaves, what of it counts, and that nothing of it stays."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders.bundles import BAND_NAMES, contract_document, make_bundle
from builders.networks import attention_net
from builders.runs import edgers
from builders.scenes import noise, write_scene
from builders.unfinished import (
    StopAfter,
    leave_unfinished,
    ledger_lines,
    products,
    tile_of,
    work_folder,
    write_ledger,
)

from edgers.bundle import open_bundle
from edgers.errors import EngineError, OutputError, SceneError
from edgers.pipeline import mosaic
from edgers.pipeline.model import Model, load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.report import SceneReport
from edgers.pipeline.run import run_scene

WAYS: dict[str, dict[str, Any]] = {
    "trim": {"tile_px": 32, "overlap_px": 6, "blend": "trim", "probabilities": True},
    "hann": {"tile_px": 32, "overlap_px": 6, "blend": "hann", "probabilities": True},
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("bundle")
    return load_model(open_bundle(make_bundle(folder, contract_document(), attention_net)))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    samples = noise(3, 70, 90)
    samples[:, :40, :45] = 0
    path = tmp_path_factory.mktemp("scene") / "scene.tif"
    return write_scene(path, samples, names=BAND_NAMES, nodata=0)


@pytest.fixture(params=list(WAYS))
def way(request: pytest.FixtureRequest) -> dict[str, Any]:
    return WAYS[request.param]


def run(model: Model, scene: Path, out: Path, way: dict[str, Any]) -> SceneReport:
    return run_scene(model, scene, out, RunOptions(**way))


def test_each_number_of_finished_tiles_goes_on_to_the_same_products(
    model: Model, scene: Path, tmp_path: Path, way: dict[str, Any]
) -> None:
    undisturbed = run(model, scene, tmp_path / "whole", way)
    wanted = products(tmp_path / "whole")
    assert undisturbed.reused_tiles == 0
    for tiles in range(1, undisturbed.tiles + 1):
        out = tmp_path / f"out{tiles}"
        leave_unfinished(model, scene, out, tiles, **way)
        assert not list(out.glob("scene*"))
        report = run(model, scene, out, way)
        assert report.reused_tiles == tiles
        assert report.skipped_tiles == undisturbed.skipped_tiles > 0
        assert report.nodata_share == undisturbed.nodata_share
        assert report.classes == undisturbed.classes
        assert products(out) == wanted


def test_stopped_again_and_again_it_ends_with_the_same_products(
    model: Model, scene: Path, tmp_path: Path, way: dict[str, Any]
) -> None:
    undisturbed = run(model, scene, tmp_path / "whole", way)
    for _ in range(0, undisturbed.tiles - 3, 3):
        leave_unfinished(model, scene, tmp_path / "out", 3, **way)
    run(model, scene, tmp_path / "out", way)
    assert products(tmp_path / "out") == products(tmp_path / "whole")


def test_a_finished_run_leaves_nothing_but_its_products(
    model: Model, scene: Path, tmp_path: Path, way: dict[str, Any]
) -> None:
    leave_unfinished(model, scene, tmp_path / "out", 5, **way)
    report = run(model, scene, tmp_path / "out", way)
    assert sorted((tmp_path / "out").iterdir()) == sorted(report.products)


def test_old_products_stay_until_new_ones_are_whole(
    model: Model, scene: Path, tmp_path: Path, way: dict[str, Any]
) -> None:
    run(model, scene, tmp_path / "out", {**way, "tile_px": 40})
    old = products(tmp_path / "out")
    work = leave_unfinished(model, scene, tmp_path / "out", 5, **way)
    assert {n: (tmp_path / "out" / n).read_bytes() for n in old} == old
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*old, work.name}


def test_without_a_ledger_what_is_left_is_cleared(
    model: Model, scene: Path, tmp_path: Path, way: dict[str, Any]
) -> None:
    run(model, scene, tmp_path / "whole", way)
    work = leave_unfinished(model, scene, tmp_path / "out", 5, **way)
    (work / "ledger").unlink()
    (work / "seam-999.f32").write_bytes(b"old")
    report = run(model, scene, tmp_path / "out", way)
    assert report.reused_tiles == 0
    assert products(tmp_path / "out") == products(tmp_path / "whole")


def test_a_ledger_without_a_whole_first_line_counts_for_nothing(
    model: Model, scene: Path, tmp_path: Path, way: dict[str, Any]
) -> None:
    run(model, scene, tmp_path / "whole", way)
    work = leave_unfinished(model, scene, tmp_path / "out", 5, **way)
    first, *rest = ledger_lines(work)
    write_ledger(work, [first[:-3], *rest])
    report = run(model, scene, tmp_path / "out", way)
    assert report.reused_tiles == 0
    assert products(tmp_path / "out") == products(tmp_path / "whole")


@pytest.mark.parametrize("role", ["classes", "preview", "probabilities"])
def test_a_damaged_block_is_made_again(
    model: Model, scene: Path, tmp_path: Path, way: dict[str, Any], role: str
) -> None:
    run(model, scene, tmp_path / "whole", way)
    work = leave_unfinished(model, scene, tmp_path / "out", 9, **way)
    draft = work / f"{role}.raw"
    data = bytearray(draft.read_bytes())
    width = {"classes": 90, "preview": 360, "probabilities": 360}[role]
    data[12 * width + 4] ^= 1
    draft.write_bytes(data)
    report = run(model, scene, tmp_path / "out", way)
    assert report.reused_tiles == 8 if way["blend"] == "trim" else report.reused_tiles < 8
    assert products(tmp_path / "out") == products(tmp_path / "whole")


def test_a_seam_that_is_gone_costs_the_tiles_before_it(
    model: Model, scene: Path, tmp_path: Path
) -> None:
    way = WAYS["hann"]
    run(model, scene, tmp_path / "whole", way)
    work = leave_unfinished(model, scene, tmp_path / "out", 9, **way)
    seams = sorted(work.glob("seam-*"), key=lambda path: int(path.stem.split("-")[1]))
    assert len(seams) > 2
    seams[-1].unlink()
    report = run(model, scene, tmp_path / "out", way)
    assert report.reused_tiles < 9
    assert products(tmp_path / "out") == products(tmp_path / "whole")


def test_tiles_made_twice_count_once(model: Model, scene: Path, tmp_path: Path) -> None:
    way = WAYS["hann"]
    undisturbed = run(model, scene, tmp_path / "whole", way)
    work = leave_unfinished(model, scene, tmp_path / "out", 9, **way)
    for seam in work.glob("seam-*"):
        seam.unlink()
    leave_unfinished(model, scene, tmp_path / "out", 12, **way)
    tiles = [tile_of(line) for line in ledger_lines(work) if tile_of(line) is not None]
    assert len(tiles) > len(set(tiles))
    report = run(model, scene, tmp_path / "out", way)
    assert report.reused_tiles > 9
    assert report.classes == undisturbed.classes
    assert report.nodata_share == undisturbed.nodata_share
    assert products(tmp_path / "out") == products(tmp_path / "whole")


def test_only_seams_that_are_still_needed_are_kept(
    model: Model, scene: Path, tmp_path: Path
) -> None:
    work = leave_unfinished(model, scene, tmp_path / "out", 13, **WAYS["hann"])
    tiles = sum(tile_of(line) is not None for line in ledger_lines(work))
    assert tiles == 13
    # A row of tiles has five; what lies a row back is done.
    kept = {int(path.stem.split("-")[1]) for path in work.glob("seam-*.f32")}
    assert kept
    assert min(kept) >= 13 - 7


class PowerCut(StopAfter):
    """Progress of a run that forces all to disk once, and is then cut off.

    What is on disk after it is what was there when it was forced, less files removed since.
    """

    def __init__(self, out: Path, monkeypatch: pytest.MonkeyPatch, *, saved: int, cut: int) -> None:
        super().__init__(cut)
        self.out, self.saved, self.monkeypatch = out, saved, monkeypatch
        self.kept: dict[str, bytes] = {}

    def advance(self, megapixels: float) -> None:
        self.monkeypatch.setattr(
            mosaic, "CHECKPOINT_S", 0.0 if self.done + 2 == self.saved else 1e9
        )
        if self.done + 1 == self.saved:
            self.kept = {path.name: path.read_bytes() for path in work_folder(self.out).iterdir()}
        super().advance(megapixels)

    def leave(self) -> None:
        """Leave the disk as it would be found."""
        work = work_folder(self.out)
        for path in work.iterdir():
            if path.name in self.kept:
                path.write_bytes(self.kept[path.name])
            else:
                path.unlink()


@pytest.mark.parametrize(("saved", "cut"), [(2, 3), (5, 6), (5, 12), (8, 19), (11, 20)])
def test_a_power_cut_goes_back_to_what_was_forced_to_disk(
    model: Model, scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    way: dict[str, Any], saved: int, cut: int,
) -> None:  # fmt: skip
    run(model, scene, tmp_path / "whole", way)
    power = PowerCut(tmp_path / "out", monkeypatch, saved=saved, cut=cut)
    with pytest.raises(KeyboardInterrupt):
        run_scene(model, scene, tmp_path / "out", RunOptions(**way), power)
    power.leave()
    assert run(model, scene, tmp_path / "out", way).reused_tiles >= saved
    assert products(tmp_path / "out") == products(tmp_path / "whole")


def test_a_checkpoint_forces_every_file_to_disk(
    model: Model, scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: dict[str, Any]
) -> None:
    synced: set[str] = set()

    def noting(handle: int) -> None:
        synced.add(Path(os.readlink(f"/proc/self/fd/{handle}")).name)

    monkeypatch.setattr(mosaic, "CHECKPOINT_S", 0.0)
    monkeypatch.setattr(os, "fsync", noting)
    work = leave_unfinished(model, scene, tmp_path / "out", 9, **way)
    assert {path.name for path in work.iterdir()} <= synced


def test_an_interrupt_keeps_the_work_and_an_error_of_the_scene_does_not(
    model: Model, tmp_path: Path
) -> None:
    empty = np.zeros((3, 70, 90), np.uint16)
    path = write_scene(tmp_path / "scene.tif", empty, names=BAND_NAMES, nodata=0)
    leave_unfinished(model, path, tmp_path / "out", 3, **WAYS["trim"])
    assert work_folder(tmp_path / "out").is_dir()
    with pytest.raises(SceneError, match="has no data"):
        run(model, path, tmp_path / "out", WAYS["trim"])
    assert list((tmp_path / "out").iterdir()) == []


def test_a_failing_engine_leaves_nothing(
    model: Model, scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = type(model.engine)

    def failing(*_: object) -> object:
        raise EngineError("the engine broke down.")

    monkeypatch.setattr(kind, "infer", failing)
    with pytest.raises(EngineError, match="broke down"):
        run(model, scene, tmp_path / "out", WAYS["trim"])
    assert not (tmp_path / "out").exists()


def test_each_scene_has_work_of_its_own(model: Model, scene: Path, tmp_path: Path) -> None:
    other = write_scene(tmp_path / "other.tif", noise(3, 70, 90, seed=1), names=BAND_NAMES)
    leave_unfinished(model, scene, tmp_path / "out", 5, **WAYS["hann"])
    run(model, other, tmp_path / "out", WAYS["hann"])
    assert run(model, scene, tmp_path / "out", WAYS["hann"]).reused_tiles == 5
    assert len(products(tmp_path / "out")) == 8


def test_the_command_line_goes_on_after_an_interrupt(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path)
    path = write_scene(tmp_path / "scene.tif", noise(3, 60, 200), names=BAND_NAMES)
    with load_model(open_bundle(bundle)) as loaded:
        leave_unfinished(loaded, path, tmp_path / "out", 2, tile_px=40)
    done = edgers("run", bundle, path, "-o", tmp_path / "out", "--tile", 40, "--json")
    assert done.code == 0
    assert '"reused_tiles": 2' in done.out


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_work_folder_that_cannot_be_written_to_is_told(
    model: Model, scene: Path, tmp_path: Path
) -> None:
    work = leave_unfinished(model, scene, tmp_path / "out", 5, **WAYS["trim"])
    (work / "ledger").chmod(0o400)
    with pytest.raises(OutputError):
        run(model, scene, tmp_path / "out", WAYS["trim"])

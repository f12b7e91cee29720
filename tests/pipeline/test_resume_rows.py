"""Tables after an interruption: the same bytes, whatever was finished and in whatever order."""

from pathlib import Path
from typing import Any

import pytest
from builders.bundles import BAND_NAMES, make_bundle
from builders.killable import start_run, was_killed
from builders.row_nets import embedding_contract, means_net
from builders.scenes import noise, write_scene
from builders.unfinished import leave_unfinished, products
from builders.vectors import vectors

from edgers.bundle import open_bundle
from edgers.pipeline.model import Model, load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.report import SceneReport
from edgers.pipeline.run import run_scene

WAY: dict[str, Any] = {"tile_px": 20, "overlap_px": 2, "vectors": ("geojson",)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zero-shot model, which has every product a table can have, and a scene."""
    folder = tmp_path_factory.mktemp("bundle")
    make_bundle(folder, embedding_contract(), means_net(), vectors=vectors(4, 3))
    samples = noise(3, 70, 90)
    samples[:, :40, :45] = 0
    write_scene(folder / "scene.tif", samples, names=BAND_NAMES, nodata=0)
    return folder


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    return load_model(open_bundle(folder / "b.edgers"))


def run(model: Model, folder: Path, out: Path, **more: Any) -> SceneReport:
    return run_scene(model, folder / "scene.tif", out, RunOptions(**{**WAY, **more}))


def test_each_number_of_finished_tiles_goes_on_to_the_same_products(
    model: Model, folder: Path, tmp_path: Path
) -> None:
    undisturbed = run(model, folder, tmp_path / "whole")
    wanted = products(tmp_path / "whole")
    assert {name.split(".")[-1] for name in wanted} == {"csv", "npy", "geojson", "png", "json"}
    for tiles in range(1, undisturbed.tiles + 1, 7):
        out = tmp_path / f"out{tiles}"
        leave_unfinished(model, folder / "scene.tif", out, tiles, **WAY)
        assert not list(out.glob("scene*"))
        report = run(model, folder, out)
        assert report.reused_tiles == tiles
        assert report.skipped_tiles == undisturbed.skipped_tiles > 0
        assert report.nodata_share == undisturbed.nodata_share
        assert report.found == undisturbed.found
        assert products(out) == wanted


def test_killed_at_any_step_on_the_disk_it_goes_on_to_the_same_products(
    model: Model, folder: Path, tmp_path: Path
) -> None:
    run(model, folder, tmp_path / "whole")
    wanted = products(tmp_path / "whole")
    kills = 0
    for die_at in (1, 10, 31, 95, 140, 190, 240, 10_000):
        out = tmp_path / f"out{die_at}"
        kills += was_killed(start_run(folder, out, die_at, **WAY))
        run(model, folder, out)
        assert products(out) == wanted
    assert 3 < kills < 8


def test_the_number_of_threads_is_no_matter(model: Model, folder: Path, tmp_path: Path) -> None:
    for workers in (1, 4):
        run(model, folder, tmp_path / f"out{workers}", workers=workers)
    assert products(tmp_path / "out1") == products(tmp_path / "out4")


@pytest.mark.parametrize("draft", ["rows", "tiles", "preview"])
def test_a_damaged_draft_costs_its_tile(
    model: Model, folder: Path, tmp_path: Path, draft: str
) -> None:
    run(model, folder, tmp_path / "whole")
    work = leave_unfinished(model, folder / "scene.tif", tmp_path / "out", 20, **WAY)
    # Tile 5 of the first row of tiles; the picture's rows have 90 px.
    place = {"rows": 5 * 3 * 4, "tiles": 5 * 16, "preview": 84 * 4}[draft]
    data = bytearray((work / f"{draft}.raw").read_bytes())
    data[place + 1] ^= 1
    (work / f"{draft}.raw").write_bytes(data)
    assert run(model, folder, tmp_path / "out").reused_tiles == 19
    assert products(tmp_path / "out") == products(tmp_path / "whole")

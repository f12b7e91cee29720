"""Killed at any moment, a run that finds objects goes on, and its products are the same."""

import time
from pathlib import Path
from typing import Any

import pytest
from builders.bundles import make_bundle
from builders.detectors import (
    BANDS,
    detector_contract,
    painted_net,
    painted_objects,
    painted_scene,
)
from builders.killable import kill_at_random, products, start_run, was_killed
from builders.scenes import write_scene

from edgers.bundle import open_bundle
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.run import run_scene

KILLS = 25
OPTIONS: dict[str, Any] = {"tile_px": 40, "overlap_px": 4, "vectors": ("geojson", "csv")}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A bundle and a scene with products of a run that nothing disturbed, and its seconds."""
    folder = tmp_path_factory.mktemp("objects")
    make_bundle(folder, detector_contract(), painted_net)
    boxes, kinds = painted_objects()
    write_scene(folder / "scene.tif", painted_scene(boxes, kinds, 150, 200), names=BANDS)
    assert not was_killed(start_run(folder, folder / "warm", **OPTIONS))
    begin = time.perf_counter()
    assert not was_killed(start_run(folder, folder / "out", **OPTIONS))
    return folder, time.perf_counter() - begin


def test_killed_at_random_moments_products_are_the_same(
    undisturbed: tuple[Path, float], tmp_path: Path
) -> None:
    folder, whole_s = undisturbed
    assert len(products(folder / "out")) == 4
    kill_at_random(folder, tmp_path, whole_s, kills=KILLS, in_turn=3, **OPTIONS)


def test_tiles_whose_objects_were_damaged_are_made_again(
    undisturbed: tuple[Path, float], tmp_path: Path
) -> None:
    folder, _ = undisturbed
    step = 500
    assert was_killed(start_run(folder, tmp_path / "out", step, **OPTIONS))
    (ledger,) = (tmp_path / "out").glob(".edgers-*/ledger")
    finished = ledger.read_bytes().count(b'"tile"')
    pieces = ledger.with_name("pieces.raw")
    data = bytearray(pieces.read_bytes())
    data[0] ^= 1
    pieces.write_bytes(data)
    with load_model(open_bundle(folder / "b.edgers")) as model:
        report = run_scene(model, folder / "scene.tif", tmp_path / "out", RunOptions(**OPTIONS))
    assert report.reused_tiles == finished - 1 > 3
    assert products(tmp_path / "out") == products(folder / "out")

"""Killed at any moment, a run goes on when it is called again, and its products are the same."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders.bundles import BAND_NAMES, contract_document, make_bundle
from builders.killable import kill_at_random, products, start_run, was_killed
from builders.networks import attention_net, unet
from builders.scenes import noise, write_scene

from edgers.bundle import open_bundle
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.run import run_scene

KILLS = 150
"""Kills at random moments, for each of the two ways of putting tiles together."""

WAYS: dict[str, dict[str, Any]] = {
    "exact": {"net": unet, "options": {"tile_px": 40, "probabilities": True}},
    "blended": {
        "net": attention_net,
        "options": {"tile_px": 40, "overlap_px": 7, "probabilities": True},
    },
}

Undisturbed = tuple[Path, dict[str, Any], float]


@pytest.fixture(scope="module", params=list(WAYS))
def undisturbed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Undisturbed:
    """A bundle and a scene with products of a run that nothing disturbed, and its seconds."""
    way = WAYS[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    make_bundle(folder, contract_document(), way["net"])
    samples = noise(3, 99, 90)
    samples[:, :40, :50] = 0
    write_scene(folder / "scene.tif", samples, names=BAND_NAMES, nodata=0)
    assert not was_killed(start_run(folder, folder / "warm", **way["options"]))
    begin = time.perf_counter()
    assert not was_killed(start_run(folder, folder / "out", **way["options"]))
    return folder, way["options"], time.perf_counter() - begin


def test_killed_at_random_moments_products_are_the_same(
    undisturbed: Undisturbed, tmp_path: Path
) -> None:
    folder, options, whole_s = undisturbed
    kill_at_random(folder, tmp_path, whole_s, kills=KILLS, in_turn=4, **options)


def test_killed_at_single_steps_on_the_disk_products_are_the_same(
    undisturbed: Undisturbed, tmp_path: Path
) -> None:
    folder, options, _ = undisturbed
    wanted = products(folder / "out")
    low, high = 1, 2
    while was_killed(start_run(folder, tmp_path / f"to{high}", high, **options)):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        died = was_killed(start_run(folder, tmp_path / f"at{middle}", middle, **options))
        low, high = (middle, high) if died else (low, middle)
    # Steps of one tile are many alike; the last, which finish the products, are each tried.
    steps = sorted({1, 2, 3, *range(4, low, low // 8), *range(low - 9, low + 1)})
    for step in steps:
        out = tmp_path / f"out{step}"
        assert was_killed(start_run(folder, out, step, **options))
        assert not was_killed(start_run(folder, out, **options))
        assert products(out) == wanted, step


def test_a_kill_costs_at_most_the_tiles_in_flight(undisturbed: Undisturbed, tmp_path: Path) -> None:
    folder, options, _ = undisturbed
    assert was_killed(start_run(folder, tmp_path / "out", 1500, **options))
    (ledger,) = (tmp_path / "out").glob(".edgers-*/ledger")
    finished = ledger.read_bytes().count(b'"tile"')
    assert finished > 3
    with load_model(open_bundle(folder / "b.edgers")) as model:
        report = run_scene(model, folder / "scene.tif", tmp_path / "out", RunOptions(**options))
    assert report.reused_tiles == finished
    assert np.isclose(report.nodata_share, 40 * 50 / (99 * 90))

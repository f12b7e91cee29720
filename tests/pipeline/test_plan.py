"""Which tile a run chooses when the graph has no bound."""

from pathlib import Path
from typing import Any

import pytest
from builders.bundles import BAND_NAMES, contract_document, make_bundle
from builders.networks import attention_net
from builders.scenes import noise, write_scene

from edgers.bundle import open_bundle
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.plan import plan_scene
from edgers.scene.raster import Raster
from edgers.tiling.grid import Grid


def planned(folder: Path, *, shape: list[int], options: RunOptions, **fields: Any) -> Grid:
    document = contract_document(**fields)
    document["mlm:input"][0]["input"]["shape"] = shape
    scene = write_scene(folder / "s.tif", noise(3, 300, 400), names=BAND_NAMES)
    with load_model(open_bundle(make_bundle(folder, document, attention_net))) as model:
        assert not model.bundle.halo.is_exact
        with Raster(scene, model.source, {}) as raster:
            return plan_scene(model, raster, options)


FREE, TRAINED = [-1, 3, -1, -1], [-1, 3, 64, 96]


@pytest.mark.parametrize(
    ("shape", "asked", "fields", "most"),
    [
        (FREE, None, {}, 256),
        (TRAINED, None, {}, 64),
        (TRAINED, 128, {}, 128),
        (TRAINED, None, {"edgers:tile_px": 100}, 100),
    ],
)
def test_the_tile_is_the_one_asked_for_else_the_one_trained_on(
    tmp_path: Path, shape: list[int], asked: int | None, fields: dict[str, Any], most: int
) -> None:
    grid = planned(tmp_path, shape=shape, options=RunOptions(tile_px=asked), **fields)
    assert 0.6 * most < grid.tile_px <= most


@pytest.mark.parametrize(("fields", "overlap"), [({}, 12), ({"edgers:overlap_px": 20}, 20)])
def test_tiles_overlap_by_what_the_contract_says_else_an_eighth(
    tmp_path: Path, fields: dict[str, Any], overlap: int
) -> None:
    grid = planned(tmp_path, shape=FREE, options=RunOptions(tile_px=100), **fields)
    first, second = grid.rows.tiles[:2]
    assert first.window_stop - second.window_start == 2 * overlap
    trimmed = planned(tmp_path, shape=FREE, options=RunOptions(tile_px=100, blend="trim"), **fields)
    second = trimmed.rows.tiles[1]
    assert second.core_start - second.window_start == overlap

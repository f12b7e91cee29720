"""Several inputs through the whole data path: what tiles give is what the whole scene gives."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from affine import Affine
from builders.bundles import make_bundle
from builders.scenes import TRANSFORM
from builders.stacks import (
    OPTICAL,
    SAR,
    fusion_document,
    fusion_net,
    image,
    series_document,
    series_net,
)

from edgers.bundle import open_bundle
from edgers.pipeline.model import Model, load_model
from edgers.pipeline.preprocess import ScenePreprocessor
from edgers.scene.open import environment
from edgers.scene.scene import Scene, scene_paths
from edgers.tiling.grid import plan_grid

SIDE = 90


def scores(model: Model, scene: Scene, tile_px: int) -> npt.NDArray[Any]:
    """Run a model over a scene in tiles of at most `tile_px`."""
    prepare = ScenePreprocessor(model.inputs, scene)
    grid = plan_grid(scene.height_px, scene.width_px, tile_px, model.bundle.halo)
    found = np.full((3, *grid.output_shape), np.nan, np.float32)
    for tile in grid:
        row, column = tile.rows.window_start, tile.columns.window_start
        window = scene.read(
            row, column, min(tile.rows.window_stop, scene.height_px) - row,
            min(tile.columns.window_stop, scene.width_px) - column,
        )  # fmt: skip
        tensors = prepare.tensors(window, tile.window_shape)
        answer = model.engine.infer(tensors)[model.output.name][0]
        height, width = tile.core_shape
        top, left = tile.rows.crop_start, tile.columns.crop_start
        found[
            :, tile.rows.core_start : tile.rows.core_stop,
            tile.columns.core_start : tile.columns.core_stop,
        ] = answer[:, top : top + height, left : left + width]  # fmt: skip
    return found


def assert_tiled_is_untiled(
    folder: Path, document: dict[str, Any], net: Callable[[], onnx.ModelProto],
    scenes: Sequence[Path], named: dict[str, Sequence[Path]],
) -> None:  # fmt: skip
    with load_model(open_bundle(make_bundle(folder, document, net))) as model:
        paths = scene_paths(model.inputs, scenes, named)
        with environment(), Scene(paths, model.inputs, {}) as scene:
            whole = scores(model, scene, 10_000)
            assert np.isfinite(whole).all()
            for tile_px in (16, 37):
                assert np.array_equal(scores(model, scene, tile_px), whole)


def test_inputs_on_other_grids(tmp_path: Path) -> None:
    optical = image(tmp_path, "optical", OPTICAL, SIDE)
    sar = image(tmp_path, "sar", SAR, 120, transform=TRANSFORM @ Affine.translation(-3.7, -2.2))
    dem = image(tmp_path, "dem", ("elevation",), 40, transform=TRANSFORM @ Affine.scale(3.3))
    assert_tiled_is_untiled(
        tmp_path,
        fusion_document(),
        fusion_net,
        [],
        {"optical": [optical], "sar": [sar], "dem": [dem]},
    )


def test_an_input_that_was_left_out(tmp_path: Path) -> None:
    optical = image(tmp_path, "optical", OPTICAL, SIDE)
    dem = image(tmp_path, "dem", ("elevation",), 40, transform=TRANSFORM @ Affine.scale(3.3))
    document = fusion_document(sar={"edgers:optional": {"fill": 100}})
    assert_tiled_is_untiled(tmp_path, document, fusion_net, [optical], {"dem": [dem]})


@pytest.mark.parametrize("gsd_m", [14, 40])
def test_a_scene_at_the_models_ground_sample_distance(tmp_path: Path, gsd_m: int) -> None:
    scene = tmp_path / "scene"
    for name, bands, side in (("o", OPTICAL, 300), ("s", SAR, 300), ("d", ("elevation",), 300)):
        image(scene, name, bands, side)
    rule = {"edgers:gsd_m": gsd_m, "edgers:gsd_rule": "resample", "edgers:gsd_tolerance": 0.1}
    document = fusion_document(optical=rule, sar=rule, dem=rule)
    assert_tiled_is_untiled(tmp_path, document, fusion_net, [scene], {})


def test_a_series_of_dates(tmp_path: Path) -> None:
    for day in (1, 2, 3):
        moved = TRANSFORM @ Affine.translation(day / 3, day / 5)
        image(tmp_path / "series", f"a_2020010{day}", OPTICAL, SIDE, transform=moved)
    assert_tiled_is_untiled(tmp_path, series_document(), series_net, [tmp_path / "series"], {})

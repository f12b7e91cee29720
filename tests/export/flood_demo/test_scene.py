"""The synthetic scenes: repeatable, consistent with their truth, and readable as real ones."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS

from edgers.export.flood_demo.bands import BANDS
from edgers.export.flood_demo.scene import (
    CLOUD,
    LAND,
    NODATA,
    WATER,
    FloodScene,
    FloodSceneSpec,
    make_flood_scene,
    write_flood_scene,
)

SPEC = FloodSceneSpec(width_px=208, height_px=160, seed=5)


@pytest.fixture(scope="module")
def scene() -> FloodScene:
    return make_flood_scene(SPEC)


def with_stage(stage_m: float) -> FloodSceneSpec:
    return FloodSceneSpec(
        width_px=192, height_px=192, seed=8, flood_stage_m=stage_m, cloud_share=0.0
    )


def test_equal_specs_give_equal_scenes(scene: FloodScene) -> None:
    again = make_flood_scene(SPEC)
    np.testing.assert_array_equal(again.counts, scene.counts)
    np.testing.assert_array_equal(again.truth, scene.truth)


def test_another_seed_gives_another_scene(scene: FloodScene) -> None:
    other = make_flood_scene(FloodSceneSpec(width_px=208, height_px=160, seed=6))
    assert (other.counts != scene.counts).mean() > 0.5
    assert (other.truth != scene.truth).any()


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_truth_and_bands_agree_on_what_was_seen(seed: int) -> None:
    spec = FloodSceneSpec(width_px=160, height_px=144, seed=seed, nodata_share=0.2)
    scene = make_flood_scene(spec)
    assert scene.counts.shape == (6, 144, 160)
    assert scene.counts.dtype == np.uint16
    assert set(np.unique(scene.truth)) == {LAND, WATER, CLOUD, NODATA}
    unseen = scene.truth == NODATA
    assert unseen.mean() == pytest.approx(0.2, abs=0.01)
    assert (scene.counts[:, unseen] == 0).all()
    assert (scene.counts[:, ~unseen] >= 1).all()


def test_clouds_take_the_share_asked_for() -> None:
    spec = FloodSceneSpec(width_px=256, height_px=256, seed=4, cloud_share=0.3, nodata_share=0.0)
    assert (make_flood_scene(spec).truth == CLOUD).mean() == pytest.approx(0.3, abs=0.01)


def test_a_higher_stage_only_adds_water() -> None:
    low, high = (make_flood_scene(with_stage(stage)).truth == WATER for stage in (0.5, 3.5))
    assert (high >= low).all()
    assert high.sum() > 1.5 * low.sum()


def test_without_a_flood_only_permanent_water_shows() -> None:
    scene = make_flood_scene(with_stage(0.0))
    water = scene.truth == WATER
    assert water.sum() > 200
    assert (water & ~scene.permanent).sum() < 0.1 * water.sum()


def test_spectra_follow_the_truth(scene: FloodScene) -> None:
    near_infrared, blue = scene.counts[3], scene.counts[0]
    land, water, cloud = (np.median(near_infrared[scene.truth == k]) for k in range(3))
    assert water < 0.5 * land < land < cloud
    assert np.median(blue[scene.truth == CLOUD]) > 2 * np.median(blue[scene.truth == LAND])


def test_files_are_tiled_geotiffs_that_say_what_they_are(tmp_path: Path, scene: FloodScene) -> None:
    truth = write_flood_scene(tmp_path / "scene.tif", tmp_path / "truth.tif", SPEC)
    with (
        rasterio.open(tmp_path / "scene.tif") as bands,
        rasterio.open(tmp_path / "truth.tif") as labels,
    ):
        np.testing.assert_array_equal(bands.read(), scene.counts)
        np.testing.assert_array_equal(labels.read(1), scene.truth)
        assert bands.crs == labels.crs == CRS.from_epsg(32630)
        assert bands.transform == labels.transform
        assert bands.res == (10.0, 10.0)
        assert (bands.nodata, labels.nodata) == (0, 255)
        assert bands.descriptions == tuple(band.name for band in BANDS)
        assert bands.profile["tiled"]
        assert bands.compression.value == "DEFLATE"
        for index, band in enumerate(BANDS, start=1):
            tags = bands.tags(index)
            assert float(tags["wavelength"]) == band.center_wavelength_um
            assert tags["wavelength_units"] == "um"
        for file in (bands, labels):
            assert file.tags()["SYNTHETIC"] == "yes, made by edgers.export.flood_demo"
    assert truth.land_px + truth.water_px + truth.cloud_px + truth.nodata_px == 208 * 160
    assert truth.water_px == (scene.truth == WATER).sum()
    assert 0.0 < truth.flooded_km2 < truth.water_px * 1e-4 + 1e-9


@pytest.mark.parametrize(
    "change",
    [
        {"width_px": 63},
        {"seed": -1},
        {"gsd_m": 0.0},
        {"noise_std": -0.1},
        {"flood_stage_m": -1.0},
        {"flood_stage_m": float("nan")},
        {"cloud_share": 1.0},
        {"nodata_share": -0.1},
    ],
)
def test_a_spec_out_of_range_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(change)).split("_")[0]):
        FloodSceneSpec(**{"width_px": 64, "height_px": 64, "seed": 0, **change})


@pytest.mark.parametrize("gsd_m", [2.5, 20.0, 60.0])
def test_other_sampling_and_odd_sizes_work(gsd_m: float) -> None:
    scene = make_flood_scene(FloodSceneSpec(width_px=67, height_px=101, seed=2, gsd_m=gsd_m))
    assert scene.truth.shape == (101, 67)
    assert WATER in scene.truth

"""With the cache that is worked out each block of a file is read once; with half of it more often.

Scenes are of noise, so that a block takes as many bytes in the file as in memory, and what GDAL
reads is counted by the system (rchar of proc(5), Linux).
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from builders.bundles import BAND_NAMES
from builders.graphs import image_input
from builders.halos import same_halo
from builders.scenes import write_scene

from edgers.contract import Band, ModelInput
from edgers.scene.block_cache import SLACK_BYTES, better_order, cache_bytes, set_cache
from edgers.scene.open import environment
from edgers.scene.raster import Raster
from edgers.tiling.grid import Grid, Order, plan_grid
from edgers.tiling.halo import Halo

COUNTED = Path("/proc/self/io")

pytestmark = pytest.mark.skipif(not COUNTED.exists(), reason="the system does not count reads")

SOURCE: ModelInput = replace(
    image_input(), bands=tuple(Band(name=name) for name in BAND_NAMES), gsd_m=None
)

LAYOUTS: dict[str, dict[str, Any]] = {
    "tiled, pixel": {"tiled": True, "blockxsize": 256, "blockysize": 256, "interleave": "pixel"},
    "tiled, band": {"tiled": True, "blockxsize": 256, "blockysize": 256, "interleave": "band"},
    "striped, pixel": {"blockysize": 16, "interleave": "pixel"},
    "striped, band": {"blockysize": 16, "interleave": "band"},
    "compressed": {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate"},
    "flat blocks": {"tiled": True, "blockxsize": 512, "blockysize": 64, "interleave": "band"},
}
HEIGHT, WIDTH = 1500, 2100

ONCE = 1.1
"""Times a file is read if each block is read once: the C library reads whole pages around it."""


@pytest.fixture(scope="module", params=list(LAYOUTS))
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    samples = np.random.default_rng(0).integers(0, 2**16, (3, HEIGHT, WIDTH)).astype("uint16")
    path = tmp_path_factory.mktemp("scene") / "scene.tif"
    return write_scene(path, samples, names=BAND_NAMES, **LAYOUTS[request.param])


@pytest.fixture(autouse=True)
def _usual_cache() -> Iterator[None]:
    yield
    with environment():
        set_cache(2**26)


def bytes_read() -> int:
    return int(COUNTED.read_text().split()[1])


def times_read(path: Path, grid: Grid, cache: int, bands: int = 3) -> float:
    """Read all tiles in their order; give how often the file was read."""
    source = replace(SOURCE, bands=SOURCE.bands[:bands])
    with environment(), Raster(path, source, {}) as raster:
        set_cache(cache)
        begin = bytes_read()
        for tile in grid:
            rows, columns = tile.rows, tile.columns
            raster.read(
                rows.window_start, columns.window_start, rows.window_stop - rows.window_start,
                columns.window_stop - columns.window_start,
            )  # fmt: skip
        return (bytes_read() - begin) / path.stat().st_size


def planned(order: Order, reach_px: int = 12, tile_px: int = 200) -> Grid:
    halo = Halo(height=same_halo(reach_px), width=same_halo(reach_px))
    return plan_grid(HEIGHT, WIDTH, tile_px, halo, order=order)


def needed(path: Path, grid: Grid, bands: int = 3) -> int:
    source = replace(SOURCE, bands=SOURCE.bands[:bands])
    with environment(), Raster(path, source, {}) as raster:
        return cache_bytes(raster.used, grid) - SLACK_BYTES


@pytest.mark.parametrize("order", ["rows", "columns"])
def test_each_block_is_read_once(scene: Path, order: Order) -> None:
    grid = planned(order)
    need = needed(scene, grid)
    # A strip lies under every tile of its row: by columns all of them are kept.
    assert need <= 1.1 * HEIGHT * WIDTH * 6
    assert times_read(scene, grid, need) < ONCE


@pytest.mark.parametrize("order", ["rows", "columns"])
def test_half_the_cache_is_not_enough(scene: Path, order: Order) -> None:
    grid = planned(order)
    assert times_read(scene, grid, needed(scene, grid) // 2) > 1.3


@pytest.mark.parametrize("name", LAYOUTS)
def test_one_band_of_three_counts_alone_where_it_is_stored_alone(tmp_path: Path, name: str) -> None:
    samples = np.random.default_rng(0).integers(0, 2**16, (3, HEIGHT, WIDTH)).astype("uint16")
    path = write_scene(tmp_path / "s.tif", samples, names=BAND_NAMES, **LAYOUTS[name])
    grid = planned("rows")
    need, all_need = needed(path, grid, 1), needed(path, grid)
    is_apart = LAYOUTS[name].get("interleave") == "band"
    assert need == pytest.approx(all_need / 3 if is_apart else all_need, rel=0.01)
    assert times_read(path, grid, need, 1) < ONCE


@pytest.mark.parametrize(("reach_px", "tile_px"), [(0, 256), (0, 512), (90, 400), (3, 1000)])
def test_any_overlap_and_tile(tmp_path: Path, reach_px: int, tile_px: int) -> None:
    samples = np.random.default_rng(0).integers(0, 2**16, (3, HEIGHT, WIDTH)).astype("uint16")
    path = write_scene(
        tmp_path / "s.tif", samples, names=BAND_NAMES, **LAYOUTS["tiled, pixel"]
    )  # fmt: skip
    for order in ("rows", "columns"):
        grid = planned(order, reach_px, tile_px)
        assert times_read(path, grid, needed(path, grid)) < ONCE


def test_the_cache_grows_with_one_side_alone(tmp_path: Path) -> None:
    found = {}
    for height, width in ((2048, 2048), (8192, 2048), (2048, 8192)):
        samples = np.zeros((3, height, width), "uint8")
        path = write_scene(
            tmp_path / "s.tif", samples, names=BAND_NAMES, **LAYOUTS["tiled, pixel"],
            compress="deflate",
        )  # fmt: skip
        halo = Halo(height=same_halo(9), width=same_halo(9))
        for order in ("rows", "columns"):
            grid = plan_grid(height, width, 256, halo, order=order)
            found[height, width, order] = needed(path, grid)
    assert found[8192, 2048, "rows"] == found[2048, 2048, "rows"]
    assert found[2048, 8192, "columns"] == found[2048, 2048, "columns"]
    assert found[2048, 8192, "rows"] > 3 * found[2048, 2048, "rows"]


def test_it_is_never_more_than_the_files(scene: Path) -> None:
    whole = HEIGHT * WIDTH * 6
    for tile_px in (64, 700, 5000):
        for order in ("rows", "columns"):
            need = needed(scene, planned(order, 0, tile_px))
            assert need < whole + 2 * 512 * 256 * 6


@pytest.mark.parametrize(
    ("height", "width", "layout", "wanted"),
    [
        (600, 9000, "tiled, pixel", "columns"),
        (9000, 600, "tiled, pixel", "rows"),
        (2000, 2000, "tiled, pixel", "rows"),
        (600, 9000, "striped, pixel", "rows"),
    ],
)
def test_wide_scenes_are_worked_on_by_columns(
    tmp_path: Path, height: int, width: int, layout: str, wanted: Order
) -> None:
    path = write_scene(
        tmp_path / "s.tif", np.zeros((3, height, width), "uint16"), names=BAND_NAMES,
        **LAYOUTS[layout],
    )  # fmt: skip
    halo = Halo(height=same_halo(9), width=same_halo(9))
    by_rows, by_columns = (
        plan_grid(height, width, 256, halo, order=order) for order in ("rows", "columns")
    )
    with environment(), Raster(path, SOURCE, {}) as raster:
        assert better_order(raster.used, by_rows, by_columns) == wanted


def test_files_on_other_grids_are_read_once_too(tmp_path: Path) -> None:
    random, folder = np.random.default_rng(0), tmp_path / "scene"
    folder.mkdir()
    for name, factor in zip(BAND_NAMES, (1, 1, 2), strict=True):
        shape = (1, 1536 // factor, 1536 // factor)
        write_scene(
            folder / f"x_{name}.tif", random.integers(0, 2**16, shape).astype("uint16"),
            transform=Affine(10 * factor, 0, 600_000, 0, -10 * factor, 4_200_000),
            tiled=True, blockxsize=256, blockysize=256,
        )  # fmt: skip
    halo = Halo(height=same_halo(9), width=same_halo(9))
    grid = plan_grid(1536, 1536, 200, halo)
    size = sum(path.stat().st_size for path in folder.iterdir())
    with environment(), Raster(folder, SOURCE, {}) as raster:
        set_cache(cache_bytes(raster.used, grid))
        begin = bytes_read()
        for tile in grid:
            rows, columns = tile.rows, tile.columns
            raster.read(
                rows.window_start, columns.window_start, rows.window_stop - rows.window_start,
                columns.window_stop - columns.window_start,
            )  # fmt: skip
        assert (bytes_read() - begin) / size < ONCE

"""Rasters brought onto other grids: every sample is of the right pixel, wherever the ground is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from affine import Affine
from builders.scenes import write_scene
from builders.swaths import Swath, metres_between, model_place, sensor_model
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS

from edgers.contract import ModelClass
from edgers.errors import OutputError, SceneError
from edgers.products import warp
from edgers.products.draft import Draft, DraftShape
from edgers.products.vrt import Meaning, write_vrt
from edgers.products.warp import warp_raster, warped_place
from edgers.scene.geometry import gsd_m, row_areas_m2
from edgers.scene.open import environment
from edgers.scene.place import Place

LONLAT = CRS.from_epsg(4326)
CLASSES = tuple(ModelClass(value=i, name=f"class {i}", colour="0A0B0C") for i in range(3))


def grid(code: str, transform: Affine, height: int = 300, width: int = 250) -> Place:
    return Place(
        height_px=height, width_px=width, crs=CRS.from_string(code), transform=transform
    )  # fmt: skip


def swath(lon: float = 25.0, lat: float = 45.0) -> Swath:
    return Swath(lon=lon, lat=lat, height_px=420, width_px=300, bow=2e-4, points=(12, 9))


NOWHERE = Place(height_px=700, width_px=500, crs=None, transform=Affine.identity())
PLACES = {
    "swath": swath().place(),
    "swath at the date line": swath(lon=179.98).place(),
    "swath on the pole": swath(lat=89.95).place(),
    "swath with points on a map": swath(lat=-30).place(CRS.from_epsg(32735)),
    "model": model_place(sensor_model()),
    "model at the date line": model_place(sensor_model(-179.98)),
    "turned map": grid("EPSG:32630", Affine(8, 6, 600_000, 6, -8, 4_200_000)),
    "south-up map": grid("EPSG:32630", Affine(10, 0, 600_000, 0, 10, 4_200_000)),
    "degrees at the date line": grid("EPSG:4326", Affine(1e-3, 0, 179.9, 0, -1e-3, 60)),
}


@pytest.fixture(autouse=True)
def _as_in_a_run() -> Iterator[None]:
    with environment():
        yield


def positions(place: Place) -> npt.NDArray[np.float32]:
    """Give column and row of the middle of each pixel, as two bands."""
    rows, columns = np.mgrid[: place.height_px, : place.width_px] + 0.5
    return np.stack([columns, rows]).astype(np.float32)


def read(path: Path) -> npt.NDArray[Any]:
    with rasterio.open(path) as dataset:
        samples: npt.NDArray[Any] = dataset.read()
    return samples


def warped_positions(
    folder: Path, place: Place, target: Place, *, continuous: bool
) -> npt.NDArray[Any]:
    """Bring the positions of a scene's pixels onto another grid."""
    source = write_scene(
        folder / "positions.tif", positions(place), crs=None, nodata=float("nan")
    )  # fmt: skip
    warp_raster(source, folder / "out.tif", place, target, continuous=continuous)
    return read(folder / "out.tif")


def off_px(place: Place, target: Place, found: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Give how far from where they lie pixels of a map were read, in pixels of the scene."""
    rows, columns = np.nonzero(np.isfinite(found[0]))
    some = np.random.default_rng(0).integers(0, len(rows), 5000)
    rows, columns = rows[some], columns[some]
    lon, lat = target.lonlat(columns + 0.5, rows + 0.5)
    seen = found[:, rows, columns].astype(np.float64)
    return metres_between(*place.lonlat(*seen), lon, lat) / (gsd_m(place) or np.nan)


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("crs", [None, LONLAT], ids=["zone", "degrees"])
def test_every_pixel_of_the_map_is_read_where_it_lies(
    tmp_path: Path, name: str, crs: CRS | None
) -> None:
    place = PLACES[name]
    is_wide = crs is not None and name == "swath on the pole"
    target = warped_place(place, crs, 500.0 if is_wide else None)
    # The nearest pixel's middle is at most half a diagonal away, more where pixels are oblong.
    assert off_px(
        place, target, warped_positions(tmp_path, place, target, continuous=False)
    ).max() < 1  # fmt: skip
    smooth_px = off_px(place, target, warped_positions(tmp_path, place, target, continuous=True))
    # Beyond the middles of the outermost pixels there is nothing to look between.
    assert smooth_px.max() < 1
    assert np.quantile(smooth_px, 0.9) < 0.02


def test_degrees_of_another_datum_run_on_across_the_date_line(tmp_path: Path) -> None:
    place = PLACES["swath at the date line"]
    target = warped_place(place, CRS.from_epsg(4275))  # PROJ brings these back to ±180
    assert 0.3 < target.width_px * target.transform.a < 1
    found = warped_positions(tmp_path, place, target, continuous=False)
    assert off_px(place, target, found).max() < 1
    assert np.isfinite(found[0]).mean() > 0.5


@pytest.mark.parametrize("name", PLACES)
def test_the_map_holds_all_of_the_scene(tmp_path: Path, name: str) -> None:
    place = PLACES[name]
    target = warped_place(place)
    found = np.isfinite(warped_positions(tmp_path, place, target, continuous=False)[0])
    areas, own = (row_areas_m2(one, 0, 0, *one.shape) for one in (target, place))
    assert areas is not None
    assert own is not None
    covered_m2 = float((found.sum(axis=1) * areas).sum())
    assert covered_m2 == pytest.approx(float(own.sum()) * place.width_px, rel=2e-3)
    for side in (found[:3], found[-3:], found[:, :3], found[:, -3:]):
        assert side.any()


@pytest.mark.parametrize(
    ("lon", "lat", "code"),
    [
        (25, 45, 32635), (-179.9, -17, 32701), (179.5, 60, 32660), (3, 1, 32631), (-3, -1, 32730),
        (10, 86, 5041), (10, -82, 5042),
    ],
)  # fmt: skip
def test_the_map_is_that_of_the_zone(lon: float, lat: float, code: int) -> None:
    target = warped_place(Swath(lon=lon, lat=lat).place())
    assert target.crs is not None
    assert target.crs.to_epsg() == code
    assert target.transform.a == -target.transform.e == 100
    assert target.transform.c % 100 == target.transform.f % 100 == 0


@pytest.mark.parametrize("code", [32635, 3857, 4326, 3035, 2264])
def test_pixels_are_as_large_on_the_ground_as_asked(code: int) -> None:
    target = warped_place(Swath(lon=15, lat=48).place(), CRS.from_epsg(code), 50.0)
    assert gsd_m(target) == pytest.approx(50, rel=1.5e-2)
    column, row = ~target.transform @ (0, 0)
    assert abs(column - round(column)) < 1e-6
    assert abs(row - round(row)) < 1e-6


def test_a_map_with_a_seam_in_the_scene_is_refused() -> None:
    with pytest.raises(SceneError, match="A seam of the map runs through it"):
        warped_place(Swath(lon=179.98).place(), CRS.from_epsg(3857))


def test_a_map_that_does_not_reach_the_scene_is_refused() -> None:
    view = CRS.from_string("+proj=geos +h=35785831 +lon_0=180 +datum=WGS84")
    with pytest.raises(SceneError, match="A part of it has no place there"):
        warped_place(Swath().place(), view)


def test_a_map_of_absurd_size_is_refused() -> None:
    with pytest.raises(SceneError, match="It would have"):
        warped_place(Swath().place(), None, 0.01)


def test_a_scene_without_a_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="cannot be put onto a map"):
        warped_place(NOWHERE)
    for target, words in ((PLACES["turned map"], "onto a map"), (PLACES["swath"], "in common")):
        with pytest.raises(SceneError, match=words):
            warped_positions(tmp_path, NOWHERE, target, continuous=False)
    assert not (tmp_path / "out.tif").exists()


OWN_GRIDS = {
    "swath": swath().place(),
    "model": model_place(sensor_model()),
    "map": grid("EPSG:32630", Affine(8, 6, 600_000, 6, -8, 4_200_000), 700, 500),
    "unplaced": NOWHERE,
}


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("name", OWN_GRIDS)
def test_a_coarser_grid_goes_back_onto_the_scenes_own(tmp_path: Path, name: str) -> None:
    own = OWN_GRIDS[name]
    coarse = own.subgrid(2, 3, 5, 4, own.height_px // 4 - 2, own.width_px // 5 - 2)
    found = warped_positions(tmp_path, coarse, own, continuous=False)
    rows, columns = np.mgrid[: own.height_px, : own.width_px] + 0.5
    column, row = np.floor((columns - 2) / 5), np.floor((rows - 3) / 4)
    inside = (column >= 0) & (column < coarse.width_px) & (row >= 0) & (row < coarse.height_px)
    assert np.array_equal(np.isfinite(found[0]), inside)
    assert np.array_equal(found[0][inside], column[inside] + 0.5)
    assert np.array_equal(found[1][inside], row[inside] + 0.5)
    with rasterio.open(tmp_path / "out.tif") as dataset:
        points, _ = dataset.gcps
        assert [(p.col, p.row, p.x, p.y) for p in points] == [
            (p.col, p.row, p.x, p.y) for p in own.gcps
        ]
        assert (dataset.rpcs is None) == (own.rpcs is None)
        assert (dataset.crs, dataset.shape) == (own.crs, own.shape)


def test_windows_leave_no_seams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = PLACES["swath"]
    target = warped_place(place)
    assert max(target.shape) > warp.BLOCK_PX
    once = warped_positions(tmp_path, place, target, continuous=True)
    monkeypatch.setattr(warp, "block_px", lambda *_: 512)
    again = warped_positions(tmp_path, place, target, continuous=True)
    assert np.array_equal(np.isfinite(once), np.isfinite(again))
    assert np.nanmax(np.abs(once - again)) < 0.05


def test_samples_beside_nodata_are_not_mixed_with_it(tmp_path: Path) -> None:
    place = PLACES["swath"]
    samples = np.full((1, *place.shape), 100, np.float32)
    samples[0, 100:300, 100:200] = -9999
    source = write_scene(tmp_path / "a.tif", samples, crs=None, nodata=-9999)
    target = warped_place(place, None, 70.0)
    warp_raster(source, tmp_path / "b.tif", place, target, continuous=True)
    found = np.unique(read(tmp_path / "b.tif"))
    assert found[0] == -9999
    np.testing.assert_allclose(found[1:], 100, rtol=1e-6)


def class_draft(folder: Path, place: Place, classes: npt.NDArray[np.uint8]) -> Path:
    """Write a class map as a run does: raw samples, and their description for GDAL."""
    shape = DraftShape(
        bands=1, height_px=place.height_px, width_px=place.width_px, data_type="uint8"
    )  # fmt: skip
    meaning = Meaning(bands=["class"], nodata=255, tags={"EDGERS_MODEL": "tiny"}, classes=CLASSES)
    with Draft(folder / "classes.raw", shape) as draft:
        draft.write(classes[np.newaxis], 0, 0)
        write_vrt(folder / "classes.vrt", draft, place, meaning)
    return folder / "classes.vrt"


@pytest.mark.parametrize("name", PLACES)
def test_a_class_map_keeps_its_meaning_and_its_classes(tmp_path: Path, name: str) -> None:
    place = PLACES[name]
    classes = np.random.default_rng(0).integers(0, 3, place.shape).astype(np.uint8)
    target = warped_place(place)
    path = class_draft(tmp_path, place, classes)
    warp_raster(path, tmp_path / "map.tif", place, target, continuous=False)
    with rasterio.open(tmp_path / "map.tif") as dataset:
        found = dataset.read(1)
        assert (dataset.crs, dataset.transform) == (target.crs, target.transform)
        assert (dataset.nodata, dataset.block_shapes) == (255, [(256, 256)])
        assert dataset.descriptions == ("class",)
        assert dataset.tags()["EDGERS_MODEL"] == "tiny"
        assert dataset.tags(1)["CLASS_2"] == "class 2"
        assert dataset.colormap(1)[1] == (10, 11, 12, 255)
    at = warped_positions(tmp_path, place, target, continuous=False)
    seen = np.isfinite(at[0])
    assert np.array_equal(seen, found != 255)
    columns, rows = at[:, seen].astype(int)
    assert np.array_equal(found[seen], classes[rows, columns])


def distance_px(found: npt.NDArray[Any], target: Place, point: GroundControlPoint) -> float:
    """Give how far from a ground control point's pixel the map has what it shows at its place."""
    rows, columns = np.mgrid[: target.height_px, : target.width_px] + 0.5
    lon, lat = target.lonlat(columns.ravel(), rows.ravel())
    nearest = int(np.argmin(metres_between(lon, lat, np.array(point.x), np.array(point.y))))
    column, row = found.reshape(2, -1)[:, nearest]
    return float(np.hypot(column - point.col, row - point.row))


@pytest.mark.parametrize("name", ["swath", "swath at the date line", "swath on the pole"])
def test_a_warped_swath_is_at_its_points_within_a_pixel(tmp_path: Path, name: str) -> None:
    place = PLACES[name]
    target = warped_place(place)
    found = warped_positions(tmp_path, place, target, continuous=True)
    inner = [point for point in place.gcps if 5 < point.col < 295 and 5 < point.row < 415]
    assert len(inner) == 70
    assert max(distance_px(found, target, point) for point in inner[::7]) < 1


def test_a_pole_on_a_map_of_degrees_is_all_around(tmp_path: Path) -> None:
    place = PLACES["swath on the pole"]
    target = warped_place(place, LONLAT, 2000.0)
    assert target.lonlat(np.zeros(1), np.zeros(1))[1][0] == 90
    assert 360 <= target.width_px * target.transform.a < 360 + 2 * target.transform.a
    found = warped_positions(tmp_path, place, target, continuous=False)
    assert np.isfinite(found[0, 1]).mean() > 0.95


def test_a_full_disk_is_told_and_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Iterator[rasterio.windows.Window]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(warp, "_windows", fail)
    place = PLACES["swath"]
    with pytest.raises(OutputError, match=r"product out\.tif cannot be written"):
        warped_positions(tmp_path, place, warped_place(place), continuous=True)
    assert not (tmp_path / "out.tif").exists()

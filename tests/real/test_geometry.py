"""Awkward real rasters, end to end: each lies where it lay, with the right pixels masked."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pystac
import pytest
import rasterio
import shapely
import shapely.geometry
from builders.networks import one_score_net, plain_contract, two_class_contract
from builders.runs import largest_band, read_product, run_on_file
from builders.swaths import metres_between
from rasterio.io import DatasetReader
from rasterio.transform import from_gcps

from edgers.errors import BandError, SceneError
from edgers.pipeline.report import SceneReport
from edgers.products.warp import warp_raster, warped_place
from edgers.scene.geometry import gsd_m
from edgers.scene.place import Place, place_of

ONE_BAND = {"B02": "1", "B03": "1", "B04": "1"}
"""A scene with one band stands for all three of the network, which looks at the first."""

NODATA = 255


@pytest.fixture
def files(real_data: Path) -> Path:
    return real_data / "geotiff"


def run_one_band(folder: Path, scene: Path, threshold: float, **source: Any) -> SceneReport:
    """Run a network that tells whether samples are above a threshold."""
    steps = [{"type": "z-score", "mean": threshold, "stddev": 1}] * 3
    document = two_class_contract()
    document["mlm:input"][0].update({"value_scaling": steps, **source})
    return run_on_file(folder, scene, net=one_score_net, document=document, renamed=ONE_BAND)


def class_map_of(report: SceneReport) -> DatasetReader:
    return rasterio.open(report.products[0])


def item_of(report: SceneReport) -> pystac.Item:
    return pystac.Item.from_file(str(report.products[-1]))


def wanted_classes(
    samples: npt.NDArray[Any], missing: npt.NDArray[np.bool_], threshold: float
) -> npt.NDArray[np.intp]:
    found: npt.NDArray[np.intp] = np.where(missing, NODATA, samples > threshold)
    return found


def points_of(place: Place) -> tuple[npt.NDArray[np.float64], ...]:
    """Give column, row, longitude and latitude of the ground control points."""
    return tuple(np.array([(p.col, p.row, p.x, p.y) for p in place.gcps]).T)


def check_points(scene: Path, report: SceneReport) -> Place:
    """Hold a product in sensor geometry to its scene's points; give its place."""
    with rasterio.open(scene) as source, class_map_of(report) as product:
        place, own = place_of(product), place_of(source)
        assert (product.shape, product.crs) == (source.shape, None)
    said = [[(p.row, p.col, p.x, p.y, p.z) for p in one.gcps] for one in (place, own)]
    assert said[0] == said[1]
    assert len(place.gcps) == 210
    columns, rows, lon, lat = points_of(place)
    pixel_m = gsd_m(place)
    assert pixel_m is not None
    assert (metres_between(*place.lonlat(columns, rows), lon, lat) / pixel_m).max() < 1e-3
    # One affine through the same points is far off: the points are needed.
    away = from_gcps(list(place.gcps)) @ (columns, rows)
    assert (metres_between(away[0], away[1], lon, lat) / pixel_m).max() > 2
    check_footprint(report, lon, lat)
    covered_m2 = 1e6 * sum(area.area_km2 or 0 for area in report.classes)
    assert covered_m2 == pytest.approx(pixel_m**2 * np.prod(place.shape), rel=0.05)
    return place


def check_footprint(
    report: SceneReport, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]
) -> None:
    """Hold the footprint to points that lie in the scene and reach its corners."""
    shape = shapely.geometry.shape(item_of(report).geometry)
    assert shape.is_valid
    points = shapely.MultiPoint(np.stack([lon, lat], axis=1))
    assert shape.buffer(1e-3).contains(points)
    assert shape.area == pytest.approx(points.convex_hull.area, rel=0.05)


def check_warped(folder: Path, report: SceneReport, place: Place) -> None:
    """Bring the class map's pixel positions onto a map, and look there at the points."""
    rows, columns = np.mgrid[: place.height_px, : place.width_px] + 0.5
    with rasterio.open(
        folder / "positions.tif", "w", driver="GTiff", count=2, dtype="float32",
        height=place.height_px, width=place.width_px, nodata=float("nan"),
    ) as dataset:  # fmt: skip
        dataset.write(np.stack([columns, rows]).astype(np.float32))
    target = warped_place(place)
    warp_raster(folder / "positions.tif", folder / "p.tif", place, target, continuous=True)
    warp_raster(report.products[0], folder / "map.tif", place, target, continuous=False)
    with rasterio.open(folder / "p.tif") as dataset:
        found = dataset.read()
    columns, rows, lon, lat = points_of(place)
    inner = (columns > 5) & (columns < place.width_px - 5)
    inner &= (rows > 5) & (rows < place.height_px - 5)
    assert inner.sum() > 100
    assert target.crs is not None
    xs, ys = rasterio.warp.transform("EPSG:4326", target.crs, lon[inner], lat[inner])
    at = ~target.transform @ (np.array(xs), np.array(ys))
    column, row = (np.floor(side).astype(int) for side in at)
    # What the pixel at a point shows, moved to the point itself.
    seen_column, seen_row = found[:, row, column].astype(np.float64)
    middle = target.lonlat(column + 0.5, row + 0.5)
    seen = place.lonlat(seen_column, seen_row)
    assert (metres_between(*seen, *middle) / (gsd_m(place) or 0)).max() < 0.5
    away_px = np.hypot(seen_column - columns[inner], seen_row - rows[inner])
    half_px = metres_between(*middle, lon[inner], lat[inner]) / (gsd_m(place) or 0)
    assert (away_px - half_px * 3).max() < 1
    with rasterio.open(folder / "map.tif") as dataset:
        assert dataset.crs == target.crs
        classes = dataset.read(1)
    assert set(np.unique(classes)) == {0, 1, NODATA}


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_radar_swath_lies_on_its_points(files: Path, tmp_path: Path) -> None:
    scene = files / "cog_gcps.tif"
    report = run_one_band(tmp_path, scene, 100.5)
    place = check_points(scene, report)
    with rasterio.open(scene) as source:
        samples = source.read(1)
    assert np.array_equal(read_product(report), wanted_classes(samples, samples < 0, 100.5))
    check_warped(tmp_path, report, place)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_complex_radar_is_read_as_amplitude_and_lies_on_its_points(
    files: Path, tmp_path: Path
) -> None:
    scene = files / "slc.tif"
    report = run_one_band(tmp_path, scene, 40.5)
    place = check_points(scene, report)
    with rasterio.open(scene) as source:
        samples = np.abs(source.read(1))
    wanted = wanted_classes(samples, np.zeros(samples.shape, bool), 40.5)
    assert np.array_equal(read_product(report), wanted)
    check_warped(tmp_path, report, place)


def test_a_scene_across_the_date_line_is_in_two_parts(files: Path, tmp_path: Path) -> None:
    scene = files / "cog_dateline.tif"
    report = run_one_band(tmp_path, scene, 8000.5)
    with rasterio.open(scene) as source, class_map_of(report) as product:
        assert (product.crs, product.transform) == (source.crs, source.transform)
        assert product.shape == source.shape
        samples, place = source.read(1), place_of(source)
    assert np.array_equal(read_product(report), wanted_classes(samples, samples < 0, 8000.5))
    item = item_of(report)
    assert item.geometry is not None
    assert item.geometry["type"] == "MultiPolygon"
    shape = shapely.geometry.shape(item.geometry)
    assert shape.is_valid
    random = np.random.default_rng(0)
    lon, lat = place.lonlat(random.uniform(5, 2320, 2000), random.uniform(5, 2350, 2000))
    assert shapely.contains_xy(shape, lon, lat).all()
    assert item.bbox is not None
    west, _, east, _ = item.bbox
    assert -180 < east < -170 < 170 < west < 180
    covered_m2 = 1e6 * sum(area.area_km2 or 0 for area in report.classes)
    assert covered_m2 == pytest.approx(2355 * 2325 * 100.0129**2, rel=3e-3)


def test_a_south_up_world_without_data_is_refused(files: Path, tmp_path: Path) -> None:
    scene = files / "inverted_lat.tif"
    with pytest.raises(SceneError, match=r"inverted_lat\.tif has no data"):
        run_one_band(tmp_path, scene, 0)
    assert not (tmp_path / "out").exists()


def test_a_south_up_world_is_all_around_the_earth(files: Path, tmp_path: Path) -> None:
    with rasterio.open(files / "inverted_lat.tif") as source:
        place, profile = place_of(source), source.profile
    samples = np.arange(360 * 720, dtype=np.float32).reshape(1, 360, 720)
    with rasterio.open(tmp_path / "full.tif", "w", **profile) as dataset:
        dataset.write(samples)
    report = run_one_band(tmp_path, tmp_path / "full.tif", 100_000.5)
    with class_map_of(report) as product:
        assert (product.crs, product.transform) == (place.crs, place.transform)
        assert product.transform.e > 0
    assert np.array_equal(read_product(report), samples[0] > 100_000.5)
    assert item_of(report).bbox == [-180, -90, 180, 90]
    covered_km2 = sum(area.area_km2 or 0 for area in report.classes)
    assert covered_km2 == pytest.approx(510_065_622, rel=1e-6)


def test_a_turned_grid_without_a_crs_keeps_its_transform(files: Path, tmp_path: Path) -> None:
    scene = files / "rotated.tif"
    report = run_one_band(tmp_path, scene, 100.5)
    with rasterio.open(scene) as source, class_map_of(report) as product:
        assert product.crs is None
        assert product.transform == source.transform
        assert product.transform.b != 0
        samples = source.read(1)
    assert np.array_equal(read_product(report), wanted_classes(samples, samples < 0, 100.5))
    assert [area.area_km2 for area in report.classes] == [None] * 2
    item = item_of(report)
    assert item.geometry is None
    assert item.properties["proj:transform"] == list(source.transform)[:6]


def test_scale_tags_need_a_word_from_the_contract(files: Path, tmp_path: Path) -> None:
    scene = files / "cog_scale.tif"
    with pytest.raises(BandError, match="states physical values by scale and offset tags"):
        run_one_band(tmp_path, scene, 0)
    assert not (tmp_path / "out").exists()
    with rasterio.open(scene) as source:
        samples, crs, transform = source.read(1), source.crs, source.transform
    stored = float(np.median(samples[samples != 0]))
    for values, threshold in (("stored", stored), ("physical", stored * 1e-4 + 1000)):
        report = run_one_band(tmp_path, scene, threshold, **{"edgers:values": values})
        with class_map_of(report) as product:
            assert (product.crs, product.transform) == (crs, transform)
        found = read_product(report)
        assert np.array_equal(found == NODATA, samples == 0)
        # In physical values one step of the samples is below what single precision tells apart.
        clear = (samples != 0) & (np.abs(samples - stored) > (0 if values == "stored" else 2))
        assert np.array_equal(found[clear] == 1, samples[clear] > stored)


@pytest.mark.parametrize("name", ["image_rgb_mask.tif", "RGB2.byte.tif"])
def test_masked_pictures_are_masked_alike(files: Path, tmp_path: Path, name: str) -> None:
    scene = files / name
    report = run_on_file(tmp_path, scene, document=plain_contract())
    with rasterio.open(scene) as source, class_map_of(report) as product:
        assert (product.crs, product.transform) == (source.crs, source.transform)
        red, green, blue = source.read()
        gone = source.dataset_mask() == 0
        place = place_of(source)
    assert gone.any()
    assert not gone.all()
    wanted = np.where(gone, NODATA, largest_band(np.stack([blue, green, red])))
    assert np.array_equal(read_product(report), wanted)
    height, width = place.shape
    corners = np.array([0.0, width, width, 0]), np.array([0.0, 0, height, height])
    check_footprint(report, *place.lonlat(*corners))
    pixel_m = gsd_m(place)
    assert pixel_m is not None
    covered_m2 = 1e6 * sum(area.area_km2 or 0 for area in report.classes)
    assert covered_m2 == pytest.approx((~gone).sum() * pixel_m**2, rel=5e-3)
    if name == "image_rgb_mask.tif":
        _, lat = place.lonlat(corners[0], corners[1])
        assert pixel_m == pytest.approx(1.19433 * np.cos(np.radians(lat.mean())), rel=5e-3)

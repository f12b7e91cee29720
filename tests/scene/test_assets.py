"""Several files as one scene: found by name, brought onto one grid by GDAL, never guessed."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from affine import Affine
from builders.bundles import contract_document
from builders.scenes import TRANSFORM, noise, write_scene
from builders.swaths import Swath, model_place, sensor_model
from rasterio.warp import Resampling, reproject, transform

from edgers.contract import contract_from_document
from edgers.contract.model import ModelInput
from edgers.errors import BandError, SceneError
from edgers.scene import asset
from edgers.scene.folder import scene_name
from edgers.scene.open import environment
from edgers.scene.place import Place
from edgers.scene.raster import Raster, SceneWindow

SIDE_PX = 120


def source(**fields: Any) -> ModelInput:
    return contract_from_document(contract_document(**{"edgers:gsd_m": 10, **fields})).inputs[0]


def band_file(folder: Path, name: str, gsd_m: int = 10, seed: int = 0, **fields: Any) -> Path:
    """Write one band of the same ground at a GSD."""
    side = SIDE_PX * 10 // gsd_m
    place = {"transform": TRANSFORM @ Affine.scale(gsd_m / 10), **fields}
    return write_scene(
        folder / f"T30_20200101T101010_{name}.tif", noise(1, side, side, seed=seed), **place
    )


def three_bands(folder: Path, *gsds_m: int) -> list[Path]:
    return [
        band_file(folder, name, gsd_m, seed)
        for seed, (name, gsd_m) in enumerate(zip(("B02", "B03", "B04"), gsds_m, strict=True))
    ]


def whole(folder: Path, **fields: Any) -> SceneWindow:
    with environment(), Raster(folder, source(**fields), {}) as raster:
        return raster.read(0, 0, raster.height_px, raster.width_px)


def test_bands_of_one_file_may_lie_about_one_of_another_of_another_type(tmp_path: Path) -> None:
    outer, inner = noise(2, 40, 50, "int16"), noise(1, 40, 50, "uint16", seed=1)
    outer[0, 3, 4], outer[1, 5, 6], inner[0, 7, 8] = -9, -9, 60_000
    write_scene(tmp_path / "outer.tif", outer, names=("B04", "B02"), nodata=-9)
    write_scene(tmp_path / "inner.tif", inner, names=("B03",), nodata=60_000)
    found = whole(tmp_path)
    assert found.samples.dtype == np.int32
    assert np.array_equal(found.samples, np.stack([outer[1], inner[0], outer[0]]))
    gone = [tuple(map(int, place)) for place in np.argwhere(found.missing)]
    assert gone == [(0, 5, 6), (1, 7, 8), (2, 3, 4)]


def warped(path: Path, like: Path, resampling: str = "bilinear") -> npt.NDArray[Any]:
    """Bring a file onto the grid of another with GDAL's own warp of the whole."""
    with rasterio.open(path) as from_, rasterio.open(like) as to:
        out = np.zeros(to.shape, from_.dtypes[0])
        reproject(
            rasterio.band(from_, 1), out, dst_crs=to.crs, dst_transform=to.transform,
            resampling=Resampling[resampling], tolerance=1e-6,
        )  # fmt: skip
        return out


def test_files_named_after_their_bands_are_one_scene(tmp_path: Path) -> None:
    files = three_bands(tmp_path, 10, 10, 10)
    window = whole(tmp_path)
    for samples, path in zip(window.samples, files, strict=True):
        with rasterio.open(path) as dataset:
            assert np.array_equal(samples, dataset.read(1))
    assert not window.missing.any()


@pytest.mark.parametrize("resampling", ["bilinear", "nearest", "cubic"])
def test_coarser_bands_are_gdals_own_warp(tmp_path: Path, resampling: str) -> None:
    first, second, third = three_bands(tmp_path, 10, 20, 60)
    window = whole(tmp_path, **{"edgers:resampling": resampling})
    assert np.array_equal(window.samples[1], warped(second, first, resampling))
    assert np.array_equal(window.samples[2], warped(third, first, resampling))


def test_finer_bands_are_brought_to_the_models_gsd(tmp_path: Path) -> None:
    first, second, _ = three_bands(tmp_path, 10, 20, 20)
    wanted = {"edgers:gsd_m": 20, "edgers:resampling": "average"}
    window = whole(tmp_path, **wanted)
    assert window.samples.shape == (3, SIDE_PX // 2, SIDE_PX // 2)
    assert np.array_equal(window.samples[0], warped(first, second, "average"))


def in_zone_31(gsd_m: float) -> Affine:
    """Place 300 × 300 px of the neighbouring UTM zone so that they cover the scene."""
    (x,), (y,) = transform("EPSG:32630", "EPSG:32631", [TRANSFORM.c], [TRANSFORM.f])
    return Affine(gsd_m, 0, x - 300, 0, -gsd_m, y + 300)


@pytest.mark.parametrize("gsd_m", [7, 12])
@pytest.mark.parametrize("resampling", ["bilinear", "cubic", "average"])
def test_a_window_is_the_same_part_of_the_whole(
    tmp_path: Path, gsd_m: int, resampling: str
) -> None:
    three_bands(tmp_path, 10, 20, 60)[2].unlink()
    write_scene(
        tmp_path / "other_B04.tif", noise(1, 300, 300, seed=2), crs="EPSG:32631",
        transform=in_zone_31(gsd_m),
    )  # fmt: skip
    full = whole(tmp_path, **{"edgers:resampling": resampling})
    assert not full.missing.any()
    with environment(), Raster(tmp_path, source(**{"edgers:resampling": resampling}), {}) as raster:
        for row, column, height, width in [(0, 0, 37, 41), (50, 13, 70, 90), (99, 99, 21, 21)]:
            part = raster.read(row, column, height, width)
            here = (slice(None), slice(row, row + height), slice(column, column + width))
            assert np.array_equal(part.samples, full.samples[here])
            assert np.array_equal(part.missing, full.missing[here])


def test_between_curved_grids_every_sample_is_of_the_right_pixel(tmp_path: Path) -> None:
    side, step_deg = 400, 4e-5
    (lon,), (lat,) = transform("EPSG:32630", "EPSG:4326", [TRANSFORM.c], [TRANSFORM.f])
    for seed, name in enumerate(("B02", "B03")):
        write_scene(tmp_path / f"a_{name}.tif", noise(1, side, side, seed=seed))
    other = noise(1, 1600, 1600, seed=2)
    place = Affine(step_deg, 0, lon - 0.01, 0, -step_deg, lat + 0.01)
    write_scene(tmp_path / "a_B04.tif", other, crs="EPSG:4326", transform=place)
    fields = {"edgers:resampling": "nearest", "edgers:gsd_tolerance": 1}
    window = whole(tmp_path, **fields)
    columns, rows = np.meshgrid(np.arange(side) + 0.5, np.arange(side) + 0.5)
    xs, ys = TRANSFORM.a * columns + TRANSFORM.c, TRANSFORM.e * rows + TRANSFORM.f
    lons, lats = map(np.array, transform("EPSG:32630", "EPSG:4326", xs.ravel(), ys.ravel()))
    wanted = other[
        0, ((place.f - lats) / step_deg).astype(int), ((lons - place.c) / step_deg).astype(int)
    ]
    assert np.array_equal(window.samples[2].ravel(), wanted)


def test_ground_that_a_file_does_not_cover_is_missing(tmp_path: Path) -> None:
    three_bands(tmp_path, 10, 10, 10)
    half = TRANSFORM @ Affine.translation(0, SIDE_PX // 2)
    band_file(tmp_path, "B04", transform=half)
    window = whole(tmp_path)
    assert window.missing[2, : SIDE_PX // 2].all()
    assert not window.missing[2, SIDE_PX // 2 :].any()
    assert not window.missing[:2].any()


def test_the_copy_nearest_the_models_gsd_is_taken(tmp_path: Path) -> None:
    files = three_bands(tmp_path, 10, 10, 10)
    (tmp_path / "coarse").mkdir()
    band_file(tmp_path / "coarse", "B03_20m", 20, seed=9)
    with rasterio.open(files[1]) as dataset:
        assert np.array_equal(whole(tmp_path).samples[1], dataset.read(1))


def test_two_files_of_one_band_are_not_guessed_between(tmp_path: Path) -> None:
    three_bands(tmp_path, 10, 10, 10)
    write_scene(tmp_path / "T30_20200202T101010_B03.tif", noise(1, SIDE_PX, SIDE_PX))
    with pytest.raises(BandError) as caught:
        whole(tmp_path)
    assert "2 bands that fit band B03" in caught.value.what
    assert "T30_20200101T101010_B03.tif" in caught.value.seen
    assert "Keep one of these files" in caught.value.fix


def test_a_picture_for_people_is_no_band(tmp_path: Path) -> None:
    three_bands(tmp_path, 10, 10, 10)[2].unlink()
    samples = noise(3, SIDE_PX, SIDE_PX).astype(np.uint8)
    for name in ("T30_20200101T101010_TCI_10m.tif", "T30_PVI.tif"):
        write_scene(tmp_path / name, samples, photometric="RGB")
    with pytest.raises(BandError, match="no band that fits band B04"):
        whole(tmp_path)


def test_a_band_that_no_file_has_is_named(tmp_path: Path) -> None:
    three_bands(tmp_path, 10, 10, 10)[2].unlink()
    with pytest.raises(BandError, match="no band that fits band B04"):
        whole(tmp_path)


def test_files_without_a_crs_share_one_grid_or_are_refused(tmp_path: Path) -> None:
    three_bands(tmp_path, 10, 10, 10)
    for path in tmp_path.iterdir():
        write_scene(path, noise(1, SIDE_PX, SIDE_PX), crs=None)
    assert whole(tmp_path).samples.shape == (3, SIDE_PX, SIDE_PX)
    write_scene(tmp_path / "T30_20200101T101010_B04.tif", noise(1, 60, 60), crs=None)
    with pytest.raises(SceneError, match="cannot be put onto one grid"):
        whole(tmp_path)


COMPLEX_TYPES = ["complex64", "complex128", "complex_int16"]


def complex_file(path: Path, samples: npt.NDArray[Any], dtype: str, **fields: Any) -> Path:
    """Write three bands of complex samples."""
    with rasterio.open(
        path, "w", driver="GTiff", count=3, height=samples.shape[1], width=samples.shape[2],
        dtype=dtype, crs="EPSG:32630", transform=TRANSFORM, **fields,
    ) as dataset:  # fmt: skip
        dataset.write(samples.astype("complex64" if dtype == "complex_int16" else dtype))
        dataset.descriptions = ("B02", "B03", "B04")
        dataset.units = ("m", "m", "m")
    return path


def waves(height: int = 40, width: int = 50) -> npt.NDArray[Any]:
    real, imaginary = noise(6, height, width).astype(np.float64).reshape(2, 3, height, width)
    found: npt.NDArray[Any] = real - 2000 + 1j * (imaginary - 2000)
    return found


@pytest.mark.parametrize("dtype", COMPLEX_TYPES)
@pytest.mark.parametrize("at_once", [2**20, 130])
def test_complex_samples_are_read_as_their_amplitude(
    tmp_path: Path, dtype: str, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asset, "AMPLITUDES_AT_ONCE", at_once)
    samples = waves()
    path = complex_file(tmp_path / "a.tif", samples, dtype)
    with environment(), Raster(path, source(), {}) as raster:
        assert {(band.data_type, band.unit) for band in raster.bands} == {("float32", "m")}
        window = raster.read(3, 5, 30, 20)
    assert window.samples.dtype == np.float32
    np.testing.assert_allclose(window.samples, np.abs(samples)[:, 3:33, 5:25], rtol=1e-6)
    assert not window.missing.any()


@pytest.mark.parametrize("dtype", COMPLEX_TYPES)
def test_complex_nodata_has_no_imaginary_part(tmp_path: Path, dtype: str) -> None:
    samples = waves()
    samples[0, 0, 0], samples[0, 0, 1], samples[0, 0, 2] = 7, 7j, 7 + 1j
    window = whole(complex_file(tmp_path / "a.tif", samples, dtype, nodata=7))
    assert np.argwhere(window.missing).tolist() == [[0, 0, 0]]
    assert window.samples[0, 0, 1] == 7


def test_complex_samples_that_are_no_number_are_missing(tmp_path: Path) -> None:
    samples = waves().astype("complex64")
    samples[1, 2, :3] = [np.nan, complex(1, np.inf), complex(3e38, 3e38)]
    window = whole(complex_file(tmp_path / "a.tif", samples, "complex64"))
    assert np.argwhere(window.missing).tolist() == [[1, 2, 0], [1, 2, 1], [1, 2, 2]]


def test_a_contract_may_count_on_amplitudes(tmp_path: Path) -> None:
    path = complex_file(tmp_path / "a.tif", waves(), "complex_int16")
    document = contract_document()
    for band in document["mlm:input"][0]["bands"]:
        band["data_type"] = "float32"
    wanted = contract_from_document(document).inputs[0]
    Raster(path, wanted, {}).close()
    document["mlm:input"][0]["bands"][0]["data_type"] = "int16"
    with pytest.raises(BandError, match="another sort"):
        Raster(path, contract_from_document(document).inputs[0], {})


def test_complex_samples_are_not_resampled(tmp_path: Path) -> None:
    three_bands(tmp_path, 10, 10, 10)[2].unlink()
    path = complex_file(tmp_path / "T30_20200101T101010_B04.tif", waves(), "complex64")
    with rasterio.open(path, "r+") as dataset:
        dataset.descriptions = ("other", "another", "B04")
    with pytest.raises(SceneError, match="cannot be put onto the grid"):
        whole(tmp_path)


def swath_file(path: Path, place: Place, samples: npt.NDArray[Any], **fields: Any) -> Path:
    """Write samples in sensor geometry."""
    write_scene(path, samples, crs=None, **fields)
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        dataset = rasterio.open(path, "r+")
    with dataset:
        if place.rpcs is not None:
            dataset.rpcs = place.rpcs
        else:
            dataset.gcps = list(place.gcps), place.gcp_crs
    return path


@pytest.mark.parametrize(
    "place", [Swath().place(), model_place(sensor_model(25.0))], ids=["points", "polynomials"]
)
@pytest.mark.parametrize("nodata", [None, -1.0])
def test_a_swath_is_put_onto_the_map_of_the_others(
    tmp_path: Path, place: Place, nodata: float | None
) -> None:
    rows, columns = np.mgrid[: place.height_px, : place.width_px] + 0.5
    for name, samples in (("B02", columns), ("B03", rows)):
        swath_file(tmp_path / f"a_{name}.tif", place, samples[np.newaxis], nodata=nodata)
    (x,), (y,) = transform("EPSG:4326", "EPSG:32635", [25.0], [45.0])
    side_m = 30.0 if place.rpcs else 100.0
    map_transform = Affine(side_m, 0, x - 300 * side_m, 0, -side_m, y + 450 * side_m)
    write_scene(tmp_path / "a_B04.tif", noise(1, 900, 600), crs="EPSG:32635",
                transform=map_transform)  # fmt: skip
    document = {"edgers:resampling": "bilinear", "edgers:gsd_m": side_m, "edgers:gsd_tolerance": 1}
    window = whole(tmp_path, **document)
    at = np.random.default_rng(0).integers(0, [[900], [600]], (2, 2000))
    xs, ys = map_transform @ (at[1] + 0.5, at[0] + 0.5)
    lon, lat = map(np.array, transform("EPSG:32635", "EPSG:4326", xs, ys))
    seen_columns, seen_rows, *_ = window.samples[:, at[0], at[1]]
    gone = window.missing[0, at[0], at[1]]
    found_lon, found_lat = place.lonlat(seen_columns, seen_rows)
    away_m = np.hypot((found_lon - lon) * 78_850, (found_lat - lat) * 111_130)[~gone]
    assert gone.any()
    assert (~gone).sum() > 200
    # Half a source pixel beyond the middles of the outermost ones, there is nothing in between.
    source_m = 12.0 if place.rpcs else 100.0
    assert away_m.max() < source_m
    assert np.median(away_m) < 0.05 * source_m


def test_files_of_one_swath_need_the_same_points(tmp_path: Path) -> None:
    place = Swath().place()
    for name in ("B02", "B03", "B04"):
        swath_file(tmp_path / f"a_{name}.tif", place, noise(1, *place.shape))
    assert whole(tmp_path, **{"edgers:gsd_m": 100}).samples.shape == (3, *place.shape)
    swath_file(tmp_path / "a_B04.tif", Swath(lon=25.01).place(), noise(1, *place.shape))
    with pytest.raises(SceneError, match="cannot be put onto one grid"):
        whole(tmp_path, **{"edgers:gsd_m": 100})


def test_a_folder_without_rasters_is_no_scene(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no raster")
    with pytest.raises(SceneError, match="It holds 0 rasters"):
        whole(tmp_path)


@pytest.mark.parametrize(
    ("path", "name"), [("a/scene.tif", "scene"), ("a/S2A_X.SAFE", "S2A_X"), ("a/b.c", "b.c")]
)
def test_products_are_named_after_the_scene(tmp_path: Path, path: str, name: str) -> None:
    whole_path = tmp_path / path
    if not path.endswith(".tif"):
        whole_path.mkdir(parents=True)
    assert scene_name(whole_path) == name

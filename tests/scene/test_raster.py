"""Samples, missing samples and nodata pixels of a scene, window by window."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from affine import Affine
from builders.scenes import CORNERS, TRANSFORM, noise, place_by_points, write_scene
from rasterio.enums import ColorInterp
from rasterio.windows import Window

from edgers.contract import Band, ModelInput, NodataRule
from edgers.errors import BandError, SceneError
from edgers.scene.raster import Raster, SceneWindow

NAMES = ("B02", "B03", "B04")


def model_input(names: tuple[str, ...] = NAMES, **fields: Any) -> ModelInput:
    return ModelInput(
        name="x",
        bands=tuple(Band(name=name) for name in names),
        shape=(-1, len(names), -1, -1),
        dim_order=("batch", "channel", "height", "width"),
        data_type="float32",
        **fields,
    )


def opened(path: Path, names: tuple[str, ...] = NAMES, **fields: Any) -> Raster:
    return Raster(path, model_input(names, **fields), {})


def whole(path: Path, names: tuple[str, ...] = NAMES, **fields: Any) -> SceneWindow:
    with opened(path, names, **fields) as raster:
        return raster.read(0, 0, raster.height_px, raster.width_px)


def scene(folder: Path, samples: npt.NDArray[Any], **profile: Any) -> Path:
    return write_scene(folder / "s.tif", samples, names=NAMES[: len(samples)], **profile)


TYPES = ["int8", "uint8", "uint16", "int16", "int32", "uint32", "float32", "float64"]


def extremes(dtype: str) -> npt.NDArray[Any]:
    """Samples that reach both ends of a type."""
    limits = np.iinfo(dtype) if np.dtype(dtype).kind in "iu" else np.finfo(dtype)
    samples = noise(3, 12, 10, "uint8").astype(dtype)
    samples[:, 0, 0], samples[:, 0, 1] = limits.min, limits.max
    return samples


@pytest.mark.parametrize("dtype", TYPES)
def test_samples_come_as_they_are_stored(tmp_path: Path, dtype: str) -> None:
    samples = extremes(dtype)
    window = whole(scene(tmp_path, samples))
    assert window.samples.dtype == dtype
    assert np.array_equal(window.samples, samples)
    assert not window.missing.any()
    assert not window.nodata.any()


@pytest.mark.parametrize("dtype", TYPES)
def test_a_nodata_value_is_missing_in_every_type(tmp_path: Path, dtype: str) -> None:
    samples = extremes(dtype)
    nodata = float(samples[0, 0, 0])
    window = whole(scene(tmp_path, samples, nodata=nodata))
    assert np.array_equal(window.missing, samples == samples[0, 0, 0])
    assert window.missing[:, 0, 0].all()


@pytest.mark.parametrize(
    "window", [(0, 0, 1, 1), (3, 5, 40, 17), (0, 0, 70, 90), (69, 89, 1, 1), (31, 31, 34, 34)]
)
@pytest.mark.parametrize("layout", [{}, {"tiled": True, "blockxsize": 32, "blockysize": 32}])
def test_windows_are_rasterios_own(
    tmp_path: Path, window: tuple[int, int, int, int], layout: dict[str, Any]
) -> None:
    row, column, height, width = window
    path = scene(tmp_path, noise(3, 70, 90), **layout)
    with opened(path) as raster, rasterio.open(path) as dataset:
        found = raster.read(row, column, height, width)
        wanted = dataset.read(window=Window(column, row, width, height))
    assert np.array_equal(found.samples, wanted)
    assert found.nodata.shape == (height, width)


def test_bands_come_in_the_models_order(tmp_path: Path) -> None:
    samples = noise(3, 8, 8)
    found = whole(scene(tmp_path, samples), ("B04", "B02")).samples
    assert np.array_equal(found, samples[[2, 0]])


@pytest.mark.parametrize(
    "transform",
    [
        Affine(10, 0, 600_000, 0, 10, 4_100_000),
        Affine(8, 6, 600_000, 6, -8, 4_200_000),
        Affine(-10, 0, 600_000, 0, -10, 4_200_000),
    ],
    ids=["south up", "rotated", "east left"],
)
def test_unusual_grids_are_read_as_they_lie(tmp_path: Path, transform: Affine) -> None:
    samples = noise(3, 20, 30)
    path = scene(tmp_path, samples, transform=transform)
    with opened(path, gsd_m=10.0) as raster:
        assert raster.place.transform == transform
        assert raster.place.crs is not None
        assert np.array_equal(raster.read(2, 3, 5, 6).samples, samples[:, 2:7, 3:9])


HOLES = np.zeros((12, 10), bool)
HOLES[2:5, 3:9] = True


def test_a_mask_beside_the_file_is_taken(tmp_path: Path) -> None:
    path = scene(tmp_path, noise(3, 12, 10))
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK="NO"), rasterio.open(path, "r+") as dataset:
        dataset.write_mask(~HOLES)
    assert path.with_suffix(".tif.msk").exists()
    window = whole(path)
    assert np.array_equal(window.nodata, HOLES)
    assert np.array_equal(window.missing, np.stack([HOLES] * 3))


def test_a_mask_inside_the_file_is_taken(tmp_path: Path) -> None:
    path = scene(tmp_path, noise(3, 12, 10))
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK="YES"), rasterio.open(path, "r+") as dataset:
        dataset.write_mask(~HOLES)
    assert not path.with_suffix(".tif.msk").exists()
    assert np.array_equal(whole(path).nodata, HOLES)


def with_alpha(folder: Path, position: int, dtype: str = "uint8") -> Path:
    samples = noise(4, 12, 10, dtype)
    samples[position] = np.where(HOLES, 0, 200)
    names = list(NAMES)
    names.insert(position, "alpha")
    path = write_scene(folder / "s.tif", samples, names=tuple(names))
    with rasterio.open(path, "r+") as dataset:
        dataset.colorinterp = [
            ColorInterp.alpha if i == position else ColorInterp.gray for i in range(4)
        ]
    return path


@pytest.mark.parametrize("position", [0, 3])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_an_alpha_band_is_a_mask(tmp_path: Path, position: int, dtype: str) -> None:
    window = whole(with_alpha(tmp_path, position, dtype))
    assert window.samples.shape == (3, 12, 10)
    assert np.array_equal(window.nodata, HOLES)


def test_without_nodata_all_is_valid(tmp_path: Path) -> None:
    samples = noise(3, 12, 10)
    samples[:, HOLES] = 0
    window = whole(scene(tmp_path, samples))
    assert not window.missing.any()
    assert not window.nodata.any()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("rule", ["all", "any"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_not_finite_is_nodata_by_either_rule(
    tmp_path: Path, value: float, rule: Any, dtype: str
) -> None:
    samples = noise(3, 12, 10, dtype)
    samples[1, HOLES] = value
    window = whole(scene(tmp_path, samples), nodata=NodataRule(pixel=rule))
    assert np.array_equal(window.nodata, HOLES)
    assert np.array_equal(window.missing[1], HOLES)
    assert not window.missing[0].any()


def test_a_nodata_value_of_nan_is_taken(tmp_path: Path) -> None:
    samples = noise(3, 12, 10, "float32")
    samples[:, HOLES] = np.nan
    assert np.array_equal(whole(scene(tmp_path, samples, nodata=np.nan)).nodata, HOLES)


@pytest.mark.parametrize(("rule", "bands_gone"), [("all", 3), ("any", 1)])
def test_the_contract_says_when_a_pixel_is_nodata(
    tmp_path: Path, rule: Any, bands_gone: int
) -> None:
    samples = noise(3, 4, 4)
    for gone in range(4):
        samples[:gone, 0, gone] = 0
    window = whole(scene(tmp_path, samples, nodata=0), nodata=NodataRule(pixel=rule))
    assert window.nodata[0].tolist() == [gone >= bands_gone for gone in range(4)]
    assert not window.nodata[1:].any()
    assert [int(window.missing[:, 0, gone].sum()) for gone in range(4)] == [0, 1, 2, 3]


def test_only_the_bands_that_are_read_count(tmp_path: Path) -> None:
    samples = noise(3, 12, 10)
    samples[0, HOLES] = 0
    path = scene(tmp_path, samples, nodata=0)
    assert not whole(path, ("B03", "B04"), nodata=NodataRule(pixel="any")).nodata.any()
    assert np.array_equal(whole(path, ("B02",)).nodata, HOLES)


def test_a_nodata_value_and_an_alpha_band_add_up(tmp_path: Path) -> None:
    path = with_alpha(tmp_path, 3)
    with rasterio.open(path, "r+") as dataset:
        samples = dataset.read()
        samples[:3] = np.maximum(samples[:3], 1)
        samples[:3, 0, 0] = 0
        dataset.write(samples)
        dataset.nodata = 0
    wanted = HOLES.copy()
    wanted[0, 0] = True
    assert np.array_equal(whole(path).nodata, wanted)


@pytest.mark.parametrize("stated", [b"-99", b"999", b"0.5"])
def test_a_nodata_value_that_the_type_cannot_hold_marks_nothing(
    tmp_path: Path, stated: bytes
) -> None:
    samples = np.arange(256, dtype=np.uint8).reshape(1, 16, 16).repeat(3, axis=0)
    path = scene(tmp_path, samples, nodata=253)
    path.write_bytes(path.read_bytes().replace(b"253\0", stated + b"\0"))
    with rasterio.open(path) as dataset:
        assert dataset.nodata != 253
    assert not whole(path).missing.any()


def test_a_nodata_value_is_rounded_as_the_samples_are(tmp_path: Path) -> None:
    samples = noise(3, 12, 10, "float32")
    samples[:, HOLES] = np.float32(-0.1)
    assert np.array_equal(whole(scene(tmp_path, samples, nodata=-0.1)).nodata, HOLES)


def test_the_lowest_double_is_a_nodata_value(tmp_path: Path) -> None:
    samples = noise(3, 12, 10, "float64")
    lowest = float(np.finfo("float64").min)
    samples[:, HOLES] = lowest
    assert np.array_equal(whole(scene(tmp_path, samples, nodata=lowest)).nodata, HOLES)


def scaled_scene(folder: Path) -> Path:
    path = scene(folder, noise(3, 8, 8))
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets = (1e-4, 1e-4, 2e-4), (-0.1, 0, 0)
    return path


def test_scale_tags_that_the_contract_does_not_speak_of_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BandError) as caught:
        opened(scaled_scene(tmp_path))
    text = str(caught.value)
    assert "Band B02 has scale 0.0001, offset -0.1." in text
    assert '"edgers:values": "stored" or "physical"' in text


@pytest.mark.parametrize(("values", "scaled"), [("stored", False), ("physical", True)])
def test_the_contract_says_whether_scale_tags_count(
    tmp_path: Path, values: Any, scaled: bool
) -> None:
    with opened(scaled_scene(tmp_path), values=values) as raster:
        assert raster.is_scaled is scaled
        assert np.array_equal(raster.read(0, 0, 8, 8).samples, noise(3, 8, 8))


@pytest.mark.parametrize("values", ["stored", "physical", None])
def test_a_scene_without_scale_tags_is_as_it_is(tmp_path: Path, values: Any) -> None:
    with opened(scene(tmp_path, noise(3, 8, 8)), values=values) as raster:
        assert not raster.is_scaled


@pytest.mark.parametrize(
    ("size_m", "fits"), [(10, True), (5.1, True), (14.9, True), (4.9, False), (15.1, False)]
)
def test_another_ground_sample_distance_is_refused(
    tmp_path: Path, size_m: float, fits: bool
) -> None:
    near_meridian = Affine(size_m, 0, 500_000, 0, -size_m, 4_200_000)
    path = scene(tmp_path, noise(3, 8, 8), transform=near_meridian)
    if fits:
        opened(path, gsd_m=10.0).__exit__(None, None, None)
        return
    with pytest.raises(SceneError, match="another ground sample distance") as caught:
        opened(path, gsd_m=10.0)
    assert f"Its pixels are {size_m:.3g} m wide." in str(caught.value)
    assert "The contract takes 5 m to 15 m." in str(caught.value)


def test_the_contract_may_take_a_narrower_range(tmp_path: Path) -> None:
    path = scene(tmp_path, noise(3, 8, 8), transform=TRANSFORM @ Affine.scale(1.2))
    opened(path, gsd_m=10.0).__exit__(None, None, None)
    with pytest.raises(SceneError, match="9 m to 11 m"):
        opened(path, gsd_m=10.0, gsd_tolerance=0.1)


def test_a_grid_in_degrees_is_measured_on_the_ground(tmp_path: Path) -> None:
    at_60_degrees = Affine(9e-5, 0, 10, 0, -9e-5, 60)
    path = scene(tmp_path, noise(3, 8, 8), crs="EPSG:4326", transform=at_60_degrees)
    opened(path, gsd_m=10.0).__exit__(None, None, None)
    with pytest.raises(SceneError, match="another ground sample distance"):
        opened(path, gsd_m=30.0)


def test_without_a_crs_no_distance_is_asked_for(tmp_path: Path) -> None:
    with opened(scene(tmp_path, noise(3, 8, 8), crs=None), gsd_m=10.0) as raster:
        assert raster.place.crs is None
        assert raster.place.transform.is_identity


def test_ground_control_points_are_kept(tmp_path: Path) -> None:
    with opened(place_by_points(scene(tmp_path, noise(3, 8, 8), crs=None))) as raster:
        place = raster.place
        assert tuple((p.row, p.col, p.x, p.y) for p in place.gcps) == CORNERS
        assert place.gcp_crs is not None
        assert place.gcp_crs.to_epsg() == 4326
        assert place.crs is None


def test_a_file_that_does_not_fit_is_closed(tmp_path: Path) -> None:
    path = scene(tmp_path, noise(3, 8, 8))
    with pytest.raises(BandError):
        opened(path, ("B12",))
    descriptors = [link.resolve() for link in Path("/proc/self/fd").iterdir()]
    assert path.resolve() not in descriptors


def test_a_closed_raster_cannot_be_read(tmp_path: Path) -> None:
    with opened(scene(tmp_path, noise(3, 8, 8))) as raster:
        pass
    with pytest.raises(SceneError):
        raster.read(0, 0, 8, 8)

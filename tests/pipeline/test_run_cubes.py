"""Cubes of many bands: ENVI and COG, with wavelengths, read back by EdgeRS and by GDAL."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
import rasterio
from affine import Affine
from builders.bundles import make_bundle
from builders.networks import plain_contract
from builders.runs import edgers, run_on
from builders.scenes import noise, place_by_points, write_scene
from onnx import TensorProto, helper
from PIL import Image

from edgers.bundle import open_bundle
from edgers.errors import ContractError, SceneError
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.report import SceneReport
from edgers.pipeline.run import run_scene
from edgers.products.spectra_picture import CURVES
from edgers.scene.bands import SceneBand, bands_of
from edgers.scene.envi import read_header

BANDS = 60
WAVELENGTHS_NM = [400 + 6.5 * i for i in range(BANDS)]


def cube_net() -> onnx.ModelProto:
    """What comes in."""
    shape = ["n", BANDS, "h", "w"]
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])], "cube",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
    )  # fmt: skip
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    return made


def cube_contract(**output: Any) -> dict[str, Any]:
    axes = ["batch", "channel", "height", "width"]
    tensor = {"shape": [-1, BANDS, -1, -1], "dim_order": axes, "data_type": "float32"}
    bands = [
        {"name": f"w{i}", "center_wavelength": nm / 1000} for i, nm in enumerate(WAVELENGTHS_NM)
    ]
    return {
        "mlm:name": "cube",
        "mlm:input": [{"name": "x", "bands": bands, "input": tensor}],
        "mlm:output": [
            {
                "name": "y", "tasks": ["generative"], "result": tensor,
                "edgers:restores": {"input": "x"}, **output,
            }
        ],
    }  # fmt: skip


def cube_scene(path: Path, height: int = 40, width: int = 50) -> npt.NDArray[Any]:
    """Write a cube whose bands are known by wavelength alone; its first corner has no data."""
    level = np.arange(1, BANDS + 1).reshape(-1, 1, 1) * 10
    samples = (noise(BANDS, height, width) // 40 + level).astype(np.uint16)
    samples[:, :5, :5] = 0
    write_scene(path, samples, nodata=0)
    with rasterio.open(path, "r+") as dataset:
        for i, nm in enumerate(WAVELENGTHS_NM, 1):
            dataset.update_tags(i, wavelength=nm, wavelength_units="nanometers", fwhm=6.5)
    return samples


def run_cube(folder: Path, scene: Path, **options: Any) -> SceneReport:
    output = options.pop("output", {})
    with load_model(open_bundle(make_bundle(folder, cube_contract(**output), cube_net))) as model:
        return run_scene(model, scene, folder / "out", RunOptions(**options))


def check_spectral(bands: Sequence[SceneBand]) -> None:
    wavelengths_um = [band.wavelength_um for band in bands]
    assert wavelengths_um == pytest.approx([nm / 1000 for nm in WAVELENGTHS_NM])
    assert [band.fwhm_um for band in bands] == pytest.approx([0.0065] * BANDS)


def test_an_envi_cube_is_what_edgers_and_gdal_read(tmp_path: Path) -> None:
    samples = cube_scene(tmp_path / "scene.tif")
    report = run_cube(tmp_path, tmp_path / "scene.tif", cube="envi", tile_px=16)
    names = [path.name for path in report.products]
    assert names == ["scene_cube.bil", "scene_cube.hdr", "scene_cube.png", "scene_cube.json"]
    wanted = samples.astype(np.float32)
    wanted[:, :5, :5] = np.nan
    header = read_header(report.products[1])
    rows = np.fromfile(report.products[0], header.stored_type)
    found = rows.reshape(header.lines, len(header.bands), header.samples).transpose(1, 0, 2)
    assert np.array_equal(found, wanted, equal_nan=True)
    check_spectral(header.bands)
    assert header.nodata is not None
    assert np.isnan(header.nodata)
    assert header.gsd_m == 10
    with rasterio.open(report.products[0], driver="ENVI") as dataset:
        assert np.array_equal(dataset.read(), wanted, equal_nan=True)
        assert dataset.crs.to_epsg() == 32630
        assert tuple(dataset.transform)[:6] == (10, 0, 600_000, 0, -10, 4_200_000)
        assert float(dataset.tags(2)["wavelength"]) == 406.5
    item = json.loads(report.products[-1].read_text())
    assert item["assets"]["values"]["type"] == "application/octet-stream"
    assert item["assets"]["values_header"]["href"] == "./scene_cube.hdr"


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3035", "EPSG:32733"])
def test_gdal_places_a_cube_as_the_scene(tmp_path: Path, crs: str) -> None:
    transform = (
        Affine(0.001, 0, 11, 0, -0.002, 48)
        if crs == "EPSG:4326"
        else Affine(30, 0, 4_300_000, 0, -30, 2_900_000)
    )
    samples = noise(BANDS, 20, 20)
    write_scene(tmp_path / "scene.tif", samples, crs=crs, transform=transform)
    with rasterio.open(tmp_path / "scene.tif", "r+") as dataset:
        for i, nm in enumerate(WAVELENGTHS_NM, 1):
            dataset.update_tags(i, wavelength=nm, wavelength_units="nm")
    report = run_cube(tmp_path, tmp_path / "scene.tif", cube="envi")
    with rasterio.open(report.products[0], driver="ENVI") as dataset:
        assert dataset.crs.to_epsg(confidence_threshold=20) == int(crs.removeprefix("EPSG:"))
        assert dataset.transform.almost_equals(transform, 1e-9)


def test_whole_numbers_of_a_cube_have_gains_and_offsets(tmp_path: Path) -> None:
    samples = cube_scene(tmp_path / "scene.tif")
    storage = {"edgers:storage": {"data_type": "int16", "scale": 0.5, "offset": 100}}
    report = run_cube(tmp_path, tmp_path / "scene.tif", cube="envi", output=storage)
    header = read_header(report.products[1])
    assert (header.data_type, header.nodata) == ("int16", -32768)
    rows = np.fromfile(report.products[0], header.stored_type).reshape(40, BANDS, 50)
    band = header.bands[7]
    assert (band.scale, band.offset) == (0.5, 100)
    values = rows[:, 7] * band.scale + band.offset
    assert np.array_equal(values[5:], samples[7, 5:])


def test_a_cog_of_a_cube_is_a_scene_that_runs_again_to_the_same(tmp_path: Path) -> None:
    samples = cube_scene(tmp_path / "scene.tif", 200, 150)
    report = run_cube(tmp_path, tmp_path / "scene.tif", tile_px=64)
    with rasterio.open(report.products[0]) as dataset:
        assert dataset.block_shapes[0] == (128, 128)
        bands = bands_of(dataset)
        first = dataset.read()
    check_spectral(bands)
    assert np.array_equal(first[:, 5:], samples[:, 5:])
    again = edgers(
        "run", tmp_path / "b.edgers", report.products[0], "-o", tmp_path / "again", "--quiet"
    )
    assert again.code == 0, again.err
    with rasterio.open(tmp_path / "again" / "scene_cube_cube.tif") as dataset:
        assert np.array_equal(dataset.read(), first, equal_nan=True)


def test_the_picture_of_a_cube_has_spectra(tmp_path: Path) -> None:
    cube_scene(tmp_path / "scene.tif")
    report = run_cube(tmp_path, tmp_path / "scene.tif")
    picture = np.asarray(Image.open(report.products[1])).reshape(-1, 3)
    for colour in CURVES:
        assert (picture == colour).all(axis=1).sum() > 300


def test_the_same_scene_gives_the_same_cube_to_the_last_byte(tmp_path: Path) -> None:
    cube_scene(tmp_path / "scene.tif")
    made = []
    for tile_px in (16, 23):
        folder = tmp_path / str(tile_px)
        folder.mkdir()
        report = run_cube(folder, tmp_path / "scene.tif", cube="envi", tile_px=tile_px)
        made.append(report.products[0].read_bytes())
    assert made[0] == made[1]


def test_a_map_beside_a_cube_is_a_cog(tmp_path: Path) -> None:
    cube_scene(tmp_path / "scene.tif")
    report = run_cube(tmp_path, tmp_path / "scene.tif", cube="envi", warp="EPSG:4326")
    assert [path.suffix for path in report.products] == [".bil", ".hdr", ".tif", ".png", ".json"]
    with rasterio.open(report.products[2]) as dataset:
        assert dataset.crs.to_epsg() == 4326
        assert dataset.tags(2)["wavelength"] == "406.5"


def test_a_cube_that_its_header_cannot_place_is_refused(tmp_path: Path) -> None:
    write_scene(tmp_path / "scene.tif", noise(BANDS, 20, 20), crs=None)
    place_by_points(tmp_path / "scene.tif")
    with rasterio.open(tmp_path / "scene.tif", "r+") as dataset:
        for i, nm in enumerate(WAVELENGTHS_NM, 1):
            dataset.update_tags(i, wavelength=nm, wavelength_units="nm")
    with pytest.raises(SceneError, match="cannot say where"):
        run_cube(tmp_path, tmp_path / "scene.tif", cube="envi")
    assert not list((tmp_path / "out").glob("*"))


def test_classes_give_no_cube(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="gives no cube"):
        run_on(tmp_path, noise(3, 20, 20), document=plain_contract(), cube="envi")

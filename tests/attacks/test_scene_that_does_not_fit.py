"""Scenes that are whole but are not what the model needs."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from builders.bundles import BAND_NAMES, contract_document, make_bundle
from builders.refusals import edgers_within, is_refusal, refused_run
from builders.runs import edgers
from builders.scenes import noise, write_scene


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle for three bands of uint16 reflectance at 10 m."""
    document = contract_document(**{"edgers:gsd_m": 10})
    for band in document["mlm:input"][0]["bands"]:
        band |= {"data_type": "uint16", "unit": "reflectance"}
    return make_bundle(tmp_path_factory.mktemp("bundle"), document)


def scene(folder: Path, **fields: Any) -> Path:
    samples = fields.pop("samples", noise(3, 40, 50))
    names = fields.pop("names", BAND_NAMES)
    return write_scene(folder / "scene.tif", samples, names=names, **fields)


def refusal(bundle: Path, folder: Path, **fields: Any) -> str:
    return refused_run(bundle, scene(folder, **fields), folder / "out")


def test_the_scene_they_vary_is_accepted(bundle: Path, tmp_path: Path) -> None:
    assert edgers("run", bundle, scene(tmp_path), "-o", tmp_path / "out").code == 0


def test_a_missing_band_is_named(bundle: Path, tmp_path: Path) -> None:
    text = refusal(bundle, tmp_path, names=("B02", "B03", "B05"))
    assert "scene.tif has no band that fits band B04 (red, 0.665 µm)." in text
    assert "It has: B02, B03, B05." in text


def test_too_few_bands_are_refused(bundle: Path, tmp_path: Path) -> None:
    text = refusal(bundle, tmp_path, samples=noise(2, 40, 50), names=("B02", "B03"))
    assert "no band that fits band B04" in text


def test_bands_without_names_are_refused_though_their_number_is_right(
    bundle: Path, tmp_path: Path
) -> None:
    text = refusal(bundle, tmp_path, names=())
    assert "It has: band 1, band 2, band 3." in text
    assert "--map B02=<band name or number>" in text


def test_more_bands_than_needed_are_no_trouble(bundle: Path, tmp_path: Path) -> None:
    path = scene(tmp_path, samples=noise(5, 40, 50), names=("B01", *BAND_NAMES, "B05"))
    assert edgers("run", bundle, path, "-o", tmp_path / "out").code == 0


@pytest.mark.parametrize("dtype", ["float32", "uint8", "float64"])
def test_samples_of_another_sort_are_refused(bundle: Path, tmp_path: Path, dtype: str) -> None:
    text = refusal(bundle, tmp_path, samples=noise(3, 40, 50, dtype))
    assert f"It holds {dtype}." in text
    assert "The contract says uint16 for band B02." in text


def test_another_unit_is_refused(bundle: Path, tmp_path: Path) -> None:
    path = scene(tmp_path)
    with rasterio.open(path, "r+") as dataset:
        dataset.units = ("radiance",) * 3
    assert "It is in 'radiance'." in refused_run(bundle, path, tmp_path / "out")


def test_scale_tags_without_a_word_in_the_contract_are_refused(
    bundle: Path, tmp_path: Path
) -> None:
    path = scene(tmp_path)
    with rasterio.open(path, "r+") as dataset:
        dataset.offsets = (-1000.0,) * 3
    assert "edgers:values" in refused_run(bundle, path, tmp_path / "out")


@pytest.mark.parametrize("size_m", [1, 3, 20, 1000])
def test_another_resolution_is_refused(bundle: Path, tmp_path: Path, size_m: float) -> None:
    text = refusal(bundle, tmp_path, transform=Affine(size_m, 0, 6e5, 0, -size_m, 4.2e6))
    assert "another ground sample distance" in text


def test_a_scene_without_data_is_refused(bundle: Path, tmp_path: Path) -> None:
    text = refusal(bundle, tmp_path, samples=np.zeros((3, 40, 50), np.uint16), nodata=0)
    assert "scene scene.tif has no data." in text


def test_a_scene_without_a_crs_has_no_areas_but_a_map(bundle: Path, tmp_path: Path) -> None:
    done = edgers("run", bundle, scene(tmp_path, crs=None), "-o", tmp_path / "out")
    assert (done.code, done.err) == (0, "")
    assert "km²" not in done.out


UNPLACED = {
    "site grid": 'LOCAL_CS["site grid",UNIT["metre",1]]',
    "engineering": (
        'ENGCRS["deck",EDATUM["bow"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],'
        'LENGTHUNIT["metre",1]]'
    ),
    "far off": "EPSG:32630",
    "the Moon": "+proj=longlat +R=1737400 +no_defs",
}


@pytest.mark.parametrize("name", UNPLACED)
def test_a_crs_that_leads_nowhere_on_earth_is_refused(
    bundle: Path, tmp_path: Path, name: str
) -> None:
    corner = 5e9 if name == "far off" else 0
    size = 1e-4 if name == "the Moon" else 10
    place = Affine(size, 0, corner, 0, -size, corner)
    text = refusal(bundle, tmp_path, crs=UNPLACED[name], transform=place)
    assert "scene.tif has a CRS that cannot be placed on Earth." in text


def test_a_picture_of_the_whole_disk_is_run_though_its_corners_are_sky(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path)
    disk = "+proj=geos +h=35785831 +lon_0=0 +sweep=y +datum=WGS84"
    place = Affine(120_000, 0, -5.4e6, 0, -120_000, 5.4e6)
    path = scene(tmp_path, samples=noise(3, 90, 90), crs=disk, transform=place)
    done = edgers("run", bundle, path, "-o", tmp_path / "out")
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize(
    "transform",
    [Affine(0, 0, 6e5, 0, 0, 4.2e6), Affine(1e30, 0, 0, 0, -1e30, 0), Affine(1, 1, 0, 1, 1, 0)],
    ids=["no size", "huge", "flat"],
)
def test_a_grid_of_nonsense_is_refused_or_gives_no_areas(
    bundle: Path, tmp_path: Path, transform: Affine
) -> None:
    path = scene(tmp_path, transform=transform)
    done = edgers("run", bundle, path, "-o", tmp_path / "out")
    assert is_refusal(done) or (done.code == 0 and "km²" not in done.out)


def test_a_file_name_in_another_encoding_is_run_or_refused(bundle: Path, tmp_path: Path) -> None:
    odd = scene(tmp_path).rename(tmp_path / os.fsdecode(b"caf\xe9.tif"))
    done = edgers_within(20, "run", bundle, odd, "-o", tmp_path / "out")
    assert done.code == 0 or is_refusal(done), done
    assert (done.code == 0) == (tmp_path / "out").exists()


def test_the_scene_and_its_folder_are_left_as_they_are(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = scene(tmp_path / "in", crs=None)
    before = path.read_bytes()
    assert edgers("run", bundle, path, "-o", tmp_path / "out", "--probabilities").code == 0
    assert edgers("inspect", path).code == 0
    assert [entry.name for entry in path.parent.iterdir()] == ["scene.tif"]
    assert path.read_bytes() == before

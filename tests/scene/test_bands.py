"""Which scene band is taken for which model band, and when none is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from builders.scenes import noise, write_scene
from rasterio.enums import ColorInterp

from edgers.contract import Band
from edgers.errors import BandError
from edgers.scene.bands import SceneBand, bands_of, match_bands, plain_name
from edgers.scene.open import open_raster


def scene_band(index: int = 1, **fields: Any) -> SceneBand:
    values: dict[str, Any] = {
        "name": "",
        "common_name": "",
        "wavelength_um": None,
        "data_type": "uint16",
        "unit": "",
        "scale": 1.0,
        "offset": 0.0,
    }
    return SceneBand(index=index, **(values | fields))


def named(*names: str) -> list[SceneBand]:
    return [scene_band(i, name=name) for i, name in enumerate(names, 1)]


def match(
    wanted: Band, scene: list[SceneBand], renamed: Mapping[str, str] | None = None
) -> SceneBand:
    return match_bands([wanted], scene, renamed or {}, "s.tif")[0]


def refusal(wanted: Band, scene: list[SceneBand], renamed: Mapping[str, str] | None = None) -> str:
    with pytest.raises(BandError) as caught:
        match(wanted, scene, renamed)
    return str(caught.value)


RED = Band(name="B04", common_name="red", center_wavelength_um=0.665)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("B1", "B01"),
        ("B1", "b_1"),
        ("B1", "Band 1"),
        ("B1", "band-01"),
        ("B8A", "b8a"),
        ("B8A", "B08A"),
        ("SR_B4", "srb4"),
        ("VV", " vv "),
    ],
)
def test_names_written_differently_are_the_same(one: str, other: str) -> None:
    assert plain_name(one) == plain_name(other)
    assert match(Band(name=one), named("B99", other)).index == 2


@pytest.mark.parametrize(
    ("one", "other"), [("B1", "B10"), ("B1", "B11"), ("B10", "B100"), ("B8", "B8A"), ("B2", "2")]
)
def test_names_of_other_bands_stay_apart(one: str, other: str) -> None:
    assert plain_name(one) != plain_name(other)
    assert "no band that fits band" in refusal(Band(name=one), named(other))


def test_bands_are_found_by_name_never_by_position() -> None:
    scene = named("B04", "B02", "B03")
    wanted = [Band(name=name) for name in ("B02", "B03", "B04")]
    assert [band.index for band in match_bands(wanted, scene, {}, "s.tif")] == [2, 3, 1]


def test_a_band_without_a_name_is_never_taken_by_position() -> None:
    text = refusal(Band(name="B04"), [scene_band(1), scene_band(2)])
    assert "s.tif has no band that fits band B04." in text
    assert "It has: band 1, band 2." in text
    assert "--map B04=<band name or number>" in text


@pytest.mark.parametrize("found", [{"name": "Red"}, {"common_name": "red"}])
def test_a_common_name_is_found_in_description_or_colour(found: dict[str, Any]) -> None:
    scene = [scene_band(1, name="x"), scene_band(2, **found)]
    assert match(RED, scene).index == 2


def test_a_model_band_named_as_a_colour_is_found_by_colour() -> None:
    scene = [scene_band(1, common_name="blue"), scene_band(2, common_name="red")]
    assert match(Band(name="Red"), scene).index == 2


def test_a_name_counts_more_than_a_common_name_and_that_more_than_a_wavelength() -> None:
    by_wavelength = scene_band(1, wavelength_um=0.665)
    by_common_name = scene_band(2, common_name="red")
    by_name = scene_band(3, name="B4")
    assert match(RED, [by_wavelength, by_common_name, by_name]).index == 3
    assert match(RED, [by_wavelength, by_common_name]).index == 2
    assert match(RED, [by_wavelength]).index == 1


def test_the_nearest_wavelength_within_the_tolerance_is_taken() -> None:
    scene = [scene_band(i, wavelength_um=um) for i, um in enumerate((0.658, 0.668, 0.672), 1)]
    assert match(RED, scene).index == 2
    close = Band(name="B04", center_wavelength_um=0.665, wavelength_tolerance_um=0.002)
    assert "(0.665 µm)" in refusal(close, scene)


def test_two_bands_that_fit_are_told_and_none_is_taken() -> None:
    text = refusal(RED, named("B4", "B04", "B5"))
    assert "s.tif has 2 bands that fit band B04 (red, 0.665 µm)." in text
    assert "B4 (number 1), B04 (number 2)" in text
    assert "--map B04=NUMBER" in text


def test_two_bands_of_one_colour_are_told() -> None:
    scene = [scene_band(1, common_name="red"), scene_band(2, name="RED")]
    assert "has 2 bands that fit" in refusal(RED, scene)


@pytest.mark.parametrize("target", ["SWIR 1", "swir1", "3"])
def test_map_takes_a_name_or_a_number(target: str) -> None:
    assert match(RED, named("B04", "x", "SWIR 1"), {"B04": target}).index == 3


def test_map_takes_a_colour() -> None:
    scene = [scene_band(1, name="B04"), scene_band(2, common_name="green")]
    assert match(RED, scene, {"B04": "Green"}).index == 2


def test_map_settles_what_fits_twice() -> None:
    assert match(RED, named("B04", "B4"), {"B04": "2"}).index == 2


@pytest.mark.parametrize("target", ["0", "4", "-1", "B77", "1.0"])
def test_map_to_a_band_that_is_not_there_is_refused(target: str) -> None:
    assert f"no band that fits {target!r}" in refusal(RED, named("a", "b", "c"), {"B04": target})


def test_map_of_a_band_the_model_does_not_have_is_refused() -> None:
    text = refusal(RED, named("B04"), {"B05": "1"})
    assert "--map names band 'B05', which the model does not have." in text
    assert "The model's bands: B04." in text


@pytest.mark.parametrize(
    ("model", "scene"),
    [
        ("uint16", "int16"),
        ("uint16", "uint32"),
        ("int16", "int32"),
        ("float32", "float64"),
        ("uint8", "int8"),
        (None, "float32"),
        (None, "uint8"),
    ],
)
def test_a_type_of_the_same_sort_is_taken(model: str | None, scene: str) -> None:
    assert match(Band(name="a", data_type=model), [scene_band(name="a", data_type=scene)])


@pytest.mark.parametrize(
    ("model", "scene"),
    [
        ("uint16", "uint8"),
        ("uint8", "uint16"),
        ("uint16", "float32"),
        ("float32", "uint16"),
        ("uint8", "float32"),
    ],
)
def test_a_type_of_another_sort_is_refused(model: str, scene: str) -> None:
    text = refusal(Band(name="a", data_type=model), [scene_band(name="a", data_type=scene)])
    assert f"It holds {scene}." in text
    assert f"The contract says {model} for band a." in text


def test_another_unit_is_refused() -> None:
    wanted = Band(name="a", unit="reflectance")
    text = refusal(wanted, [scene_band(name="a", unit="DN")])
    assert "It is in 'DN'." in text
    assert "The contract says 'reflectance' for band a." in text


def test_the_same_unit_or_none_is_taken() -> None:
    wanted = Band(name="a", unit="Reflectance")
    assert match(wanted, [scene_band(name="a", unit="reflectance")])
    assert match(wanted, [scene_band(name="a")])
    assert match(Band(name="a"), [scene_band(name="a", unit="dB")])


@pytest.mark.parametrize("data_type", ["complex64", "complex128", "complex_int16"])
def test_complex_samples_are_refused(data_type: str) -> None:
    text = refusal(Band(name="a"), [scene_band(name="a", data_type=data_type)])
    assert f"Its type is {data_type}." in text


def bands_in(path: Path) -> tuple[SceneBand, ...]:
    with open_raster(path) as dataset:
        return bands_of(dataset)


def tagged_scene(
    folder: Path, tags: list[dict[str, str]], names: tuple[str, ...] = (), **where: str
) -> Path:
    path = write_scene(folder / "s.tif", noise(len(tags), 8, 8), names=names)
    with rasterio.open(path, "r+") as dataset:
        for index, entry in enumerate(tags, 1):
            dataset.update_tags(index, **where, **entry)
    return path


@pytest.mark.parametrize(
    "tags",
    [
        {"wavelength": "0.665", "wavelength_units": "Micrometers"},
        {"wavelength": "665.0", "wavelength_units": "Nanometers"},
        {"Wavelength": "665", "Wavelength_units": "nm"},
        {"wavelength": "0.665", "wavelength_units": "µm"},
        {"wavelength": "0.665", "wavelength_units": "um"},
        {"CENTRAL_WAVELENGTH_UM": "0.665"},
        {"wavelength": "0.665"},
    ],
)
def test_a_wavelength_is_read_from_tags(tmp_path: Path, tags: dict[str, str]) -> None:
    (band,) = bands_in(tagged_scene(tmp_path, [tags]))
    assert band.wavelength_um == pytest.approx(0.665)


def test_a_wavelength_is_read_from_gdals_imagery_domain(tmp_path: Path) -> None:
    path = tagged_scene(tmp_path, [{"CENTRAL_WAVELENGTH_UM": "0.665"}], ns="IMAGERY")
    assert bands_in(path)[0].wavelength_um == pytest.approx(0.665)


@pytest.mark.parametrize(
    ("name", "wavelength_um"),
    [
        ("red 665 nm", 0.665),
        ("Band 4: 664.6 Nanometers", 0.6646),
        ("0.665 µm", 0.665),
        ("swir (2.19 micrometers)", 2.19),
        ("B04", None),
        ("665", None),
        ("10 m", None),
    ],
)
def test_a_wavelength_is_read_from_a_description(
    tmp_path: Path, name: str, wavelength_um: float | None
) -> None:
    (band,) = bands_in(tagged_scene(tmp_path, [{}], (name,)))
    assert band.wavelength_um == (wavelength_um and pytest.approx(wavelength_um))


@pytest.mark.parametrize(
    "tags",
    [
        {"wavelength": "red"},
        {"wavelength": "665", "wavelength_units": "Index"},
        {"wavelength": "665", "wavelength_units": "Unknown"},
    ],
)
def test_a_wavelength_without_sense_is_none(tmp_path: Path, tags: dict[str, str]) -> None:
    assert bands_in(tagged_scene(tmp_path, [tags]))[0].wavelength_um is None


def test_a_hyperspectral_scene_is_matched_by_wavelength(tmp_path: Path) -> None:
    tags = [{"wavelength": str(nm), "wavelength_units": "nm"} for nm in range(400, 1000, 7)]
    scene = list(bands_in(tagged_scene(tmp_path, tags)))
    wavelengths = (0.49, 0.56, 0.665)
    found = [match(Band(name="?", center_wavelength_um=um), scene) for um in wavelengths]
    assert [round((band.wavelength_um or 0) * 1000) for band in found] == [491, 561, 666]


def test_names_types_units_and_tags_are_read(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "s.tif", noise(2, 8, 8), names=("B1", " B2 "))
    with rasterio.open(path, "r+") as dataset:
        dataset.units = ("DN", None)
        dataset.scales, dataset.offsets = (0.5, 1), (-3, 0)
    first, second = bands_in(path)
    assert (first.index, first.name, first.label) == (1, "B1", "B1")
    assert (first.unit, first.scale, first.offset, first.data_type) == ("DN", 0.5, -3, "uint16")
    assert (second.name, second.unit, second.scale, second.offset) == ("B2", "", 1, 0)


def test_colours_are_read_and_alpha_is_no_data(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "s.tif", noise(4, 8, 8, "uint8"))
    with rasterio.open(path, "r+") as dataset:
        dataset.colorinterp = [
            ColorInterp.red, ColorInterp.alpha, ColorInterp.green, ColorInterp.gray,
        ]  # fmt: skip
    bands = bands_in(path)
    assert [(band.index, band.common_name) for band in bands] == [(1, "red"), (3, "green"), (4, "")]
    assert bands[1].label == "green"
    assert bands[2].label == "band 4"


def test_an_alpha_band_is_not_taken_even_by_its_number(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "s.tif", noise(2, 8, 8, "uint8"), names=("a", "b"))
    with rasterio.open(path, "r+") as dataset:
        dataset.colorinterp = [ColorInterp.gray, ColorInterp.alpha]
    refusal(Band(name="B04"), list(bands_in(path)), {"B04": "2"})
    refusal(Band(name="b"), list(bands_in(path)))


def test_an_rgb_picture_gives_its_colours(tmp_path: Path) -> None:
    samples = np.zeros((3, 8, 8), np.uint8)
    path = write_scene(tmp_path / "s.png", samples, driver="PNG", crs=None)
    assert [band.common_name for band in bands_in(path)] == ["red", "green", "blue"]

"""What a contract document says, wherever it says it."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders.bundles import contract_document
from builders.ml4floods import MEAN_STDDEV, ml4floods_contract
from stac_model.schema import MLModelProperties

from edgers.contract import Band, Contract, contract_from_document, contract_from_file
from edgers.contract.model import DEFAULT_GSD_TOLERANCE, DEFAULT_WAVELENGTH_TOLERANCE_UM, NodataRule
from edgers.contract.read_output import PALETTE
from edgers.errors import ContractError


def read(**input_fields: Any) -> Contract:
    return contract_from_document(contract_document(**input_fields))


def item_with(bands: list[Any]) -> dict[str, Any]:
    """Put the contract into a STAC Item."""
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": "tiny",
        "geometry": None,
        "links": [],
        "assets": {},
        "properties": contract_document(bands=bands) | {"datetime": None},
    }


BAND_TABLE = [
    {"name": "B02", "eo:common_name": "blue", "eo:center_wavelength": 0.49},
    {"name": "B03", "eo:common_name": "green", "eo:center_wavelength": 0.56},
    {"name": "B04", "common_name": "red", "center_wavelength": 0.665, "unit": "DN"},
]
BARE_NAMES = ["B02", "B03", "B04"]


def told_of(band: Band) -> tuple[str, str | None, float | None]:
    return band.name, band.common_name, band.center_wavelength_um


TOLD = [("B02", "blue", 0.49), ("B03", "green", 0.56), ("B04", "red", 0.665)]


def test_a_bare_document_gives_its_input() -> None:
    contract = read()
    source = contract.inputs[0]
    assert contract.name == "tiny net"
    assert source.name == "x"
    assert [told_of(band) for band in source.bands] == TOLD
    assert source.shape == (-1, 3, -1, -1)
    assert source.dim_order == ("batch", "channel", "height", "width")
    assert source.data_type == "float32"
    assert source.scaling[0].kind == "z-score"
    assert source.scaling[0].parameters == {"mean": (2000.0,), "stddev": (1000.0,)}


def test_a_bare_document_gives_its_output() -> None:
    output = read().outputs[0]
    assert output.name == "y"
    assert output.task == "semantic-segmentation"
    assert output.dim_order == ("batch", "class", "height", "width")
    assert [(c.value, c.name) for c in output.classes] == [(0, "land"), (1, "water"), (2, "cloud")]


def test_what_is_not_said_has_its_default() -> None:
    contract = read()
    source, output = contract.inputs[0], contract.outputs[0]
    assert source.nodata == NodataRule(pixel="all", fill=0.0)
    assert (source.values, source.gsd_m, source.tile_px, source.overlap_px) == (None,) * 4
    assert source.gsd_tolerance == DEFAULT_GSD_TOLERANCE
    assert source.extend == "reflect"
    assert {band.wavelength_tolerance_um for band in source.bands} == {
        DEFAULT_WAVELENGTH_TOLERANCE_UM
    }
    assert {(band.unit, band.data_type) for band in source.bands} == {(None, None)}
    assert (output.activation, output.threshold) == ("softmax", 0.5)
    assert tuple(c.colour for c in output.classes) == PALETTE[:3]


def test_every_additional_field_is_read() -> None:
    source = read(
        **{
            "edgers:nodata": {"pixel": "any", "fill": "mean"},
            "edgers:values": "physical",
            "edgers:gsd_m": 10,
            "edgers:gsd_tolerance": 0.1,
            "edgers:tile_px": 512,
            "edgers:overlap_px": 0,
            "edgers:extend": "edge",
        }
    ).inputs[0]
    assert source.nodata == NodataRule(pixel="any", fill="mean")
    assert (source.values, source.gsd_m, source.gsd_tolerance) == ("physical", 10.0, 0.1)
    assert (source.tile_px, source.overlap_px, source.extend) == (512, 0, "edge")


def test_activation_and_threshold_are_read() -> None:
    document = contract_document()
    document["mlm:output"][0] |= {"edgers:activation": "sigmoid", "edgers:threshold": 0.25}
    output = contract_from_document(document).outputs[0]
    assert (output.activation, output.threshold) == ("sigmoid", 0.25)


def test_colours_are_read_in_either_spelling_and_written_in_capitals() -> None:
    document = contract_document()
    classes = document["mlm:output"][0]["classification:classes"]
    classes[0]["color_hint"] = "a1b2c3"
    classes[1]["color-hint"] = "00ff00"
    colours = [c.colour for c in contract_from_document(document).outputs[0].classes]
    assert colours == ["A1B2C3", "00FF00", PALETTE[2]]


@pytest.mark.parametrize("key", ["name", "description", "title"])
def test_a_class_is_named_by_any_of_the_usual_fields(key: str) -> None:
    document = contract_document()
    document["mlm:output"][0]["classification:classes"] = [
        {"value": 4, key: "mud"},
        {"value": 9, key: "sand"},
    ]
    classes = contract_from_document(document).outputs[0].classes
    assert [(c.value, c.name) for c in classes] == [(4, "mud"), (9, "sand")]


def test_a_stac_item_gives_the_same_as_the_bare_document() -> None:
    bands = contract_document()["mlm:input"][0]["bands"]
    found = contract_from_document(item_with(bands))
    bare = read()
    assert (found.name, found.inputs, found.outputs) == (bare.name, bare.inputs, bare.outputs)


@pytest.mark.parametrize("key", ["bands", "eo:bands", "raster:bands"])
@pytest.mark.parametrize("place", ["top", "properties", "asset"])
def test_bands_given_by_name_are_looked_up_in_every_place(key: str, place: str) -> None:
    item = item_with(BARE_NAMES)
    if place == "asset":
        item["assets"]["model"] = {"href": "m.onnx", key: BAND_TABLE}
    else:
        (item if place == "top" else item["properties"])[key] = BAND_TABLE
    found = contract_from_document(item).inputs[0].bands
    assert [told_of(band) for band in found] == TOLD
    assert found[2].unit == "DN"


def test_two_tables_complete_one_another() -> None:
    item = item_with(BARE_NAMES)
    item["assets"]["a"] = {"eo:bands": [{"name": "B03", "common_name": "green"}]}
    item["assets"]["b"] = {"bands": [{"name": "B03", "center_wavelength": 0.56}]}
    assert told_of(contract_from_document(item).inputs[0].bands[1]) == TOLD[1]


def test_what_the_input_says_of_a_band_counts_more_than_a_table() -> None:
    item = item_with(["B02", "B03", {"name": "B04", "common_name": "nir"}])
    item["bands"] = BAND_TABLE
    assert told_of(contract_from_document(item).inputs[0].bands[2]) == ("B04", "nir", 0.665)


def test_a_collection_with_the_model_at_its_top_is_read() -> None:
    collection = contract_document(bands=BARE_NAMES) | {
        "type": "Collection",
        "stac_version": "1.1.0",
        "id": "tiny",
        "extent": {},
        "license": "Apache-2.0",
        "bands": BAND_TABLE,
        "summaries": {"platform": ["sentinel-2a"]},
    }
    found = contract_from_document(collection)
    assert [told_of(band) for band in found.inputs[0].bands] == TOLD


def test_the_width_of_a_band_gives_its_tolerance() -> None:
    bands = [
        {"name": "a", "center_wavelength": 0.5, "full_width_half_max": 0.03},
        {"name": "b", "center_wavelength": 0.6, "edgers:wavelength_tolerance_um": 0.002},
        {"name": "c", "eo:center_wavelength": 0.7, "eo:full_width_half_max": 0.1},
    ]
    tolerances = [b.wavelength_tolerance_um for b in read(bands=bands).inputs[0].bands]
    assert tolerances == pytest.approx([0.015, 0.002, 0.05])


def test_the_document_is_kept_whole() -> None:
    document = contract_document() | {"note": {"anything": [1, None, "ü"]}}
    assert contract_from_document(document).document == document


def test_comments_are_no_fields() -> None:
    document = contract_document()
    document["mlm:input"][0]["$comment edgers:gsd_m"] = "metres"
    assert contract_from_document(document).inputs == read().inputs


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(json.dumps(contract_document()))
    assert contract_from_file(path).name == "tiny net"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"none\.json cannot be read"):
        contract_from_file(tmp_path / "none.json")


@pytest.mark.parametrize("name", ["simplecnn", "linear"])
def test_the_ml4floods_contract_is_a_valid_mlm_document(name: str) -> None:
    document = ml4floods_contract(name)
    model = MLModelProperties(**document)
    source = contract_from_document(document).inputs[0]
    assert [band.name for band in model.input[0].bands] == [band.name for band in source.bands]
    stated = [(scaling.mean, scaling.stddev) for scaling in model.input[0].value_scaling]
    parameters = source.scaling[0].parameters
    assert stated == list(zip(parameters["mean"], parameters["stddev"], strict=True))
    assert stated == list(MEAN_STDDEV.values())
    assert [tuple(i.input.shape) for i in model.input] == [source.shape]


def test_the_ml4floods_contract_is_read_whole() -> None:
    contract = contract_from_document(ml4floods_contract("linear"))
    source = contract.inputs[0]
    assert contract.name == "ml4floods linear"
    assert {(band.unit, band.data_type) for band in source.bands} == {("DN", "uint16")}
    assert source.gsd_m == 10
    assert [c.colour for c in contract.outputs[0].classes] == ["B5A886", "2B6CB0", "E2E8F0"]

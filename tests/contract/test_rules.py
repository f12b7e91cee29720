"""Every rule of a contract: what breaks it is refused, in words that name the place."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from builders.bundles import contract_document

from edgers.contract import contract_from_bytes, contract_from_document
from edgers.errors import ContractError

Change = Callable[[dict[str, Any]], None]


def setting(path: str, value: Any) -> Change:
    """Make a change that sets one field; `path` is dotted, whole numbers are list positions."""

    def change(document: dict[str, Any]) -> None:
        *way, last = (int(step) if step.isdigit() else step for step in path.split("/"))
        place: Any = document
        for step in way:
            place = place[step]
        place[last] = value

    return change


def removing(path: str) -> Change:
    """Make a change that takes one field away."""

    def change(document: dict[str, Any]) -> None:
        *way, last = (int(step) if step.isdigit() else step for step in path.split("/"))
        place: Any = document
        for step in way:
            place = place[step]
        del place[last]

    return change


def refusal(change: Change) -> str:
    """Give the text with which a changed document is refused."""
    document = contract_document()
    change(document)
    with pytest.raises(ContractError) as caught:
        contract_from_document(document)
    return str(caught.value)


INPUT, OUTPUT = "mlm:input/0", "mlm:output/0"
CLASSES = f"{OUTPUT}/classification:classes"


def test_the_document_they_change_is_accepted() -> None:
    contract_from_document(contract_document())


@pytest.mark.parametrize("field", ["mlm:input", "mlm:output"])
def test_a_document_that_is_no_model_is_refused(field: str) -> None:
    text = refusal(removing(field))
    assert "no 'mlm:input' and 'mlm:output'" in text
    assert "edgers contract init" in text


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("mlm:name", "contract.mlm:name"),
        (f"{INPUT}/name", "contract.mlm:input[0].name"),
        (f"{INPUT}/bands", "contract.mlm:input[0].bands"),
        (f"{INPUT}/input", "contract.mlm:input[0].input"),
        (f"{INPUT}/input/shape", "contract.mlm:input[0].input.shape"),
        (f"{INPUT}/input/dim_order", "contract.mlm:input[0].input.dim_order"),
        (f"{INPUT}/input/data_type", "contract.mlm:input[0].input.data_type"),
        (f"{OUTPUT}/name", "contract.mlm:output[0].name"),
        (f"{OUTPUT}/tasks", "contract.mlm:output[0].tasks"),
        (f"{OUTPUT}/result", "contract.mlm:output[0].result"),
        (f"{OUTPUT}/result/shape", "contract.mlm:output[0].result.shape"),
        (f"{OUTPUT}/result/data_type", "contract.mlm:output[0].result.data_type"),
        (f"{CLASSES}/1/name", "contract.mlm:output[0].classification:classes[1].name"),
        (f"{CLASSES}/1/value", "contract.mlm:output[0].classification:classes[1].value"),
        (f"{INPUT}/bands/1/name", "contract.mlm:input[0].bands.name"),
    ],
)
def test_a_missing_field_is_named(path: str, place: str) -> None:
    text = refusal(removing(path))
    assert f"contract field {place} is not usable." in text
    assert "It is missing." in text


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        ("mlm:name", "  ", "It must be a text that is not empty."),
        ("mlm:name", 7, "It must be a text that is not empty."),
        ("mlm:input", "x", "It must be a list with at least one object."),
        ("mlm:input", [], "It must be a list with at least one object."),
        ("mlm:input", ["x"], "Entry 0 must be an object."),
        (f"{INPUT}/input", [], "It must be an object."),
        (f"{INPUT}/bands", [], "It must list the bands"),
        (f"{INPUT}/bands", ["a", "b"], "The tensor has 3 channels; there are 2 bands."),
        (f"{INPUT}/bands/0", 5, "Each entry must be a band name or an object with 'name'."),
        (f"{INPUT}/bands/0/center_wavelength", 0, "It must be above zero."),
        (f"{INPUT}/bands/0/center_wavelength", "red", "It must be a finite number."),
        (f"{INPUT}/bands/0/data_type", "unit16", "Did you mean 'uint16'?"),
        (f"{INPUT}/bands/0/expression", {}, "Bands are read, not computed."),
        (f"{INPUT}/input/shape", [], "It must be a list of whole numbers."),
        (f"{INPUT}/input/shape", [-1, 3.5, -1, -1], "It must be a list of whole numbers."),
        (f"{INPUT}/input/shape", [-1, 3, 0, -1], "A size must be above zero, or -1 for any."),
        (f"{INPUT}/input/shape", [-1, 3, -2, -1], "A size must be above zero, or -1 for any."),
        (f"{INPUT}/input/shape", [-1, 3, True, -1], "It must be a finite number."),
        (f"{INPUT}/input/shape", [-1, 3, -1], "It must name each of the 3 axes once."),
        (f"{INPUT}/input/data_type", "float", "Did you mean 'float"),
        (f"{INPUT}/input/data_type", "bool", "It must be one of: float32, "),
        (f"{INPUT}/edgers:values", "Stored", "Did you mean 'stored'?"),
        (f"{INPUT}/edgers:gsd_m", -10, "It must be above zero."),
        (f"{INPUT}/edgers:gsd_tolerance", 0, "It must be above zero."),
        (f"{INPUT}/edgers:tile_px", 0, "It must be a whole number of at least 1."),
        (f"{INPUT}/edgers:tile_px", 25.5, "It must be a whole number of at least 1."),
        (f"{INPUT}/edgers:overlap_px", -1, "It must be a whole number of at least 0."),
        (f"{INPUT}/edgers:extend", "mirror", "It must be one of: reflect, edge, zero."),
        (f"{INPUT}/edgers:nodata", 0, "It must be an object."),
        (f"{INPUT}/edgers:nodata", {"pixel": "some"}, "It must be one of: all, any."),
        (f"{INPUT}/edgers:nodata", {"fill": "median"}, "It must be a finite number."),
        (f"{OUTPUT}/tasks", "semantic-segmentation", "It must be a list of texts."),
        (f"{OUTPUT}/edgers:activation", "sigmoids", "Did you mean 'sigmoid'?"),
        (f"{OUTPUT}/edgers:threshold", 1, "It must lie between 0 and 1."),
        (f"{OUTPUT}/edgers:threshold", 0, "It must lie between 0 and 1."),
        (f"{CLASSES}/0/value", -1, "It must be a whole number of at least 0."),
        (f"{CLASSES}/0/value", 0.5, "It must be a whole number of at least 0."),
        (f"{CLASSES}/2/value", 65_535, "Values must be at most 65534."),
        (f"{CLASSES}/1/value", 0, "Each value must be there once."),
        (f"{CLASSES}/1/name", "land", "Each name must be there once."),
        (f"{CLASSES}/1/color_hint", "blue", "It must be six hexadecimal digits, RRGGBB."),
        (f"{CLASSES}/1/color_hint", "#00FF00", "It must be six hexadecimal digits, RRGGBB."),
        (f"{CLASSES}/1/color_hint", "00GG00", "It must be six hexadecimal digits, RRGGBB."),
    ],
)
def test_a_wrong_value_meets_its_rule(path: str, value: Any, rule: str) -> None:
    assert rule in refusal(setting(path, value))


@pytest.mark.parametrize(
    "axes",
    [
        ["batch", "channel", "height", "height"],
        ["batch", "bands", "height", "width"],
        ["b", "c", "h", "w"],
    ],
)
def test_an_input_has_the_four_axes_once_each(axes: list[str]) -> None:
    text = refusal(setting(f"{INPUT}/input/dim_order", axes))
    assert "contract.mlm:input[0].input.dim_order is not usable" in text


@pytest.mark.parametrize(
    ("place", "key", "meant"),
    [
        (INPUT, "edgers:gsd", "edgers:gsd_m"),
        (INPUT, "edgers:tilepx", "edgers:tile_px"),
        (INPUT, "edgers:valuescaling", "edgers:value_scaling"),
        (OUTPUT, "edgers:activations", "edgers:activation"),
    ],
)
def test_an_unknown_field_of_ours_is_refused_and_the_nearest_named(
    place: str, key: str, meant: str
) -> None:
    text = refusal(setting(f"{place}/{key}", 1))
    assert f".{key} is not known." in text
    assert f"Did you mean {meant!r}?" in text


def test_a_field_of_ours_at_the_top_is_refused() -> None:
    assert "edgers:gsd_m is not known" in refusal(setting("edgers:gsd_m", 10))


def test_unknown_fields_of_others_are_left_alone() -> None:
    document = contract_document() | {"mlm:accelerator": "cuda"}
    document["mlm:input"][0]["pre_processing_function"] = None
    contract_from_document(document)


def test_the_mean_is_no_fill_without_a_z_score_step() -> None:
    document = contract_document(**{"edgers:nodata": {"fill": "mean"}})
    document["mlm:input"][0]["value_scaling"] = [{"type": "scale", "value": 2}]
    with pytest.raises(ContractError, match="there is no z-score step"):
        contract_from_document(document)


def refused_bytes(data: bytes) -> str:
    with pytest.raises(ContractError) as caught:
        contract_from_bytes(data, "c.json")
    return str(caught.value)


def test_a_key_given_twice_is_refused() -> None:
    text = json.dumps(contract_document())
    doubled = text.replace('"name": "x",', '"name": "z", "name": "x",', 1)
    assert "the key 'name' is there twice" in refused_bytes(doubled.encode())


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_is_none_is_refused_where_it_is_read(literal: str) -> None:
    text = json.dumps(contract_document(**{"edgers:gsd_m": 123456}))
    refused_bytes(text.replace("123456", literal).encode())


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_is_none_is_refused_in_fields_of_others(literal: str) -> None:
    text = json.dumps(contract_document() | {"note": 123456})
    refused_bytes(text.replace("123456", literal).encode())


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "is not a JSON document"),
        (b"{", "is not a JSON document"),
        (b"\xff\xfe{}", "is not a JSON document"),
        (b"[]", "must hold a JSON object"),
        (b"3", "must hold a JSON object"),
        (b"null", "must hold a JSON object"),
        (b"{}", "no 'mlm:input'"),
        (b'{"mlm:input": null, "mlm:output": null}', "no 'mlm:input'"),
    ],
)
def test_bytes_that_are_no_contract_are_refused(data: bytes, word: str) -> None:
    assert word in refused_bytes(data)


def test_the_file_is_named_in_the_error() -> None:
    assert "contract c.json is not a JSON document" in refused_bytes(b"?")

"""Contracts with several inputs, optional ones and series of dates."""

from typing import Any

import pytest
from builders.stacks import (
    SERIES_AXES,
    fusion_document,
    input_document,
    series_document,
    stack_document,
)

from edgers.contract import Contract, contract_from_document
from edgers.errors import ContractError


def read(**fields: Any) -> Contract:
    return contract_from_document(fusion_document(**fields))


def test_each_input_has_its_own_bands_and_rules() -> None:
    contract = read(
        sar={"edgers:value_scaling": [{"type": "decibel", "floor": 1e-4}]},
        dem={"edgers:nodata": {"counts": False, "fill": -1}, "edgers:gsd_m": 30},
    )
    optical, sar, dem = contract.inputs
    assert [band.name for band in sar.bands] == ["VV", "VH"]
    assert [step.kind for step in sar.scaling] == ["decibel"]
    assert (optical.scaling, optical.gsd_m) == ((), None)
    assert (dem.gsd_m, dem.nodata.fill, dem.nodata.counts) == (30, -1, False)
    assert sar.nodata.counts
    assert contract.main is optical


def test_an_optional_input_has_a_stand_in_and_does_not_count() -> None:
    sar = read(sar={"edgers:optional": {"fill": -20}}).inputs[1]
    assert (sar.is_optional, sar.substitute, sar.nodata.counts) == (True, -20, False)
    counting = {"edgers:optional": {"fill": 0}, "edgers:nodata": {"counts": True}}
    assert read(sar=counting).inputs[1].nodata.counts


def test_the_grid_is_that_of_the_first_input_that_is_needed() -> None:
    assert read(optical={"edgers:optional": {"fill": 0}}).main.name == "sar"


def test_a_series_has_a_number_of_dates() -> None:
    (free,) = contract_from_document(series_document()).inputs
    (fixed,) = contract_from_document(series_document(5)).inputs
    assert (free.is_series, free.dates, fixed.dates) == (True, -1, 5)
    assert read().inputs[0].dates == 1
    assert not read().inputs[0].is_series


@pytest.mark.parametrize("rule", ["refuse", "resample"])
def test_the_rule_for_another_gsd_is_read(rule: str) -> None:
    assert read(optical={"edgers:gsd_rule": rule}).inputs[0].gsd_rule == rule


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"edgers:gsd_rule": "resize"}, "edgers:gsd_rule is not usable"),
        ({"edgers:optional": {}}, r"edgers:optional\.fill is not usable"),
        ({"edgers:optional": True}, "edgers:optional is not usable"),
        ({"edgers:nodata": {"counts": 1}}, "must be true or false"),
        ({"name": "optical"}, "'optical' is there twice"),
        ({"edgers:role": "dem"}, "edgers:role is not known"),
    ],
)
def test_a_wrong_field_is_refused(fields: dict[str, Any], text: str) -> None:
    document = fusion_document()
    document["mlm:input"][1].update(fields)
    with pytest.raises(ContractError, match=text):
        contract_from_document(document)


def test_one_input_must_be_needed_and_one_must_count() -> None:
    optional = {"edgers:optional": {"fill": 0}}
    with pytest.raises(ContractError, match="all inputs of the contract are optional"):
        read(optical=optional, sar=optional, dem=optional)
    silent = {"edgers:nodata": {"counts": False}}
    with pytest.raises(ContractError, match=r"no input .* decides which pixels are nodata"):
        read(optical=silent, sar=silent, dem=optional)


def test_a_stand_in_for_any_number_of_dates_is_refused() -> None:
    series = input_document("past", ("B02",), SERIES_AXES, **{"edgers:optional": {"fill": 0}})
    with pytest.raises(ContractError, match="takes any number of dates"):
        contract_from_document(stack_document(input_document("x", ("B02",)), series))


def test_inputs_of_different_size_are_refused() -> None:
    document = fusion_document()
    for entry, side in zip(document["mlm:input"], (64, -1, 32), strict=True):
        entry["input"]["shape"][2] = side
    with pytest.raises(ContractError, match="the inputs differ in height") as caught:
        contract_from_document(document)
    assert "optical 64, dem 32" in str(caught.value)


def test_an_axis_that_is_not_known_is_refused() -> None:
    document = series_document()
    document["mlm:input"][0]["input"]["dim_order"][1] = "depth"
    with pytest.raises(ContractError, match="'time' for a series of dates"):
        contract_from_document(document)

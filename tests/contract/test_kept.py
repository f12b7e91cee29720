"""How the contract says what is kept on board."""

from typing import Any

import pytest
from builders.changes import change_document
from builders.stacks import OPTICAL, series_document

from edgers.contract import contract_from_document
from edgers.contract.kept import Clouds, KeptReference, KeptSeries
from edgers.errors import ContractError


def series(axis: int = 3, **rule: Any) -> Any:
    fields = {"edgers:kept": {"as": "series", **rule}}
    return contract_from_document(series_document(axis, **fields)).inputs[0].kept


def reference(**rule: Any) -> Any:
    return contract_from_document(change_document(OPTICAL, kept=rule)).inputs[0].kept


def test_a_series_is_read() -> None:
    assert series(6, period="month") == KeptSeries(periods=6, unit="month", least=6)
    assert series(
        -1, dates=5, period="2 weeks", several="median", most=4, missing="nearest", least=4,
        clouds={"band": "SCL", "values": [8, 9]},
    ) == KeptSeries(
        periods=5, unit="week", length=2, several="median", missing="nearest", least=4, most=4,
        clouds=Clouds(band="SCL", values=(8, 9)),
    )  # fmt: skip
    assert series(4) == KeptSeries(periods=4, least=4)


def test_a_reference_is_read_and_gives_no_grid() -> None:
    contract = contract_from_document(change_document(OPTICAL, kept={}))
    assert contract.inputs[0].kept == KeptReference()
    assert contract.main is contract.inputs[1]
    assert reference(
        choose="clearest", least_cover=0.5, least_clear=0.8, within_days=90, scenes=5, every=False
    ) == KeptReference(
        choose="clearest", least_cover=0.5, least_clear=0.8, within_days=90, scenes=5, every=False
    )


@pytest.mark.parametrize(
    "rule",
    [
        {"as": "memory"}, {"period": "fortnight"}, {"period": "0 days"}, {"period": "day", "x": 1},
        {"period": "month", "dates": 4}, {"period": "month", "least": 2},
        {"period": "month", "missing": "nearest", "least": 4}, {"missing": "nearest"},
        {"several": "median"}, {"period": "month", "several": "mean"},
        {"period": "month", "several": "median", "most": 65},
        {"period": "month", "clouds": {"band": "SCL"}},
        {"period": "month", "clouds": {"band": "SCL", "values": [1], "not": [2]}},
    ],
)  # fmt: skip
def test_a_series_that_contradicts_itself_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(ContractError):
        series(**rule)


def test_a_series_of_no_stated_length_is_refused() -> None:
    with pytest.raises(ContractError, match="1 to 366 dates"):
        series(-1, period="week")


@pytest.mark.parametrize(
    "rule",
    [
        {"least_cover": 1.5}, {"least_clear": -0.1}, {"within_days": 0}, {"scenes": 1},
        {"scenes": 400}, {"choose": "median"}, {"every": 1}, {"period": "month"},
    ],
)  # fmt: skip
def test_a_reference_that_contradicts_itself_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(ContractError):
        reference(**rule)


def test_a_series_needs_an_axis_of_time_and_a_reference_a_new_scene() -> None:
    document = change_document(OPTICAL, kept={})
    document["mlm:input"][0]["edgers:kept"] = {"as": "series", "period": "month"}
    with pytest.raises(ContractError, match="axis 'time'"):
        contract_from_document(document)
    for entry in document["mlm:input"]:
        entry["edgers:kept"] = {"as": "reference"}
    with pytest.raises(ContractError, match="no input of the contract is the new scene"):
        contract_from_document(document)
    with pytest.raises(ContractError, match="have a length"):
        contract_from_document(series_document(-1, **{"edgers:kept": {"as": "reference"}}))

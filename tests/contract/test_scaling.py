"""How `value_scaling` and `edgers:value_scaling` become steps."""

from typing import Any

import numpy as np
import pytest
from builders.bundles import contract_document

from edgers.contract import ScalingStep, contract_from_document
from edgers.contract.scaling import looks_at_scene, ready_steps
from edgers.errors import ContractError


def steps_of(
    ours: list[Any] | None = None, mlm: list[Any] | None = None
) -> tuple[ScalingStep, ...]:
    fields: dict[str, Any] = {"value_scaling": mlm}
    if ours is not None:
        fields["edgers:value_scaling"] = ours
    return contract_from_document(contract_document(**fields)).inputs[0].scaling


def refusal(ours: list[Any] | None = None, mlm: list[Any] | None = None) -> str:
    with pytest.raises(ContractError) as caught:
        steps_of(ours, mlm)
    return str(caught.value)


def z_score(mean: float, stddev: float = 10) -> dict[str, Any]:
    return {"type": "z-score", "mean": mean, "stddev": stddev}


def test_one_object_holds_for_all_bands() -> None:
    (step,) = steps_of(mlm=[z_score(5)])
    assert step.parameters == {"mean": (5.0,), "stddev": (10.0,)}


def test_an_object_a_band_becomes_one_step() -> None:
    (step,) = steps_of(mlm=[z_score(5), z_score(6, 20), z_score(7)])
    assert step.parameters == {"mean": (5.0, 6.0, 7.0), "stddev": (10.0, 20.0, 10.0)}


@pytest.mark.parametrize("count", [2, 4])
def test_a_wrong_count_of_objects_is_refused(count: int) -> None:
    text = refusal(mlm=[z_score(5)] * count)
    assert "contract.mlm:input[0].value_scaling is not usable." in text
    assert "It must hold 1 object or 3, one a band." in text


def test_mixed_operations_are_refused_with_a_way_out() -> None:
    text = refusal(mlm=[z_score(5), {"type": "scale", "value": 2}, z_score(5)])
    assert "mixes operations" in text
    assert "It has: scale, z-score." in text
    assert "edgers:value_scaling" in text


def test_a_null_operation_is_none() -> None:
    assert steps_of(mlm=[{"type": None}]) == ()
    assert steps_of(mlm=None) == ()


def test_our_list_stands_for_mlms() -> None:
    steps = steps_of(
        mlm=[z_score(5)],
        ours=[
            {"type": "clip", "minimum": 0, "maximum": [1, 2, 3]},
            {"type": "cast", "data_type": "uint8"},
            {"type": "scale", "value": 255},
        ],
    )
    assert [step.kind for step in steps] == ["clip", "cast", "scale"]
    assert steps[0].parameters == {"minimum": (0.0,), "maximum": (1.0, 2.0, 3.0)}
    assert steps[1].data_type == "uint8"
    assert steps[1].parameters == {}


@pytest.mark.parametrize(
    ("entry", "rule"),
    [
        ({"type": "zscore", "mean": 0, "stddev": 1}, "Did you mean 'z-score'?"),
        ({"mean": 0, "stddev": 1}, "It must be one of: min-max"),
        ({"type": "z-score", "mean": 0, "stddev": 0}, "'z-score' divides by it"),
        ({"type": "z-score", "mean": 0, "stddev": [1, 0, 1]}, "'z-score' divides by it"),
        ({"type": "scale", "value": 0}, "'scale' divides by it"),
        ({"type": "decibel", "floor": 0}, "'decibel' divides by it"),
        ({"type": "min-max", "minimum": 1, "maximum": 1}, "It must be greater than 'minimum'."),
        ({"type": "clip", "minimum": 2, "maximum": [3, 4, 1]}, "It must be greater than 'minimum'"),
        ({"type": "offset", "value": [1, 2]}, "It must hold 1 or 3 numbers; it holds 2."),
        ({"type": "offset", "value": []}, "It must hold 1 or 3 numbers; it holds 0."),
        ({"type": "offset", "value": "4"}, "It must be a finite number."),
        ({"type": "offset", "value": [1, None, 2]}, "It must be a finite number."),
        ({"type": "cast", "data_type": "float32"}, "It must be one of: uint8, int8, uint16, int16"),
        ({"type": "cast"}, "It is missing."),
    ],
)
def test_a_wrong_step_is_refused(entry: dict[str, Any], rule: str) -> None:
    text = refusal(ours=[entry])
    assert "contract.mlm:input[0].edgers:value_scaling[0]" in text
    assert rule in text


def test_a_step_without_its_number_says_which_is_missing() -> None:
    text = refusal(ours=[{"type": "z-score", "stddev": 1}])
    assert "edgers:value_scaling[0].mean is not usable" in text
    assert "It is missing." in text


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "z-score", "mean": 0, "stddev": 1e-60},
        {"type": "scale", "value": 1e-60},
        {"type": "min-max", "minimum": 1e9, "maximum": 1e9 + 1},
        {"type": "scale", "value": 1e60},
    ],
)
def test_a_number_that_single_precision_cannot_hold_is_refused(entry: dict[str, Any]) -> None:
    refusal(ours=[entry])


def test_ready_steps_hold_single_precision_columns() -> None:
    scaling = steps_of(
        ours=[{"type": "offset", "value": [1, 2, 3]}, {"type": "cast", "data_type": "int8"}]
    )
    (kind, parameters), cast = ready_steps(scaling, bands=3, dates=1)
    assert kind == "offset"
    assert not isinstance(parameters, str)
    assert parameters["value"].dtype == np.float32
    assert parameters["value"].tolist() == [[[1.0]], [[2.0]], [[3.0]]]
    assert cast == ("cast", "int8")


def test_ready_steps_say_the_numbers_of_each_band_again_for_each_date() -> None:
    steps = [{"type": "offset", "value": [1, 2, 3]}, {"type": "scale", "value": 4}]
    (_, offset), (_, scale) = ready_steps(steps_of(ours=steps), bands=3, dates=2)
    assert not isinstance(offset, str)
    assert not isinstance(scale, str)
    assert offset["value"].ravel().tolist() == [1, 2, 3, 1, 2, 3]
    assert scale["value"].ravel().tolist() == [4]


def test_percentiles_of_the_scene_are_a_step() -> None:
    (step,) = steps_of(ours=[{"type": "percentile", "low": 2, "high": 98.5}])
    assert (step.kind, dict(step.parameters)) == ("percentile", {"low": (2,), "high": (98.5,)})
    assert looks_at_scene((step,))
    assert not looks_at_scene(steps_of(ours=[{"type": "scale", "value": 4}]))


@pytest.mark.parametrize(("low", "high"), [(2, 2), (98, 2), (-1, 50), (0, 100.5)])
def test_percentiles_in_no_order_are_refused(low: float, high: float) -> None:
    text = refusal(ours=[{"type": "percentile", "low": low, "high": high}])
    assert "from 0 to 100" in text

"""Contracts as others publish them: older fields are understood, code and resizing are refused."""

from typing import Any

import pytest
from builders.bundles import contract_document

from edgers.contract import contract_from_document
from edgers.contract.model import ModelInput
from edgers.errors import ContractError


def read(**fields: Any) -> ModelInput:
    document = contract_document(value_scaling=None, **fields)
    return contract_from_document(document).inputs[0]


def test_scaling_of_mlm_before_1_4_is_read() -> None:
    bands = [{"mean": i, "stddev": 2, "minimum": 0, "maximum": 9} for i in (1, 3, 5)]
    (step,) = read(norm_type="z-score", statistics=bands).scaling
    assert (step.kind, step.parameters) == ("z-score", {"mean": (1, 3, 5), "stddev": (2, 2, 2)})
    (step,) = read(norm_type="min-max", statistics=bands[:1]).scaling
    assert (step.kind, step.parameters) == ("min-max", {"minimum": (0,), "maximum": (9,)})


def test_another_old_scaling_is_refused_rather_than_left_out() -> None:
    with pytest.raises(ContractError, match="norm_type is not usable"):
        read(norm_type="l2", statistics=[{"mean": 1, "stddev": 2}])


def test_code_is_not_run_and_not_left_out() -> None:
    code = {"format": "python", "expression": "torchgeo.transforms"}
    with pytest.raises(ContractError, match="Code is not run"):
        read(pre_processing_function=code)
    steps = [{"type": "scale", "value": 10000}]
    source = read(pre_processing_function=code, **{"edgers:value_scaling": steps})
    assert [step.kind for step in source.scaling] == ["scale"]


@pytest.mark.parametrize("resize", ["interpolation-linear", "wrap-fill-outliers"])
def test_a_resize_that_changes_the_size_of_pixels_is_refused(resize: str) -> None:
    with pytest.raises(ContractError, match="resize_type is not usable"):
        read(resize_type=resize)


@pytest.mark.parametrize("resize", ["crop", "pad", None])
def test_a_resize_that_keeps_pixels_is_accepted(resize: str | None) -> None:
    assert read(resize_type=resize).name == "x"

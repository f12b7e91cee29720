"""Masks of objects in a contract: what is read, and what is told where it does not fit."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders.bundles import make_bundle
from builders.instance_nets import instance_contract, instance_net

from edgers.contract import contract_from_bytes
from edgers.contract.masks import MaskHead
from edgers.errors import ContractError

Change = Callable[[Any], object]


def changed(change: Change) -> bytes:
    document = instance_contract("prototypes")
    change(document["mlm:output"])
    return json.dumps(document).encode()


def masks(**fields: Any) -> Change:
    return lambda outputs: outputs[0]["edgers:masks"].update(fields)


def result(position: int, **fields: Any) -> Change:
    return lambda outputs: outputs[position]["result"].update(fields)


def columns(*names: str) -> Change:
    return lambda outputs: outputs[0]["edgers:boxes"].update(columns=list(names))


def test_what_is_read() -> None:
    contract = contract_from_bytes(changed(masks(threshold=0.25)), "c.json")
    assert contract.outputs[0].masks == MaskHead(
        form="prototypes", output="m", coefficients=3, threshold=0.25
    )


def test_coefficients_may_be_a_tensor_of_their_own() -> None:
    def apart(outputs: Any) -> None:
        outputs[0]["edgers:boxes"].update(
            columns=["box", "score", "class"], tensors={"coefficients": "k"}
        )
        outputs[0]["result"]["shape"] = [-1, 6]
        outputs.append({"name": "k", "tasks": [], "result": outputs[0]["result"]})

    assert contract_from_bytes(changed(apart), "c.json").outputs[0].masks is not None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (masks(form="polygons"), "must be one of: prototypes, boxes, window"),
        (masks(treshold=0.4), "Did you mean 'threshold'"),
        (masks(threshold=1.0), "between 0 and 1"),
        (masks(coefficients=None), "Prototypes have as many as there are of them"),
        (masks(form="window"), "other forms have none"),
        (masks(form="window", coefficients=None), "others have none"),
        (masks(output="q"), "names the tensor 'q'"),
        (masks(coefficients=4), "has 9 numbers a box"),
        (result(1, shape=[32, -1, -1]), "has 32 prototypes"),
        (result(1, dim_order=["box", "height", "width"]), "axes box, height, width"),
        (result(0, shape=[-1, 8]), "has 8 numbers a box"),
        (columns("box", "score", "class", "unused"), "need the column 'coefficients'"),
        (lambda outputs: outputs[0].pop("edgers:masks"), "coefficients of masks, and no masks"),
        (lambda outputs: outputs[0].pop("edgers:boxes"), "goes with 'edgers:boxes'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(change: Change, said: str) -> None:
    with pytest.raises(ContractError) as caught:
        contract_from_bytes(changed(change), "c.json")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("shape", "axes", "said"),
    [
        ([-1, 3, -1, -1], ["box", "channel", "height", "width"], "has 3 channels"),
        ([-1, 3, -1, -1], ["box", "class", "height", "width"], "masks for 3 classes"),
    ],
)
def test_a_mask_for_each_box(shape: list[int], axes: list[str], said: str) -> None:
    document = instance_contract("window")
    document["mlm:output"][1]["result"].update(shape=shape, dim_order=axes)
    with pytest.raises(ContractError, match=said):
        contract_from_bytes(json.dumps(document).encode(), "c.json")


def test_a_tensor_that_the_graph_lacks_is_told(tmp_path: Path) -> None:
    document = instance_contract("window")
    document["mlm:output"][0]["edgers:masks"]["output"] = document["mlm:output"][1]["name"] = "q"
    with pytest.raises(ContractError, match=r"(?s)'q'.*mlm:output\[1\]"):
        make_bundle(tmp_path, document, instance_net)

"""Fields of outputs that answer for a tile, and how a slip in them is told."""

from typing import Any

import pytest
from builders.row_nets import embedding_contract, row_contract

from edgers.contract import contract_from_document
from edgers.errors import ContractError


def test_what_is_not_said_is_one_class_of_each_tile() -> None:
    output = contract_from_document(row_contract()).outputs[0]
    assert (output.scope, output.thresholds, output.normalise) == ("tile", (), None)


def test_fields_are_read() -> None:
    several = {"edgers:class_rule": "several", "edgers:scope": "scene"}
    one = contract_from_document(row_contract(**several, **{"edgers:thresholds": [0.2, 0.3, 0.9]}))
    assert one.outputs[0].thresholds == (0.2, 0.3, 0.9)
    assert one.outputs[0].scope == "scene"
    all_alike = contract_from_document(row_contract(**several, **{"edgers:thresholds": 0.2}))
    assert all_alike.outputs[0].thresholds == (0.2,) * 3
    embedding = contract_from_document(embedding_contract(**{"edgers:normalise": "l2"}))
    assert embedding.outputs[0].normalise == "l2"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"edgers:thresholds": [0.2, 0.3, 0.4]}, "class_rule"),
        ({"edgers:thresholds": [0.2], "edgers:class_rule": "one"}, "class_rule"),
        ({"edgers:thresholds": [0.2, 0.3], "edgers:class_rule": "several"}, "it holds 2"),
        ({"edgers:thresholds": [0.2, 0.3, 1.0], "edgers:class_rule": "several"}, "0 and 1"),
        ({"edgers:scope": "world"}, "tile, scene"),
        ({"edgers:normalise": "L2"}, "one of: l2"),
        ({"edgers:normalize": "l2"}, "edgers:normalise"),
    ],
)
def test_a_slip_is_told(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ContractError, match=message):
        contract_from_document(row_contract(**fields))

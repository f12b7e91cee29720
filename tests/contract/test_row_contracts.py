"""Contracts of graphs that take rows: what they are read as, and what is refused."""

import json
from typing import Any

import pytest
from builders.programs import close
from builders.tables import row_document, spectral_bands
from onnx import helper

from edgers.contract import contract_from_document
from edgers.contract.program import PerPixelRule
from edgers.contract.read_rows import is_location, row_output
from edgers.errors import ContractError
from edgers.export.draft import draft_from_graph

CLASSES = ("a", "b")


def test_rows_are_pixels_and_keep_what_they_say_of_a_row() -> None:
    document = row_document(spectral_bands(), "feature", 5, **{"edgers:normalise": "l2"})
    contract = contract_from_document(document)
    assert contract.program == PerPixelRule(pixel_shape=(-1,))
    assert contract.inputs[0].dim_order == ("batch", "channel", "height", "width")
    assert contract.outputs[0].dim_order == ("batch", "channel", "height", "width")
    row = row_output(contract)
    assert row is not None
    assert (row.dim_order, row.shape, row.normalise) == (("batch", "feature"), (-1, 5), "l2")
    assert not is_location(contract)


def test_longitude_and_latitude_alone_are_a_location() -> None:
    found = [
        is_location(contract_from_document(row_document(bands, "feature", 4)))
        for bands in (["lon", "lat"], ["Latitude", "Longitude"], ["lon", "lat", "doy"], ["lon"])
    ]
    assert found == [True, True, False, False]


def test_the_place_of_an_axis_of_length_one_is_kept() -> None:
    for axes, shape in ((("batch", "length", "channel"), (1, -1)),
                        (("batch", "channel", "length"), (-1, 1))):  # fmt: skip
        contract = contract_from_document(
            row_document(spectral_bands(), "class", 2, axes=axes, classes=CLASSES)
        )
        assert contract.program == PerPixelRule(pixel_shape=shape)


@pytest.mark.parametrize(("shape", "axes"), [
    ([None, 3], ["batch", "channel"]), ([None, 1, 3], ["batch", "length", "channel"]),
    ([None, 3, 1], ["batch", "channel", "length"]),
])  # fmt: skip
def test_a_draft_for_rows_has_their_axes(shape: list[Any], axes: list[str]) -> None:
    sizes = ["n", *shape[1:]]
    nodes = [helper.make_node("Flatten", ["x"], ["y"])]
    draft = json.loads(draft_from_graph(close(nodes, {"x": sizes}, {"y": ["n", 3]}, []), "rows"))
    (source,) = draft["mlm:input"]
    assert source["input"]["dim_order"] == axes
    assert len(source["bands"]) == 3
    assert "edgers:gsd_m" not in source


def two_inputs(axes: list[str]) -> dict[str, Any]:
    document = row_document(spectral_bands(), "class", 2, classes=CLASSES)
    (first,) = document["mlm:input"]
    second = {**first, "name": "z", "input": {**first["input"], "dim_order": axes}}
    second["input"]["shape"] = [-1, 4, 1, 1][: len(axes)]
    return {**document, "mlm:input": [first, second]}


@pytest.mark.parametrize("document", [
    two_inputs(["batch", "channel", "length"]),
    two_inputs(["batch", "channel", "height", "width"]),
    two_inputs(["channel", "batch"]),
    {**two_inputs(["batch", "channel"]), "edgers:program": {"kind": "per-pixel"}},
    row_document(spectral_bands(), "class", 2, classes=CLASSES, **{"edgers:scope": "scene"}),
    row_document(spectral_bands(), "class", 2, source={"edgers:spectral_resampling": "cubic"}),
    row_document(spectral_bands(), "class", 2, source={"edgers:spectral_resampling": "gaussian"}),
    row_document(["a"], "class", 2, source={"edgers:spectral_resampling": "linear"}),
])  # fmt: skip
def test_what_cannot_be_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ContractError):
        contract_from_document(document)

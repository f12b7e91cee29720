"""A contract that is started by `edgers contract init`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
from builders.bundles import tiny_net
from builders.networks import (
    band_net,
    channels_last_net,
    fixed_net,
    index_net,
    one_score_net,
    patch_net,
)
from builders.row_nets import means_net
from builders.runs import Outcome, edgers
from stac_model.schema import MLModelProperties

from edgers.contract import contract_from_document


def started(folder: Path, net: Callable[[], onnx.ModelProto] = tiny_net) -> dict[str, Any]:
    """Save a network and give the contract that is started for it."""
    onnx.save(net(), folder / "net.onnx")
    done = edgers("contract", "init", folder / "net.onnx")
    assert (done.code, done.err) == (0, "")
    document: dict[str, Any] = json.loads(done.out)
    return document


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """Replace every '?'."""
    text = json.dumps(document)
    for i, band in enumerate(document["mlm:input"][0]["bands"]):
        text = text.replace(f'"{band["name"]}"', f'"B0{i + 2}"', 1)
    for entry in document["mlm:output"][0]["classification:classes"]:
        text = text.replace(f'"{entry["name"]}"', f'"class {entry["value"]}"', 1)
    done: dict[str, Any] = json.loads(text)
    for band, colour in zip(done["mlm:input"][0]["bands"], ("blue", "green", "red"), strict=True):
        band["common_name"] = colour
    done["mlm:architecture"] = "test"
    done["mlm:input"][0]["edgers:value_scaling"] = [{"type": "scale", "value": 2000}]
    done["mlm:input"][0]["edgers:gsd_m"] = 10
    return done


def checked(folder: Path, document: dict[str, Any]) -> Outcome:
    path = folder / "c.json"
    path.write_text(json.dumps(document))
    return edgers("contract", "check", path, "--model", folder / "net.onnx")


NETS = [tiny_net, band_net, channels_last_net, fixed_net, one_score_net, patch_net, means_net()]


@pytest.mark.parametrize("net", NETS)
def test_a_started_contract_passes_once_completed(
    tmp_path: Path, net: Callable[[], onnx.ModelProto]
) -> None:
    document = started(tmp_path, net)
    assert checked(tmp_path, document).code == 2
    done = checked(tmp_path, completed(document))
    assert (done.code, done.err) == (0, "")
    assert "fits the graph" in done.out


def test_a_started_contract_says_what_the_graph_says(tmp_path: Path) -> None:
    document = started(tmp_path)
    source, output = document["mlm:input"][0], document["mlm:output"][0]
    assert document["mlm:name"] == "net"
    assert (source["name"], output["name"]) == ("x", "y")
    assert source["input"]["shape"] == [-1, 3, -1, -1]
    assert source["input"]["dim_order"] == ["batch", "channel", "height", "width"]
    assert source["input"]["data_type"] == "float32"
    assert len(source["bands"]) == 3


def test_the_number_of_classes_is_taken_from_the_graph(tmp_path: Path) -> None:
    net = tiny_net()
    net.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 3
    classes = started(tmp_path, lambda: net)["mlm:output"][0]["classification:classes"]
    assert [entry["value"] for entry in classes] == [0, 1, 2]


def test_channels_last_are_recognised(tmp_path: Path) -> None:
    source = started(tmp_path, channels_last_net)["mlm:input"][0]["input"]
    assert source["dim_order"] == ["batch", "height", "width", "channel"]
    assert source["shape"] == [-1, -1, -1, 3]


def test_a_completed_contract_is_a_valid_mlm_document(tmp_path: Path) -> None:
    document = completed(started(tmp_path))
    model = MLModelProperties(**document)
    assert model.name == "net"
    assert [c.name for c in contract_from_document(document).outputs[0].classes] == [
        "class 0",
        "class 1",
        "class 2",
    ]


def test_a_band_without_a_name_is_refused(tmp_path: Path) -> None:
    document = completed(started(tmp_path))
    document["mlm:input"][0]["bands"][1]["name"] = "?2"
    done = checked(tmp_path, document)
    assert done.code == 2
    assert "'?2' still stands for a name." in done.err
    assert "Replace every '?'" in done.err


@pytest.mark.parametrize(
    ("path", "left"),
    [
        (("mlm:architecture",), "?"),
        (("mlm:input", 0, "bands", 0, "common_name"), "?"),
        (("mlm:output", 0, "classification:classes", 1, "name"), "?1"),
    ],
)
def test_no_question_mark_is_left(tmp_path: Path, path: tuple[Any, ...], left: str) -> None:
    document = completed(started(tmp_path))
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    assert not place[path[-1]].startswith("?")
    place[path[-1]] = left
    assert checked(tmp_path, document).code == 2


def test_it_is_written_to_a_file(tmp_path: Path) -> None:
    onnx.save(index_net(), tmp_path / "net.onnx")
    out = tmp_path / "net.json"
    done = edgers("contract", "init", tmp_path / "net.onnx", "-o", out)
    assert done.code == 0
    assert str(out) in done.out
    assert json.loads(out.read_text())["mlm:input"][0]["name"] == "x"


def test_it_is_not_written_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    onnx.save(tiny_net(), tmp_path / "net.onnx")
    done = edgers("contract", "init", tmp_path / "net.onnx", "-o", tmp_path / "no" / "c.json")
    assert done.code == 2
    assert "cannot be written" in done.err


def test_check_without_a_graph_says_so(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(json.dumps(completed(started(tmp_path))))
    done = edgers("contract", "check", path)
    assert done.code == 0
    assert "give --model" in done.out


def test_two_axes_are_taken_for_classes_of_a_tile(tmp_path: Path) -> None:
    document = started(tmp_path, means_net())
    output = document["mlm:output"][0]
    assert output["result"]["dim_order"] == ["batch", "class"]
    assert output["result"]["shape"] == [-1, 3]
    assert output["tasks"] == document["mlm:tasks"] == ["scene-classification"]
    assert "'feature'" in output["$comment result"]

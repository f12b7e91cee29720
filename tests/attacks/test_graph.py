"""Graphs that are damaged or hostile."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from builders.bundles import contract_document, tiny_net
from builders.graphs import GraphBuilder
from builders.opened import opened_files
from builders.refusals import is_refusal
from builders.runs import Outcome, edgers
from onnx import TensorProto, helper

from edgers.contract import contract_from_bytes
from edgers.errors import ContractError, GraphError
from edgers.export.draft import draft_from_graph
from edgers.export.graph import check_fit, graph_from_file


def compiled(folder: Path) -> Outcome:
    (folder / "c.json").write_text(json.dumps(contract_document()))
    return edgers(
        "compile", folder / "m.onnx", "--contract", folder / "c.json", "-o", folder / "b.edgers"
    )


def refused(folder: Path, data: bytes) -> str:
    """Give bytes as a graph to both commands that read one; give the text."""
    path = folder / "m.onnx"
    path.write_bytes(data)
    started = edgers("contract", "init", path)
    assert is_refusal(started), started
    done = compiled(folder)
    assert is_refusal(done), done
    assert not (folder / "b.edgers").exists()
    assert started.err == done.err
    return done.err


@pytest.mark.parametrize(
    "data",
    [b"", b"\0", b"hello", random.Random(0).randbytes(2000), b"\xff" * 500, b"PK\x03\x04" * 50],
    ids=["empty", "zero", "text", "random", "ones", "zip"],
)
def test_bytes_that_are_no_graph_are_refused(tmp_path: Path, data: bytes) -> None:
    assert "is not a valid ONNX model" in refused(tmp_path, data)


def test_a_cut_graph_is_refused(tmp_path: Path) -> None:
    whole = tiny_net().SerializeToString()
    for length in range(1, len(whole), len(whole) // 20):
        (tmp_path / "m.onnx").write_bytes(whole[:length])
        with pytest.raises(GraphError):
            graph_from_file(tmp_path / "m.onnx")


def test_a_graph_that_is_not_there_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.onnx"):
        done = edgers("contract", "init", path)
        assert is_refusal(done)
        assert "cannot be read" in done.err


def mark_external(tensor: onnx.TensorProto, location: str) -> None:
    """Say that a tensor's data is in another file."""
    tensor.ClearField("raw_data")
    tensor.ClearField("float_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", location


def with_constant(tensor: onnx.TensorProto) -> onnx.ModelProto:
    """A graph with the tensor as an attribute of a Constant."""
    graph = GraphBuilder()
    constant = graph.node("Constant", [], channels=1, value=tensor)
    return graph.model(graph.node("Add", ["x", constant]))


def with_branch(tensor: onnx.TensorProto) -> onnx.ModelProto:
    """A graph with the tensor among the weights of a branch of an If."""
    graph = GraphBuilder()
    tensor.name = "inner"
    node = helper.make_node("Add", ["x", "inner"], ["sum"])
    given = helper.make_tensor_value_info("sum", TensorProto.FLOAT, None)
    branch = helper.make_graph([node], "branch", [], [given], [tensor])
    flag = graph.constant(True, "bool")
    chosen = graph.node("If", [flag], channels=3, then_branch=branch, else_branch=branch)
    return graph.model(chosen)


def with_sparse(tensor: onnx.TensorProto) -> onnx.ModelProto:
    """A graph with the tensor as the values of a sparse weight."""
    model = tiny_net()
    sparse = model.graph.sparse_initializer.add()
    sparse.dims.extend([3])
    sparse.values.CopyFrom(tensor)
    sparse.indices.CopyFrom(helper.make_tensor("i", TensorProto.INT64, [3], [0, 1, 2]))
    return model


def with_weight(tensor: onnx.TensorProto) -> onnx.ModelProto:
    """A graph with the tensor as a weight."""
    model = tiny_net()
    model.graph.initializer.append(tensor)
    return model


@pytest.mark.parametrize("place", [with_weight, with_constant, with_branch, with_sparse])
@pytest.mark.parametrize("location", ["w.bin", "../secret/w.bin", "absolute"])
def test_weights_in_other_files_are_refused_wherever_they_stand(
    tmp_path: Path,
    place: Callable[[onnx.TensorProto], onnx.ModelProto],
    location: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "secret").mkdir()
    for folder in ("work", "secret"):
        (tmp_path / folder / "w.bin").write_bytes(bytes(12))
    monkeypatch.chdir(tmp_path / "work")
    tensor = helper.make_tensor("w", TensorProto.FLOAT, [3, 1, 1], [1.0, 2.0, 3.0])
    mark_external(
        tensor, str(tmp_path / "secret" / "w.bin") if location == "absolute" else location
    )
    data = place(tensor).SerializeToString()
    with opened_files(tmp_path / "secret") as names:
        refused(tmp_path / "work", data)
    assert not names


def test_the_graphs_these_weights_stand_in_are_fine_without_them(tmp_path: Path) -> None:
    tensor = helper.make_tensor("w", TensorProto.FLOAT, [3, 1, 1], [1.0, 2.0, 3.0])
    for place in (with_weight, with_constant, with_branch):
        onnx.save(place(tensor), tmp_path / "m.onnx")
        graph_from_file(tmp_path / "m.onnx")


def test_an_altered_graph_is_read_or_refused_in_words(tmp_path: Path) -> None:
    whole = tiny_net().SerializeToString()
    contract = contract_from_bytes(json.dumps(contract_document()).encode(), "c.json")
    choose = random.Random(0)
    refusals = 0
    for _ in range(200):
        data = bytearray(whole)
        edge = choose.random() < 0.8
        position = choose.choice(headers(whole)) if edge else choose.randrange(len(whole))
        data[position] = choose.randrange(256)
        (tmp_path / "m.onnx").write_bytes(data)
        try:
            model = graph_from_file(tmp_path / "m.onnx")
            draft_from_graph(model, "m").encode()
            check_fit(model, contract)
        except (GraphError, ContractError):
            refusals += 1
    assert 20 < refusals < 200


def headers(data: bytes) -> list[int]:
    """Positions that hold structure, not weights: where short words of text stand, and around."""
    found: set[int] = set()
    for word in (b"Conv", b"Relu", b"Identity", b"pads", b"strides", b"kernel", b"w0", b"t1", b"h"):
        start = data.find(word)
        while start >= 0:
            found.update(range(max(0, start - 8), min(len(data), start + len(word) + 8)))
            start = data.find(word, start + 1)
    return sorted(found)


def test_a_graph_without_nodes_or_outputs_is_refused(tmp_path: Path) -> None:
    for part in ("node", "input", "output"):
        model = tiny_net()
        model.graph.ClearField(part)
        onnx.save(model, tmp_path / "m.onnx")
        assert is_refusal(edgers("contract", "init", tmp_path / "m.onnx")), part


def test_a_graph_that_no_size_suits_is_refused(tmp_path: Path) -> None:
    graph = GraphBuilder()
    odd = graph.constant(graph.random.normal(size=(1, 3, 7, 11)))
    onnx.save(graph.model(graph.node("Add", ["x", odd])), tmp_path / "m.onnx")
    done = compiled(tmp_path)
    assert is_refusal(done)
    assert "runs at none of the sizes tried" in done.err


def test_an_operator_that_is_not_known_is_refused(tmp_path: Path) -> None:
    model = tiny_net()
    model.graph.node[1].op_type = "Mystery"
    refused(tmp_path, model.SerializeToString())


def test_a_graph_of_a_future_version_is_refused(tmp_path: Path) -> None:
    model = tiny_net()
    model.opset_import[0].version = 999
    onnx.save(model, tmp_path / "m.onnx")
    assert is_refusal(compiled(tmp_path))

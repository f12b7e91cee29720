"""A graph in an opset that some TensorRT does not read is written in an older one, or left."""

import numpy as np
import onnx
import onnxruntime as ort
from builders.graphs import GraphBuilder
from onnx import TensorProto, helper

from edgers.calibration.legality import ALL, check_legality
from edgers.calibration.preparation import opset_of
from edgers.export.kit_graph import fitting_graph


def convolutions(opset: int) -> onnx.ModelProto:
    graph = GraphBuilder(seed=4, opset=opset)
    model = graph.model(graph.conv(graph.relu(graph.conv("x", 8)), 3, kernel=1))
    model.ir_version = 9
    return model


def answer(graph: bytes) -> object:
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    image = np.random.default_rng(0).normal(size=(1, 3, 9, 9)).astype(np.float32)
    return session.run(None, {"x": image})[0]


def test_a_graph_that_fits_stays_as_it_is() -> None:
    graph = convolutions(17).SerializeToString()
    assert fitting_graph(graph, ALL) == (graph, "")


def test_a_newer_graph_is_lowered_and_computes_the_same() -> None:
    graph = convolutions(19).SerializeToString()
    made, done = fitting_graph(graph, ALL)
    assert opset_of(onnx.load_model_from_string(made)) == 17
    assert done == "lowered from opset 19 to 17"
    assert check_legality(made, ALL).legal
    assert np.array_equal(answer(made), answer(graph))


def test_it_is_lowered_no_further_than_the_target_asks() -> None:
    graph = convolutions(19).SerializeToString()
    assert fitting_graph(graph, ALL[2:]) == (graph, "")


def test_a_graph_that_cannot_be_lowered_stays_for_those_that_read_it() -> None:
    graph = convolutions(20).graph
    # Gelu came with opset 20, so that there is nothing older to write it in.
    graph.node[1].op_type = "Gelu"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    data = model.SerializeToString()
    made, done = fitting_graph(data, ALL)
    assert (made, done) == (data, "")
    legal = {one.band.name: one.legal for one in check_legality(made, ALL).verdicts}
    assert not legal["8.6"]
    assert legal["10.15–10.16"]


def test_a_stray_import_is_cleaned_away() -> None:
    model = convolutions(17)
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    made, done = fitting_graph(model.SerializeToString(), ALL)
    assert done == "constants folded"
    assert check_legality(made, ALL).legal
    assert onnx.load_model_from_string(made).graph.input[0].type.tensor_type.elem_type == (
        TensorProto.FLOAT
    )

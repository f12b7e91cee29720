import numpy as np
import onnx
from builders.graphs import GraphBuilder
from builders.networks import unet
from builders.quantizable import gemm_head, normed
from onnx import numpy_helper

from edgers.calibration.layers import layers_of, named


def test_layers_are_the_nodes_with_weights_in_graph_order() -> None:
    layers = layers_of(unet())
    assert [layer.op for layer in layers] == [
        "Conv", "Conv", "Conv", "ConvTranspose", "Conv", "ConvTranspose", "Conv"
    ]  # fmt: skip
    assert [layer.weights for layer in layers[:4]] == [3 * 4 * 9, 4 * 4 * 9, 4 * 4 * 9, 4 * 4 * 4]
    assert layers[0].output == "t0"
    assert [layer.op for layer in layers_of(gemm_head())] == ["Conv", "MatMul", "Gemm"]
    assert [layer.op for layer in layers_of(normed())] == ["Conv", "Conv"]


def test_a_product_of_two_activations_is_no_layer() -> None:
    graph = GraphBuilder()
    x = graph.conv("x")
    assert [one.op for one in layers_of(graph.model(graph.node("MatMul", [x, x])))] == ["Conv"]


def test_weights_in_a_constant_node_count() -> None:
    graph = GraphBuilder()
    weight = graph.node(
        "Constant", [], channels=0, value=numpy_helper.from_array(np.ones((2, 3, 1, 1), "f4"))
    )
    (layer,) = layers_of(graph.model(graph.node("Conv", ["x", weight], channels=2)))
    assert layer.weights == 6


def test_every_node_gets_a_name_of_its_own_and_keeps_the_one_it_has() -> None:
    model = unet()
    model.graph.node[0].name = ""
    model.graph.node[1].name = "twice"
    model.graph.node[2].name = "twice"
    model.graph.node[3].name = model.graph.node[0].output[0]
    before = model.SerializeToString()
    names = [node.name for node in named(model).graph.node]
    assert model.SerializeToString() == before
    assert len(set(names)) == len(names)
    assert "" not in names
    assert names[1:4] == ["twice", "twice_2", "t0"]
    assert names[0] == "t0_2"
    again = [node.name for node in named(onnx.load_model_from_string(before)).graph.node]
    assert again == names
    assert [node.name for node in named(named(model)).graph.node] == names

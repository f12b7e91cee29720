"""Which tensors are looked at, and in how many turns."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from builders.bundles import tiny_net
from builders.graphs import GraphBuilder
from builders.networks import band_net

from edgers.calibration.observed import observed_turns
from edgers.errors import GraphError

SHAPES = {"x": (1, 3, 16, 16)}
LARGE = 2**30


def test_all_activations_are_shown_in_one_graph() -> None:
    net = tiny_net()
    (turn,) = observed_turns(net, SHAPES, LARGE)
    assert list(turn.tensors) == [name for node in net.graph.node for name in node.output]


def test_constants_and_shapes_are_not_looked_at() -> None:
    graph = GraphBuilder()
    small = graph.pool(graph.conv("x"))
    weights = graph.node("Neg", [graph.constant(np.ones((1, 4, 1, 1)))])
    size = graph.node("Cast", [graph.node("Shape", [small])], to=onnx.TensorProto.FLOAT)
    up = graph.resize_like(graph.node("Mul", [small, weights]), "x")
    net = graph.model(graph.conv(up, 3, kernel=1))
    (turn,) = observed_turns(net, SHAPES, LARGE)
    looked_at = {node.op_type for node in net.graph.node if node.output[0] in turn.tensors}
    assert looked_at == {"Conv", "MaxPool", "Mul", "Resize"} | {
        node.op_type for node in net.graph.node if node.output[0] == "y"
    }
    assert not {weights, size} & set(turn.tensors)


def test_what_does_not_fit_is_shown_in_another_turn() -> None:
    net = tiny_net()
    together = observed_turns(net, SHAPES, LARGE)[0].tensors
    # 8 channels of 16 × 16 px of float32 are 8 kB.
    turns = observed_turns(net, SHAPES, 20_000)
    assert len(turns) > 1
    assert tuple(name for turn in turns for name in turn.tensors) == together
    for turn in turns:
        session = ort.InferenceSession(turn.graph, providers=["CPUExecutionProvider"])
        assert [entry.name for entry in session.get_outputs()] == list(turn.tensors)
        held = session.run(None, {"x": np.zeros(SHAPES["x"], np.float32)})
        assert sum(np.asarray(value).nbytes for value in held) <= 20_000


def test_a_graph_without_activations_is_refused() -> None:
    net = band_net()
    del net.graph.node[:]
    with pytest.raises(GraphError, match="no activations"):
        observed_turns(net, SHAPES, LARGE)

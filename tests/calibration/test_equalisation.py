"""Equalisation keeps what a network computes, and really equalises."""

import numpy as np
import onnx
import pytest
from builders.calibration import noise_tiles
from builders.graphs import GraphBuilder
from builders.networks import unet
from builders.quantizable import NETWORKS
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import numpy_helper

from edgers.calibration.equalisation import equalised, pairs_of
from edgers.calibration.preparation import prepared
from edgers.calibration.simulation import Simulation

TILES = noise_tiles(1)


def spread(model: onnx.ModelProto, seed: int) -> bytes:
    """Make the channels of every layer's output differ by up to a hundred times."""
    random = np.random.default_rng(seed)
    constants = {entry.name: entry for entry in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type in ("Conv", "ConvTranspose") and node.input[1] in constants:
            entry = constants[node.input[1]]
            values = numpy_helper.to_array(entry)
            axis = 0 if node.op_type == "Conv" else 1
            shape = [1] * values.ndim
            shape[axis] = -1
            factors = 10 ** random.uniform(-1, 1, values.shape[axis]).reshape(shape)
            made = (values * factors).astype(np.float32)
            entry.CopyFrom(numpy_helper.from_array(made, entry.name))
    return model.SerializeToString()


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(NETWORKS)), st.integers(0, 1000))
def test_what_is_computed_stays(name: str, seed: int) -> None:
    graph = spread(NETWORKS[name](), seed)
    expected = Simulation(graph).infer(TILES.tensors[0])["y"]
    found = Simulation(equalised(graph)).infer(TILES.tensors[0])["y"]
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()


def separable() -> onnx.ModelProto:
    graph = GraphBuilder(seed=4)
    x = graph.relu(graph.conv("x", 8, kernel=1))
    x = graph.relu(graph.conv(x, 8, group=8))
    x = graph.relu(graph.conv(x, 8, group=2))
    x = graph.relu(graph.transposed(graph.pool(x), 6))
    return graph.model(graph.conv(x, 3, kernel=1))


@pytest.mark.parametrize("seed", range(3))
def test_both_sides_of_a_channel_come_to_one_range(seed: int) -> None:
    graph = equalised(spread(separable(), seed))
    model = onnx.load_model_from_string(graph)
    weights = {entry.name: numpy_helper.to_array(entry) for entry in model.graph.initializer}
    nodes = {node.name: node for node in model.graph.node}
    pairs = pairs_of(model)
    assert len(pairs) == 4
    for pair in pairs:
        first, second = nodes[pair.first], nodes[pair.second]
        out = np.moveaxis(weights[first.input[1]], 0 if first.op_type == "Conv" else 1, 0)
        given_ = np.abs(out.reshape(out.shape[0], -1)).max(axis=1)
        taken = np.array([_taken(second, weights[second.input[1]], c) for c in range(len(given_))])
        assert given_ == pytest.approx(taken, rel=2e-2)


def _taken(node: onnx.NodeProto, weights: np.ndarray, channel: int) -> float:
    """Largest weight on one input channel, by the definition of a grouped convolution."""
    if node.op_type == "ConvTranspose":
        return float(np.abs(weights[channel]).max())
    groups = next((one.i for one in node.attribute if one.name == "group"), 1)
    per_group, outputs = weights.shape[1], weights.shape[0] // groups
    group = channel // per_group
    rows = weights[group * outputs : (group + 1) * outputs, channel % per_group]
    return float(np.abs(rows).max())


def test_the_separable_network_stays_too() -> None:
    for seed in range(3):
        graph = spread(separable(), seed)
        expected = Simulation(graph).infer(TILES.tensors[0])["y"]
        found = Simulation(equalised(graph)).infer(TILES.tensors[0])["y"]
        assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()


def test_a_tensor_that_two_nodes_read_is_left() -> None:
    pairs = {(pair.first, pair.second) for pair in pairs_of(prepared(unet().SerializeToString()))}
    # The first two layers feed a pool and a join each; up-convolutions feed a join.
    assert pairs == {("Conv6", "ConvTranspose8"), ("Conv10", "ConvTranspose12")}


def test_clip_ends_a_chain_because_its_bounds_do_not_scale() -> None:
    pairs = pairs_of(prepared(NETWORKS["depthwise"]().SerializeToString()))
    assert {pair.first for pair in pairs} == {"Conv2"}


def test_an_output_of_the_graph_is_left() -> None:
    model = NETWORKS["chain"]()
    model.graph.output.append(onnx.helper.make_tensor_value_info("t1", 1, ["n", 8, "a", "b"]))
    assert {pair.first for pair in pairs_of(prepared(model.SerializeToString()))} == {"Conv2"}


def test_a_dead_channel_stays_dead() -> None:
    model = NETWORKS["chain"]()
    entry = next(one for one in model.graph.initializer if one.name == "w0")
    values = numpy_helper.to_array(entry).copy()
    values[3] = 0
    entry.CopyFrom(numpy_helper.from_array(values, "w0"))
    made = onnx.load_model_from_string(equalised(model.SerializeToString()))
    for entry in made.graph.initializer:
        assert np.isfinite(numpy_helper.to_array(entry)).all()

"""FP16 graphs, and what FP16 does not hold."""

import numpy as np
import onnx
import pytest
from builders.calibration import noise_tiles, plain_ranges
from builders.quantizable import NETWORKS, chain
from onnx import TensorProto, numpy_helper

from edgers.calibration.half import half_graph, overflows
from edgers.calibration.output_error import output_error
from edgers.calibration.simulation import Simulation
from edgers.engines import ENGINES

TILES = noise_tiles()


def scaled(model: onnx.ModelProto, factors: dict[str, float]) -> bytes:
    """Multiply constants of a network."""
    for entry in model.graph.initializer:
        if entry.name in factors:
            values = numpy_helper.to_array(entry) * np.float32(factors[entry.name])
            entry.CopyFrom(numpy_helper.from_array(values, entry.name))
    return model.SerializeToString()


def loud() -> bytes:
    """A chain with values of a million between its second and its last layer."""
    return scaled(chain(), {"w2": 1e6, "w3": 1e6, "w4": 1e-6})


@pytest.mark.parametrize("name", NETWORKS)
def test_an_fp16_network_has_float32_ends_and_nearly_the_answer(name: str) -> None:
    graph = NETWORKS[name]().SerializeToString()
    half = half_graph(graph)
    model = onnx.load_model_from_string(half)
    onnx.checker.check_model(model, full_check=True)
    assert model.graph.input[0].type.tensor_type.elem_type == TensorProto.FLOAT
    assert model.graph.output[0].type.tensor_type.elem_type == TensorProto.FLOAT
    kinds = {entry.data_type for entry in model.graph.initializer if len(entry.dims) > 1}
    assert kinds == {TensorProto.FLOAT16}
    for engine in (Simulation(half), *(maker(half) for maker in ENGINES.values())):
        assert output_error(Simulation(graph), engine, TILES, "y", 1).sqnr_db > 55, engine.info
    assert half_graph(graph) == half


def test_fp16_halves_the_file() -> None:
    graph = scaled(chain(), {})
    wide = sum(
        len(entry.raw_data) for entry in onnx.load_model_from_string(graph).graph.initializer
    )
    model = onnx.load_model_from_string(half_graph(graph))
    assert 2 * sum(len(entry.raw_data) for entry in model.graph.initializer) == wide


def test_a_tensor_beyond_65504_is_found_with_its_readers() -> None:
    graph = loud()
    found = overflows(graph, plain_ranges(graph, TILES))
    large = {one.tensor: one for one in found if one.kind == "too large" and len(one.nodes) > 1}
    assert set(large) == {"t2", "t3"}
    assert large["t2"].layer == "Conv2"
    assert large["t2"].nodes == ("Conv2", "Relu3")
    assert large["t3"].nodes == ("Relu3", "Conv4")
    assert large["t2"].value > 65504


def test_with_what_overflows_kept_fp16_is_right() -> None:
    graph = loud()
    expected = Simulation(graph)
    broken = output_error(expected, Simulation(half_graph(graph)), TILES, "y", 1)
    assert not broken.sqnr_db > 20
    kept = {name for one in overflows(graph, plain_ranges(graph, TILES)) for name in one.nodes}
    half = half_graph(graph, kept)
    model = onnx.load_model_from_string(half)
    kinds = {entry.name: entry.data_type for entry in model.graph.initializer}
    assert kinds["w0"] == TensorProto.FLOAT16
    assert kinds["w2"] == kinds["w4"] == TensorProto.FLOAT
    for engine in (Simulation(half), *(maker(half) for maker in ENGINES.values())):
        assert output_error(expected, engine, TILES, "y", 1).sqnr_db > 55, engine.info


def test_between_kept_nodes_nothing_is_rounded() -> None:
    model = onnx.load_model_from_string(half_graph(loud(), ["Conv2", "Relu3", "Conv4"]))
    by_name = {node.name: node for node in model.graph.node}
    assert by_name["Relu3"].input[0] == by_name["Conv2"].output[0] == "t2"
    assert by_name["Conv4"].input[0] == by_name["Relu3"].output[0] == "t3"


def test_with_everything_kept_the_answer_is_that_of_fp32() -> None:
    for network in NETWORKS.values():
        model = network()
        half = half_graph(model.SerializeToString(), [node.name for node in model.graph.node])
        tile = TILES.tensors[0]
        expected = Simulation(model.SerializeToString()).infer(tile)["y"]
        found = Simulation(half).infer(tile)["y"]
        assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


def test_weights_too_large_and_channels_too_small_are_found() -> None:
    graph = scaled(chain(), {"w0": 1e-6, "w3": 1e7})
    found = {(one.tensor, one.kind): one for one in overflows(graph, plain_ranges(graph, TILES))}
    assert found["w0", "too small"].layer == "Conv0"
    assert 0 < found["w0", "too small"].value < 2.0**-14
    assert found["w3", "too large"].value > 65504


def test_a_network_that_fits_has_no_overflow() -> None:
    graph = chain().SerializeToString()
    assert overflows(graph, plain_ranges(graph, TILES)) == ()


def test_an_input_beyond_65504_is_found() -> None:
    graph = chain().SerializeToString()
    tiles = noise_tiles(1)
    tiles.tensors[0]["x"][0, 0, 0, 0] = 1e5  # type: ignore[index]
    found = [one for one in overflows(graph, plain_ranges(graph, tiles)) if one.tensor == "x"]
    assert [one.nodes for one in found] == [("Conv0",)]

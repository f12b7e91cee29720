"""The stand-in for FP16 shows what a device that computes in FP16 would show."""

import numpy as np
import onnx
import pytest
from builders.graphs import GraphBuilder
from builders.quantizable import NETWORKS

from edgers.calibration.half import half_graph
from edgers.calibration.half_rounding import rounded_between
from edgers.engines import ENGINES

REFERENCE = {"layout": "reference"}


def times(factors: list[float]) -> bytes:
    """Give a network that multiplies its image by one number after another."""
    graph = GraphBuilder()
    x = "x"
    for factor in factors:
        x = graph.node("Conv", [x, graph.constant(np.eye(3)[..., None, None] * factor)])
    data: bytes = graph.model(x).SerializeToString()
    return data


def answer(graph: bytes) -> np.ndarray:
    engine = ENGINES["onnxruntime"](graph, "fp16", REFERENCE)
    return np.asarray(engine.infer({"x": np.full((1, 3, 4, 4), 3, np.float32)})["y"])


def test_what_is_too_large_between_two_nodes_is_no_number_any_more() -> None:
    half = half_graph(times([1000, 1000, 0.001, 0.001]))
    assert not np.isfinite(answer(rounded_between(half))).any()
    # The reason for all this: the runtime by itself lets it pass.
    assert np.isfinite(answer(half)).all()


def test_digits_that_fp16_does_not_have_are_lost_between_two_nodes() -> None:
    third = np.float16(3 * float(np.float16(1 / 3)))
    found = answer(rounded_between(half_graph(times([1 / 3, 1]))))
    assert (found == np.float32(third)).all()


def test_a_graph_without_fp16_is_left_alone() -> None:
    graph = times([2])
    assert rounded_between(graph) == graph


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_stays_valid_and_close(name: str) -> None:
    graph = NETWORKS[name]().SerializeToString()
    half = half_graph(graph)
    rounded = rounded_between(half)
    onnx.checker.check_model(onnx.load_model_from_string(rounded), full_check=True)
    engine = ENGINES["onnxruntime"]
    dims = onnx.load_model_from_string(graph).graph.input[0].type.tensor_type.shape.dim
    image = np.random.default_rng(1).normal(size=(1, dims[1].dim_value, 32, 32))
    inputs = {"x": image.astype(np.float32)}
    wanted = np.asarray(engine(graph, "fp32", REFERENCE).infer(inputs)["y"])
    found = np.asarray(engine(rounded, "fp16", REFERENCE).infer(inputs)["y"])
    assert np.abs(found - wanted).max() <= 0.01 * np.abs(wanted).max()

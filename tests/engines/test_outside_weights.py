"""Weights in other files are found wherever a graph may hold a tensor."""

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from builders.bundles import tiny_net
from builders.networks import attention_net, band_net, fixed_net, index_net, patch_net, unet
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from edgers.engines.outside_weights import has_outside_weights


def outside() -> onnx.TensorProto:
    tensor = numpy_helper.from_array(np.zeros(4, np.float32), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    return tensor


def with_node(
    *nodes: onnx.NodeProto, weights: tuple[onnx.TensorProto, ...] = ()
) -> onnx.GraphProto:
    return helper.make_graph(list(nodes), "g", [], [], list(weights))


def as_weight() -> onnx.ModelProto:
    return helper.make_model(with_node(weights=(outside(),)))


def as_constant() -> onnx.ModelProto:
    return helper.make_model(with_node(helper.make_node("Constant", [], ["y"], value=outside())))


def as_list() -> onnx.ModelProto:
    node = helper.make_node("Constant", [], ["y"])
    node.attribute.add(name="many", type=onnx.AttributeProto.TENSORS).tensors.append(outside())
    return helper.make_model(with_node(node))


def in_a_branch() -> onnx.ModelProto:
    branch = with_node(weights=(outside(),))
    return helper.make_model(
        with_node(helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch))
    )


def in_branches() -> onnx.ModelProto:
    node = helper.make_node("If", ["c"], ["y"])
    node.attribute.add(name="many", type=onnx.AttributeProto.GRAPHS).graphs.append(
        with_node(weights=(outside(),))
    )
    return helper.make_model(with_node(node))


def in_a_function() -> onnx.ModelProto:
    node = helper.make_node("Constant", [], ["y"], value=outside())
    function = helper.make_function("d", "f", [], ["y"], [node], [helper.make_opsetid("", 17)])
    return helper.make_model(with_node(), functions=[function])


def sparse() -> onnx.ModelProto:
    model = helper.make_model(with_node())
    model.graph.sparse_initializer.add().values.CopyFrom(outside())
    return model


def in_a_sparse_attribute() -> onnx.ModelProto:
    node = helper.make_node("Constant", [], ["y"])
    one = node.attribute.add(name="value", type=onnx.AttributeProto.SPARSE_TENSOR)
    one.sparse_tensor.indices.CopyFrom(outside())
    return helper.make_model(with_node(node))


def in_sparse_attributes() -> onnx.ModelProto:
    node = helper.make_node("Constant", [], ["y"])
    many = node.attribute.add(name="values", type=onnx.AttributeProto.SPARSE_TENSORS)
    many.sparse_tensors.add().values.CopyFrom(outside())
    return helper.make_model(with_node(node))


def for_training() -> onnx.ModelProto:
    model = helper.make_model(with_node())
    model.training_info.add().algorithm.CopyFrom(with_node(weights=(outside(),)))
    return model


def without_a_mark() -> onnx.ModelProto:
    tensor = outside()
    tensor.ClearField("data_location")
    return helper.make_model(with_node(weights=(tensor,)))


def without_a_place() -> onnx.ModelProto:
    tensor = outside()
    del tensor.external_data[:]
    return helper.make_model(with_node(weights=(tensor,)))


@pytest.mark.parametrize(
    "make",
    [as_weight, as_constant, as_list, in_a_branch, in_branches, in_a_function, sparse,
     in_a_sparse_attribute, in_sparse_attributes, for_training,
     without_a_mark, without_a_place],
)  # fmt: skip
def test_weights_elsewhere_are_found(make: Callable[[], onnx.ModelProto]) -> None:
    assert has_outside_weights(make().SerializeToString())


@pytest.mark.parametrize(
    "net", [tiny_net, band_net, patch_net, unet, index_net, fixed_net, attention_net]
)
def test_a_whole_graph_passes(net: Callable[[], onnx.ModelProto]) -> None:
    model = net()
    # Words that look like the mark, where they mean nothing.
    model.metadata_props.add(key="location", value="here")
    model.doc_string = "location external_data"
    assert not has_outside_weights(model.SerializeToString())


@pytest.mark.parametrize(
    "data",
    [b"\x3a\x05", b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\x3b", b"\x80"],
    ids=["cut", "endless number", "group", "half a number"],
)
def test_bytes_that_are_no_messages_do_not_pass(data: bytes) -> None:
    assert has_outside_weights(data)


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_get_an_answer(data: bytes) -> None:
    assert has_outside_weights(data) in (True, False)


def test_many_graphs_in_graphs_get_an_answer() -> None:
    data = b""
    for _ in range(4000):
        # attribute {g}, node {attribute}, graph {node}
        for number in (6, 5, 1):
            data = bytes([number << 3 | 2]) + _length(len(data)) + data
    assert has_outside_weights(b"\x3a" + _length(len(data)) + data)


def _length(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)

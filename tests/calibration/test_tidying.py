"""Graphs brought into one order."""

import onnx
from builders.networks import unet
from builders.quantizable import chain
from onnx import helper

from edgers.calibration.preparation import prepared
from edgers.calibration.tidying import graph_bytes


def test_order_of_nodes_and_constants_and_notes_change_no_byte() -> None:
    model = unet()
    other = unet()
    nodes, constants = list(other.graph.node), list(other.graph.initializer)
    del other.graph.initializer[:]
    other.graph.initializer.extend(reversed(constants))
    del other.graph.node[:]
    other.graph.node.extend([*nodes[1:], nodes[0]])
    other.doc_string = other.graph.doc_string = other.producer_name = "a note"
    other.graph.value_info.append(helper.make_tensor_value_info("t0", 1, None))
    other.opset_import.append(helper.make_opsetid("com.example", 1))
    assert graph_bytes(other) == graph_bytes(model)
    names = [
        entry.name for entry in onnx.load_model_from_string(graph_bytes(other)).graph.initializer
    ]
    assert names == [f"w{i}" for i in range(12)]


def test_what_nothing_reads_goes() -> None:
    model = chain()
    model.graph.node.insert(1, helper.make_node("Neg", ["t0"], ["unread"], name="n"))
    entry = model.graph.initializer.add()
    entry.CopyFrom(model.graph.initializer[0])
    entry.name = "unread constant"
    assert graph_bytes(model) == graph_bytes(chain())


def test_weights_listed_as_inputs_are_constants() -> None:
    """As exporters before IR version 4 list them; the runtime folds no constant it may be fed."""
    model = chain()
    weight = model.graph.initializer[0]
    model.graph.input.append(helper.make_tensor_value_info(weight.name, 1, list(weight.dims)))
    made = prepared(model.SerializeToString())
    assert [entry.name for entry in made.graph.input] == ["x"]
    assert graph_bytes(made) == graph_bytes(prepared(chain().SerializeToString()))

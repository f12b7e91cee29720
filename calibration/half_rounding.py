"""FP16 as a device computes it: every tensor in FP16 is rounded to it, on a CPU too.

ONNX Runtime has hardly a kernel for FP16 on CPUs. It computes in FP32, and leaves out the casts to
FP16 and back that lie between two nodes: what is too large for FP16 then goes through unharmed.
"""

import onnx
from onnx import TensorProto


def rounded_between(graph: bytes) -> bytes:
    """Put two Identities behind each node that gives FP16: what goes between them has to be FP16.

    One alone ONNX Runtime computes in FP32 as well. A stand-in to judge by, not to ship; a graph
    without FP16 comes back as it is. Sums inside a node are in FP32, which devices may do in FP16.
    """
    model = onnx.load_model_from_string(graph)
    kinds = _kinds(model)
    if TensorProto.FLOAT16 not in kinds.values():
        return graph
    outputs = {entry.name for entry in model.graph.output}
    nodes = []
    for node in model.graph.node:
        made = onnx.NodeProto()
        made.CopyFrom(node)
        nodes.append(made)
        for index, name in enumerate(node.output):
            if kinds.get(name) != TensorProto.FLOAT16 or name in outputs:
                continue
            before, between = f"{name}.before", f"{name}.between"
            made.output[index] = before
            nodes.append(onnx.helper.make_node("Identity", [before], [between]))
            nodes.append(onnx.helper.make_node("Identity", [between], [name]))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return bytes(model.SerializeToString(deterministic=True))


def _kinds(model: onnx.ModelProto) -> dict[str, int]:
    """Give the element type (TensorProto.DataType) of every tensor for which it can be told."""
    inferred = onnx.shape_inference.infer_shapes(model).graph
    entries = (*inferred.value_info, *inferred.input, *inferred.output)
    return {entry.name: entry.type.tensor_type.elem_type for entry in entries}

"""Bias correction: what quantization shifts on the mean, put into the bias.

Nagel et al. 2019, arXiv:1906.04721, in its empirical form: rounded weights do not add up to what
they were, and on inputs with a mean, as behind a Relu, that is a constant.
"""

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from edgers.calibration.layers import WEIGHTED
from edgers.calibration.simulation import Simulation
from edgers.calibration.tidying import graph_bytes
from edgers.calibration.tiles import Tiles

Array = npt.NDArray[np.float64]


def bias_corrected(quantized_graph: bytes, float_graph: bytes, tiles: Tiles) -> bytes:
    """Correct the biases of a quantized graph by the mean shift of each channel over tiles.

    In order: a layer is measured after those before it were corrected, so that no shift is
    corrected twice. Layers that lie equally deep are done in one pass, which runs the graph up to
    them alone: about half a run of both graphs a tile for each depth. Layers without a bias are
    left; `quantized` gives each one where the plan says `bias_corrected`.
    """
    model = onnx.load_model_from_string(quantized_graph)
    seen = _seen(model.graph, float_graph)
    for layers in _by_depth(model.graph):
        outputs = [seen[node.output[0]] for node in layers if node.output[0] in seen]
        if not outputs:
            continue
        expected = _means(float_graph, outputs, tiles)
        found = _means(model.SerializeToString(), outputs, tiles)
        for node in layers:
            tensor = seen.get(node.output[0])
            if tensor is not None:
                _add(model.graph, node, expected[tensor] - found[tensor])
    return graph_bytes(model)


def mean_shifts(quantized_graph: bytes, float_graph: bytes, tiles: Tiles) -> dict[str, Array]:
    """Give, for each layer's output, the mean of quantized minus float by channel."""
    graph = onnx.load_model_from_string(quantized_graph).graph
    seen = _seen(graph, float_graph)
    outputs = [seen[n.output[0]] for n in graph.node if _has_bias(n) and n.output[0] in seen]
    expected = _means(float_graph, outputs, tiles)
    found = _means(quantized_graph, outputs, tiles)
    return {name: found[name] - expected[name] for name in outputs}


def _seen(graph: onnx.GraphProto, float_graph: bytes) -> dict[str, str]:
    """Give, for tensors of a quantized graph, the name under which the float graph has them.

    It is the same name, but for FP16 outputs: those are cast to the float graph's.
    """
    nodes = onnx.load_model_from_string(float_graph).graph.node
    known = {name for node in nodes for name in node.output}
    seen = {name: name for node in graph.node for name in node.output if name in known}
    for node in graph.node:
        if node.op_type == "Cast" and node.output[0] in known:
            seen.setdefault(node.input[0], node.output[0])
    return seen


def _by_depth(graph: onnx.GraphProto) -> list[list[onnx.NodeProto]]:
    """Sort the layers with a bias by how many such layers lie before them."""
    depth: dict[str, int] = {}
    found: dict[int, list[onnx.NodeProto]] = {}
    for node in graph.node:
        before = max((depth.get(name, 0) for name in node.input), default=0)
        if _has_bias(node):
            found.setdefault(before, []).append(node)
            before += 1
        for name in node.output:
            depth[name] = before
    return [found[key] for key in sorted(found)]


def _has_bias(node: onnx.NodeProto) -> bool:
    return node.op_type in WEIGHTED and len(node.input) > 2 and bool(node.input[2])


def _means(graph: bytes, tensors: list[str], tiles: Tiles) -> dict[str, Array]:
    """Average tensors [batch, channel, …] by channel over all tiles, in float64."""
    simulation = Simulation(graph, tensors)
    sums: dict[str, Array] = {}
    counts = dict.fromkeys(tensors, 0)
    for inputs in tiles:
        for name, value in simulation.infer(inputs).items():
            axes = (0, *range(2, value.ndim))
            sums[name] = sums.get(name, 0.0) + value.sum(axis=axes, dtype=np.float64)
            counts[name] += value.size // value.shape[1]
    simulation.close()
    return {name: sums[name] / counts[name] for name in tensors}


def _add(graph: onnx.GraphProto, node: onnx.NodeProto, shift: Array) -> None:
    """Add a number a channel to a layer's bias, in whatever form that is kept."""
    constants = {entry.name: entry for entry in graph.initializer}
    name = node.input[2]
    back = next((one for one in graph.node if name in one.output), None)
    if back is not None and back.op_type == "DequantizeLinear" and back.input[0] in constants:
        entry, scale = constants[back.input[0]], numpy_helper.to_array(constants[back.input[1]])
        limits = np.iinfo(np.int32)
        steps = numpy_helper.to_array(entry) + np.round(shift / scale.astype(np.float64))
        values = np.clip(steps, limits.min, limits.max).astype(np.int32)
    elif name in constants:
        entry = constants[name]
        old = numpy_helper.to_array(entry)
        values = (old.astype(np.float64) + shift).astype(old.dtype)
    else:
        return
    entry.CopyFrom(numpy_helper.from_array(values, entry.name))

"""A graph run as it is written, node by node, without an engine's fusions."""

from collections.abc import Sequence

import numpy as np
import onnx
import onnxruntime as ort

from edgers.engines import EngineInfo, Tensors


class Simulation:
    """An engine that optimises nothing, so that any tensor of the graph can be asked for.

    It computes what an S8S8 graph means, with FP16 scales too, where ONNX Runtime's fusions do not.
    """

    def __init__(self, graph: bytes, tensors: Sequence[str] = ()) -> None:
        """Load a graph; where tensors are named, only what they need is run, and they are given."""
        model = onnx.load_model_from_string(graph)
        if tensors:
            _cut(model.graph, tensors)
        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self._session: ort.InferenceSession | None = ort.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    @property
    def info(self) -> EngineInfo:
        """Tell which runtime this is."""
        return EngineInfo(name="simulation", version=ort.__version__, device="cpu")

    def infer(self, inputs: Tensors) -> Tensors:
        """Run the graph once."""
        assert self._session is not None
        names = [entry.name for entry in self._session.get_outputs()]
        taken = {entry.name for entry in self._session.get_inputs()}
        feed = {name: value for name, value in inputs.items() if name in taken}
        results = self._session.run(names, feed)
        return {name: np.asarray(value) for name, value in zip(names, results, strict=True)}

    def close(self) -> None:
        """Give back what the session holds."""
        self._session = None


def _cut(graph: onnx.GraphProto, tensors: Sequence[str]) -> None:
    """Leave the nodes that these tensors need, and make them the outputs."""
    del graph.output[:]
    graph.output.extend(onnx.ValueInfoProto(name=name) for name in tensors)
    wanted = set(tensors)
    kept: list[onnx.NodeProto] = []
    for node in reversed(graph.node):
        if wanted & set(node.output):
            copy = onnx.NodeProto()
            copy.CopyFrom(node)
            kept.append(copy)
            wanted.update(node.input)
    del graph.node[:]
    graph.node.extend(reversed(kept))

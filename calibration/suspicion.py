"""Which layers to suspect before anything is measured: those whose numbers spread widest."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import numpy_helper

from edgers.calibration.ranges import Ranges
from edgers.calibration.sensitivity import Layer


def suspicions(
    graph: bytes, layers: Sequence[Layer], ranges: Ranges | None = None
) -> dict[str, float]:
    """Give by layer, in dB, how much of 8 bits goes to values that hardly occur.

    For weights that is the largest over the root mean square, of the whole tensor; for what goes
    in, where ranges are known, the width of all that was seen over that of 99.999 % of it.
    """
    model = onnx.load_from_string(graph)
    weights = {one.name: one for one in model.graph.initializer}
    nodes = {name: node for node in model.graph.node for name in node.output}
    found = {}
    for layer in layers:
        node = nodes.get(layer.output)
        inputs = [] if node is None else [name for name in node.input if name]
        constants = [weights[name] for name in inputs if name in weights]
        spread = max((_crest_db(one) for one in constants[:1]), default=0.0)
        if ranges is not None:
            spread += max(
                (_tail_db(ranges.spans[n]) for n in inputs if n in ranges.spans), default=0.0
            )
        found[layer.name] = spread
    return found


def _crest_db(weight: onnx.TensorProto) -> float:
    """Give the largest value over the root mean square, dB."""
    values = numpy_helper.to_array(weight).astype(np.float64)
    if not values.size or not np.isfinite(values).all():
        return math.inf
    mean = float(np.sqrt(np.mean(values**2)))
    return 20 * math.log10(float(np.abs(values).max()) / mean) if mean else 0.0


def _tail_db(spans: Mapping[str, tuple[float, float]]) -> float:
    """Give how much wider all that was seen is than nearly all of it, dB."""
    widths = [spans[method][1] - spans[method][0] for method in ("min-max", "percentile")]
    if not all(width > 0 for width in widths):
        return 0.0
    return 20 * math.log10(widths[0] / widths[1])

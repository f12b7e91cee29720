"""Short names for what a quantizer adds: a small network's file is a good part names."""

import onnx

SHORT = {
    "_QuantizeLinear_Output": ".q",
    "_DequantizeLinear_Output": ".d",
    "_QuantizeLinear_Input": ".r",
    "_QuantizeLinear": ".q",
    "_DequantizeLinear": ".d",
    "_quantized_scale": ".qs",
    "_quantized_zero_point": ".qz",
    "_quantized": ".w",
    "_scale": ".s",
    "_zero_point": ".z",
}
"""Ending that ONNX Runtime gives (quant_utils.py), and what it becomes."""


def shorten(graph: onnx.GraphProto) -> None:
    """Rename tensors and nodes around QuantizeLinear and DequantizeLinear."""
    fixed = {entry.name for entry in (*graph.input, *graph.output)}
    taken = fixed | {name for node in graph.node for name in (*node.input, *node.output)}
    names: dict[str, str] = {}
    for node in graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            for name in (*node.input, *node.output):
                short = _short(name)
                if name not in names and name not in fixed and short not in taken:
                    names[name] = short
                    taken.add(short)
            node.name = _short(node.name)
    for node in graph.node:
        for field in (node.input, node.output):
            for index, name in enumerate(field):
                field[index] = names.get(name, name)
    for entry in graph.initializer:
        entry.name = names.get(entry.name, entry.name)


def _short(name: str) -> str:
    for ending, short in SHORT.items():
        if name.endswith(ending):
            return name.removesuffix(ending) + short
    return name

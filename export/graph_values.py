"""The tensors of a graph at one tile size: how many values, of what type, through which Q/DQ."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from edgers.errors import GraphError
from edgers.targets.roofline import Traffic

if TYPE_CHECKING:
    import onnx

FLOATS = (1, 10, 11, 16)
"""FLOAT, FLOAT16, DOUBLE and BFLOAT16 (onnx.proto, TensorProto.DataType)."""

INT64 = 7
"""Type of sizes and indices (onnx.proto)."""

SMALL = 64
"""Tensors of up to this many INT64 values are sizes worked out, not data."""

ITEM_BYTES = {2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 12: 4, 13: 8, 17: 1, 18: 1, 19: 1, 20: 1}
"""Bytes of a value of each other type (onnx.proto)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphValues:
    """Tensors by name."""

    shapes: Mapping[str, tuple[int, ...]]
    """Shapes, as far as they could be told."""
    types: Mapping[str, int]
    """TensorProto.DataType numbers."""
    weights: frozenset[str]
    """Those that are in the file."""
    outputs: tuple[str, ...]
    """Those that the graph gives."""
    quantized: Mapping[str, str]
    """By the output of a DequantizeLinear: what was quantized, or the weight stored in 8 bits."""
    readers: Mapping[str, int]
    """How many nodes read a tensor, through Q/DQ as well."""
    narrow_readers: Mapping[str, int]
    """How many of them do so at 8 bits."""

    def source(self, name: str) -> tuple[str, bool]:
        """Give the tensor behind Q/DQ, and whether there are any."""
        behind = self.quantized.get(name)
        return (name, False) if behind is None else (behind, True)

    def is_weight(self, name: str) -> bool:
        """Tell whether a tensor is in the file."""
        return name in self.weights

    def is_stored_narrow(self, name: str) -> bool:
        """Tell whether a tensor need only be stored at 8 bits."""
        read = self.readers.get(name, 0)
        return 0 < read == self.narrow_readers.get(name, 0) and name not in self.outputs

    def count(self, name: str) -> int:
        """Give the number of values; 0 where the shape could not be told."""
        return prod(self.shapes[name]) if name in self.shapes else 0

    def traffic(self, name: str, *, is_eight_bit: bool = False) -> Traffic:
        """Give what moving a tensor once takes."""
        kind, count = self.types.get(name, FLOATS[0]), self.count(name)
        if is_eight_bit:
            return Traffic(eight_bit=count)
        if kind in FLOATS:
            return Traffic(floats=count)
        return Traffic(other_bytes=count * ITEM_BYTES.get(kind, 1))

    def is_arithmetic(self, node: "onnx.NodeProto") -> bool:
        """Tell whether a node works out sizes, which costs a device nothing."""
        return all(
            self.types.get(name) == INT64 and self.count(name) <= SMALL for name in node.output
        )


def values_of_graph(model: "onnx.ModelProto", shapes: Mapping[str, tuple[int, ...]]) -> GraphValues:
    """Tell the tensors of a graph for inputs of these shapes; raises GraphError where it cannot."""
    known, types = dict(shapes), {}
    for name, kind, shape in (*_told(_inferred(model, shapes)), *_held(model)):
        types[name] = kind
        if shape is not None:
            known.setdefault(name, shape)
    quantized = _quantized(model)
    readers: Counter[str] = Counter()
    narrow: Counter[str] = Counter()
    for node in model.graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear", "Shape", "Size"):
            continue
        for name in set(filter(None, node.input)):
            readers[quantized.get(name, name)] += 1
            narrow[quantized.get(name, name)] += name in quantized
    return GraphValues(
        shapes=known, types=types, weights=frozenset(name for name, _, _ in _held(model)),
        quantized=quantized, readers=readers, narrow_readers=narrow,
        outputs=tuple(entry.name for entry in model.graph.output),
    )  # fmt: skip


def _told(inferred: "onnx.ModelProto") -> Iterator[tuple[str, int, tuple[int, ...] | None]]:
    """Give name, type and, where it was inferred, shape of all that nodes take and give."""
    for entry in (*inferred.graph.input, *inferred.graph.value_info, *inferred.graph.output):
        tensor = entry.type.tensor_type
        dims = tuple(dim.dim_value for dim in tensor.shape.dim)
        is_told = tensor.HasField("shape") and all(dims)
        yield entry.name, tensor.elem_type, dims if is_told else None


def _held(model: "onnx.ModelProto") -> Iterator[tuple[str, int, tuple[int, ...]]]:
    """Give name, type and shape of all values that are in the file."""
    for tensor in model.graph.initializer:
        yield tensor.name, tensor.data_type, tuple(tensor.dims)
    for node in model.graph.node:
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.name == "value":
                yield node.output[0], attribute.t.data_type, tuple(attribute.t.dims)


def _inferred(model: "onnx.ModelProto", shapes: Mapping[str, tuple[int, ...]]) -> "onnx.ModelProto":
    """Infer all shapes for inputs of these."""
    import onnx

    sized = onnx.ModelProto()
    sized.CopyFrom(model)
    del sized.graph.value_info[:]
    for entry in sized.graph.input:
        for dim, length in zip(
            entry.type.tensor_type.shape.dim, shapes.get(entry.name, ()), strict=False
        ):
            dim.dim_value = length
    for entry in sized.graph.output:
        entry.type.tensor_type.ClearField("shape")
    try:
        return onnx.shape_inference.infer_shapes(sized, data_prop=True, strict_mode=True)
    except onnx.shape_inference.InferenceError as error:
        raise GraphError(
            "the shapes of the graph's tensors cannot be told for this tile.",
            seen=f"{(str(error).splitlines() or ['No reason is given'])[0]}",
            fix="Try another --tile.",
        ) from error


def _quantized(model: "onnx.ModelProto") -> dict[str, str]:
    """Follow each DequantizeLinear back to what was quantized."""
    makers = {name: node for node in model.graph.node for name in node.output}
    found: dict[str, str] = {}
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear":
            before = makers.get(node.input[0])
            is_pair = before is not None and before.op_type == "QuantizeLinear"
            source = before.input[0] if before is not None and is_pair else node.input[0]
            found[node.output[0]] = found.get(source, source)
    return found

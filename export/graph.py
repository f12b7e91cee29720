"""Reading an ONNX graph that nobody vouches for, and holding it against its contract."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edgers.contract import Contract, ModelInput, ModelOutput
from edgers.errors import ContractError, GraphError
from edgers.files import read_file
from edgers.tasks.kinds import check_output, kind_of
from edgers.tasks.rows import check_rows
from edgers.tasks.segmentation import check_scores, class_axis, gives_indices

if TYPE_CHECKING:
    import onnx

MAX_GRAPH_BYTES = 2**31 - 1
"""Largest graph read: what a protobuf message can hold."""

TYPES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64",
    10: "float16", 11: "float64",
}  # fmt: skip
"""numpy type by ONNX TensorProto.DataType number (onnx.proto)."""


def graph_from_file(path: Path) -> "onnx.ModelProto":
    """Read and check an ONNX graph.

    Raises GraphError where it is unreadable, invalid, or keeps its weights in other files: a bundle
    is one file, and a path inside a graph can point anywhere.
    """
    import onnx
    from google.protobuf.message import DecodeError
    from onnx.checker import ValidationError

    data = read_file(path, "graph", MAX_GRAPH_BYTES, GraphError)
    try:
        model = onnx.load_model_from_string(data)
        if not model.graph.node:
            raise ValidationError("it has no nodes")
        if _has_outside_weights(model.graph):
            raise GraphError(
                f"graph {path} keeps weights in other files.",
                rule="All weights must be inside the .onnx file.",
                fix="Save it with onnx.save(model, path, save_as_external_data=False).",
            )
        onnx.checker.check_model(model)
    except (DecodeError, ValidationError, ValueError) as error:
        raise GraphError(
            f"graph {path} is not a valid ONNX model.",
            seen=f"{(str(error).splitlines() or ['It is empty'])[0]}.",
        ) from error
    return model


def _has_outside_weights(graph: "onnx.GraphProto") -> bool:
    """Tell whether a graph, or one inside it, has tensors that point to other files."""
    if any(tensor.data_location for tensor in graph.initializer):
        return True
    if any(part.data_location for s in graph.sparse_initializer for part in (s.values, s.indices)):
        return True
    for node in graph.node:
        for attribute in node.attribute:
            if any(tensor.data_location for tensor in (attribute.t, *attribute.tensors)):
                return True
            if any(_has_outside_weights(inner) for inner in (attribute.g, *attribute.graphs)):
                return True
    return False


def graph_inputs(model: "onnx.ModelProto") -> list["onnx.ValueInfoProto"]:
    """List the inputs a caller feeds; old exporters list the weights as inputs too."""
    weights = {tensor.name for tensor in model.graph.initializer}
    return [entry for entry in model.graph.input if entry.name not in weights]


def tensor_facts(entry: "onnx.ValueInfoProto") -> tuple[tuple[int, ...], str]:
    """Give shape, with −1 for any size, and type of a graph input or output."""
    tensor = entry.type.tensor_type
    return tuple(dim.dim_value or -1 for dim in tensor.shape.dim), TYPES.get(
        tensor.elem_type, "other"
    )


def check_fit(model: "onnx.ModelProto", contract: Contract) -> None:
    """Raise ContractError or GraphError where a contract does not fit its graph."""
    check_contract(contract)
    inputs = {entry.name: entry for entry in graph_inputs(model)}
    outputs = {entry.name: entry for entry in model.graph.output}
    output = contract.outputs[0]
    _check_names(contract.inputs, list(inputs))
    for name in (output.name, *output.tensors):
        if name not in outputs:
            position = [one.name for one in contract.outputs].index(name)
            raise _misnamed("output", name, list(outputs), position)
    for source in contract.inputs:
        _check_tensor("input", source, inputs[source.name], len(source.bands))
    if outputs[output.name].type.tensor_type.HasField("shape"):
        _check_tensor("output", output, outputs[output.name], None)


def check_answer(contract: Contract, shape: tuple[int, ...]) -> None:
    """Raise ContractError where what the graph really gave is not what the contract states."""
    output = contract.outputs[0]
    where = f"the contract's output {output.name!r}"
    fits = len(shape) == len(output.shape) and all(
        wanted in (-1, found) for wanted, found in zip(output.shape, shape, strict=True)
    )
    if not fits:
        raise ContractError(
            f"{where} states another shape than the graph gives.",
            seen=f"Contract: {list(output.shape)}. Graph, on a small tile: {list(shape)}.",
        )
    if kind_of(output) != "classes":
        return
    axis = class_axis(output)
    scores = shape[output.dim_order.index(axis)] if axis else 0
    if scores and not gives_indices(output, scores):
        check_scores(output, scores)


def check_contract(contract: Contract) -> None:
    """Raise ContractError where a contract asks for what this version cannot do."""
    if placeholder := _placeholder(contract.document):
        raise ContractError(
            f"contract text {placeholder!r} still stands for a name.",
            rule="Bands go by the names their sensor's users write, such as B04.",
            fix="Replace every '?' in the contract; a common_name may also go.",
        )
    check_output(contract.outputs[0])
    if contract.rows is not None:
        check_rows(contract.rows)


def _placeholder(value: object) -> str | None:
    """Find a text that begins with '?', as a draft has them; comments may."""
    if isinstance(value, str):
        return value if value.startswith("?") else None
    if isinstance(value, Mapping):
        value = [inner for key, inner in value.items() if not key.startswith("$comment")]
    if isinstance(value, list):
        return next((found for inner in value if (found := _placeholder(inner))), None)
    return None


def _check_names(stated: Sequence[ModelInput], found: list[str]) -> None:
    """Refuse a contract whose inputs are not those of the graph."""
    for position, source in enumerate(stated):
        if source.name not in found:
            raise _misnamed("input", source.name, found, position)
    names = {source.name for source in stated}
    if left := [name for name in found if name not in names]:
        raise ContractError(
            f"the contract does not say what the graph's input {left[0]!r} takes.",
            seen=f"The graph's inputs are: {', '.join(found)}.",
            rule="Every input of the graph has an entry under 'mlm:input'.",
            fix="Add one, or export the graph without this input.",
        )


def _misnamed(kind: str, name: str, found: list[str], position: int = 0) -> ContractError:
    return ContractError(
        f"the contract's {kind} {name!r} does not fit the graph.",
        seen=f"The graph's {kind}s are: {', '.join(found) or 'none'}.",
        fix=f"Correct mlm:{kind}[{position}].name.",
    )


def _check_tensor(
    kind: str, stated: ModelInput | ModelOutput, entry: "onnx.ValueInfoProto", bands: int | None
) -> None:
    """Hold shape and type of one tensor against the contract."""
    shape, data_type = tensor_facts(entry)
    where = f"the contract's {kind} {stated.name!r}"
    if len(shape) != len(stated.shape):
        raise ContractError(
            f"{where} has {len(stated.shape)} axes, the graph's has {len(shape)}.",
            seen=f"Contract: {list(stated.shape)}. Graph: {list(shape)}.",
        )
    for axis, wanted, found in zip(stated.dim_order, stated.shape, shape, strict=True):
        if wanted != found and -1 not in (wanted, found):
            raise ContractError(
                f"{where} states {wanted} along {axis!r}, the graph has {found}.",
                seen=f"Contract: {list(stated.shape)}. Graph: {list(shape)}.",
            )
    if "batch" in stated.dim_order and (batch := shape[stated.dim_order.index("batch")]) not in (
        -1,
        1,
    ):
        raise ContractError(
            f"{where} takes {batch} images at once in the graph.",
            rule="The batch must be 1 or free.",
            fix="Export the graph with a free batch axis.",
        )
    channels = shape[stated.dim_order.index("channel")] if bands else -1
    if bands and channels not in (-1, bands):
        raise ContractError(
            f"{where} lists {bands} bands, the graph takes {channels} channels.",
            fix="List one band a channel, in the order of the channels.",
        )
    if data_type != stated.data_type:
        raise ContractError(f"{where} is {stated.data_type}, the graph's is {data_type}.")

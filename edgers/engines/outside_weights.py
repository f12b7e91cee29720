"""Whether a graph's weights lie in other files, told from its bytes.

A runtime may look such files up in the folder it was started in: a bundle from elsewhere would
then read files of this machine. ONNX Runtime refuses; OpenVINO does not. The `onnx` package does
not fly, so the few fields that lead to tensors are followed here (onnx.proto, IR version 10).
"""

from collections.abc import Iterator

FIELDS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
"""Kind of message by field number, for each kind that leads to tensors."""

EXTERNAL_DATA, DATA_LOCATION = 13, 14
"""Fields of a tensor: where its data lies, and whether that is elsewhere."""


def has_outside_weights(graph: bytes) -> bool:
    """Tell whether a tensor's data is not in the graph; also where the bytes are no messages."""
    try:
        return _leads_outside(memoryview(graph), "model")
    except (IndexError, ValueError, RecursionError):
        return True


def _leads_outside(message: memoryview, kind: str) -> bool:
    if kind == "tensor":
        return any(
            number == EXTERNAL_DATA or (number == DATA_LOCATION and value != 0)
            for number, value in _fields(message)
        )
    inner = FIELDS[kind]
    return any(
        _leads_outside(value, inner[number])
        for number, value in _fields(message)
        if number in inner and isinstance(value, memoryview)
    )


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """Give the fields of a protobuf message: number, and content or whole number."""
    at = 0
    while at < len(message):
        key, at = _whole_number(message, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _whole_number(message, at)
            yield number, value
            continue
        if wire == 2:
            size, at = _whole_number(message, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire}")
        if at + size > len(message):
            raise IndexError(at)
        yield number, message[at : at + size]
        at += size


def _whole_number(message: memoryview, at: int) -> tuple[int, int]:
    """Read a number of seven bits a byte; give it and the place behind it."""
    found = shift = 0
    while True:
        byte = message[at]
        found |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return found, at
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")

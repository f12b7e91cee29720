"""Plans of the fake TensorRT: what was asked of the builder, and the graph to run."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

import onnx

MAGIC = b"ftrt"
"""First bytes, as those of a real plan."""

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FakePlan:
    """A plan."""

    version: str
    """TensorRT that built it, with the build number."""
    cc: tuple[int, int]
    """Compute capability it was built on."""
    flags: tuple[str, ...]
    """Names of the builder's flags."""
    strongly_typed: bool
    """Whether the graph decided the types."""
    profiles: tuple[dict[str, tuple[Shape, Shape, Shape]], ...]
    """For each profile, the smallest, usual and largest shape of each dynamic input."""
    workspace_bytes: int | None
    """Limit of the workspace; None where none was set."""
    optimization_level: int
    """How hard the builder tried."""
    hardware: str
    """Name of the hardware compatibility level."""
    verbosity: str
    """Name of the profiling verbosity."""
    dla_core: int | None
    """DLA it is for; None for the GPU."""
    stripped: bool
    """Whether weights were left out."""
    weights: str
    """Hash of the weights that it was built with."""
    shares_profiles: bool
    """Whether several contexts may use one profile at once."""
    graph: bytes
    """The ONNX graph."""

    def to_bytes(self) -> bytes:
        """Write it."""
        about = asdict(self)
        del about["graph"]
        head = json.dumps(about, sort_keys=True).encode()
        return MAGIC + len(head).to_bytes(8, "little") + head + self.graph


def plan_from(data: bytes) -> FakePlan | None:
    """Read a plan; None where it is none."""
    if data[:4] != MAGIC or len(data) < 12:
        return None
    end = 12 + int.from_bytes(data[4:12], "little")
    try:
        about: dict[str, Any] = json.loads(data[12:end])
        onnx.load_from_string(data[end:])
    except Exception:
        return None
    shapes = [
        {name: tuple(map(tuple, three)) for name, three in profile.items()}
        for profile in about["profiles"]
    ]
    tuples = {"cc": tuple(about["cc"]), "flags": tuple(about["flags"]), "profiles": tuple(shapes)}
    return FakePlan(**{**about, **tuples}, graph=data[end:])


def without_weights(graph: bytes) -> bytes:
    """Give a graph whose weights of more than one number are zero."""
    model = onnx.load_from_string(graph)
    for tensor in model.graph.initializer:
        size = onnx.numpy_helper.to_array(tensor)
        if size.size > 1:
            tensor.CopyFrom(onnx.numpy_helper.from_array(size * 0, tensor.name))
    return bytes(model.SerializeToString())


def weights_from(graph: bytes) -> dict[str, onnx.TensorProto]:
    """Give the weights of more than one number by name."""
    model = onnx.load_from_string(graph)
    return {one.name: one for one in model.graph.initializer if int(_size(one)) > 1}


def hash_of(weights: dict[str, onnx.TensorProto]) -> str:
    """Tell weights from others."""
    pieces = [
        f"{name} {onnx.numpy_helper.to_array(one).tobytes()!r}"
        for name, one in sorted(weights.items())
    ]
    return hashlib.sha256("\n".join(pieces).encode()).hexdigest()


def with_weights(graph: bytes, weights: dict[str, onnx.TensorProto]) -> bytes:
    """Give a graph with other weights."""
    model = onnx.load_from_string(graph)
    for tensor in model.graph.initializer:
        if tensor.name in weights:
            tensor.CopyFrom(weights[tensor.name])
    return bytes(model.SerializeToString())


def _size(tensor: onnx.TensorProto) -> int:
    size = 1
    for side in tensor.dims:
        size *= side
    return size

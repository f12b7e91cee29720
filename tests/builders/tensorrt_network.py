"""Networks of the fake TensorRT, and the parser that fills them from ONNX."""

from pathlib import Path
from typing import Any

import onnx
from builders.tensorrt_basics import KINDS, Part, bytes_of

from edgers.calibration.legality import band_from_version, check_legality
from edgers.errors import EdgersError


class INetworkDefinition(Part):
    """A graph, as it was parsed."""

    _STARTS = {"name": "", "error_recorder": None}  # noqa: RUF012

    def _begin(self, builder: Any, flags: int, held: set[str]) -> None:
        self._builder, self._bits, self._held = builder, flags, held
        self._graph: bytes | None = None
        self._model: Any = None
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []

    def _strongly_typed(self) -> bool:
        return "STRONGLY_TYPED" in self._held or self.world.version >= (11,)

    def _explicit_batch(self) -> bool:
        return "EXPLICIT_BATCH" in self._held or self.world.version >= (10,)

    def _is_quantized(self) -> bool:
        return any(node.op_type == "QuantizeLinear" for node in self._model.graph.node)

    def _fill(self, graph: bytes) -> None:
        self._graph, self._model = graph, onnx.load_from_string(graph)
        weights = {one.name for one in self._model.graph.initializer}
        new = self.world.maker.new
        inputs = [one for one in self._model.graph.input if one.name not in weights]
        self._inputs = [new("ITensor", about=one, is_input=True) for one in inputs]
        self._outputs = [
            new("ITensor", about=one, is_input=False) for one in self._model.graph.output
        ]

    @property
    def builder(self) -> Any:
        return self._builder

    @property
    def flags(self) -> int:
        return self._bits

    @property
    def has_implicit_batch_dimension(self) -> bool:
        return not self._explicit_batch()

    def get_flag(self, flag: Any) -> bool:
        return bool(self._bits & 1 << int(flag))

    @property
    def num_inputs(self) -> int:
        return len(self._inputs)

    @property
    def num_outputs(self) -> int:
        return len(self._outputs)

    @property
    def num_layers(self) -> int:
        return len(self._model.graph.node) if self._model else 0

    def __len__(self) -> int:
        return self.num_layers

    def __getitem__(self, arg0: int) -> Any:
        return self.get_layer(arg0)

    def get_layer(self, index: int) -> Any:
        if not 0 <= index < self.num_layers:
            raise IndexError("Out of bounds")
        return self.world.maker.new("ILayer", node=self._model.graph.node[index])

    def get_input(self, index: int) -> Any:
        return self._inputs[index]

    def get_output(self, index: int) -> Any:
        return self._outputs[index]


class ITensor(Part):
    """An input or output of a network."""

    def _begin(self, about: Any, is_input: bool) -> None:
        self._name, self._is_input = about.name, is_input
        self._kind = KINDS[about.type.tensor_type.elem_type][0]
        sides = about.type.tensor_type.shape.dim
        self._shape = tuple(
            one.dim_value if one.WhichOneof("value") == "dim_value" else -1 for one in sides
        )

    @property
    def name(self) -> str:
        return self._name

    @property
    def shape(self) -> Any:
        return self.world.maker.new("Dims", shape=self._shape)

    @property
    def dtype(self) -> Any:
        return self.world.maker.enums["DataType"].__members__[self._kind]

    @property
    def is_network_input(self) -> bool:
        return self._is_input

    @property
    def is_network_output(self) -> bool:
        return not self._is_input

    @property
    def is_shape_tensor(self) -> bool:
        return False


LAYERS = {
    "Conv": "CONVOLUTION", "ConvTranspose": "DECONVOLUTION", "Relu": "ACTIVATION",
    "MaxPool": "POOLING", "Add": "ELEMENTWISE", "Concat": "CONCATENATION",
    "QuantizeLinear": "QUANTIZE", "DequantizeLinear": "DEQUANTIZE",
}  # fmt: skip
"""Operator in ONNX → name of the LayerType."""


class ILayer(Part):
    """A node of the graph; a real network has other layers, and more."""

    def _begin(self, node: Any) -> None:
        self._node = node

    @property
    def name(self) -> str:
        return self._node.name

    @property
    def num_inputs(self) -> int:
        return len(self._node.input)

    @property
    def num_outputs(self) -> int:
        return len(self._node.output)

    @property
    def type(self) -> Any:
        return self.world.member("LayerType", LAYERS.get(self._node.op_type, "IDENTITY"))

    @property
    def precision_is_set(self) -> bool:
        return False


class OnnxParser(Part):
    """Reads ONNX; refuses what `edgers.calibration.legality` says that the version refuses."""

    def _begin(self, network: Any, logger: Any) -> None:
        self._network, self._logger, self._bits = network, logger, 0
        self._errors: list[Any] = []

    def parse(self, model: Any, path: str | None = None) -> bool:
        graph = bytes_of(model)
        self._errors = [
            self.world.maker.new("ParserError", code=code, text=text)
            for code, text in self._against(graph)
        ]
        if self._errors:
            severity = type(self._logger).Severity.ERROR
            for one in self._errors:
                self._logger.log(severity, f"ModelImporter.cpp: ERROR: {one.desc()}")
            return False
        self._network._fill(graph)
        return True

    def parse_from_file(self, model: str) -> bool:
        if not Path(model).is_file():
            self._errors = [
                self.world.maker.new(
                    "ParserError", code="MODEL_DESERIALIZE_FAILED", text=f"Failed to open {model}"
                )
            ]
            return False
        return self.parse(Path(model).read_bytes())

    def _against(self, graph: bytes) -> list[tuple[str, str]]:
        if not self._network._explicit_batch():
            return [(
                "INVALID_VALUE", "This version of the ONNX parser only supports TensorRT"
                " INetworkDefinitions with an explicit batch dimension.",
            )]  # fmt: skip
        band = band_from_version(self.world.build)
        try:
            verdict = check_legality(graph, [band]).of(band)
        except EdgersError as error:
            return [("MODEL_DESERIALIZE_FAILED", str(error))]
        return [("UNSUPPORTED_NODE", f"{one.what} [{one.rule.name}]") for one in verdict.findings]

    @property
    def num_errors(self) -> int:
        return len(self._errors)

    def get_error(self, index: int) -> Any:
        return self._errors[index]

    def clear_errors(self) -> None:
        self._errors = []

    @property
    def flags(self) -> int:
        return self._bits

    @flags.setter
    def flags(self, value: int) -> None:
        self._bits = int(value)

    def set_flag(self, flag: Any) -> None:
        self._bits |= 1 << int(flag)

    def clear_flag(self, flag: Any) -> None:
        self._bits &= ~(1 << int(flag))

    def get_flag(self, flag: Any) -> bool:
        return bool(self._bits & 1 << int(flag))


class ParserError(Part):
    """What the parser has against a graph."""

    def _begin(self, code: str, text: str) -> None:
        self._code, self._text = code, text

    def code(self) -> Any:
        return self.world.maker.enums["ErrorCode"].__members__[self._code]

    def desc(self) -> str:
        return self._text

    def node(self) -> int:
        return -1

    def __str__(self) -> str:
        return f"In node -1 (importModel): {self._code}: {self._text}"


BEHAVIOURS = (INetworkDefinition, ITensor, ILayer, OnnxParser, ParserError)

"""How a file is fed to each band: weakly typed with builder flags, or strongly typed."""

from dataclasses import dataclass

from onnx import TensorProto

from edgers.calibration.legality.bands import Band, TypingMode
from edgers.calibration.legality.graph_view import GraphView

HALF_TYPES = frozenset({TensorProto.FLOAT16, TensorProto.BFLOAT16})
"""The 16-bit floating-point types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Typing:
    """What to ask of the builder."""

    strongly_typed: bool
    """Whether the network is strongly typed: created so on 10, always so on 11."""
    builder_flags: tuple[str, ...]
    """Names of the BuilderFlag members to set; none in a strongly typed network."""

    def __str__(self) -> str:
        if self.strongly_typed:
            return "strongly typed"
        return f"weakly typed, flags {' + '.join(self.builder_flags)}"


def typing_of(view: GraphView, band: Band) -> Typing:
    """Choose the typing of a file for a band.

    8.5 and 8.6: weakly typed, INT8 where there are Q/DQ and FP16 so that the rest may run in half.
    10: the same, except for files that state half precision themselves (FP16 scales, or without
    Q/DQ FP16 tensors), which are strongly typed. 11: strongly typed, nothing else exists.
    """
    if band.typing is TypingMode.STRONG:
        return Typing(strongly_typed=True, builder_flags=())
    if band.typing is TypingMode.EITHER and states_half(view):
        return Typing(strongly_typed=True, builder_flags=())
    flags = ("INT8", "FP16") if view.quantizers else ("FP16",)
    return Typing(strongly_typed=False, builder_flags=flags)


def states_half(view: GraphView) -> bool:
    """Tell whether a file is written in half precision: by its scales, or else by its tensors."""
    if view.quantizers:
        return any(view.types.get(one.scale) in HALF_TYPES for one in view.quantizers)
    return any(kind in HALF_TYPES for kind in view.types.values())

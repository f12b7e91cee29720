"""TensorRT versions that treat a graph alike, from 8.5 to 11.4."""

import re
from dataclasses import dataclass
from enum import Enum

from onnx import TensorProto

from edgers.errors import BadInputError


class TypingMode(Enum):
    """Who decides which type a layer computes in."""

    WEAK = "weakly typed"
    """The builder, within the flags it is given."""
    EITHER = "weakly or strongly typed"
    """The network says which of the two it is when it is created."""
    STRONG = "strongly typed"
    """The graph, tensor by tensor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Versions of TensorRT that accept the same graphs."""

    name: str
    """First and last version, as shown."""
    first: tuple[int, int]
    """Major and minor of the first version."""
    last: tuple[int, int]
    """Major and minor of the last version."""
    opsets: tuple[int, int]
    """Lowest and highest opset of ai.onnx that the parser takes."""
    scale_types: frozenset[int]
    """TensorProto.DataType of the scales that are taken."""
    typing: TypingMode
    """How networks may be typed."""
    source: str
    """Where this was read."""


FP32_SCALES = frozenset({TensorProto.FLOAT})
"""TensorRT 8.6 operator page of Quantize: scales and zero points are float32."""

HALF_SCALES = FP32_SCALES | {TensorProto.FLOAT16, TensorProto.BFLOAT16}
"""onnx-tensorrt of late 10.x, onnxOpImporters.cpp: positive FP32, FP16 and BF16 scales are taken.

Read in one version (it has the DLA flag of 10.11); that all of 10 and 11 do so is assumed.
"""

TRT_8_5 = Band(
    name="8.5", first=(8, 5), last=(8, 5), opsets=(9, 17), scale_types=FP32_SCALES,
    typing=TypingMode.WEAK,
    source="onnx-tensorrt 8.5 docs/operators.md: up to opset 17; no operator page states scale"
    " types, those of 8.6 are assumed",
)  # fmt: skip
TRT_8_6 = Band(
    name="8.6", first=(8, 6), last=(8, 6), opsets=(9, 17), scale_types=FP32_SCALES,
    typing=TypingMode.WEAK,
    source="NVIDIA Deep-Learning-Accelerator-SW, operators: 8.6 takes up to opset 17; TensorRT"
    " 8.6.1 operator page of Quantize: scale type",
)  # fmt: skip
TRT_10_0 = Band(
    name="10.0–10.5", first=(10, 0), last=(10, 5), opsets=(9, 20), scale_types=HALF_SCALES,
    typing=TypingMode.EITHER,
    source="known, not read again: up to opset 20; NetworkDefinitionCreationFlag has"
    " STRONGLY_TYPED in the bindings of 10.0 and 10.3; scale types of late 10.x are assumed",
)  # fmt: skip
TRT_10_6 = Band(
    name="10.6–10.14", first=(10, 6), last=(10, 14), opsets=(9, 22), scale_types=HALF_SCALES,
    typing=TypingMode.EITHER,
    source="onnx-tensorrt docs/Changelog.md: 10.6 moved to ONNX 1.17, which is opset 22",
)  # fmt: skip
TRT_10_15 = Band(
    name="10.15–10.16", first=(10, 15), last=(10, 16), opsets=(9, 24), scale_types=HALF_SCALES,
    typing=TypingMode.EITHER,
    source="onnx-tensorrt 10.15 docs/operators.md: opset 9 to 24",
)  # fmt: skip
TRT_11 = Band(
    name="11.0–11.4", first=(11, 0), last=(11, 4), opsets=(9, 24), scale_types=HALF_SCALES,
    typing=TypingMode.STRONG,
    source="onnx-tensorrt 11.5 release note: opset 25 was added in 11.5, though NVIDIA's ONNX"
    " opset guide gives 25 for all of 11; bindings of 11.0 and 11.4: FP16 and INT8 flags are gone",
)  # fmt: skip

ALL = (TRT_8_5, TRT_8_6, TRT_10_0, TRT_10_6, TRT_10_15, TRT_11)
"""Every band, oldest first. There is no 9 on any board that EdgeRS targets."""

BEFORE_10 = ALL[:2]
FROM_10 = ALL[2:]


def band_from_version(version: str) -> Band:
    """Give the band of a TensorRT version such as "10.3.0"; raises BadInputError for others."""
    if match := re.match(r"(\d{1,4})\.(\d{1,4})(?!\d)", version):
        found = (int(match[1]), int(match[2]))
        for band in ALL:
            if band.first <= found <= band.last:
                return band
    raise BadInputError(
        f"TensorRT {version!r} is not a version whose rules are known.",
        rule=f"Known are {', '.join(band.name for band in ALL)}.",
    )

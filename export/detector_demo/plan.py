"""The layer table of the detector: the one source for torch, ONNX and the MAC count."""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a layer does."""

    CONV = "conv"
    """3x3 convolution, zero padding 1, batch norm in training, ReLU."""
    DOWN = "down"
    """The same with a stride of 2."""
    KEEP = "keep"
    """Nothing; the tensor is kept for later."""
    UP = "up"
    """2x2 transposed convolution, stride 2, then join the tensor kept last: (new, kept)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One row of the table."""

    kind: Kind
    """What the layer does."""
    name: str
    """Name of its weights; also of its nodes in the ONNX graph."""
    channels_in: int = 0
    """Channels that its weights read; 0 for a layer without weights."""
    channels_out: int = 0
    """Channels that its weights write; for UP, before the join."""
    level: int = 0
    """How often its output has been halved."""


def _layer(kind: Kind, name: str, channels_in: int, channels_out: int, level: int) -> Layer:
    return Layer(
        kind=kind, name=name, channels_in=channels_in, channels_out=channels_out, level=level
    )  # fmt: skip


BANDS_IN = 4
"""Channels of the input, in the order of `palette.BANDS`."""

PLAN = (
    _layer(Kind.DOWN, "down1", BANDS_IN, 16, 1),
    _layer(Kind.DOWN, "down2", 16, 24, 2),
    _layer(Kind.CONV, "enc2", 24, 24, 2),
    Layer(kind=Kind.KEEP, name="keep2"),
    _layer(Kind.DOWN, "down3", 24, 32, 3),
    _layer(Kind.CONV, "enc3", 32, 32, 3),
    Layer(kind=Kind.KEEP, name="keep3"),
    _layer(Kind.DOWN, "down4", 32, 48, 4),
    _layer(Kind.CONV, "enc4", 48, 48, 4),
    Layer(kind=Kind.KEEP, name="keep4"),
    _layer(Kind.DOWN, "down5", 48, 64, 5),
    _layer(Kind.CONV, "enc5a", 64, 64, 5),
    _layer(Kind.CONV, "enc5b", 64, 64, 5),
    _layer(Kind.UP, "up4", 64, 48, 4),
    _layer(Kind.CONV, "dec4", 48 + 48, 48, 4),
    _layer(Kind.UP, "up3", 48, 32, 3),
    _layer(Kind.CONV, "dec3", 32 + 32, 32, 3),
    _layer(Kind.UP, "up2", 32, 24, 2),
    _layer(Kind.CONV, "dec2", 24 + 24, 32, 2),
    _layer(Kind.CONV, "last", 32, 32, 2),
)
"""The network up to its heads, input to output."""

HEADS = (("scores", 3), ("boxes", 6))
"""Names and channels of the 1x1 convolutions on the last layer: the outputs."""

STRIDE_PX = 4
"""Pixels from cell to cell of the outputs."""

SIZE_MULTIPLE_PX = 32
"""Rows and columns of the input must be multiples of this: five halvings."""

_TAPS = {Kind.CONV: 9, Kind.DOWN: 9, Kind.KEEP: 0, Kind.UP: 1}
_KERNEL_AREA = {Kind.CONV: 9, Kind.DOWN: 9, Kind.KEEP: 0, Kind.UP: 4}


def macs_per_px() -> float:
    """Give multiply-accumulates per input pixel, biases not counted."""
    # A 2x2 transposed convolution of stride 2 spends one tap on each output pixel.
    body = sum(
        _TAPS[layer.kind] * layer.channels_in * layer.channels_out * 0.25**layer.level
        for layer in PLAN
    )
    heads = sum(PLAN[-1].channels_out * channels for _, channels in HEADS)
    return body + heads / STRIDE_PX**2


def parameter_count() -> int:
    """Give the weights and biases of the network with batch norm folded in."""
    body = sum(
        _KERNEL_AREA[layer.kind] * layer.channels_in * layer.channels_out + layer.channels_out
        for layer in PLAN
    )
    return body + sum((PLAN[-1].channels_out + 1) * channels for _, channels in HEADS)

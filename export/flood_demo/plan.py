"""The layer table of the flood network: the one source for torch, ONNX and the MAC count."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a layer does."""

    CONV = "conv"
    """3x3 convolution, zero padding 1, batch norm in training, ReLU."""
    POOL = "pool"
    """Keep the tensor for later, then 2x2 maximum, stride 2."""
    UP = "up"
    """2x2 transposed convolution, stride 2, then join the tensor kept last: (new, kept)."""
    HEAD = "head"
    """1x1 convolution to the class logits."""


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
    """How often its output has been halved: a level 2 row has 1/4 of the input's rows."""


def _conv(name: str, channels_in: int, channels_out: int, level: int) -> Layer:
    return Layer(
        kind=Kind.CONV,
        name=name,
        channels_in=channels_in,
        channels_out=channels_out,
        level=level,
    )


def _up(name: str, channels_in: int, channels_out: int, level: int) -> Layer:
    return Layer(
        kind=Kind.UP,
        name=name,
        channels_in=channels_in,
        channels_out=channels_out,
        level=level,
    )


def _pool(name: str, level: int) -> Layer:
    return Layer(kind=Kind.POOL, name=name, level=level)


BANDS_IN = 6
"""Channels of the input, in the order of `bands.BANDS`."""

CLASSES = 3
"""Channels of the output: land, water, cloud."""

PLAN = (
    _conv("enc0a", BANDS_IN, 16, 0),
    _conv("enc0b", 16, 16, 0),
    _pool("pool0", 1),
    _conv("enc1a", 16, 32, 1),
    _conv("enc1b", 32, 32, 1),
    _pool("pool1", 2),
    _conv("enc2a", 32, 64, 2),
    _conv("enc2b", 64, 64, 2),
    _pool("pool2", 3),
    _conv("mid_a", 64, 64, 3),
    _conv("mid_b", 64, 64, 3),
    _up("up2", 64, 32, 2),
    _conv("dec2", 32 + 64, 32, 2),
    _up("up1", 32, 16, 1),
    _conv("dec1", 16 + 32, 16, 1),
    _up("up0", 16, 16, 0),
    _conv("dec0", 16 + 16, 16, 0),
    Layer(kind=Kind.HEAD, name="head", channels_in=16, channels_out=CLASSES, level=0),
)
"""The network, input to output."""

SIZE_MULTIPLE_PX = 8
"""Rows and columns of the input must be multiples of this: three halvings."""

_TAPS = {Kind.CONV: 9, Kind.POOL: 0, Kind.UP: 1, Kind.HEAD: 1}
_KERNEL_AREA = {Kind.CONV: 9, Kind.POOL: 0, Kind.UP: 4, Kind.HEAD: 1}


def macs_per_px() -> float:
    """Return multiply-accumulates per input pixel, biases not counted."""
    # A 2x2 transposed convolution of stride 2 spends one tap on each output pixel.
    return sum(
        _TAPS[layer.kind] * layer.channels_in * layer.channels_out * 0.25**layer.level
        for layer in PLAN
    )


def parameter_count() -> int:
    """Return the weights and biases of the network with batch norm folded in."""
    return sum(
        _KERNEL_AREA[layer.kind] * layer.channels_in * layer.channels_out + layer.channels_out
        for layer in PLAN
    )

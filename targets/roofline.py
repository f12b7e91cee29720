"""What a device cannot beat: the roofline bound of a graph, from its peaks alone.

A layer takes at least as long as its operations at the peak, and at least as long as its bytes at
the memory's bandwidth (Williams, Waterman and Patterson 2009). Nothing here was measured, and real
layers reach no peak: every number is a bound, not an estimate of what will be seen. It bounds
direct convolutions; Winograd's take 2.25 times fewer products for 3 × 3 (Lavin and Gray 2016).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from edgers.targets.gpu import PowerMode

PRECISIONS = ("fp32", "fp16", "int8")
"""Precisions a bound is given for. At int8 layers that are not quantized run at fp16."""

FLOAT_BYTES = {"fp32": 4, "fp16": 2, "int8": 2}
"""Bytes of a value that is not quantized."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Values that pass between a chip and its memory."""

    eight_bit: int = 0
    """Values that are quantized to 8 bits."""
    floats: int = 0
    """Floating-point values: their size is the precision's."""
    other_bytes: int = 0
    """Bytes of values of other types, such as indices."""

    def __add__(self, other: "Traffic") -> "Traffic":
        return Traffic(
            eight_bit=self.eight_bit + other.eight_bit,
            floats=self.floats + other.floats,
            other_bytes=self.other_bytes + other.other_bytes,
        )

    def size_bytes(self, precision: str) -> int:
        """Give the bytes at a precision of the layers that are not quantized."""
        return self.eight_bit + self.floats * FLOAT_BYTES[precision] + self.other_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerWork:
    """A layer: an operator, with those that a builder does on its results as they are made."""

    name: str
    """Its name in the graph, or that of its output."""
    ops: tuple[str, ...]
    """Operators, in order."""
    operations: int
    """Arithmetic operations; a multiplication and its addition are two."""
    is_int8: bool
    """Whether it multiplies values of 8 bits."""
    weights: Traffic
    """Weights, each read once."""
    activations: Traffic
    """What it reads of other layers, and what it writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphWork:
    """The work of a graph on one tile."""

    layers: tuple[LayerWork, ...]
    """In order."""
    ends: Traffic
    """Inputs and outputs of the graph."""
    not_counted: tuple[str, ...]
    """Operators whose operations are not known, and were taken as none."""

    @property
    def operations(self) -> int:
        """Give all operations."""
        return sum(layer.operations for layer in self.layers)

    @property
    def weights(self) -> Traffic:
        """Give all weights."""
        return _sum(layer.weights for layer in self.layers)

    @property
    def is_quantized(self) -> bool:
        """Tell whether any layer multiplies values of 8 bits."""
        return any(layer.is_int8 for layer in self.layers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What one tile takes at least; not measured."""

    latency_s: float
    """Sum over layers of the longer of computing and of moving, where all that passes between
    layers goes through memory."""
    compute_share: float
    """Share of that time in layers where computing is the longer."""
    floor_s: float
    """What is left where a cache holds all that passes between layers: all operations, or weights,
    inputs and outputs moved once, whichever is longer."""
    memory_bytes: int
    """Weights, inputs and outputs, and the largest layer's activations."""

    @property
    def tiles_per_s(self) -> float:
        """Give the most tiles a second, one after another."""
        return 1 / self.latency_s if self.latency_s else float("inf")

    def energy_j(self, power_w: float | None) -> float | None:
        """Give what the power limit allows to be drawn in that time; None where it is not known.

        It is not what will be drawn: a device takes longer, and may draw less.
        """
        return None if power_w is None else self.latency_s * power_w


def bound(work: GraphWork, precision: str, mode: PowerMode) -> Bound | None:
    """Work the bound of a tile out; None where a peak that it needs is not known.

    At `int8` a graph without quantized layers gives the bound of one with all values at 8 bits; at
    the others a quantized one gives the bound of one that is not.
    """
    if precision == "int8" and not work.is_quantized:
        work = in_eight_bits(work)
    elif precision != "int8":
        work = in_floats(work)
    bandwidth = mode.bandwidth_gbs
    if not bandwidth:
        return None
    latency_s = compute_s = computing_s = 0.0
    for layer in work.layers:
        peak = _peak(layer, precision, mode)
        if layer.operations and not peak:
            return None
        computed_s = layer.operations / (peak * 1e12) if peak else 0.0
        moved_s = (layer.weights + layer.activations).size_bytes(precision) / (bandwidth * 1e9)
        latency_s += max(computed_s, moved_s)
        compute_s += computed_s
        computing_s += computed_s if computed_s >= moved_s else 0.0
    once = (work.weights + work.ends).size_bytes(precision)
    largest = max((layer.activations.size_bytes(precision) for layer in work.layers), default=0)
    return Bound(
        latency_s=latency_s,
        compute_share=computing_s / latency_s if latency_s else 0.0,
        floor_s=max(compute_s, once / (bandwidth * 1e9)),
        memory_bytes=once + largest,
    )


def in_eight_bits(work: GraphWork) -> GraphWork:
    """Give the work of a graph as if every layer were quantized: the least that INT8 can take."""
    return _moved(work, _quantized, is_int8=True)


def in_floats(work: GraphWork) -> GraphWork:
    """Give the work of a graph as if no layer were quantized."""
    return _moved(work, _floating, is_int8=False)


def _moved(
    work: GraphWork, change: Callable[[Traffic], Traffic], *, is_int8: bool
) -> GraphWork:  # fmt: skip
    layers = tuple(
        replace(
            layer, is_int8=is_int8, weights=change(layer.weights),
            activations=change(layer.activations),
        )
        for layer in work.layers
    )  # fmt: skip
    return replace(work, layers=layers, ends=change(work.ends))


def _quantized(traffic: Traffic) -> Traffic:
    return replace(traffic, eight_bit=traffic.eight_bit + traffic.floats, floats=0)


def _floating(traffic: Traffic) -> Traffic:
    return replace(traffic, eight_bit=0, floats=traffic.eight_bit + traffic.floats)


def _peak(layer: LayerWork, precision: str, mode: PowerMode) -> float | None:
    """Give the peak that a layer runs at, in 10^12 operations a second."""
    if precision == "fp32":
        return mode.fp32_tflops
    if precision == "int8" and layer.is_int8:
        return mode.int8_tops
    return mode.fp16_tflops


def _sum(parts: Iterable[Traffic]) -> Traffic:
    return sum(parts, Traffic())

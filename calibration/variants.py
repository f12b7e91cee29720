"""The ways to quantize a graph tried against FP32, and the best of them chosen."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from math import inf, isfinite, isnan

from edgers.calibration.bias_correction import bias_corrected
from edgers.calibration.equalisation import equalised, pairs_of
from edgers.calibration.output_error import OutputError, output_error
from edgers.calibration.preparation import prepared
from edgers.calibration.quantization import QuantizationPlan, quantized
from edgers.calibration.ranges import METHODS, Ranges
from edgers.calibration.simulation import Simulation
from edgers.calibration.tiles import Tiles
from edgers.engines import Engine, Tensors

MARGIN_DB = 0.5
"""What equalisation or bias correction must gain to be chosen.

Half a decibel is 12 % of the noise's power: less is not worth another graph."""

MOST_TILES = 8
"""Tiles that are compared, and tiles that biases are corrected by."""

Loader = Callable[[bytes], Engine]
"""Loads a graph to be measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way that was tried."""

    plan: QuantizationPlan
    """What was done."""
    graph: bytes
    """What came of it."""
    error: OutputError
    """What it costs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FewTiles:
    """The first of some tiles."""

    tiles: Tiles
    """All of them."""
    most: int
    """How many are taken."""

    def __len__(self) -> int:
        """Count those that are taken."""
        return min(len(self.tiles), self.most)

    def __iter__(self) -> Iterator[Tensors]:
        """Give them in order."""
        return islice(iter(self.tiles), self.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How variants are measured."""

    tiles: Tiles
    """What they are measured on; the first `MOST_TILES` are used."""
    output: str
    """Tensor that is compared."""
    class_axis: int | None
    """Axis of its scores."""
    others: tuple[str, ...] = ()
    """Further tensors that are compared."""
    axes: Mapping[str, int] = field(default_factory=dict)
    """Axis of a tensor along which numbers mean different things, each as much as the others."""
    load: Loader = Simulation
    """How a graph is run."""


def variants_of(
    graph: bytes,
    ranges: Ranges,
    plan: QuantizationPlan,
    collect: Callable[[bytes], Ranges],
    measure: Measure,
) -> tuple[Variant, ...]:
    """Try every method, plain and equalised, then the best of each with its biases corrected.

    `plan` says what is the same in all; `collect` measures the ranges of the equalised graph. Ten
    variants, five where there is nothing to equalise. No layer is kept in higher precision here:
    that costs speed, and is for the search to do where the gate asks for it.
    """
    tiles = FewTiles(tiles=measure.tiles, most=MOST_TILES)
    reference = measure.load(graph)

    def tried(way: QuantizationPlan, made: bytes) -> Variant:
        engine = measure.load(made)
        error = output_error(
            reference,
            engine,
            tiles,
            measure.output,
            measure.class_axis,
            measure.others,
            measure.axes,
        )
        engine.close()
        return Variant(plan=way, graph=made, error=error)

    sources = [(graph, ranges, False)]
    if pairs_of(prepared(graph)):
        other = equalised(graph)
        sources.append((other, collect(other), True))
    found: list[Variant] = []
    for source, spans, is_equalised in sources:
        ways = [replace(plan, method=one, equalised=is_equalised) for one in METHODS]
        group = [tried(way, quantized(source, spans, way)) for way in ways]
        way = replace(best_of(group).plan, bias_corrected=True)
        made = bias_corrected(quantized(source, spans, way), source, tiles)
        group.append(tried(way, made))
        found += group
    reference.close()
    return tuple(found)


def best_of(variants: Sequence[Variant]) -> Variant:
    """Choose the variant of least noise.

    One that is equalised or has corrected biases must gain `MARGIN_DB` for each over the best that
    is neither, and change no more classes.
    """

    def extras(one: Variant) -> int:
        return int(one.plan.equalised) + int(one.plan.bias_corrected)

    plain = max((one for one in variants if not extras(one)), key=_gain_db, default=None)
    fit = [
        one
        for one in variants
        if plain is None or not extras(one) or one.error.changed_share <= plain.error.changed_share
    ]
    return max(fit, key=lambda one: _gain_db(one) - MARGIN_DB * extras(one))


def _gain_db(variant: Variant) -> float:
    sqnr_db = variant.error.sqnr_db
    return -inf if isnan(sqnr_db) else sqnr_db


def variants_document(variants: tuple[Variant, ...]) -> list[dict[str, object]]:
    """Give the table as JSON values, in the order in which they were tried.

    An SQNR of None: equal to FP32, or not a number.
    """
    chosen = best_of(variants)
    return [
        {
            "form": one.plan.form,
            "method": one.plan.method,
            "equalised": one.plan.equalised,
            "bias_corrected": one.plan.bias_corrected,
            "sqnr_db": round(one.error.sqnr_db, 2) if isfinite(one.error.sqnr_db) else None,
            "changed_share": round(one.error.changed_share, 6),
            "bytes": len(one.graph),
            "chosen": one is chosen,
        }
        for one in variants
    ]

"""The INT8 form of a graph: calibrated, chosen among ways to quantize, judged, mended if needed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import onnx

from edgers.calibration.bias_correction import bias_corrected
from edgers.calibration.calibrate import measure_ranges
from edgers.calibration.label_files import label_of
from edgers.calibration.layers import Layer, layers_of
from edgers.calibration.preparation import prepared
from edgers.calibration.quantization import QuantizationPlan, quantized
from edgers.calibration.ranges import Ranges, check_ranges, ranges_from_file
from edgers.calibration.refusal import refusal
from edgers.calibration.sampling import DEFAULT_COUNT, SampledTiles, sample_tiles
from edgers.calibration.search import SearchResult, search_kept
from edgers.calibration.sensitivity import Sensitivity, measure_layers
from edgers.calibration.simulation import Simulation
from edgers.calibration.suspicion import suspicions
from edgers.calibration.tidying import graph_bytes
from edgers.calibration.variants import Measure, Variant, best_of, variants_of
from edgers.calibration.verdict import Verdict
from edgers.export.accuracy import AccuracyDemand
from edgers.export.court import Court
from edgers.export.trial import Subject
from edgers.targets.target import Candidate
from edgers.tasks.kinds import kind_of
from edgers.tasks.segmentation import class_axis

MEASURED_TILES = 8
"""Tiles each layer is measured on, and ways to quantize are: enough to put them in order."""

CPU_PLAN = QuantizationPlan()
"""What all ways to quantize for CPUs have in common."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizedForm:
    """An INT8 graph that passes the gate, and how it was come by."""

    graph: bytes
    """The graph."""
    plan: QuantizationPlan
    """How it was quantized."""
    layers: tuple[Layer, ...]
    """All layers with weights."""
    ranges: Ranges
    """What was measured of the graph before anything was changed in it."""
    tiles: SampledTiles
    """What variants and layers were measured on."""
    variants: tuple[Variant, ...]
    """Ways that were tried."""
    verdict: Verdict
    """What it loses on scenes."""
    sensitivity: Sensitivity | None
    """What each layer loses alone; None where nobody had to know."""
    search: SearchResult | None
    """How layers to keep were found; None where none had to be."""
    maker: "FormMaker"
    """What quantizes the same graph in other ways."""


def quantized_form(
    subject: Subject, court: Court, candidate: Candidate, demand: AccuracyDemand,
    scenes: Sequence[Path], tell: Tell, plan: QuantizationPlan = CPU_PLAN,
) -> QuantizedForm:  # fmt: skip
    """Calibrate on `scenes`, quantize, and judge with the engine of `candidate`.

    `plan` says what is the same in all ways that are tried. Over the limit, layers go back to
    higher precision by what they were measured to lose. Raises AccuracyError where that is not
    allowed or does not help, and GraphError, BadInputError or SceneError where something does not
    fit.
    """
    tell("choosing tiles")
    tiles = sample_tiles(
        subject.contract, subject.halo, scenes, count=demand.tiles or DEFAULT_COUNT,
        seed=demand.seed, renamed=demand.renamed,
        labels=(
            (lambda scene: label_of(scene, demand.labels))
            if demand.labels and court.jury.samples_classes else None
        ),
    )  # fmt: skip
    maker = FormMaker(subject, tiles, demand, tell, plan)
    chosen = best_of(maker.variants)
    form = QuantizedForm(
        graph=chosen.graph, plan=chosen.plan, layers=maker.layers, ranges=maker.ranges,
        tiles=tiles, variants=maker.variants, verdict=court.verdict(chosen.graph, candidate),
        sensitivity=None, search=None, maker=maker,
    )  # fmt: skip
    passes = form.verdict.passes(demand.max_drop)
    if passes and demand.report is None:
        return form
    sensitivity = maker.sensitivity(chosen.plan)
    form = replace(form, sensitivity=sensitivity)
    if passes:
        return form
    name = f"{candidate.engine} {candidate.precision}"
    if not demand.search:
        raise refusal(name, form.verdict, demand.max_drop, sensitivity=sensitivity)
    search = search_kept(
        # With every layer kept there is nothing left that could be called INT8.
        sensitivity.order[:-1],
        lambda kept: maker.graph(replace(chosen.plan, kept=kept)),
        lambda graph: court.verdict(graph, candidate),
        demand.max_drop, first=form.verdict, budget_s=demand.search_s, tell=tell,
    )  # fmt: skip
    if search.best is None or search.graph is None:
        raise refusal(name, form.verdict, demand.max_drop, sensitivity=sensitivity, search=search)
    return replace(
        form, graph=search.graph, plan=replace(chosen.plan, kept=frozenset(search.best.kept)),
        verdict=search.best.verdict, search=search,
    )  # fmt: skip


class FormMaker:
    """Quantizes one graph in any way, with ranges that were measured once."""

    def __init__(
        self, subject: Subject, tiles: SampledTiles, demand: AccuracyDemand, tell: Tell,
        plan: QuantizationPlan,
    ) -> None:  # fmt: skip
        self._subject, self._tiles, self._demand, self._tell = subject, tiles, demand, tell
        output, *others = subject.contract.outputs
        # A detector gives scores, or further levels, beside its boxes.
        self._others = tuple(one.name for one in others) if output.boxes is not None else ()
        self._axes = {
            one.name: one.dim_order.index(axis)
            for one in subject.contract.outputs
            if kind_of(output) in ("objects", "values") and (axis := class_axis(one))
        }
        # Elsewhere the largest score is no class.
        has_one = kind_of(output) == "classes" and output.class_rule == "one"
        axis = class_axis(output) if has_one else ""
        self._few = _spread(tiles, MEASURED_TILES)
        self.layers = layers_of(onnx.load_from_string(subject.graph))
        self.ranges = self._known() or self._measured(subject.graph)
        self._sources = {False: (subject.graph, self.ranges)}
        tell("ways to quantize")
        self.variants = variants_of(
            subject.graph, self.ranges, plan, self._equalised_ranges,
            Measure(
                tiles=self._few, output=output.name,
                class_axis=output.dim_order.index(axis) if axis else None,
                others=self._others, axes=self._axes,
            ),
        )  # fmt: skip

    def graph(self, plan: QuantizationPlan) -> bytes:
        """Quantize by a plan."""
        source, ranges = self._sources[plan.equalised]
        made = quantized(source, ranges, plan)
        return bias_corrected(made, source, self._few) if plan.bias_corrected else made

    def source(self, plan: QuantizationPlan) -> tuple[bytes, Ranges]:
        """Give the graph that a plan quantizes, and its ranges."""
        return self._sources[plan.equalised]

    def sensitivity(self, plan: QuantizationPlan) -> Sensitivity:
        """Measure what each layer loses alone; half of the time of the search may go into that."""
        source, ranges = self._sources[plan.equalised]
        # Its tensors are those of the quantized graphs, where folding has taken some away.
        model = prepared(source)
        layers = layers_of(model)
        names = frozenset(layer.name for layer in layers)
        alone = replace(plan, bias_corrected=False)
        return measure_layers(
            graph_bytes(model), layers,
            lambda layer: quantized(source, ranges, replace(alone, kept=names - {layer})),
            self._few, output=self._subject.contract.outputs[0], others=self._others,
            axes=self._axes, fp32=Simulation, lowered=Simulation,
            suspicion=suspicions(graph_bytes(model), layers, ranges),
            budget_s=self._demand.search_s / 2, tell=self._tell,
        )  # fmt: skip

    def _known(self) -> Ranges | None:
        """Read the ranges that were measured before, where there are any."""
        path = self._demand.ranges
        if path is None:
            return None
        found = ranges_from_file(path)
        check_ranges(found, self._subject.graph, path)
        return found

    def _measured(self, graph: bytes) -> Ranges:
        self._tell(f"ranges over {len(self._tiles)} tiles")
        return measure_ranges(onnx.load_from_string(graph), graph, self._tiles)

    def _equalised_ranges(self, graph: bytes) -> Ranges:
        self._sources[True] = (graph, self._measured(graph))
        return self._sources[True][1]


def _spread(tiles: SampledTiles, most: int) -> SampledTiles:
    """Give some of the tiles, from all over the scenes."""
    step = -(-len(tiles) // most)
    return replace(tiles, taken=tiles.taken[::step])

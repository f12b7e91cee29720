"""The halo of a program, from the halos of its graphs."""

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from edgers.contract import Band, Contract, ModelInput
from edgers.contract.program import MAIN, AutoregressiveRule, EnsembleRule, PerPixelRule
from edgers.contract.sampler import SamplerRule
from edgers.errors import ContractError
from edgers.export.parts import Graphs
from edgers.tiling.graph import halo_from_graph
from edgers.tiling.halo import AxisHalo, Halo

if TYPE_CHECKING:
    import onnx

DRAWN = "a sampler draws the noise of each tile anew"
VOLUME = ("batch", "channel", "time", "height", "width")
"""Axes of a graph that takes bands as depth; `time` is the name that contracts have for one more
axis."""


def halo_of_program(graphs: Graphs, contract: Contract) -> Halo:
    """Derive what a program looks at around a tile.

    An ensemble needs what any member needs, a cascade what its heavy graph needs, pixels need
    nothing. A sampler without noise of its own looks one halo further with each step; with noise
    it has no bound, for tiles that meet were drawn from other noise. Raises GraphError as
    `halo_from_graph`, and ContractError where graphs of an ensemble do not lie on one grid.
    """
    rule, output = contract.program, contract.outputs[0].name
    if isinstance(rule, EnsembleRule):
        found = [halo_from_graph(one, contract.inputs, output) for one in graphs.values()]
        return together(found)
    if isinstance(rule, PerPixelRule):
        return Halo(height=_NOTHING, width=_NOTHING)
    if isinstance(rule, SamplerRule):
        return _sampler_halo(graphs[MAIN], rule, contract)
    if isinstance(rule, AutoregressiveRule):
        output = rule.memory
    return halo_from_graph(graphs[MAIN], contract.inputs, output)


_NOTHING = AxisHalo(
    before_px=0, after_px=0, align_px=1, stride=Fraction(1), offset_px=Fraction(0), sizes=(0,)
)


def together(halos: Sequence[Halo]) -> Halo:
    """Give the halo of graphs that see the same tile; raises ContractError where none can be."""
    reasons = [one.unbounded for one in halos if one.unbounded]
    caveats = dict.fromkeys(caveat for one in halos for caveat in one.caveats)
    return Halo(
        height=_axis([one.height for one in halos]),
        width=_axis([one.width for one in halos]),
        unbounded=reasons[0] if reasons else None,
        caveats=tuple(caveats),
    )


def _axis(axes: Sequence[AxisHalo]) -> AxisHalo:
    """Put one axis together: the largest reach, on the grid that suits all."""
    fixed = {one.fixed_px for one in axes if one.fixed_px is not None}
    if len({one.stride for one in axes}) > 1 or len(fixed) > 1:
        raise ContractError(
            "the graphs of the ensemble do not lie on one grid.",
            seen="One step of their answers is "
            + ", ".join(f"{one.stride} px" for one in axes)
            + (f"; they take tiles of {sorted(fixed)} px." if fixed else "."),
            rule="Answers are averaged pixel by pixel.",
        )
    align = math.lcm(*(one.align_px for one in axes))
    stride = axes[0].stride
    sizes: list[int | None] = []
    for rest in range(align):
        # Sizes of several grid steps: every graph takes or refuses them by their rest alone.
        counts = {one.output_size(align * MANY_STEPS + rest) for one in axes}
        count = counts.pop()
        same = not counts and count is not None
        sizes.append(count - int(align * MANY_STEPS / stride) if same and count else None)
    return AxisHalo(
        before_px=max(one.before_px for one in axes),
        after_px=max(one.after_px for one in axes),
        align_px=align,
        stride=stride,
        offset_px=axes[0].offset_px,
        sizes=tuple(sizes),
        fixed_px=next(iter(fixed), None),
    )


MANY_STEPS = 16
"""Grid steps of the sizes that are compared: enough for an answer of any graph."""


def _sampler_halo(model: "onnx.ModelProto", rule: SamplerRule, contract: Contract) -> Halo:
    """Follow the image through one step, and that as often as there are steps."""
    sources = _seen_inputs(rule, contract)
    halo = halo_from_graph(_without_time(model, rule), sources, contract.outputs[0].name)
    draws = rule.start == "noise" or rule.method == "ddpm" or rule.eta > 0
    if draws:
        return replace(halo, unbounded=DRAWN)
    height, width = (
        replace(one, before_px=one.before_px * rule.steps, after_px=one.after_px * rule.steps)
        for one in (halo.height, halo.width)
    )
    return replace(halo, height=height, width=width)


def _seen_inputs(rule: SamplerRule, contract: Contract) -> list[ModelInput]:
    """Give the image inputs that the graph really has."""
    bands = contract.outputs[0].shape[1]
    joined = len(contract.inputs[0].bands) if rule.condition in ("before", "after") else 0
    noisy = ModelInput(
        name=rule.noisy,
        bands=tuple(Band(name=f"noisy {i}") for i in range(bands + joined)),
        shape=(-1, bands + joined, -1, -1),
        dim_order=contract.inputs[0].dim_order,
        data_type="float32",
    )
    sources = [noisy, *(contract.inputs if rule.condition == "input" else ())]
    if not rule.is_volume:
        return sources
    return [
        replace(
            one,
            shape=(-1, 2 if one is noisy and joined else 1,
                   bands if one is noisy else len(one.bands), -1, -1),
            dim_order=VOLUME,
        )
        for one in sources
    ]  # fmt: skip


def _without_time(model: "onnx.ModelProto", rule: SamplerRule) -> "onnx.ModelProto":
    """Make the training step a constant, so that the graph takes images alone."""
    import onnx
    from onnx import numpy_helper

    made = onnx.ModelProto()
    made.CopyFrom(model)
    kept = [entry for entry in made.graph.input if entry.name != rule.time]
    del made.graph.input[:]
    made.graph.input.extend(kept)
    start = np.zeros(1, rule.time_type)
    made.graph.initializer.append(numpy_helper.from_array(start, rule.time))
    return made

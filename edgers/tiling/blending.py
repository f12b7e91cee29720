"""Blending along one axis: what each tile counts at each output pixel, and when a pixel is done.

Tiles of a graph without a bound see different things at their borders, so where they overlap
their answers are mixed. A pixel's weight is the product of a weight along the height and one along
the width; both are divided by their sum over the tiles beforehand, so weights sum to one
everywhere, the scene's edges and odd last tiles included, and no sum of weights has to be kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edgers.contract.model import Blend
from edgers.tiling.axis_tiles import AxisPlan
from edgers.tiling.halo import AxisHalo

Floats = npt.NDArray[np.float64]


class Window(Protocol):
    """A weight for each of `count` output pixels of a tile, above zero."""

    def __call__(self, count: int) -> Floats:
        """Give the weights."""


def hann(count: int) -> Floats:
    """Raised cosine, sampled at pixel centres so that no weight is zero."""
    weights: Floats = np.sin(np.pi * (np.arange(count) + 0.5) / count) ** 2
    return weights


def linear(count: int) -> Floats:
    """Distance to the nearer border of the tile."""
    position = np.arange(count) + 0.5
    weights: Floats = np.minimum(position, count - position)
    return weights


def average(count: int) -> Floats:
    """Count every tile the same."""
    return np.ones(count)


WINDOWS: Mapping[Blend, Window] = {"hann": hann, "linear": linear, "average": average}
"""Weights by rule. The fourth rule, `trim`, mixes nothing: each tile keeps its own core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a tile gives to one core along one axis."""

    core: int
    """Number of the tile whose core it is."""
    start: int
    """First output pixel."""
    stop: int
    """End of the output pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TileWeights:
    """How one tile counts along one axis."""

    start: int
    """First output pixel the tile gives."""
    stop: int
    """End of the output pixels it gives, within the product."""
    weights: npt.NDArray[np.float32]
    """Weight at each of them, (stop − start,); over all tiles they sum to one."""
    parts: tuple[Part, ...]
    """Cores it gives to, its own first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisBlend:
    """An axis whose tiles are mixed."""

    plan: AxisPlan
    """Its tiles; a core is what no later tile adds to, so it is done when its tile is."""
    tiles: tuple[TileWeights, ...]
    """Weights by tile."""


def blend_axis(plan: AxisPlan, halo: AxisHalo, rule: Blend) -> AxisBlend:
    """Give weights and cores for tiles that overlap along one axis."""
    window = WINDOWS[rule]
    spans, raw = [], []
    for tile in plan.tiles:
        count = halo.output_size(tile.window_stop - tile.window_start)
        assert count is not None
        start = tile.core_start - tile.crop_start
        stop = min(start + count, plan.output_px)
        spans.append((start, stop))
        raw.append(window(count)[: stop - start])
    total = np.zeros(plan.output_px)
    for (start, stop), weights in zip(spans, raw, strict=True):
        total[start:stop] += weights
    ends = [start for start, _ in spans[1:]] + [plan.output_px]
    cores = [(start, end) for (start, _), end in zip(spans, ends, strict=True)]
    return AxisBlend(
        plan=replace(
            plan,
            tiles=tuple(
                replace(tile, core_start=start, core_stop=stop, crop_start=0)
                for tile, (start, stop) in zip(plan.tiles, cores, strict=True)
            ),
        ),
        tiles=tuple(
            TileWeights(
                start=start,
                stop=stop,
                weights=(weights / total[start:stop]).astype(np.float32),
                parts=_parts(position, start, stop, cores),
            )
            for position, ((start, stop), weights) in enumerate(zip(spans, raw, strict=True))
        ),
    )


def _parts(position: int, start: int, stop: int, cores: list[tuple[int, int]]) -> tuple[Part, ...]:
    """Cut the span of a tile at the borders of its own and later cores."""
    return tuple(
        Part(core=core, start=max(start, first), stop=min(stop, end))
        for core, (first, end) in enumerate(cores[position:], position)
        if first < stop and (first < end or core == position)
    )

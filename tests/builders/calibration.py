"""Tiles held in a list, and ranges measured the plain way: every value at once, in numpy."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx

from edgers.calibration.ranges import Ranges, SampledScene, Span, graph_sha256
from edgers.calibration.simulation import Simulation
from edgers.calibration.tiles import Tiles
from edgers.engines import Tensors

BINS = 2048
SHRINKS = np.linspace(1.0, 0.2, 41)
"""Shares of the whole range that entropy and MSE choose from."""


@dataclass(frozen=True)
class ListTiles:
    tensors: Sequence[Tensors]

    def __len__(self) -> int:
        return len(self.tensors)

    def __iter__(self) -> Iterator[Tensors]:
        return iter(self.tensors)


def noise_tiles(count: int = 3, size_px: int = 32, bands: int = 3, seed: int = 0) -> ListTiles:
    """Tiles of normal noise for input `x`."""
    random = np.random.default_rng(seed)
    shape = (1, bands, size_px, size_px)
    return ListTiles([{"x": random.normal(size=shape).astype(np.float32)} for _ in range(count)])


def plain_ranges(graph: bytes, tiles: Tiles) -> Ranges:
    """Measure every float tensor of a graph in two passes: bounds, then counts between them."""
    model = onnx.load_model_from_string(graph)
    names = [name for node in model.graph.node for name in node.output if name]
    simulation = Simulation(graph, list(dict.fromkeys(names)))
    bounds: dict[str, Span] = {}
    counts: dict[str, npt.NDArray[np.int64]] = {}
    for counting in (False, True):
        for tensors in tiles:
            for name, value in ({**simulation.infer(tensors), **tensors}).items():
                if value.dtype != np.float32 or not value.size:
                    continue
                low, high = float(value.min()), float(value.max())
                if not counting:
                    old = bounds.get(name, (low, high))
                    bounds[name] = min(low, old[0]), max(high, old[1])
                else:
                    found = np.histogram(value, BINS, bounds[name])[0]
                    counts[name] = counts.get(name, np.zeros(BINS, np.int64)) + found
    spans = {name: _spans(bounds[name], counts[name]) for name in bounds}
    scene = SampledScene(name="noise", sha256="0" * 64, tiles=len(tiles))
    return Ranges(
        graph_sha256=graph_sha256(graph), seed=0, tile_px=(32, 32), scenes=(scene,), spans=spans
    )


def _spans(bounds: Span, counts: npt.NDArray[np.int64]) -> dict[str, Span]:
    if bounds[0] == bounds[1]:
        return dict.fromkeys(("min-max", "percentile", "entropy", "mse"), bounds)
    edges = np.linspace(*bounds, BINS + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    share = np.cumsum(counts) / counts.sum()
    low = edges[:-1][np.searchsorted(share, 0.5e-5)]
    high = edges[1:][min(np.searchsorted(share, 1 - 0.5e-5), BINS - 1)]
    tried = [(bounds[0] * k, bounds[1] * k) for k in SHRINKS]
    return {
        "min-max": bounds,
        "percentile": (float(low), float(high)),
        "entropy": min(tried, key=lambda span: _divergence(span, middles, counts)),
        "mse": min(tried, key=lambda span: _squared(span, middles, counts)),
    }


def _rounded(span: Span, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    low, high = min(span[0], 0.0), max(span[1], 0.0)
    step = (high - low) / 255 or 1.0
    return np.clip(np.round((values - low) / step), 0, 255) * step + low


def _squared(span: Span, middles: npt.NDArray[np.float64], counts: npt.NDArray[np.int64]) -> float:
    return float((((_rounded(span, middles) - middles) ** 2) * counts).sum())


def _divergence(
    span: Span, middles: npt.NDArray[np.float64], counts: npt.NDArray[np.int64]
) -> float:
    """Kullback-Leibler divergence of the counts from those spread evenly over 256 levels."""
    inside = (middles >= span[0]) & (middles <= span[1])
    clipped = np.where(inside, counts, 0).astype(np.float64)
    ends = np.flatnonzero(inside)
    if not ends.size:
        return np.inf
    clipped[ends[0]] += counts[: ends[0]].sum()
    clipped[ends[-1]] += counts[ends[-1] + 1 :].sum()
    level = np.unique(_rounded(span, middles), return_inverse=True)[1]
    filled = (counts > 0) & inside
    sums = np.bincount(level, np.where(inside, counts, 0))
    places = np.bincount(level, filled)
    spread = np.where(filled, sums[level] / np.maximum(places[level], 1), 0.0)
    p, q = clipped / clipped.sum(), spread / max(spread.sum(), 1)
    some = p > 0
    return float((p[some] * np.log(p[some] / np.maximum(q[some], 1e-12))).sum())

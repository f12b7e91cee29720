"""Which layers suffer most from a lower precision, measured with one of them lowered at a time."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import onnx

from edgers.calibration.output_error import NO_AXES, OutputNoise
from edgers.calibration.tiles import Tiles
from edgers.contract import ModelOutput
from edgers.engines import Engine
from edgers.tasks.kinds import kind_of
from edgers.tasks.segmentation import SegmentationDecoder

MOST_DB = 300.0
"""Signal to noise where nothing differs: beyond what numbers of 64 bits can tell apart."""

QuantizeOnly = Callable[[str], bytes]
"""Gives the graph with this layer alone at the lower precision."""

MakeEngine = Callable[[bytes], Engine]
"""Loads a graph."""

Clock = Callable[[], float]
"""Gives seconds that never go back."""


class Layer(Protocol):
    """What is lowered or kept as one."""

    @property
    def name(self) -> str:
        """Name it is kept by."""

    @property
    def output(self) -> str:
        """Tensor it gives; graphs at the lower precision have one of the same name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerEffect:
    """What lowering one layer alone does."""

    layer: str
    """Name of the layer."""
    own_sqnr_db: float
    """Signal to quantization noise where it ends, dB; `MOST_DB` where nothing differs."""
    output_sqnr_db: float
    """The same where the network ends."""
    changed_share: float
    """Share of the pixels whose class changes; for other tasks the root mean square of the
    difference over that of the output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """Layers by what they suffer."""

    measured: tuple[LayerEffect, ...]
    """Most harmful first: by pixels changed, then by noise at the output, then as in the graph."""
    unmeasured: tuple[str, ...]
    """Layers there was no time for, the most suspicious first."""
    tiles: int
    """Tiles each layer was measured on."""
    seconds: float
    """How long it took."""

    @property
    def order(self) -> tuple[str, ...]:
        """All layers in the order in which they go back to a higher precision."""
        return (*(one.layer for one in self.measured), *self.unmeasured)


def measure_layers(
    graph: bytes, layers: Sequence[Layer], quantize_only: QuantizeOnly, tiles: Tiles, *,
    output: ModelOutput, fp32: MakeEngine, lowered: MakeEngine, others: Sequence[str] = (),
    axes: Mapping[str, int] = NO_AXES,
    suspicion: Mapping[str, float] | None = None, budget_s: float | None = None,
    clock: Clock = time.monotonic, tell: Callable[[str], None] = lambda _: None,
) -> Sensitivity:  # fmt: skip
    """Lower each layer alone and compare `output`, and `others`, with FP32, tile by tile.

    `axes` are as in `output_error`. Two engines and the tensors of one tile are held at once.
    `suspicion` says by layer which to measure first; a layer that is not there comes last, and of
    equals the first in the graph. With a budget a layer is begun where it would end in time if it
    took as long as the longest so far.
    Raises EngineError where an engine fails.
    """
    begin = clock()
    rank = suspicion or {}
    position = {layer.name: i for i, layer in enumerate(layers)}
    queue = sorted(layers, key=lambda one: (-rank.get(one.name, -math.inf), position[one.name]))
    found: list[LayerEffect] = []
    longest_s = 0.0
    while queue:
        started = clock()
        if budget_s is not None and started - begin + longest_s > budget_s:
            break
        layer = queue.pop(0)
        tell(f"sensitivity of {layer.name}: {len(found) + 1} of {len(layers)}")
        found.append(
            _effect(layer, graph, quantize_only, tiles, output, others, axes, fp32, lowered)
        )
        longest_s = max(longest_s, clock() - started)
    found.sort(key=lambda one: (-one.changed_share, one.output_sqnr_db, position[one.layer]))
    return Sensitivity(
        measured=tuple(found), unmeasured=tuple(layer.name for layer in queue),
        tiles=len(tiles), seconds=clock() - begin,
    )  # fmt: skip


def _effect(
    layer: Layer, graph: bytes, quantize_only: QuantizeOnly, tiles: Tiles, output: ModelOutput,
    others: Sequence[str], axes: Mapping[str, int], fp32: MakeEngine, lowered: MakeEngine,
) -> LayerEffect:  # fmt: skip
    """Measure one layer over all tiles."""
    own, end = OutputNoise([layer.output]), OutputNoise([output.name, *others], axes)
    change = _Change(output)
    whole = fp32(with_output(graph, layer.output))
    try:
        other = lowered(with_output(quantize_only(layer.name), layer.output))
        try:
            for tile in tiles:
                wanted, got = whole.infer(tile), other.infer(tile)
                own.add(wanted, got)
                end.add(wanted, got)
                change.add(wanted[output.name], got[output.name])
        finally:
            other.close()
    finally:
        whole.close()
    share = _share(end) if change.share is None else change.share
    return LayerEffect(
        layer=layer.name, own_sqnr_db=_sqnr_db(own), output_sqnr_db=_sqnr_db(end),
        changed_share=share,
    )  # fmt: skip


def with_output(graph: bytes, tensor: str) -> bytes:
    """Give a graph that has a tensor of its inside among its outputs."""
    model = onnx.load_from_string(graph)
    if all(one.name != tensor for one in model.graph.output):
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(tensor))
    data: bytes = model.SerializeToString()
    return data


def _sqnr_db(noise: OutputNoise) -> float:
    """Give signal over noise in decibels, within `MOST_DB`."""
    power, apart = noise.sums()
    if apart == 0.0:
        return MOST_DB
    if not math.isfinite(apart) or power == 0.0:
        return -MOST_DB
    return max(-MOST_DB, min(MOST_DB, 10 * math.log10(power / apart)))


def _share(noise: OutputNoise) -> float:
    """Root mean square of the difference over that of the signal."""
    return 0.0 if noise.sums()[1] == 0.0 else float(10 ** (-_sqnr_db(noise) / 20))


class _Change:
    """Running share of pixels whose class is another."""

    def __init__(self, output: ModelOutput) -> None:
        is_segmentation = kind_of(output) == "classes" and len(output.classes) > 1
        self._decoder = (
            SegmentationDecoder(output, with_probabilities=False) if is_segmentation else None
        )
        self._changed = self._pixels = 0

    def add(self, wanted: npt.NDArray[Any], got: npt.NDArray[Any]) -> None:
        if self._decoder is None:
            return
        one, other = self._classes(wanted), self._classes(got)
        self._changed += int(np.count_nonzero(one != other))
        self._pixels += one.size

    @property
    def share(self) -> float | None:
        """Share of pixels that changed; None where the output holds no classes."""
        if self._decoder is None:
            return None
        return self._changed / self._pixels if self._pixels else 0.0

    def _classes(self, tensor: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Give the class of each pixel; −1 where the network gave no number."""
        assert self._decoder is not None
        if self._decoder.gives_indices:
            return tensor.astype(np.int64)
        block = self._decoder.settle(self._decoder.scores(tensor))
        found: npt.NDArray[np.int64] = np.where(
            block.not_finite, -1, block.classes.astype(np.int64)
        )
        return found

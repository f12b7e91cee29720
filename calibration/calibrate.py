"""Calibrating: a graph and the tiles of scenes become the ranges of its tensors."""

from typing import TYPE_CHECKING

from edgers.calibration.collection import collect_spans
from edgers.calibration.ranges import Ranges, graph_sha256
from edgers.calibration.sampling import SampledTiles
from edgers.pipeline.progress import Progress

if TYPE_CHECKING:
    import onnx


def measure_ranges(
    model: "onnx.ModelProto", graph: bytes, tiles: SampledTiles, progress: Progress | None = None
) -> Ranges:
    """Measure every float tensor of a graph on tiles; `graph` is `model` as it was read.

    The same graph, scenes and seed give the same ranges, to the last bit. Raises GraphError where
    a tensor cannot be measured, and SceneError where a scene was changed.
    """
    return Ranges(
        graph_sha256=graph_sha256(graph),
        seed=tiles.seed,
        tile_px=tiles.tile_px,
        scenes=tiles.scenes,
        spans=collect_spans(model, tiles, progress=progress, place=tiles.place),
    )

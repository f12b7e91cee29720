"""How well boxes that a network gives agree with the truth of scenes: average precision at 0.50."""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgers.calibration.metrics.detection import DetectionMetric, ScoredBoxes
from edgers.contract import Contract, contract_from_file
from edgers.export.detector_demo.contract import detector_contract
from edgers.export.detector_demo.palette import scaled
from edgers.export.detector_demo.scene import ObjectScene
from edgers.export.detector_demo.stage import CLASS_NAMES
from edgers.kernels.boxes import boxes_from_corners
from edgers.tasks.boxes import BoxDecoder

Infer = Callable[[npt.NDArray[np.float32]], Mapping[str, npt.NDArray[np.float32]]]
"""Gives the outputs by name for scaled bands (1, band, height, width)."""


def read_contract() -> Contract:
    """Give the contract as the runtime reads it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "detector.json"
        path.write_text(json.dumps(detector_contract()))
        return contract_from_file(path)


def truth_of(scene: ObjectScene) -> ScoredBoxes:
    """Give the truth of a scene as the metric takes it."""
    return ScoredBoxes(
        boxes=scene.boxes, classes=scene.kinds, scores=np.ones(len(scene.kinds), np.float32)
    )  # fmt: skip


def ap50(infer: Infer, scenes: Sequence[ObjectScene]) -> dict[str, float]:
    """Give the AP50 of each class and their mean as "mean", over whole scenes, without tiles."""
    decoder = BoxDecoder(read_contract().outputs)
    metric = DetectionMetric(CLASS_NAMES)
    for scene in scenes:
        outputs = infer(scaled(scene.counts)[None])
        pieces = decoder.decode(outputs, scene.counts.shape[1:]).pieces
        found = ScoredBoxes(
            boxes=boxes_from_corners(pieces["corners"]), classes=pieces["kind"],
            scores=pieces["score"],
        )  # fmt: skip
        metric.add(truth_of(scene), found)
    return by_class(metric)


def by_class(metric: DetectionMetric) -> dict[str, float]:
    """Give the AP50 of each class that has objects, and their mean as "mean"."""
    scores = {one.name: one.ap50 for one in metric.scores() if one.ap50 is not None}
    return {**scores, "mean": float(np.mean(list(scores.values())))}

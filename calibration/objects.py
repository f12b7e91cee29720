"""Objects of one scene, FP32's and a candidate's, held against true ones in pixels of the scene."""

from pathlib import Path

import numpy as np

from edgers.calibration.jury import JudgedScene, Jury, PairCounts
from edgers.calibration.labels import LabelScheme, scheme_by_classes
from edgers.calibration.metrics.detection import DetectionMetric, ScoredBoxes
from edgers.calibration.metrics.registry import MEAN_AP50
from edgers.calibration.object_file import ObjectReader
from edgers.contract import ModelOutput
from edgers.errors import SceneError
from edgers.scene.open import environment
from edgers.scene.place import Place

ENDINGS = (".geojson",)

NONE = ScoredBoxes(
    boxes=np.zeros((0, 5), np.float32), classes=np.zeros(0, np.int64), scores=np.zeros(0)
)


def object_jury(output: ModelOutput, scheme: LabelScheme | None) -> Jury:
    """Judge objects by the average precision of each class.

    Without labels, what FP32 finds above the contract's score is the truth.
    """
    known = scheme or scheme_by_classes(output)
    reader = ObjectReader(output=output, scheme=known)

    def check(path: Path, seen: Place, _: Place) -> None:
        with environment():
            if len(reader.label(path, seen).boxes):
                return
        raise SceneError(
            f"label file {path} has no object in the scene.",
            rule="Polygons lie in the scene: in longitude and latitude, in the CRS that the file "
            "states, or in columns and rows where the scene has no place.",
            fix="Judge on a scene that has objects; others count nothing.",
        )

    def count(reference: JudgedScene, candidate: JudgedScene) -> PairCounts:
        assert reference.product is not None
        assert reference.place is not None
        place, label = reference.place, reference.scene.label
        fp32, other = DetectionMetric(known.names), DetectionMetric(known.names)
        with environment():
            here = reader.product(reference.product, place)
            there = reader.product(candidate.product, place) if candidate.product else NONE
            truth = here if label is None else reader.label(label, place)
        fp32.add(truth, here)
        other.add(truth, there)
        return PairCounts(truth="labels" if label else "fp32", fp32=fp32, candidate=other)

    return Jury(metric=MEAN_AP50, count=count, check_label=check, label_endings=ENDINGS)

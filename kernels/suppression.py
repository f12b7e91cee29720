"""What non-maximum suppression takes, its checks, and the order it goes through the boxes."""

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError
from edgers.kernels.boxes import Boxes, check_boxes

Scores = npt.NDArray[np.floating]
"""One score a box, (box,); NaN where a box has none."""
Classes = npt.NDArray[np.integer]
"""Class of each box, (box,)."""
Indices = npt.NDArray[np.int64]
"""Positions of boxes in what was given, (kept,)."""


def check_suppression(
    boxes: Boxes, scores: Scores, iou_threshold: float, classes: Classes | None,
    max_boxes: int | None,
) -> None:  # fmt: skip
    """Raise `BadInputError` unless there is a score, and a class if any, for each box."""
    check_boxes("boxes", boxes)
    _check_column("scores", scores, len(boxes), "floating")
    if classes is not None:
        _check_column("classes", classes, len(boxes), "integer")
    if not 0 <= iou_threshold <= 1:
        raise BadInputError(
            "the threshold of the overlap is out of range.",
            seen=f"{iou_threshold}.",
            rule="intersection over union is a number from 0 to 1.",
            fix="choose a number in that range; 0.1 to 0.5 are usual for oriented boxes.",
        )
    if max_boxes is not None and max_boxes < 0:
        raise BadInputError(
            "the most boxes to keep is out of range.",
            seen=f"{max_boxes}.",
            rule="it is a whole number from 0 up, or None for all.",
            fix="leave it out to keep all.",
        )


def ranked_boxes(boxes: Boxes, scores: Scores) -> Indices:
    """Give the boxes that may be kept, best score first, equal ones in the order given."""
    is_finite = np.isfinite(np.ascontiguousarray(boxes.T)).all(axis=0)
    usable = np.flatnonzero(is_finite & ~np.isnan(scores))
    return usable[np.argsort(-scores[usable], kind="stable")]


def _check_column(name: str, column: npt.NDArray[np.generic], count: int, kind: str) -> None:
    if column.shape != (count,) or not np.issubdtype(column.dtype, getattr(np, kind)):
        raise BadInputError(
            f"{name} do not fit the boxes.",
            seen=f"an array of {column.dtype} with shape {column.shape} for {count} boxes.",
            rule=f"{name} are {kind} numbers, one for each box.",
            fix="take both from the same detections.",
        )

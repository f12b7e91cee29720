"""Non-maximum suppression of oriented boxes."""

import numpy as np

from edgers.kernels.boxes import Boxes, frames_from_boxes
from edgers.kernels.reference.oriented_iou import iou_of_frames
from edgers.kernels.suppression import (
    Classes,
    Indices,
    Scores,
    check_suppression,
    ranked_boxes,
)


def rotated_nms(
    boxes: Boxes, scores: Scores, iou_threshold: float, *,
    classes: Classes | None = None, max_boxes: int | None = None,
) -> Indices:  # fmt: skip
    """Keep each box that no kept box of a better score overlaps by more than the threshold.

    `boxes` are float32 (box, 5) as `edgers.kernels.boxes` says; a horizontal one has angle 0.
    `scores` are (box,); where integer `classes` (box,) are given, boxes of different classes do not
    touch each other. Gives the positions of kept boxes, int64, best score first and equal scores in
    the order given, at most `max_boxes` in all. A box with NaN or infinity, or with a NaN score, is
    never kept; one without an area overlaps nothing, so it is. Overlaps are compared in float64.
    Raises `BadInputError` for other types or shapes, and for a threshold outside of 0 to 1.
    """
    check_suppression(boxes, scores, iou_threshold, classes, max_boxes)
    frames = frames_from_boxes(boxes).tolist()
    group = [0] * len(boxes) if classes is None else classes.tolist()
    most = len(boxes) if max_boxes is None else max_boxes
    kept: list[int] = []
    for i in ranked_boxes(boxes, scores).tolist():
        if len(kept) == most:
            break
        if not any(
            group[k] == group[i] and iou_of_frames(frames[k], frames[i]) > iou_threshold
            for k in kept
        ):
            kept.append(i)
    return np.array(kept, np.int64)

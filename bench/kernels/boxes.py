"""Oriented boxes: overlaps, suppression of 20 000 boxes, and the border of a tile.

    python -m edgers.bench.kernels.boxes

times suppression once against each of OpenCV's two ways. The cases of `python -m
edgers.bench.kernels` have the better of them, which is the loop: `dnn.NMSBoxesRotated` compares
each box with every kept one, which takes most of a minute on the spread scene.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.bench.kernels.case import Case
from edgers.kernels.boxes import Boxes, corners_from_boxes
from edgers.kernels.cpu.oriented_iou import oriented_iou
from edgers.kernels.cpu.polygon_clip import clip_quads
from edgers.kernels.cpu.rotated_nms import rotated_nms
from edgers.kernels.reference.oriented_iou import oriented_iou as plain_iou
from edgers.kernels.reference.polygon_clip import clip_quads as plain_clip_quads

BOXES = 20_000
THRESHOLD = 0.3
BOX_BYTES, SCORE_BYTES = 20, 4

Scores = npt.NDArray[np.float32]
Rotated = Sequence[tuple[tuple[float, float], tuple[float, float], float]]


def cases() -> Iterator[Case]:
    """Give each kernel with the better of its rivals; scenes are made from a seed."""
    for name, (boxes, scores) in scenes().items():
        yield Case(
            name=f"rotated NMS, {BOXES} boxes, {name}",
            moved_bytes=BOXES * (BOX_BYTES + SCORE_BYTES),
            fast=partial(rotated_nms, boxes, scores, THRESHOLD),
            plain=partial(loop_over_opencv, boxes, scores, rotated_from(boxes)),
            rival="Python loop over cv2.rotatedRectangleIntersection",
        )
    boxes = scenes()["spread"][0]
    few, many = boxes[:200], boxes[:2000]
    yield Case(
        name="oriented IoU, 2000 by 2000, spread",
        moved_bytes=4 * len(many) ** 2,
        fast=partial(oriented_iou, many, many),
        plain=partial(_upright_iou, many),
        rival="numpy, of the bounds only",
    )
    yield Case(
        name="oriented IoU, 200 by 200, spread",
        moved_bytes=4 * len(few) ** 2,
        fast=partial(oriented_iou, few, few),
        plain=partial(plain_iou, few, few),
    )
    quads = corners_from_boxes(many)
    tile = (0.0, 0.0, 4096.0, 4096.0)
    yield Case(
        name="clip quads by a tile, 2000",
        moved_bytes=len(quads) * (64 + 256 + 12),
        fast=partial(clip_quads, quads, tile),
        plain=partial(plain_clip_quads, quads, tile),
    )


def scenes() -> dict[str, tuple[Boxes, Scores]]:
    """Give a spread scene, of boxes that mostly stay, and one of 40 boxes an object."""
    random = np.random.default_rng(7)
    spread = _ships(random, BOXES, side=8192)
    of_object = random.integers(0, 500, BOXES)
    noise = random.normal(0, 1, (BOXES, 5)) * (1.5, 1.5, 1, 0.7, 0.05)
    crowded = _ships(random, 500, side=2048)[of_object] + noise
    crowded[:, 2:4] = crowded[:, 2:4].clip(2)
    return {
        name: (boxes.astype(np.float32), random.random(BOXES).astype(np.float32))
        for name, boxes in (("spread", spread), ("crowded", crowded))
    }


def _ships(random: np.random.Generator, count: int, *, side: float) -> npt.NDArray[np.float64]:
    return np.column_stack([
        random.uniform(0, side, (count, 2)), random.uniform(10, 60, count),
        random.uniform(5, 25, count), random.uniform(-np.pi / 2, np.pi / 2, count),
    ])  # fmt: skip


def rotated_from(boxes: Boxes) -> Rotated:
    """Give boxes as OpenCV takes them."""
    return [
        ((x, y), (width, height), float(np.degrees(angle)))
        for x, y, width, height, angle in boxes.tolist()
    ]


def loop_over_opencv(boxes: Boxes, scores: Scores, rotated: Rotated) -> list[int]:
    """Suppress as is usual in Python: numpy finds what is near, OpenCV intersects it."""
    import cv2

    x, y = np.ascontiguousarray(boxes[:, 0]), np.ascontiguousarray(boxes[:, 1])
    radius = np.hypot(boxes[:, 2], boxes[:, 3]) / 2
    area = boxes[:, 2] * boxes[:, 3]
    waiting, kept = np.argsort(-scores, kind="stable"), []
    while len(waiting):
        i, waiting = int(waiting[0]), waiting[1:]
        kept.append(i)
        reach = radius[waiting] + radius[i]
        is_near = (x[waiting] - x[i]) ** 2 + (y[waiting] - y[i]) ** 2 < reach * reach
        put_out = []
        for place in np.flatnonzero(is_near):
            other = waiting[place]
            _, points = cv2.rotatedRectangleIntersection(rotated[i], rotated[other])
            if points is not None:
                shared = cv2.contourArea(cv2.convexHull(points))
                if shared / (area[i] + area[other] - shared) > THRESHOLD:
                    put_out.append(place)
        if put_out:
            waiting = np.delete(waiting, put_out)
    return kept


def _upright_iou(boxes: Boxes) -> npt.NDArray[np.float32]:
    """Give overlaps of the bounds: what numpy does without a loop."""
    corners = corners_from_boxes(boxes).astype(np.float32)
    low, high = corners.min(axis=1).T, corners.max(axis=1).T
    shared = np.ones((len(boxes), len(boxes)), np.float32)
    for first, last in zip(low, high, strict=True):
        ends = np.minimum(last[:, None], last) - np.maximum(first[:, None], first)
        shared *= ends.clip(0)
    areas = (high - low).prod(axis=0)
    overlaps: npt.NDArray[np.float32] = shared / (areas[:, None] + areas - shared)
    return overlaps


def whole_of_opencv(scores: Scores, rotated: Rotated) -> Any:
    """Suppress by OpenCV alone; it counts a box within another as the same (as of 5.0)."""
    import cv2

    return cv2.dnn.NMSBoxesRotated(rotated, scores.tolist(), 0.0, THRESHOLD)


def main() -> None:
    """Print how often each of OpenCV's ways takes the kernel's time, and what each one keeps."""
    for name, (boxes, scores) in scenes().items():
        rotated = rotated_from(boxes)
        ways: dict[str, Callable[[], Any]] = {
            "kernel": partial(rotated_nms, boxes, scores, THRESHOLD),
            "loop over rotatedRectangleIntersection": partial(
                loop_over_opencv, boxes, scores, rotated
            ),
            "dnn.NMSBoxesRotated": partial(whole_of_opencv, scores, rotated),
        }
        ways["kernel"]()
        kernel_s = min(_seconds(ways["kernel"])[0] for _ in range(9))
        print(f"{name}: {BOXES} boxes, kernel {1e3 * kernel_s:.1f} ms")
        for way, work in ways.items():
            seconds, kept = _seconds(work)
            print(f"    {way}: {seconds:.3f} s, {seconds / kernel_s:.1f} ×, keeps {len(kept)}")


def _seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    found = work()
    return time.perf_counter() - begin, found


if __name__ == "__main__":
    main()

"""Objects of a file on the ground, put back on the pixels of the scene they were found in."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.warp import transform as between

from edgers.calibration.box_around import box_around
from edgers.calibration.metrics.detection import ScoredBoxes
from edgers.kernels.boxes import Boxes
from edgers.kernels.cpu.oriented_iou import oriented_iou


def objects_from_file(path: Path, scene: Path, names: tuple[str, ...]) -> ScoredBoxes:
    """Read rectangles with GDAL, and put them on the pixels of a scene by its CRS and transform.

    Nothing of the runtime takes part: a file whose positions are off gives boxes that are off.
    """
    import shapely
    from pyogrio.raw import read

    meta, _, geometry, fields = read(path, columns=["class_name", "score"])
    points, of = shapely.get_coordinates(shapely.from_wkb(geometry), return_index=True)
    with rasterio.open(scene) as dataset:
        x, y = between(meta["crs"], dataset.crs, *points.T) if len(points) else ([], [])
        pixels = np.stack(~dataset.transform @ (np.array(x), np.array(y)), axis=1)
    # The first corner comes again at the end.
    boxes = [box_around(pixels[of == one][:-1]) for one in range(len(geometry))]
    told = dict(zip(meta["fields"], fields, strict=True))
    return ScoredBoxes(
        boxes=np.array(boxes, np.float32).reshape(-1, 5),
        classes=np.array([names.index(one) for one in told["class_name"]], np.int64),
        scores=np.asarray(told.get("score", np.ones(len(boxes))), np.float32),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """Where objects lie that were found, against where they are."""

    pairs: int
    """Objects that were found, by an overlap of at least 0.5."""
    shift_px: tuple[float, float]
    """Median of found minus true, right and down."""
    median_px: float
    """Median distance of the middles."""
    most_px: float
    """Distance that 95 % of the middles stay below."""


def placing(truth: Boxes, found: Boxes) -> Placing:
    """Hold each true box against the one that covers it best."""
    steps: list[npt.NDArray[np.float64]] = []
    for box, overlaps in zip(truth, oriented_iou(truth, found), strict=True):
        if overlaps.max(initial=0) >= 0.5:
            steps.append(found[overlaps.argmax(), :2].astype(np.float64) - box[:2])
    moved = np.array(steps).reshape(-1, 2)
    away = np.hypot(*moved.T)
    right, down = np.median(moved, axis=0)
    return Placing(
        pairs=len(moved), shift_px=(float(right), float(down)), median_px=float(np.median(away)),
        most_px=float(np.quantile(away, 0.95)),
    )  # fmt: skip


def same_share(some: ScoredBoxes, others: ScoredBoxes, least: float = 0.99) -> float:
    """Give the share of boxes that the others have too: of that class, with such an overlap."""
    overlaps = oriented_iou(some.boxes, others.boxes)
    overlaps[some.classes[:, None] != others.classes[None]] = 0
    return float((overlaps.max(axis=1, initial=0) >= least).mean()) if len(overlaps) else 1.0

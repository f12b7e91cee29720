"""What a finished map holds under each polygon: votes of classes, or the range of values.

A pixel belongs to a polygon when its middle lies inside. Blocks of the map are read one after the
other, and only those a polygon reaches; what is held is a few numbers a polygon.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from affine import Affine
from rasterio.errors import RasterioError
from rasterio.features import rasterize
from rasterio.io import DatasetReader
from rasterio.warp import transform_geom
from rasterio.windows import Window

from edgers.errors import SceneError
from edgers.products.polygon_file import PolygonFile

BLOCK_PX = 1024
"""Side of what is read at once: 4 blocks of a COG along each axis."""

Box = tuple[int, int, int, int]
"""First row, first column, and the ends of both."""


@dataclass(slots=True, kw_only=True)
class Votes:
    """What one polygon has collected."""

    pixels: int = 0
    """Pixels that have data."""
    nodata_px: int = 0
    """Pixels of the map that have none."""
    counts: dict[int, int] = field(default_factory=dict)
    """Pixels by class value, of a map of classes."""
    least: list[float] = field(default_factory=list)
    """Smallest value of each band, of a map of values."""
    most: list[float] = field(default_factory=list)
    """Largest value of each band."""
    sums: list[float] = field(default_factory=list)
    """Sum of each band."""


def collect_votes(dataset: DatasetReader, polygons: PolygonFile, *, classes: bool) -> list[Votes]:
    """Give what lies under each polygon, in their order.

    `classes` tells whether the map's one band holds classes; else each band holds values. Raises
    SceneError where the map has no CRS, or cannot be read.
    """
    if dataset.crs is None or dataset.transform.is_identity:
        raise SceneError(
            f"{dataset.name} does not say where its pixels lie.",
            seen="It has no CRS and transform; ground control points are not enough.",
            rule="Polygons are put onto a map.",
            fix="Run the scene with --warp, and ask the file that ends in _map.tif.",
        )
    geometries = [_onto(one.geometry, polygons, dataset) for one in polygons.features]
    boxes = [_box(one, dataset) for one in geometries]
    votes = [Votes() for _ in geometries]
    try:
        for block, inside in _blocks(dataset, boxes):
            samples, gone = _read(dataset, block)
            for i in inside:
                part = _both(block, boxes[i])
                mask = _mask(geometries[i], part, dataset.transform)
                rows = slice(part[0] - block[0], part[2] - block[0])
                columns = slice(part[1] - block[1], part[3] - block[1])
                lost = gone[rows, columns] & mask
                kept = samples[:, rows, columns][:, mask & ~lost]
                votes[i].pixels += kept.shape[1]
                votes[i].nodata_px += int(np.count_nonzero(lost))
                (_count if classes else _measure)(votes[i], kept)
    except RasterioError as error:
        raise SceneError(f"{dataset.name} cannot be read.", seen=f"{error}.") from error
    return votes


def _count(votes: Votes, kept: npt.NDArray[Any]) -> None:
    values, counts = np.unique(kept[0], return_counts=True)
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        votes.counts[int(value)] = votes.counts.get(int(value), 0) + count


def _measure(votes: Votes, kept: npt.NDArray[Any]) -> None:
    if not kept.shape[1]:
        return
    wide = kept.astype(np.float64)
    least, most, sums = (one.tolist() for one in (wide.min(1), wide.max(1), wide.sum(1)))
    if votes.sums:
        least = [min(pair) for pair in zip(votes.least, least, strict=True)]
        most = [max(pair) for pair in zip(votes.most, most, strict=True)]
        sums = [a + b for a, b in zip(votes.sums, sums, strict=True)]
    votes.least, votes.most, votes.sums = least, most, sums


def _onto(geometry: Any, polygons: PolygonFile, dataset: DatasetReader) -> Any:
    """Carry a polygon's corners into the CRS of the map; None where they have no place there."""
    if geometry is None or polygons.crs == dataset.crs:
        return geometry
    try:
        return transform_geom(polygons.crs, dataset.crs, geometry)
    except RasterioError:
        return None


def _box(geometry: Any, dataset: DatasetReader) -> Box:
    """Give the pixels that a polygon may reach; an empty box where there are none."""
    if geometry is None:
        return 0, 0, 0, 0
    parts = geometry["coordinates"]
    shells = [part[0] for part in (parts if geometry["type"] == "MultiPolygon" else [parts])]
    points = np.array([point[:2] for shell in shells for point in shell], float).T
    if not np.isfinite(points).all():
        return 0, 0, 0, 0
    columns, rows = ~dataset.transform @ (points[0], points[1])
    top, left = (max(0, math.floor(one.min())) for one in (rows, columns))
    bottom = min(dataset.height, math.ceil(rows.max()))
    right = min(dataset.width, math.ceil(columns.max()))
    return (top, left, bottom, right) if top < bottom and left < right else (0, 0, 0, 0)


def _blocks(dataset: DatasetReader, boxes: Sequence[Box]) -> Iterator[tuple[Box, list[int]]]:
    """Give each block that a polygon reaches, and which those are."""
    for top in range(0, dataset.height, BLOCK_PX):
        bottom = min(top + BLOCK_PX, dataset.height)
        in_rows = [i for i, box in enumerate(boxes) if box[0] < bottom and box[2] > top]
        for left in range(0, dataset.width if in_rows else 0, BLOCK_PX):
            right = min(left + BLOCK_PX, dataset.width)
            inside = [i for i in in_rows if boxes[i][1] < right and boxes[i][3] > left]
            if inside:
                yield (top, left, bottom, right), inside


def _both(block: Box, box: Box) -> Box:
    """Give what a block and a box have in common."""
    return (
        max(block[0], box[0]), max(block[1], box[1]), min(block[2], box[2]), min(block[3], box[3])
    )  # fmt: skip


def _read(dataset: DatasetReader, block: Box) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Read samples, (band, height, width), scaled as the file says, and where there are none."""
    top, left, bottom, right = block
    window = Window(left, top, right - left, bottom - top)
    samples = dataset.read(window=window)
    gone = (dataset.read_masks(window=window) == 0).any(axis=0)
    if np.issubdtype(samples.dtype, np.floating):
        gone |= ~np.isfinite(samples).all(axis=0)
    scales, offsets = dataset.scales, dataset.offsets
    if any(one != 1 for one in scales) or any(offsets):
        samples = samples * np.array(scales)[:, None, None] + np.array(offsets)[:, None, None]
    return samples, gone


def _mask(geometry: Any, part: Box, transform: Affine) -> npt.NDArray[np.bool_]:
    """Tell which pixels of a part of the map have their middle in a polygon, (height, width)."""
    top, left, bottom, right = part
    found = rasterize(
        [geometry], out_shape=(bottom - top, right - left), all_touched=False, dtype="uint8",
        transform=transform @ Affine.translation(left, top),
    )  # fmt: skip
    return np.asarray(found, bool)

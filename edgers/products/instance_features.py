"""Instances as features: outlines of their pixels, with holes and in parts where they are."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from edgers.products.disk_errors import disk_errors
from edgers.products.feature import Column, Feature
from edgers.products.object_features import COLUMNS, ObjectFeatures
from edgers.products.pixel_rings import polygons_of
from edgers.tasks.mask_joining import JoinedMask
from edgers.tasks.pixel_runs import bounds_of, pixels_in

INSTANCE = np.dtype(
    [
        ("score", "<f4"), ("kind", "<i4"), ("tile", "<i8"), ("tiles", "<i4"), ("nodata", "<f4"),
        ("pixels", "<i8"), ("bounds", "<i4", (4,)), ("rings", "<i8"),
    ]
)  # fmt: skip
"""What lies on disk of one instance before its rings."""
RING = np.dtype([("polygon", "<i4"), ("points", "<i8")])
"""One ring: the position of its polygon, whose shell comes first, and how many points it has."""
POINT = np.dtype(("<i4", (2,)))

SIDES = ("left_px", "top_px", "right_px", "bottom_px")
"""Least and largest column and row of the corners of pixels."""

INSTANCE_COLUMNS = (
    *COLUMNS[:3],
    Column(name="pixels", type="int", description="Pixels of it.", unit="px"),
    *(
        Column(name=name, type="int", description="Side of the box about it.", unit="px")
        for name in SIDES
    ),
    *COLUMNS[3:],
)


def instance_records(found: Sequence[JoinedMask]) -> npt.NDArray[np.uint8]:
    """Give instances as they are written to disk: their outlines, and what is known of them."""
    parts: list[bytes] = []
    for one in found:
        rings = [(i, ring) for i, rings in enumerate(polygons_of(one.runs)) for ring in rings]
        head = (
            one.score, one.kind, one.tile, one.tiles, one.nodata, pixels_in(one.runs),
            bounds_of(one.runs), len(rings),
        )  # fmt: skip
        parts.append(np.array([head], INSTANCE).tobytes())
        parts.append(np.array([(i, len(ring)) for i, ring in rings], RING).tobytes())
        parts += [ring.astype("<i4").tobytes() for _, ring in rings]
    return np.frombuffer(b"".join(parts), np.uint8)


def instance_features(maker: ObjectFeatures, path: Path) -> Iterator[Feature]:
    """Read instances as features, one by one, in the order in which they were written."""
    with disk_errors(path.name), path.open("rb") as file:
        while head := file.read(INSTANCE.itemsize):
            one = np.frombuffer(head, INSTANCE)[0]
            first, *others = _polygons(file, int(one["rings"]))
            outlines = [polygon[0] for polygon in (first, *others)]
            sides = dict(zip(SIDES, one["bounds"].tolist(), strict=True))
            pixels = int(one["pixels"])
            known = maker.properties(one, outlines, pixels)
            yield Feature(
                geometry=first[0], holes=first[1:], others=others,
                properties={**known, **sides, "pixels": pixels},
            )  # fmt: skip


def _polygons(file: BinaryIO, count: int) -> list[list[npt.NDArray[np.float64]]]:
    """Read polygons, each a shell and its holes."""
    found: list[list[npt.NDArray[np.float64]]] = []
    for polygon, points in np.frombuffer(file.read(count * RING.itemsize), RING).tolist():
        ring = np.frombuffer(file.read(points * POINT.itemsize), POINT).astype(np.float64)
        if polygon == len(found):
            found.append([])
        found[polygon].append(ring)
    return found

"""Objects as features: an outline and what is known of each."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelClass
from edgers.kernels.cpu.polygon_clip import clip_polygon
from edgers.products.feature import AREA, PROVENANCE, Column, Feature, Ring, Value
from edgers.tasks.joining import Joined
from edgers.tiling.axis_tiles import AxisPlan
from edgers.tiling.grid import Grid

ID_DIGITS = 12
"""Hexadecimal digits of an id: two of a million objects are alike once in 500 scenes."""
ID_PX = 0.1
"""Places are rounded to this for an id."""

OBJECT = np.dtype(
    [
        ("corners", "<f8", (4, 2)), ("score", "<f4"), ("kind", "<i4"), ("tile", "<i8"),
        ("tiles", "<i4"), ("nodata", "<f4"),
    ]
)  # fmt: skip
"""One object as it lies on disk: the fields of `Joined`."""

COLUMNS = (
    Column(name="id", type="str", description="Name of the object; the same for every run."),
    Column(name="class", type="int", description="Class value; null where it is just a name."),
    Column(name="class_name", type="str", description="Class."),
    Column(name="tiles", type="int", description="Number of tiles that have seen it."),
    *PROVENANCE,
    AREA,
)


def records_of(found: Sequence[Joined]) -> npt.NDArray[np.void]:
    """Give objects as they are written to disk, (object,)."""
    rows = [
        (one.corners, one.score, one.kind, one.tile, one.tiles, one.nodata) for one in found
    ]  # fmt: skip
    return np.array(rows, OBJECT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """What is known of objects beyond a rectangle, a class and a score."""

    columns: Sequence[Column]
    """Columns of their own."""
    of: Callable[[np.void], tuple[Ring, Mapping[str, Value]]]
    """Gives the outline of one, (point, 2), and what stands in these columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectFeatures:
    """Makes features of the objects of one scene."""

    grid: Grid
    """Its tiles."""
    classes: Sequence[ModelClass]
    """Classes in the order of the contract."""
    provenance: Mapping[str, object]
    """What made the products."""
    is_open: bool = False
    """Whether classes are names as they were said: they have no value."""
    extra: Extra | None = None
    """What else is known of an object; None for nothing."""

    def properties(
        self, one: np.void, outlines: Sequence[Ring], pixels: int | None = None
    ) -> dict[str, Value]:  # fmt: skip
        """Give what is known of an object: a record with the fields of `OBJECT` but its corners.

        An object of so many `pixels` is told by them from another one about the same middle.
        """
        tile, entry = self.grid.tile(int(one["tile"])), self.classes[int(one["kind"])]
        name = entry.name if self.is_open else entry.value
        # Of a strip it is not known while its rows arrive.
        sha256 = self.provenance.get("scene_sha256")
        return {
            "id": _id(np.concatenate(outlines), name, pixels),
            "class": None if self.is_open else entry.value,
            "class_name": entry.name,
            "tiles": int(one["tiles"]),
            "tile": f"{tile.row}_{tile.column}",
            "score": round(float(one["score"]), 6),
            "seam_px": _seam_px(outlines, [_seams(self.grid.rows), _seams(self.grid.columns)]),
            "nodata_share": round(float(one["nodata"]), 6),
            "bundle_id": str(self.provenance["bundle_id"]),
            "input_sha256": None if sha256 is None else str(sha256),
        }

    def features(self, objects: Iterable[np.void]) -> Iterator[Feature]:
        """Give features in the order of the objects; what lies beyond the scene is cut off.

        An object that lies beyond it altogether is left out.
        """
        height, width = self.grid.rows.size_px, self.grid.columns.size_px
        for one in objects:
            outline, more = self.extra.of(one) if self.extra else (one["corners"], {})
            ring = clip_polygon(outline, (0.0, 0.0, width, height))
            if len(ring):
                yield Feature(geometry=ring, properties={**self.properties(one, [ring]), **more})


def _id(points: Ring, value: int | str, pixels: int | None) -> str:
    """Name an object by its class, the middle of its bounds and, where known, its pixels."""
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    text = f"{value}:{np.rint(middle / ID_PX).astype(np.int64).tolist()}"
    text += "" if pixels is None else f":{pixels}"
    return hashlib.sha256(text.encode()).hexdigest()[:ID_DIGITS]


def _seams(plan: AxisPlan) -> npt.NDArray[np.float64]:
    """Give the places along an axis, in pixels of the scene, where one core ends."""
    ends = [tile.core_stop for tile in plan.tiles[:-1]]
    return np.array([float(plan.origin_px + plan.stride * end) for end in ends])


def _seam_px(
    outlines: Sequence[Ring], seams: Sequence[npt.NDArray[np.float64]]
) -> float | None:  # fmt: skip
    """Give the distance to the nearest seam: 0 where it crosses one, None where there is none."""
    found = []
    for axis, places in ((1, seams[0]), (0, seams[1])):
        for ring in outlines if len(places) else ():
            low, high = ring[:, axis].min(), ring[:, axis].max()
            found.append(np.maximum(np.maximum(places - high, low - places), 0.0).min())
    return round(float(min(found)), 3) if found else None

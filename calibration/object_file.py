"""Objects of a GeoJSON file as boxes in pixels of a scene: what a run wrote, or the truth."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.calibration.box_around import box_around
from edgers.calibration.labels import LabelScheme
from edgers.calibration.metrics.detection import ScoredBoxes, boxes_from_upright
from edgers.calibration.metrics.segmentation import NOTHING
from edgers.contract import ModelOutput
from edgers.errors import SceneError
from edgers.kernels.cpu.polygon_clip import clip_polygon
from edgers.products.geojson import PIXELS
from edgers.products.polygon_file import PolygonFeature, PolygonFile, polygons_from_file
from edgers.scene.ground_pixels import pixels_at
from edgers.scene.lonlat import LONLAT, points_between
from edgers.scene.place import Place

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
"""A number of well-known text."""

Ring = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectReader:
    """Reads files of objects of one model."""

    output: ModelOutput
    """What the model gives."""
    scheme: LabelScheme
    """What class values of labels mean."""

    def product(self, path: Path, place: Place) -> ScoredBoxes:
        """Read what a run wrote."""
        values = {value: i for i, group in enumerate(self.scheme.groups) for value in group.values}
        return self._boxes(path, place, lambda one: values[one["class"]])

    def label(self, path: Path, place: Place) -> ScoredBoxes:
        """Read the truth: polygons with `class_name`, or `class` as name or value.

        Without either, where the model has one class, objects are of it. Those of values that mean
        nothing, and what lies beyond the scene, are left out. Raises SceneError for a class that
        the model has not, and BadInputError where the file cannot be read.
        """
        return self._boxes(path, place, lambda one: self._position(path, one))

    def _boxes(self, path: Path, place: Place, position_of: Any) -> ScoredBoxes:
        file = polygons_from_file(path, may_be_empty=True)
        rings = _rings(file, place)
        boxes, classes, scores = [], [], []
        for one, ring in zip(file.features, rings, strict=True):
            position = position_of(one.properties)
            if ring is None or position == NOTHING:
                continue
            seen = clip_polygon(ring, (0.0, 0.0, float(place.width_px), float(place.height_px)))
            if len(seen):
                boxes.append(self._box(seen))
                classes.append(position)
                scores.append(float(one.properties.get("score") or 0.0))
        return ScoredBoxes(
            boxes=np.array(boxes, np.float32).reshape(-1, 5), classes=np.array(classes, np.int64),
            scores=np.array(scores, np.float64),
        )  # fmt: skip

    def _box(self, ring: Ring) -> npt.NDArray[np.float32]:
        """Give the box of a model's kind around a ring: upright, or the smallest."""
        assert self.output.boxes is not None
        if self.output.boxes.is_oriented:
            return box_around(ring)
        corners = np.concatenate([ring.min(axis=0), ring.max(axis=0)])
        box: npt.NDArray[np.float32] = boxes_from_upright(corners[np.newaxis])[0]
        return box

    def _position(self, path: Path, properties: Mapping[str, Any]) -> int:
        """Give the position of the group of an object of the truth."""
        classes = {entry.name: entry.value for entry in self.output.classes}
        told = properties.get("class_name", properties.get("class"))
        if told is None and len(self.scheme.groups) == 1:
            return 0
        if told in classes:
            # By name it is of the model's own class, whatever values of labels mean.
            value = classes[told]
            return next(i for i, one in enumerate(self.scheme.groups) if value in one.values)
        told = properties.get("class", told)
        if isinstance(told, int) and told in self.scheme.positions:
            return self.scheme.positions[told]
        raise SceneError(
            f"label file {path} has an object of class {told!r:.60}.",
            rule=f"The model's classes: {', '.join(f'{v} {n}' for n, v in classes.items())}.",
            fix="Give each object a property 'class_name', or 'class' with a name or value, and "
            "say what other values mean with --label VALUE=CLASS.",
        )  # fmt: skip


def _rings(file: PolygonFile, place: Place) -> Sequence[Ring | None]:
    """Give the outlines of all objects in columns and rows; None where one has no place."""
    points = [_points(one) for one in file.features]
    known = [one for one in points if one is not None]
    is_map = file.features and place.kind != "none"
    if is_map and known:
        xs, ys = np.concatenate(known).T
        if file.crs == place.crs and place.kind == "map":
            t = ~place.transform
            columns, rows = t.a * xs + t.b * ys + t.c, t.d * xs + t.e * ys + t.f
        else:
            lonlat = (xs, ys) if file.crs == LONLAT else points_between(file.crs, LONLAT, xs, ys)
            columns, rows = pixels_at(place, *lonlat)
        ends = np.cumsum([len(one) for one in known])[:-1]
        moved = iter(np.split(np.stack([columns, rows], axis=1), ends))
        points = [None if one is None else next(moved) for one in points]
    stated = (_stated(one) for one in file.features)
    found = [own if own is not None else other for own, other in zip(stated, points, strict=True)]
    return [one if one is not None and np.isfinite(one).all() else None for one in found]


def _points(one: PolygonFeature) -> Ring | None:
    """Give the points of all shells of a feature, as they are."""
    if one.geometry is None:
        return None
    parts = one.geometry["coordinates"]
    shells = [part[0] for part in (parts if one.geometry["type"] == "MultiPolygon" else [parts])]
    return np.array([point[:2] for shell in shells for point in shell[:-1]], np.float64)


def _stated(one: PolygonFeature) -> Ring | None:
    """Give the outline that a feature states in pixels, for want of a place on Earth."""
    text = one.properties.get(PIXELS)
    if not isinstance(text, str):
        return None
    shell = text.partition(")")[0]
    numbers = [float(word) for word in NUMBER.findall(shell)]
    return np.array(numbers, np.float64).reshape(-1, 2)[:-1]

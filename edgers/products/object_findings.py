"""What an alert tells of objects: the rarest classes first, for they say most."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from edgers.products.alert import Finding
from edgers.products.feature import Feature, Ring
from edgers.scene.place import Place


@dataclass(slots=True)
class _Class:
    """Objects of one class so far."""

    name: str
    """Class name."""
    objects: int = 0
    """How many."""
    score: float = -np.inf
    """Score of the best."""
    outline: Ring | None = None
    """Outline of the best."""


def object_findings(features: Iterable[Feature], place: Place) -> list[Finding]:
    """Count objects by `class_name`; place and confidence are those of the one of the best `score`.

    Of equal scores the first counts. `place` is that of the pixels outlines are in.
    """
    classes: dict[str, _Class] = {}
    for feature in features:
        name, score = (feature.properties.get(key) for key in ("class_name", "score"))
        one = classes.setdefault(str(name), _Class(str(name)))
        one.objects += 1
        own = float(score) if isinstance(score, (int, float)) and np.isfinite(score) else -1.0
        if own > one.score:
            one.score, one.outline = own, feature.geometry
    found = sorted(classes.values(), key=lambda one: (one.objects, one.name))
    return [
        Finding(
            name=one.name,
            objects=one.objects,
            lonlat=_lonlat(place, one.outline),
            confidence=one.score if one.score >= 0 else None,
        )
        for one in found
    ]


def _lonlat(place: Place, outline: Ring | None) -> tuple[float, float] | None:
    """Give the place of the middle of an outline's box."""
    if outline is None or not np.isfinite(outline).all():
        return None
    middle = (outline.min(axis=0) + outline.max(axis=0)) / 2
    lon, lat = (float(side[0]) for side in place.lonlat(middle[:1], middle[1:]))
    return (lon, lat) if np.isfinite([lon, lat]).all() else None

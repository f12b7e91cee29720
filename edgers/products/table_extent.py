"""Where the points of a table lie: the box about them, which may go over the date line."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
INF = float("inf")


@dataclass(slots=True)
class TableExtent:
    """The box about points, as they are added."""

    _west: list[float] = field(default_factory=lambda: [INF, INF])
    _east: list[float] = field(default_factory=lambda: [-INF, -INF])
    _south: float = INF
    _north: float = -INF

    def add(self, points: Floats) -> None:
        """Add points, (point, (longitude, latitude)) in degrees; NaN is none."""
        known = points[np.isfinite(points).all(axis=1)]
        if not len(known):
            return
        lon, lat = known.T
        # As they are, and counted from 0° to 360°: one of the two is not torn by the date line.
        for i, seen in enumerate((lon, lon % 360)):
            self._west[i] = min(self._west[i], float(seen.min()))
            self._east[i] = max(self._east[i], float(seen.max()))
        self._south = min(self._south, float(lat.min()))
        self._north = max(self._north, float(lat.max()))

    def bbox(self) -> list[float] | None:
        """Give west, south, east, north (RFC 7946: west is above east over the date line)."""
        if self._south == INF:
            return None
        plain, turned = (e - w for w, e in zip(self._west, self._east, strict=True))
        which = 0 if plain <= turned else 1
        west, east = self._west[which], self._east[which]
        if which:
            west, east = (one - 360 if one > 180 else one for one in (west, east))
        return [west, self._south, east, self._north]

    def geometry(self) -> dict[str, object] | None:
        """Give the box as GeoJSON, cut at the date line; a point where it is one."""
        box = self.bbox()
        if box is None:
            return None
        west, south, east, north = box
        if west == east and south == north:
            return {"type": "Point", "coordinates": [west, south]}
        if west <= east:
            return {"type": "Polygon", "coordinates": _ring(west, south, east, north)}
        halves = [_ring(west, south, 180.0, north), _ring(-180.0, south, east, north)]
        return {"type": "MultiPolygon", "coordinates": halves}


def _ring(west: float, south: float, east: float, north: float) -> list[list[list[float]]]:
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]

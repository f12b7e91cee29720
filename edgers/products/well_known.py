"""Shapes as well-known text and well-known binary (OGC 06-103r4)."""

import struct

from edgers.products.shapes import Shape
from edgers.scene.lonlat_ring import Point

POLYGON, MULTIPOLYGON = 3, 6
"""Codes of the geometry types."""

HEAD = struct.Struct("<BII")
"""Byte order (1: little end first), type, and how many parts follow."""


def wkt_of(shape: Shape) -> str:
    """Give a POLYGON, or a MULTIPOLYGON where there are several."""
    bodies = ["(" + ", ".join(map(_text, polygon)) + ")" for polygon in shape]
    if len(bodies) == 1:
        return f"POLYGON {bodies[0]}"
    return f"MULTIPOLYGON ({', '.join(bodies)})"


def wkb_of(shape: Shape) -> bytes:
    """Give a polygon, or a multipolygon where there are several."""
    bodies = [_polygon(polygon) for polygon in shape]
    if len(bodies) == 1:
        return bodies[0]
    return HEAD.pack(1, MULTIPOLYGON, len(bodies)) + b"".join(bodies)


def _polygon(polygon: list[list[Point]]) -> bytes:
    rings = [
        struct.pack(f"<I{2 * len(ring)}d", len(ring), *(x for point in ring for x in point))
        for ring in polygon
    ]
    return HEAD.pack(1, POLYGON, len(rings)) + b"".join(rings)


def _text(ring: list[Point]) -> str:
    return "(" + ", ".join(f"{x!r} {y!r}" for x, y in ring) + ")"

"""Shapes as well-known text (OGC 06-103r4)."""

from edgers.products.shapes import Shape


def wkt_of(shape: Shape) -> str:
    """Give a POLYGON, or a MULTIPOLYGON where there are several."""
    bodies = ["(" + ", ".join(map(_ring, polygon)) + ")" for polygon in shape]
    if len(bodies) == 1:
        return f"POLYGON {bodies[0]}"
    return f"MULTIPOLYGON ({', '.join(bodies)})"


def _ring(ring: list[tuple[float, float]]) -> str:
    return "(" + ", ".join(f"{x!r} {y!r}" for x, y in ring) + ")"

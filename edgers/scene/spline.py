"""The thin-plate spline through ground control points, from pixels to a plane.

It is the one GDAL warps by: fitted from pixels to the ground, its inverse found by iteration.
rasterio offers one fitted the other way round, which between the points lies up to a pixel
elsewhere on real swaths: areas and outlines would not be those of the map.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PAIRS_AT_ONCE = 2**19
"""Distances between points and nodes held at a time: 4 MiB, which fit into a processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spline:
    """Least bent surface through given values at nodes (Bookstein 1989, Principal Warps)."""

    middle: Floats
    """Pixel that counts as the origin, (2,)."""
    scale: float
    """Pixels that count as one: the spline is the same at any, its numbers are not."""
    nodes: Floats
    """Nodes in these units, (node, 2)."""
    weights: Floats
    """Of each node's hill, then of the plane, for each value, (node + 3, value)."""

    def __call__(self, points: Floats) -> Floats:
        """Give the values, (point, value), at pixels, (point, 2)."""
        found = np.empty((len(points), self.weights.shape[1]))
        step = max(1, PAIRS_AT_ONCE // len(self.nodes))
        for begin in range(0, len(points), step):
            part = slice(begin, begin + step)
            found[part] = (
                _terms((points[part] - self.middle) / self.scale, self.nodes) @ self.weights
            )
        return found


def spline_through(pixels: Floats, values: Floats) -> Spline:
    """Lay a spline through values, (node, value), at pixels, (node, 2), that span a plane.

    Raises LinAlgError where two pixels are the same, or all lie on one line.
    """
    middle = pixels.mean(axis=0)
    scale = float(np.ptp(pixels, axis=0).max())
    nodes = (pixels - middle) / scale
    count = len(nodes)
    system = np.zeros((count + 3, count + 3))
    system[:count] = _terms(nodes, nodes)
    system[count:, :count] = system[:count, count:].T
    sides = np.concatenate([values, np.zeros((3, values.shape[1]))])
    return Spline(
        middle=middle, scale=scale, nodes=nodes, weights=np.linalg.solve(system, sides)
    )  # fmt: skip


def _terms(points: Floats, nodes: Floats) -> Floats:
    """Give the terms of the spline, (point, node + 3): r² ln r² of each node, 1, x and y."""
    count = len(nodes)
    terms = np.empty((len(points), count + 3))
    hills = terms[:, :count]
    np.subtract.outer(points[:, 0], nodes[:, 0], out=hills)
    hills *= hills
    hills += np.subtract.outer(points[:, 1], nodes[:, 1]) ** 2
    # At a node itself r² ln r² is zero; the logarithm alone has no value there.
    hills *= np.log(np.where(hills > 0, hills, 1))
    terms[:, count] = 1
    terms[:, count + 1 :] = points
    return terms

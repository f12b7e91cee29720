"""The smallest rectangle around an outline of any number of points."""

import numpy as np
import numpy.typing as npt


def box_around(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Give the smallest rectangle around points (point, 2), as one row of `kernels.boxes.Boxes`.

    It has a side along the convex hull (Freeman and Shapira, 1975).
    """
    hull = _hull(points)
    sides = np.roll(hull, -1, axis=0) - hull
    lengths = np.hypot(sides[:, 0], sides[:, 1])
    along = sides[lengths > 0] / lengths[lengths > 0, np.newaxis]
    if not len(along):
        return np.array([*hull[0], 0, 0, 0], np.float32)
    axes = np.stack([along, np.stack([-along[:, 1], along[:, 0]], axis=1)], axis=1)
    spans = axes @ hull.T
    low, high = spans.min(axis=2), spans.max(axis=2)
    best = int((high - low).prod(axis=1).argmin())
    x, y = ((low + high)[best] / 2) @ axes[best]
    width, height = (high - low)[best]
    return np.array([x, y, width, height, np.arctan2(*axes[best, 0, ::-1])], np.float32)


def _hull(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Give the convex hull (Andrew's monotone chain, 1979)."""
    ordered = sorted(set(map(tuple, points.tolist())))
    chain: list[tuple[float, ...]] = []
    for one in (ordered, ordered[::-1]):
        begin = len(chain)
        for point in one:
            while len(chain) - begin >= 2 and _turn(chain[-2], chain[-1], point) <= 0:
                chain.pop()
            chain.append(point)
        chain.pop()
    return np.array(chain or ordered)


def _turn(a: tuple[float, ...], b: tuple[float, ...], c: tuple[float, ...]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

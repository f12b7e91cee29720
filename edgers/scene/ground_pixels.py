"""The pixels of a grid at which places on the ground lie: `Place.lonlat` the other way round."""

import numpy as np

from edgers.scene.lonlat import LONLAT, Floats, points_between
from edgers.scene.lonlat_ring import wrapped
from edgers.scene.place import Place

STEPS = 30
"""Most steps towards a point; a grid that bends by a tenth across the scene takes eight."""

NEAR_PX = 1e-4
"""A step that is shorter ends the search."""

FAR = 2.0
"""How far beyond the grid, in its own sizes, points are followed: what lies there is not seen."""


def pixels_at(place: Place, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Give columns and rows of pixel corners at WGS 84 longitudes and latitudes, degrees, (point,).

    NaN where a point is not on the grid's plane, and for a scene in sensor geometry also where it
    lies far outside of it. Without a place on Earth all are NaN.
    """
    kind = place.kind
    if kind == "map":
        assert place.crs is not None
        height, width = place.shape
        middle, _ = place.lonlat(np.array([width / 2]), np.array([height / 2]))
        # A scene across the date line goes on counting beyond 180°.
        near = middle + wrapped(lon - middle)
        xs, ys = points_between(LONLAT, place.crs, near, lat)
        inverse = ~place.transform
        columns = inverse.a * xs + inverse.b * ys + inverse.c
        return columns, inverse.d * xs + inverse.e * ys + inverse.f
    if kind == "none":
        return np.full(lon.shape, np.nan), np.full(lon.shape, np.nan)
    return _followed(place, lon, lat)


def _followed(place: Place, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Walk to each point from the middle of the scene, by what a pixel is there (Newton)."""
    height, width = place.shape
    pixels = np.repeat([[width / 2], [height / 2]], len(lon), axis=1)
    limits = np.array([[width], [height]])
    step = np.full_like(pixels, np.inf)
    for _ in range(STEPS):
        at = [_apart(place, pixels + np.array(shift).reshape(2, 1), lon, lat)
              for shift in ((0, 0), (1, 0), (0, 1))]  # fmt: skip
        here, along, across = at[0], at[1] - at[0], at[2] - at[0]
        turn = along[0] * across[1] - across[0] * along[1]
        with np.errstate(divide="ignore", invalid="ignore"):
            step = -np.stack(
                [
                    (here[0] * across[1] - across[0] * here[1]) / turn,
                    (along[0] * here[1] - here[0] * along[1]) / turn,
                ]
            )
        pixels = np.clip(pixels + step, -FAR * limits, (1 + FAR) * limits)
        if not (np.abs(step) > NEAR_PX).any():
            break
    lost = ~(np.abs(step) <= NEAR_PX).all(axis=0)
    pixels[:, lost] = np.nan
    return pixels[0], pixels[1]


def _apart(place: Place, pixels: Floats, lon: Floats, lat: Floats) -> Floats:
    """Give how far the ground at pixels is from places, in degrees east and north, (2, point)."""
    east, north = place.lonlat(*pixels)
    return np.stack([wrapped(east - lon), north - lat])

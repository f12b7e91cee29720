"""Where the pixels of a grid lie on Earth."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.io import DatasetReader
from rasterio.rpc import RPC
from rasterio.vrt import WarpedVRT

from edgers.errors import SceneError
from edgers.scene.lonlat import Floats, lonlat_from_crs
from edgers.scene.swath import (
    MIN_POINTS,
    TiePlane,
    lonlat_from_plane,
    lonlat_from_rpcs,
    tie_plane,
)

Kind = Literal["map", "gcps", "rpcs", "none"]
"""What leads from pixels to the Earth: an affine into a CRS, ground control points, a rational
polynomial model, or nothing."""

POLYNOMIALS = ("line_num_coeff", "line_den_coeff", "samp_num_coeff", "samp_den_coeff")
COEFFICIENTS = 20
"""Coefficients of one polynomial (RPC00B, NIMA STDI-0002)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Size of a grid, and all that is known of where its pixels lie."""

    height_px: int
    """Rows."""
    width_px: int
    """Columns."""
    crs: CRS | None
    """Coordinate reference system of `transform`, or None."""
    transform: Affine
    """Affine from pixel corners (column, row) to CRS coordinates; the identity where unknown."""
    gcps: tuple[GroundControlPoint, ...] = ()
    """Ground control points of a scene in sensor geometry, by rows and columns of pixel corners."""
    gcp_crs: CRS | None = None
    """Coordinate reference system of the ground control points."""
    rpcs: RPC | None = None
    """Rational polynomial coefficients; lines and samples are of pixel centres."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height_px, self.width_px

    @property
    def kind(self) -> Kind:
        """What leads from pixels to the Earth.

        As in GDAL an affine goes before points, and points before coefficients. Fewer than three
        points, or points on one line, lead nowhere. Raises RasterioError where the CRS of the
        points does not lead to longitude and latitude.
        """
        if self.crs is not None and not (self._is_swath and self.transform.is_identity):
            return "map"
        if self.plane is not None:
            return "gcps"
        return "none" if self.rpcs is None else "rpcs"

    @property
    def plane(self) -> TiePlane | None:
        """The ground control points on a plane, or None where they do not place the scene."""
        if self.gcp_crs is None or len(self.gcps) < MIN_POINTS:
            return None
        return tie_plane(self.gcps, self.gcp_crs)

    @property
    def _is_swath(self) -> bool:
        """Whether something else than an affine may lead to the Earth."""
        return bool(self.gcps) or self.rpcs is not None

    def lonlat(self, columns: Floats, rows: Floats) -> tuple[Floats, Floats]:
        """Give WGS 84 longitude and latitude, degrees, of pixel corners; NaN where there is none.

        `columns` and `rows` have one shape, any, and may lie between pixels or outside the grid.
        Longitudes may go beyond ±180. Raises RasterioError where the CRS does not lead there.
        """
        kind = self.kind
        if kind == "map":
            t = self.transform
            xs, ys = t.a * columns + t.b * rows + t.c, t.d * columns + t.e * rows + t.f
            return lonlat_from_crs(self.crs, xs, ys)
        if kind == "gcps":
            plane = self.plane
            assert plane is not None
            return lonlat_from_plane(plane, columns, rows)
        if kind == "rpcs":
            assert self.rpcs is not None
            return lonlat_from_rpcs(self.rpcs, columns, rows)
        return np.full(rows.shape, np.nan), np.full(rows.shape, np.nan)

    def subgrid(
        self, origin_column: float, origin_row: float, stride_columns: float, stride_rows: float,
        height_px: int, width_px: int,
    ) -> "Place":  # fmt: skip
        """Give the place of a grid over this one, whose pixels are coarser, finer or shifted.

        Its first pixel begins at `origin_column`, `origin_row`, in pixels of this grid, and each
        of its pixels is `stride_columns` × `stride_rows` of them. Where the two differ, the spline
        between ground control points is bent a little otherwise.
        """
        moved = Affine.translation(float(origin_column), float(origin_row))
        inside = moved @ Affine.scale(float(stride_columns), float(stride_rows))
        # A file has either a transform or points: what is placed by points keeps none.
        keeps_none = self._is_swath and self.transform.is_identity
        return replace(
            self,
            height_px=height_px,
            width_px=width_px,
            transform=self.transform if keeps_none else self.transform @ inside,
            gcps=tuple(_moved_point(point, inside) for point in self.gcps),
            rpcs=None if self.rpcs is None else _moved_rpcs(self.rpcs, inside),
        )


def pixels_between(place: Place, other: Place) -> Affine | None:
    """Give the affine from pixel corners of one grid to those of another of the same scene.

    None where the two have nothing in common that would tell it.
    """
    if len(place.gcps) != len(other.gcps) or (place.rpcs is None) != (other.rpcs is None):
        return None
    if place.gcps:
        here, there = (
            np.array([(point.col, point.row, point.x, point.y) for point in one.gcps], float)
            for one in (place, other)
        )
        if not np.array_equal(here[:, 2:], there[:, 2:]):
            return None
        (a, c), (e, f) = (_line(here[:, axis], there[:, axis]) for axis in (0, 1))
        return Affine(a, 0, c, 0, e, f)
    if place.rpcs is not None and other.rpcs is not None:
        one, two = place.rpcs, other.rpcs
        a, e = two.samp_scale / one.samp_scale, two.line_scale / one.line_scale
        moved = two.samp_off + 0.5 - a * (one.samp_off + 0.5)
        return Affine(a, 0, moved, 0, e, two.line_off + 0.5 - e * (one.line_off + 0.5))
    return ~other.transform @ place.transform if place.crs == other.crs else None


def counted_from_middle(place: Place) -> Place:
    """Let the longitudes of a map of degrees that goes beyond ±180 count from its middle.

    GDAL brings longitudes to ±180 when it warps, and would miss the part beyond. The map gets a
    prime meridian of its own, and stays where it is. Other places are given back as they are.
    """
    crs, (height, width) = place.crs, place.shape
    if place.kind != "map" or crs is None or not crs.is_geographic:
        return place
    corners = [place.transform @ corner for corner in ((0, 0), (width, 0), (0, height))]
    corners.append(place.transform @ (width, height))
    west, east = (side(corner[0] for corner in corners) for side in (min, max))
    if west >= -180 and east <= 180:
        return place
    middle = round((west + east) / 2)
    plain = re.sub(r',AUTHORITY\["[^"]*","[^"]*"\]', "", crs.to_wkt(version="WKT1_GDAL"))
    meridian = re.search(r'PRIMEM\["[^"]*",([-+.\deE]+)\]', plain)
    if meridian is None:
        return place
    moved = f'PRIMEM["middle",{float(meridian.group(1)) + middle!r}]'
    return replace(
        place,
        crs=CRS.from_wkt(plain.replace(meridian.group(0), moved)),
        transform=Affine.translation(-middle, 0) @ place.transform,
    )


def _line(here: Floats, there: Floats) -> tuple[float, float]:
    """Give factor and summand of the line from one axis to another, through the points furthest
    apart.
    """
    low, high = int(np.argmin(here)), int(np.argmax(here))
    factor = float((there[high] - there[low]) / (here[high] - here[low]))
    return factor, float(there[low] - factor * here[low])


def place_of(dataset: DatasetReader | WarpedVRT) -> Place:
    """Give the place of the pixels of a file, or of its view on another grid.

    Raises SceneError where it has rational polynomial coefficients that cannot be read.
    """
    gcps, gcp_crs = dataset.gcps
    return Place(
        height_px=dataset.height,
        width_px=dataset.width,
        crs=dataset.crs,
        transform=dataset.transform,
        gcps=tuple(gcps),
        gcp_crs=gcp_crs,
        rpcs=_rpcs_of(dataset),
    )


def _rpcs_of(dataset: DatasetReader | WarpedVRT) -> RPC | None:
    """Read the rational polynomial coefficients of a file, if it has any."""
    try:
        rpcs: RPC | None = dataset.rpcs
        found = () if rpcs is None else [len(getattr(rpcs, name)) for name in POLYNOMIALS]
        seen = "" if set(found) <= {COEFFICIENTS} else f"The polynomials have {found}"
    except (ValueError, KeyError, IndexError, TypeError) as error:
        seen = f"{type(error).__name__}: {error}"
    if seen:
        raise SceneError(
            f"{Path(dataset.name).name} has rational polynomial coefficients that cannot be read.",
            seen=f"{seen}.",
            rule=f"Offsets and scales are numbers, and each polynomial has {COEFFICIENTS}.",
            fix="Remove them (tags RPC), or copy the file again.",
        )
    return rpcs


def _moved_point(point: GroundControlPoint, inside: Affine) -> GroundControlPoint:
    """Say where a ground control point is in a grid that `inside` leads out of."""
    column, row = ~inside @ (point.col, point.row)
    return GroundControlPoint(row, column, point.x, point.y, point.z, id=point.id, info=point.info)


def _moved_rpcs(rpcs: RPC, inside: Affine) -> RPC:
    """Give the coefficients for a grid that `inside` leads out of.

    Lines and samples count from the middle of the first pixel: half a pixel from its corner.
    """
    column, row = ~inside @ (rpcs.samp_off + 0.5, rpcs.line_off + 0.5)
    fields = rpcs.to_dict()
    return RPC(
        **{
            **fields,
            "samp_off": column - 0.5,
            "line_off": row - 0.5,
            "samp_scale": rpcs.samp_scale / inside.a,
            "line_scale": rpcs.line_scale / inside.e,
        }
    )

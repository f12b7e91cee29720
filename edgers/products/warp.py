"""Bringing a raster from one grid onto another: from a swath onto a map, or back onto a scene."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader, DatasetWriter
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from edgers.errors import SceneError
from edgers.products.block_size import BLOCK_PX, block_px
from edgers.products.disk_errors import disk_errors
from edgers.products.draft import Draft
from edgers.scene.asset import TOLERANCE_PX
from edgers.scene.geometry import ECCENTRICITY, SEMI_MAJOR_M, gsd_m, row_areas_m2
from edgers.scene.lonlat import LONLAT, Floats, points_between
from edgers.scene.open import MAX_SIDE_PX
from edgers.scene.outline import outline
from edgers.scene.place import Place, counted_from_middle, pixels_between
from edgers.scene.swath_view import scale_options, swath_view

LATTICE = 65
"""Points a side by which the extent of a scene on a map is found."""

LARGEST_JUMP = 50.0
"""Step between neighbouring points of the lattice, in usual ones, that is a seam of the map."""

SCALE_SLACK = 0.01
"""Most that a metre of the map may differ from one on the ground and still be called a metre: UTM
differs by 0.001, Web Mercator at 60° by half."""

UTM_SOUTH_DEG, UTM_NORTH_DEG = -80.0, 84.0
"""Latitudes between which UTM is used, UPS beyond (NGA.SIG.0012)."""


def warped_place(place: Place, crs: CRS | None = None, pixel_m: float | None = None) -> Place:
    """Choose a north-up map grid for a scene.

    By default it is the UTM zone of the scene's middle, or UPS near a pole, and as fine as the
    scene there (three digits). Pixels are counted from the origin of the CRS, so that maps of one
    CRS and size fit together. Raises SceneError where the scene has no place, or none on `crs`.
    """
    middle = place.lonlat(np.array([place.width_px / 2]), np.array([place.height_px / 2]))
    own_m = gsd_m(place)
    if own_m is None or not np.isfinite(middle).all():
        raise SceneError(
            "the scene cannot be put onto a map.",
            seen=f"Its pixels are placed by {place.kind}.",
            rule="A scene has a CRS, ground control points or rational polynomial coefficients.",
        )
    crs = crs or _local_crs(float(middle[0][0]), float(middle[1][0]))
    xs, ys = _extent(place, crs)
    width, height = _pixel_size(crs, middle, pixel_m or float(f"{own_m:.3g}"))
    left, right = np.floor(xs.min() / width), np.ceil(xs.max() / width)
    bottom, top = np.floor(ys.min() / height), np.ceil(ys.max() / height)
    columns, rows = max(1, int(right - left)), max(1, int(top - bottom))
    if max(columns, rows) > MAX_SIDE_PX:
        raise _does_not_fit(crs, f"It would have {columns} × {rows} pixels")
    return Place(
        height_px=rows,
        width_px=columns,
        crs=crs,
        transform=Affine(width, 0, left * width, 0, -height, top * height),
    )


def _local_crs(lon: float, lat: float) -> CRS:
    """Give the WGS 84 UTM zone, by longitude alone, or UPS in its easting, northing form."""
    if not UTM_SOUTH_DEG <= lat < UTM_NORTH_DEG:
        return CRS.from_epsg(5041 if lat > 0 else 5042)
    zone = int((lon + 180) % 360 // 6) + 1
    return CRS.from_epsg((32_600 if lat >= 0 else 32_700) + zone)


def _extent(place: Place, crs: CRS) -> tuple[Floats, Floats]:
    """Give points of a scene on a map that reach as far as the scene does."""
    if crs.is_geographic:
        around = outline(place)
        if around is None:
            raise _does_not_fit(crs, "A side of it is not on Earth")
        lon, lat = np.array(around.ring).T
        xs, ys = points_between(LONLAT, crs, lon, lat)
        return xs + 360 * np.round((lon - xs) / 360), ys
    columns, rows = np.meshgrid(
        np.linspace(0, place.width_px, LATTICE), np.linspace(0, place.height_px, LATTICE)
    )
    try:
        xs, ys = points_between(LONLAT, crs, *place.lonlat(columns, rows))
    except RasterioError as error:
        raise _does_not_fit(crs, f"PROJ says: {error}") from error
    if not np.isfinite(xs).all():
        raise _does_not_fit(crs, "A part of it has no place there")
    for axis in (0, 1):
        steps = np.hypot(np.diff(xs, axis=axis), np.diff(ys, axis=axis))
        if steps.max() > LARGEST_JUMP * np.median(steps):
            raise _does_not_fit(crs, "A seam of the map runs through it")
    return xs, ys


def _does_not_fit(crs: CRS, seen: str) -> SceneError:
    return SceneError(
        f"the scene cannot be put onto {crs.to_string()[:80]}.",
        seen=f"{seen}.",
        rule="A map must show the whole scene in one piece.",
        fix="Choose a CRS made for the place, or none for the UTM zone.",
    )


def _pixel_size(crs: CRS, middle: tuple[Floats, Floats], pixel_m: float) -> tuple[float, float]:
    """Give width and height of a pixel in units of the CRS."""
    lon, lat = middle
    if crs.is_geographic:
        w = 1 - (ECCENTRICITY * np.sin(np.radians(lat[0]))) ** 2
        normal_m = SEMI_MAJOR_M / np.sqrt(w)
        meridian_m = normal_m * (1 - ECCENTRICITY**2) / w
        shrink = max(float(np.cos(np.radians(lat[0]))), SCALE_SLACK)
        sizes = pixel_m / (normal_m * shrink), pixel_m / meridian_m
        return float(np.degrees(sizes[0])), float(np.degrees(sizes[1]))
    unit_m = float(crs.linear_units_factor[1])
    (x,), (y,) = points_between(LONLAT, crs, lon, lat)
    one = Place(
        height_px=1, width_px=1, crs=crs, transform=Affine(1, 0, x - 0.5, 0, -1, y + 0.5)
    )  # fmt: skip
    areas = row_areas_m2(one, 0, 0, 1, 1)
    ground_m = unit_m if areas is None else float(np.sqrt(areas[0]))
    size = pixel_m / (unit_m if abs(ground_m / unit_m - 1) < SCALE_SLACK else ground_m)
    return size, size


def warp_raster(
    source: Path, target: Path, source_place: Place, target_place: Place, *, continuous: bool
) -> None:
    """Write the raster `source`, which lies at `source_place`, on the grid of `target_place`.

    `target` becomes a tiled GeoTIFF, with the bands, nodata, names, colours and tags of `source`;
    ground that `source` does not cover is nodata. `continuous` samples are bilinear, classes those
    of the nearest pixel. A swath goes onto a map, or onto another grid of itself. Memory does not
    grow with the rasters. Raises SceneError where the two places have nothing in common, and
    OutputError where the disk is full or fails, with nothing left behind.
    """
    resampling = "bilinear" if continuous else "nearest"
    with disk_errors(target.name), warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        try:
            with (
                rasterio.open(source) as dataset,
                _view(dataset, source_place, target_place, resampling) as view,
                _created(target, dataset, target_place) as written,
            ):
                for window in _windows(target_place, written.block_shapes[0][0]):
                    written.write(view.read(window=window), window=window)
        except BaseException:
            target.unlink(missing_ok=True)
            raise


def put_together(source: Path, target: Path, draft: Draft, place: Place) -> None:
    """Write a draft of many bands, which `source` describes, so that all bands of a block meet.

    GDAL reads a draft row by row and band by band; making blocks of it, it would read all of it
    again and again, for its cache holds no row of blocks. `target` becomes a tiled GeoTIFF.
    """
    with rasterio.open(source) as like, _created(target, like, place) as written:
        for window in _windows(place, written.block_shapes[0][0]):
            samples = draft.read(window.row_off, window.col_off, window.height, window.width)
            written.write(samples, window=window)


def _view(
    dataset: DatasetReader, source: Place, target: Place, resampling: str
) -> DatasetReader | WarpedVRT:
    """Give a view of a raster on another grid."""
    if target.kind != "map":
        source, target = _as_pixels(source, target)
        scale = float(np.sqrt(abs(source.transform.determinant)))
    elif source.kind == "none":
        raise SceneError("a scene without a place on Earth cannot be put onto a map.")
    else:
        scale = _scale(source, target)
    if source.kind == "map":
        source = counted_from_middle(source)
        return WarpedVRT(
            dataset, src_crs=source.crs, src_transform=source.transform, crs=target.crs,
            transform=target.transform, width=target.width_px, height=target.height_px,
            resampling=Resampling[resampling], tolerance=TOLERANCE_PX, **scale_options(scale),
        )  # fmt: skip
    text = swath_view(dataset, source, target, resampling, scale=scale, tells_alpha=False)
    return rasterio.open(text, driver="VRT")


def _scale(source: Place, target: Place) -> float:
    """Give the number of target pixels a source pixel is wide."""
    here_m, there_m = gsd_m(source), gsd_m(target)
    if here_m is None or there_m is None:
        return 1.0
    scale = here_m / there_m
    return 1.0 if abs(scale - 1) < SCALE_SLACK else scale


def _as_pixels(source: Place, target: Place) -> tuple[Place, Place]:
    """Place two grids of one swath in the pixels of the second."""
    between = pixels_between(source, target)
    if between is None:
        raise SceneError(
            "the two grids of the scene have nothing in common.",
            seen=f"One is placed by {source.kind}, the other by {target.kind}.",
            rule="Both have the same ground control points, or both rational polynomials.",
        )
    return _bare(source, between), _bare(target, Affine.identity())


def _bare(place: Place, transform: Affine) -> Place:
    """Give a grid of the same size with nothing but a transform."""
    return Place(
        height_px=place.height_px, width_px=place.width_px, crs=None, transform=transform
    )  # fmt: skip


def _created(target: Path, like: DatasetReader, place: Place) -> DatasetWriter:
    """Begin a raster with the bands and the meaning of another."""
    side_px = block_px(like.count, like.dtypes[0])
    is_cube = side_px < BLOCK_PX
    written = rasterio.open(
        target, "w", driver="GTiff", count=like.count, dtype=like.dtypes[0], nodata=like.nodata,
        height=place.height_px, width=place.width_px, crs=place.crs, tiled=True,
        blockxsize=side_px, blockysize=side_px, bigtiff="IF_SAFER",
        interleave="pixel" if is_cube else "band",
        **({} if place.transform.is_identity else {"transform": place.transform}),
    )  # fmt: skip
    try:
        if place.gcps and place.transform.is_identity:
            written.gcps = list(place.gcps), place.gcp_crs
        if place.rpcs is not None:
            written.rpcs = place.rpcs
        written.descriptions = like.descriptions
        if any(like.units):
            written.units = [unit or "" for unit in like.units]
        if {*zip(like.scales, like.offsets, strict=True)} != {(1.0, 0.0)}:
            written.scales, written.offsets = like.scales, like.offsets
        written.update_tags(**like.tags())
        for number in like.indexes:
            written.update_tags(number, **like.tags(number))
        if like.colorinterp[0] == ColorInterp.palette:
            written.write_colormap(1, like.colormap(1))
        else:
            written.colorinterp = like.colorinterp
    except BaseException:
        written.close()
        raise
    return written


def _windows(place: Place, side_px: int) -> Iterator[Window]:
    """Give the windows of a grid, row by row."""
    for row in range(0, place.height_px, side_px):
        for column in range(0, place.width_px, side_px):
            yield Window(
                column,
                row,
                min(side_px, place.width_px - column),
                min(side_px, place.height_px - row),
            )

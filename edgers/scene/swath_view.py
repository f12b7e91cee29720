"""A view of a scene in sensor geometry on another grid, made by GDAL window by window.

rasterio warps ground control points by one polynomial and lets nothing else be chosen, so the view
is described to GDAL directly, in the format of its warped virtual rasters
(gdal.org/drivers/raster/vrt.html).
"""

import math
import os
import xml.etree.ElementTree as ET

from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.io import DatasetReader

from edgers.scene.lonlat import LONLAT
from edgers.scene.place import Place
from edgers.scene.swath import RPC_ERROR_PX

TOLERANCE_PX = 1e-3
"""Largest error, in pixels, of a position halfway between two that are worked out. Where the ground
is rough it is now and then a hundred times that between others; far less than a pixel still. Each
position that is worked out costs as much as many pixels."""

GDAL_TYPES = {
    "uint8": "Byte", "int8": "Int8", "uint16": "UInt16", "int16": "Int16", "uint32": "UInt32",
    "int32": "Int32", "float32": "Float32", "float64": "Float64",
}  # fmt: skip
"""GDAL's name by numpy's."""

ALGORITHMS = {
    "nearest": "NearestNeighbour", "bilinear": "Bilinear", "cubic": "Cubic",
    "cubic_spline": "CubicSpline", "lanczos": "Lanczos", "average": "Average", "mode": "Mode",
}  # fmt: skip
"""GDAL's name in the format by rasterio's."""

BLOCK_PX = 256
"""Block side of the view: what GDAL warps at a time."""


def swath_view(
    dataset: DatasetReader, source: Place, target: Place, resampling: str, *,
    scale: float, tells_alpha: bool,
) -> str:  # fmt: skip
    """Describe how GDAL is to read `dataset`, which lies at `source`, on the grid of `target`.

    `target` has an affine, and `source` leads to its CRS or, where neither has one, into the same
    plane. `scale` is the number of target pixels a source pixel is wide. Ground that the scene does
    not cover is nodata or, where `tells_alpha`, transparent in one more band.
    """
    root = ET.Element(
        "VRTDataset", subClass="VRTWarpedDataset",
        rasterXSize=str(target.width_px), rasterYSize=str(target.height_px),
    )  # fmt: skip
    if target.crs is not None:
        _text(root, "SRS", target.crs.to_wkt())
    _text(root, "GeoTransform", _numbers(target.transform))
    _text(root, "BlockXSize", BLOCK_PX)
    _text(root, "BlockYSize", BLOCK_PX)
    options = ET.SubElement(root, "GDALWarpOptions")
    _text(options, "ResampleAlg", ALGORITHMS[resampling])
    for name, value in {"INIT_DEST": "NO_DATA", **scale_options(scale)}.items():
        _text(options, "Option", value).set("name", name)
    _text(options, "SourceDataset", os.path.abspath(dataset.name)).set("relativeToVRT", "0")
    approximate = ET.SubElement(ET.SubElement(options, "Transformer"), "ApproxTransformer")
    _text(approximate, "MaxError", TOLERANCE_PX)
    between = ET.SubElement(ET.SubElement(approximate, "BaseTransformer"), "GenImgProjTransformer")
    _add_source(between, source)
    _text(between, "DstGeoTransform", _numbers(target.transform))
    _text(between, "DstInvGeoTransform", _numbers(~target.transform))
    _add_reprojection(between, _source_crs(source), target.crs)
    _add_bands(root, options, dataset, tells_alpha=tells_alpha)
    return ET.tostring(root, encoding="unicode")


def scale_options(scale: float) -> dict[str, str]:
    """Tell GDAL how many target pixels a source pixel is wide.

    By itself it guesses, block by block, from the rectangle around what a block shows: of a grid
    that lies askew too large a one, which it then blurs.
    """
    return {"XSCALE": repr(scale), "YSCALE": repr(scale)}


def _text(parent: ET.Element, name: str, value: object) -> ET.Element:
    child = ET.SubElement(parent, name)
    child.text = repr(value) if isinstance(value, float) else str(value)
    return child


def _numbers(t: Affine) -> str:
    """Write an affine in GDAL's order."""
    return ", ".join(repr(float(number)) for number in (t.c, t.a, t.b, t.f, t.d, t.e))


def _source_crs(source: Place) -> CRS | None:
    """Give the CRS that the sensor model leads to."""
    if source.kind == "gcps":
        assert source.plane is not None
        return source.plane.crs
    return LONLAT if source.kind == "rpcs" else source.crs


def _add_source(parent: ET.Element, source: Place) -> None:
    """Say what leads from the pixels of the scene to its CRS."""
    if source.kind == "gcps":
        assert source.plane is not None
        spline = ET.SubElement(ET.SubElement(parent, "SrcTPSTransformer"), "TPSTransformer")
        _text(spline, "Reversed", 0)
        points = ET.SubElement(spline, "GCPList")
        for point in source.plane.points:
            ET.SubElement(points, "GCP", _point(point))
    elif source.kind == "rpcs":
        assert source.rpcs is not None
        model = ET.SubElement(ET.SubElement(parent, "SrcRPCTransformer"), "RPCTransformer")
        _text(model, "Reversed", 0)
        _text(model, "HeightOffset", float(source.rpcs.height_off))
        _text(model, "PixErrThreshold", RPC_ERROR_PX)
        metadata = ET.SubElement(model, "Metadata")
        for key, value in source.rpcs.to_gdal().items():
            _text(metadata, "MDI", value).set("key", key)
    else:
        _text(parent, "SrcGeoTransform", _numbers(source.transform))
        _text(parent, "SrcInvGeoTransform", _numbers(~source.transform))


def _point(point: GroundControlPoint) -> dict[str, str]:
    place = {"Pixel": point.col, "Line": point.row, "X": point.x, "Y": point.y, "Z": 0.0}
    return {"Id": str(point.id), **{key: repr(float(value)) for key, value in place.items()}}


def _add_reprojection(parent: ET.Element, source: CRS | None, target: CRS | None) -> None:
    if source is None or target is None or source == target:
        return
    both = ET.SubElement(ET.SubElement(parent, "ReprojectTransformer"), "ReprojectionTransformer")
    _text(both, "SourceSRS", source.to_wkt())
    _text(both, "TargetSRS", target.to_wkt())


def _add_bands(
    root: ET.Element, options: ET.Element, dataset: DatasetReader, *, tells_alpha: bool
) -> None:
    """Describe the bands of the view, and which of the scene they are made of."""
    pairs = ET.SubElement(options, "BandList")
    for number, (name, nodata) in enumerate(
        zip(dataset.dtypes, dataset.nodatavals, strict=True), 1
    ):
        _add_band(root, number, GDAL_TYPES[name], None if tells_alpha else nodata)
        pair = ET.SubElement(pairs, "BandMapping", src=str(number), dst=str(number))
        if nodata is not None:
            text = "nan" if math.isnan(nodata) else repr(float(nodata))
            _text(pair, "SrcNoDataReal", text)
            if not tells_alpha:
                _text(pair, "DstNoDataReal", text)
    if tells_alpha:
        alpha = dataset.count + 1
        _text(_add_band(root, alpha, "Byte", None), "ColorInterp", "Alpha")
        _text(options, "DstAlphaBand", alpha)


def _add_band(root: ET.Element, number: int, data_type: str, nodata: float | None) -> ET.Element:
    band = ET.SubElement(
        root, "VRTRasterBand", dataType=data_type, band=str(number),
        subClass="VRTWarpedRasterBand",
    )  # fmt: skip
    if nodata is not None:
        _text(band, "NoDataValue", "nan" if math.isnan(nodata) else repr(float(nodata)))
    return band

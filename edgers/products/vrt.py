"""Describing a draft to GDAL: a small XML file that says where the samples are and what they mean.

The format is GDAL's virtual raster with raw bands (gdal.org/drivers/raster/vrt.html).
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgers.contract import ModelClass, OutputValue
from edgers.products.draft import Draft
from edgers.scene.place import Place

GDAL_TYPES = {"uint8": "Byte", "uint16": "UInt16", "int16": "Int16", "float32": "Float32"}
"""GDAL's name by numpy's."""

NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML 1.0 has no way to write (www.w3.org/TR/xml, 2.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What the samples of a product are."""

    bands: Sequence[str]
    """Name of each band."""
    nodata: float
    """Value of samples that are none."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags of the file."""
    classes: Sequence[ModelClass] = ()
    """Classes of a class map: they give its colours."""
    units: Sequence[str] = ()
    """Unit of each band; empty where none has one."""
    scale: float = 1.0
    """Value of a step between two samples."""
    offset: float = 0.0
    """Value of a sample of 0."""
    spectral: Sequence[OutputValue] = ()
    """Each band once more where some have wavelengths, which are written into its tags."""


def write_vrt(
    path: Path, draft: Draft, place: Place, meaning: Meaning, overviews: Sequence[Path] = ()
) -> None:
    """Write the description of `draft`, which lies in the same folder, to `path`.

    `overviews` are descriptions of its coarser levels there (`write_level`), the finest first.
    """
    shape = draft.shape
    root = ET.Element(
        "VRTDataset", rasterXSize=str(shape.width_px), rasterYSize=str(shape.height_px)
    )
    _add_place(root, place)
    _add_tags(root, meaning.tags)
    for position, name in enumerate(meaning.bands):
        band = _add_band(root, draft, position)
        _add_text(band, "Description", name)
        _add_text(band, "NoDataValue", repr(meaning.nodata))
        if meaning.classes:
            _add_tags(band, {f"CLASS_{one.value}": one.name for one in meaning.classes})
            _add_colours(band, meaning.classes)
        else:
            _add_text(band, "ColorInterp", "Gray" if len(meaning.bands) == 1 else "Undefined")
        if meaning.spectral:
            _add_tags(band, spectral_tags(meaning.spectral[position]))
        if meaning.units and meaning.units[position]:
            _add_text(band, "UnitType", meaning.units[position])
        if (meaning.scale, meaning.offset) != (1.0, 0.0):
            _add_text(band, "Scale", repr(meaning.scale))
            _add_text(band, "Offset", repr(meaning.offset))
        for overview in overviews:
            level = ET.SubElement(band, "Overview")
            _add_text(level, "SourceFilename", overview.name).set("relativeToVRT", "1")
            _add_text(level, "SourceBand", str(position + 1))
    ET.ElementTree(root).write(path, encoding="utf-8")


def spectral_tags(value: OutputValue) -> dict[str, str]:
    """Give wavelength and width of a band under the names that ENVI and EnMAP-Box use, in nm."""
    found = {"wavelength": value.center_wavelength_um, "fwhm": value.fwhm_um}
    tags = {key: nanometres(um) for key, um in found.items() if um is not None}
    return {**tags, "wavelength_units": "nanometers"} if tags else {}


def nanometres(micrometres: float) -> str:
    """Write a length in nm, to a ten-thousandth: 1 µm is no sum of powers of two."""
    return f"{micrometres * 1000:.4f}".rstrip("0").rstrip(".")


def write_level(path: Path, draft: Draft) -> None:
    """Write the description of a coarser level to `path`: what it means, the finest says."""
    shape = draft.shape
    root = ET.Element(
        "VRTDataset", rasterXSize=str(shape.width_px), rasterYSize=str(shape.height_px)
    )
    for position in range(shape.bands):
        _add_band(root, draft, position)
    ET.ElementTree(root).write(path, encoding="utf-8")


def _add_text(parent: ET.Element, name: str, text: str) -> ET.Element:
    child = ET.SubElement(parent, name)
    child.text = NOT_XML.sub("?", text)
    return child


def _add_tags(parent: ET.Element, tags: Mapping[str, str], domain: str = "") -> None:
    if not tags:
        return
    metadata = ET.SubElement(parent, "Metadata", {"domain": domain} if domain else {})
    for key, value in tags.items():
        _add_text(metadata, "MDI", value).set("key", key)


def _add_place(root: ET.Element, place: Place) -> None:
    """Say where the pixels lie."""
    if place.crs is not None:
        _add_text(root, "SRS", place.crs.to_wkt())
    if not place.transform.is_identity:
        t = place.transform
        _add_text(root, "GeoTransform", ", ".join(map(repr, (t.c, t.a, t.b, t.f, t.d, t.e))))
    if place.gcps:
        wkt = place.gcp_crs.to_wkt() if place.gcp_crs is not None else ""
        points = ET.SubElement(root, "GCPList", Projection=wkt)
        for number, point in enumerate(place.gcps, 1):
            ET.SubElement(
                points, "GCP", Id=point.id or str(number), Info=point.info or "",
                Pixel=repr(float(point.col)), Line=repr(float(point.row)), X=repr(float(point.x)),
                Y=repr(float(point.y)), Z=repr(float(point.z or 0.0)),
            )  # fmt: skip
    if place.rpcs is not None:
        _add_tags(root, place.rpcs.to_gdal(), domain="RPC")


def _add_band(root: ET.Element, draft: Draft, position: int) -> ET.Element:
    """Say where the samples of one band are in the file."""
    shape = draft.shape
    item = shape.size_bytes // (shape.bands * shape.height_px * shape.width_px)
    band = ET.SubElement(
        root, "VRTRasterBand", dataType=GDAL_TYPES[shape.data_type], band=str(position + 1),
        subClass="VRTRawRasterBand",
    )  # fmt: skip
    _add_text(band, "SourceFilename", draft.path.name).set("relativeToVRT", "1")
    _add_text(band, "ImageOffset", str(position * shape.height_px * shape.width_px * item))
    _add_text(band, "PixelOffset", str(item))
    _add_text(band, "LineOffset", str(shape.width_px * item))
    return band


def _add_colours(band: ET.Element, classes: Sequence[ModelClass]) -> None:
    """Give each class value its colour; values between them are black."""
    colours = {one.value: bytes.fromhex(one.colour) for one in classes}
    _add_text(band, "ColorInterp", "Palette")
    table = ET.SubElement(band, "ColorTable")
    for value in range(max(colours) + 1):
        red, green, blue = colours.get(value, b"\0\0\0")
        ET.SubElement(table, "Entry", c1=str(red), c2=str(green), c3=str(blue), c4="255")

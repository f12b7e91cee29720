"""Products as their makers lay them out in folders, small and with noise in them."""

from pathlib import Path
from typing import Any

import numpy.typing as npt
from affine import Affine
from builders.scenes import TRANSFORM, noise, write_scene

SIDE_PX = 60
"""Side at 10 m."""

S2_STAMP = "T31TDH_20200131T105019"
S2_10M = ("B02", "B03", "B04", "B08")
S2_20M = ("B05", "B06", "B07", "B8A", "B11", "B12")
S2_60M = ("B01", "B09")


def layer(
    path: Path, gsd_m: int = 10, dtype: str = "uint16", bands: int = 1, **fields: Any
) -> npt.NDArray[Any]:
    """Write one file of the granule's ground, and give its samples."""
    side = SIDE_PX * 10 // gsd_m
    seed = int.from_bytes(path.name.encode(), "little") % 2**31
    samples = noise(bands, side, side, dtype, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    place = {"transform": TRANSFORM @ Affine.scale(gsd_m / 10), **fields}
    write_scene(path, samples, **place)
    return samples


def write_safe(folder: Path) -> tuple[Path, dict[str, npt.NDArray[Any]]]:
    """Write a Sentinel-2 L2A SAFE; give it, and each band at its finest GSD.

    Layout of the Sentinel-2 Products Specification Document (issue 15), with GeoTIFF in JPEG 2000's
    stead: what is in a file is told by its first bytes, not by its ending.
    """
    safe = folder / "S2B_MSIL2A_20200131T105019_N0208_R051_T31TDH_20200131T120000.SAFE"
    granule = safe / "GRANULE" / "L2A_T31TDH_A012345_20200131T105017"
    found: dict[str, npt.NDArray[Any]] = {}
    for gsd_m, names in (
        (60, (*S2_60M, *S2_20M, *S2_10M[:3])),
        (20, (*S2_20M, *S2_10M[:3], "B01")),
        (10, S2_10M),
    ):
        inside = granule / "IMG_DATA" / f"R{gsd_m}m"
        for name in names:
            found[name] = layer(inside / f"{S2_STAMP}_{name}_{gsd_m}m.jp2", gsd_m)
        for name in ("AOT", "WVP"):
            layer(inside / f"{S2_STAMP}_{name}_{gsd_m}m.jp2", gsd_m)
        colours = {"bands": 3, "dtype": "uint8", "photometric": "RGB"}
        layer(inside / f"{S2_STAMP}_TCI_{gsd_m}m.jp2", gsd_m, **colours)
        if gsd_m > 10:
            found["SCL"] = layer(inside / f"{S2_STAMP}_SCL_{gsd_m}m.jp2", gsd_m, "uint8")
    for name in (*S2_10M, "B8A"):
        for mask in ("DETFOO", "QUALIT"):
            layer(granule / "QI_DATA" / f"MSK_{mask}_{name}.jp2", 10, "uint8")
    layer(granule / "QI_DATA" / "MSK_CLDPRB_20m.jp2", 20, "uint8")
    layer(granule / "QI_DATA" / f"{S2_STAMP}_PVI.jp2", 60, "uint8")
    picture = {"bands": 3, "dtype": "uint8", "crs": None, "driver": "PNG"}
    layer(safe / "HTML" / "banner_1.png", 10, **picture)
    layer(safe / "S2B_MSIL2A_20200131T105019-ql.jpg", 10, **{**picture, "driver": "JPEG"})
    for text in (
        safe / "MTD_MSIL2A.xml", granule / "MTD_TL.xml", safe / "manifest.safe",
        granule / "AUX_DATA" / "AUX_ECMWFT", safe / "HTML" / "UserProduct_index.html",
    ):  # fmt: skip
        text.parent.mkdir(parents=True, exist_ok=True)
        text.write_text("<xml/>")
    return safe, found


def write_landsat(folder: Path) -> tuple[Path, dict[str, npt.NDArray[Any]]]:
    """Write a Landsat 8 Collection 2 Level 2 folder; give it, and its bands."""
    name = "LC08_L2SP_190024_20210707_20210713_02_T1"
    inside = folder / name
    place = {"transform": TRANSFORM @ Affine.scale(3)}
    found = {
        f"B{number}": layer(inside / f"{name}_SR_B{number}.TIF", **place) for number in range(1, 8)
    }
    found["B10"] = layer(inside / f"{name}_ST_B10.TIF", **place)
    for other in (
        "QA_PIXEL", "QA_RADSAT", "SR_QA_AEROSOL", "ST_QA", "ST_ATRAN", "ST_CDIST", "ST_DRAD",
        "ST_EMIS", "ST_EMSD", "ST_TRAD", "ST_URAD",
    ):  # fmt: skip
        found[other] = layer(inside / f"{name}_{other}.TIF", **place)
    picture = {"bands": 3, "dtype": "uint8", "crs": None, "driver": "JPEG"}
    layer(inside / f"{name}_thumb_small.jpeg", 10, **picture)
    layer(inside / f"{name}_thumb_large.jpeg", 10, **picture)
    (inside / f"{name}_MTL.txt").write_text("GROUP = LANDSAT_METADATA_FILE\n")
    (inside / f"{name}_SR_stac.json").write_text(
        '{"type": "Feature", "stac_version": "1.0.0", "id": "x", "properties": {}, "assets": '
        '{"red": {"href": "https://landsatlook.usgs.gov/x_SR_B4.TIF", "roles": ["data"]}}}'
    )
    return inside, found


def write_bigearthnet(folder: Path) -> tuple[Path, dict[str, npt.NDArray[Any]]]:
    """Write a BigEarthNet patch pair: Sentinel-1 and Sentinel-2 in one folder."""
    found: dict[str, npt.NDArray[Any]] = {}
    for gsd_m, names in ((10, S2_10M), (20, S2_20M), (60, S2_60M)):
        for name in names:
            stem = f"S2A_MSIL2A_20180526T100031_N9999_R122_T34WFU_14_23_{name}"
            found[name] = layer(folder / f"{stem}.tif", gsd_m)
    for name in ("VV", "VH"):
        stem = f"S1A_IW_GRDH_1SDV_20170613T165043_33UUP_65_63_{name}"
        found[name] = layer(folder / f"{stem}.tif", 10, "float32")
    (folder / "patch_labels_metadata.json").write_text('{"labels": ["Sea"]}')
    return folder, found


def write_s1_safe(folder: Path) -> tuple[Path, dict[str, npt.NDArray[Any]]]:
    """Write a Sentinel-1 GRD SAFE, terrain-corrected so that an affine places it."""
    safe = folder / "S1A_IW_GRDH_1SDV_20200101T055555_20200101T055620_030600_038000_ABCD.SAFE"
    stem = "s1a-iw-grd-{}-20200101t055555-20200101t055620-030600-038000-00{}"
    found = {
        name.upper(): layer(safe / "measurement" / f"{stem.format(name, i)}.tiff")
        for i, name in enumerate(("vv", "vh"), 1)
    }
    layer(safe / "preview" / "quick-look.png", 10, "uint8", 3, crs=None, driver="PNG")
    (safe / "annotation").mkdir()
    (safe / "annotation" / f"{stem.format('vv', 1)}.xml").write_text("<product/>")
    return safe, found

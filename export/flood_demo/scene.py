"""Synthetic multispectral flood scenes with known truth, in memory and as GeoTIFF."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import rasterio
from affine import Affine
from rasterio.crs import CRS

from edgers.export.flood_demo.appearance import Layers, digital_numbers
from edgers.export.flood_demo.bands import BANDS, NODATA_DN
from edgers.export.flood_demo.clouds import OPAQUE, draw_clouds
from edgers.export.flood_demo.covers import draw_covers
from edgers.export.flood_demo.frame import Frame, Mask
from edgers.export.flood_demo.relief import draw_relief
from edgers.export.flood_demo.sun import draw_sun, slope_light
from edgers.export.flood_demo.waters import draw_waters

LAND, WATER, CLOUD, NODATA = 0, 1, 2, 255
"""Values of the truth layer."""

SMALLEST_SIDE_PX = 64
"""Scenes below this size have no room for a river and its plain."""

CRS_EPSG = 32630
"""UTM zone 30 north: the scenes pretend to lie in western Europe."""

ORIGIN_M = (600000.0, 4800000.0)
"""Easting and northing of the upper left corner, metres: a Sentinel-2 tile corner's style."""

EDGE_TILT_RAD = math.radians(14.0)
"""Tilt of the orbit's edge off the columns; about that of Sentinel-2 at mid-latitudes."""

TILE_PX = 256
"""Side of the GeoTIFF's inner tiles."""

SYNTHETIC_TAG = "yes, made by edgers.export.flood_demo"
"""Value of the SYNTHETIC tag in both files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FloodSceneSpec:
    """What to draw. Equal specs give equal scenes."""

    width_px: int
    """Columns."""
    height_px: int
    """Rows."""
    seed: int
    """Seed of everything random, 0 or more."""
    gsd_m: float = 10.0
    """Side of a pixel, metres."""
    flood_stage_m: float = 2.2
    """Height of the river above its normal level, metres; 0 leaves only permanent water."""
    cloud_share: float = 0.12
    """Share of the frame under opaque cloud, 0 to 0.9."""
    nodata_share: float = 0.06
    """Share of the frame beyond the slanted edge of the orbit, 0 to 0.9."""
    noise_std: float = 0.0012
    """Standard deviation of the sensor's noise, in reflectance."""

    def __post_init__(self) -> None:
        """Raise ValueError if the scene cannot be drawn."""
        if min(self.width_px, self.height_px) < SMALLEST_SIDE_PX:
            raise ValueError(f"a scene is at least {SMALLEST_SIDE_PX} pixels a side: {self}")
        if self.seed < 0:
            raise ValueError(f"seed must be 0 or more: {self}")
        if not (0.0 < self.gsd_m <= 1000.0 and 0.0 <= self.noise_std <= 1.0):
            raise ValueError(f"gsd_m must be above 0 to 1000, noise_std 0 to 1: {self}")
        if not 0.0 <= self.flood_stage_m <= 20.0:
            raise ValueError(f"flood_stage_m must be 0 to 20 metres: {self}")
        if not (0.0 <= self.cloud_share <= 0.9 and 0.0 <= self.nodata_share <= 0.9):
            raise ValueError(f"cloud_share and nodata_share must be 0 to 0.9: {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FloodScene:
    """One scene in memory."""

    counts: npt.NDArray[np.uint16]
    """Digital numbers, [band, height, width], bands as in `BANDS`; 0 is nodata in all."""
    truth: npt.NDArray[np.uint8]
    """LAND, WATER, CLOUD or NODATA, [height, width]."""
    permanent: Mask
    """Pixels under water at the normal level too, [height, width]; also below clouds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FloodTruth:
    """Pixel counts of a scene's truth."""

    land_px: int
    """Pixels of LAND."""
    water_px: int
    """Pixels of WATER: more than half the pixel shows a water surface."""
    permanent_px: int
    """Those pixels of WATER that are under water at the normal level too."""
    cloud_px: int
    """Pixels of CLOUD."""
    nodata_px: int
    """Pixels of NODATA."""
    gsd_m: float
    """Side of a pixel, metres."""

    @property
    def flooded_km2(self) -> float:
        """Area of water that shows and is not permanent, square kilometres."""
        return (self.water_px - self.permanent_px) * self.gsd_m**2 / 1e6


def make_flood_scene(spec: FloodSceneSpec) -> FloodScene:
    """Return the scene of a spec. Needs about 150 bytes of memory a pixel while it draws."""
    frame = Frame(
        height_px=spec.height_px, width_px=spec.width_px, gsd_m=spec.gsd_m, seed=spec.seed
    )
    relief = draw_relief(frame)
    covers = draw_covers(frame, relief)
    waters = draw_waters(frame, relief, covers, spec.flood_stage_m)
    sun = draw_sun(frame)
    layers = Layers(
        covers=covers,
        waters=waters,
        clouds=draw_clouds(frame, sun, spec.cloud_share),
        light=slope_light(frame, sun, relief.height_m),
    )
    counts = digital_numbers(frame, layers, spec.noise_std)
    truth = np.where(waters.share > 0.5, np.uint8(WATER), np.uint8(LAND))
    truth[layers.clouds.opacity >= OPAQUE] = CLOUD
    unseen = _beyond_orbit(frame, spec.nodata_share)
    counts[:, unseen] = NODATA_DN
    truth[unseen] = NODATA
    return FloodScene(counts=counts, truth=truth, permanent=waters.permanent)


def _beyond_orbit(frame: Frame, share: float) -> Mask:
    """Return the pixels beyond the orbit's edge, on a side that follows from the seed."""
    if share <= 0.0:
        return np.zeros(frame.shape, dtype=np.bool_)
    side = frame.generator("orbit").choice([-1.0, 1.0])
    rows = np.arange(frame.height_px, dtype=np.float32)[:, None]
    columns = np.arange(frame.width_px, dtype=np.float32)
    across = np.float32(side) * (columns * math.cos(EDGE_TILT_RAD) + rows * math.sin(EDGE_TILT_RAD))
    unseen: Mask = across > np.quantile(across, 1.0 - share)
    return unseen


def write_flood_scene(
    scene_path: str | os.PathLike[str],
    truth_path: str | os.PathLike[str],
    spec: FloodSceneSpec,
) -> FloodTruth:
    """Draw a scene, write it and its truth as tiled GeoTIFFs, and return the truth's counts.

    Raises ValueError on a spec out of range, rasterio.errors.RasterioIOError if a path cannot
    be written.
    """
    scene = make_flood_scene(spec)
    with rasterio.open(scene_path, "w", **_profile(spec, "uint16", len(BANDS), NODATA_DN)) as out:
        out.write(scene.counts)
        out.update_tags(SYNTHETIC=SYNTHETIC_TAG, SEED=str(spec.seed))
        for index, band in enumerate(BANDS, start=1):
            out.set_band_description(index, band.name)
            out.update_tags(
                index, wavelength=f"{band.center_wavelength_um:.4f}", wavelength_units="um"
            )
    with rasterio.open(truth_path, "w", **_profile(spec, "uint8", 1, NODATA)) as out:
        out.write(scene.truth, 1)
        out.set_band_description(1, "truth")
        out.update_tags(
            SYNTHETIC=SYNTHETIC_TAG, SEED=str(spec.seed), CLASSES="0 land, 1 water, 2 cloud"
        )
    return count_truth(scene, spec.gsd_m)


def count_truth(scene: FloodScene, gsd_m: float) -> FloodTruth:
    """Return the pixel counts of a scene's truth."""
    water = scene.truth == WATER
    return FloodTruth(
        land_px=int((scene.truth == LAND).sum()),
        water_px=int(water.sum()),
        permanent_px=int((water & scene.permanent).sum()),
        cloud_px=int((scene.truth == CLOUD).sum()),
        nodata_px=int((scene.truth == NODATA).sum()),
        gsd_m=gsd_m,
    )


def _profile(spec: FloodSceneSpec, dtype: str, bands: int, nodata: int) -> dict[str, object]:
    east_m, north_m = ORIGIN_M
    return {
        "driver": "GTiff",
        "width": spec.width_px,
        "height": spec.height_px,
        "count": bands,
        "dtype": dtype,
        "nodata": nodata,
        "crs": CRS.from_epsg(CRS_EPSG),
        "transform": Affine(spec.gsd_m, 0.0, east_m, 0.0, -spec.gsd_m, north_m),
        "tiled": True,
        "blockxsize": TILE_PX,
        "blockysize": TILE_PX,
        "compress": "deflate",
        "predictor": 2,
        "num_threads": 2,
        "bigtiff": "if_safer",
    }

"""The baseline that the network is compared with: thresholds on MNDWI and on blue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.export.flood_demo.agreement import class_iou, confusion
from edgers.export.flood_demo.bands import BANDS
from edgers.export.flood_demo.scene import CLOUD, WATER, FloodScene

GREEN = next(index for index, band in enumerate(BANDS) if band.common_name == "green")
SWIR = next(index for index, band in enumerate(BANDS) if band.common_name == "swir16")
BLUE = next(index for index, band in enumerate(BANDS) if band.common_name == "blue")

WATER_GRID = tuple(round(-0.3 + 0.05 * step, 2) for step in range(19))
"""MNDWI thresholds tried."""

CLOUD_GRID_DN = tuple(range(1400, 4001, 200))
"""Thresholds on blue tried, digital numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Decision limits of the baseline."""

    water_above: float = 0.0
    """A pixel is water if its MNDWI is above this; 0 is the textbook value (Xu, 2006)."""
    cloud_above_dn: int = 2000
    """A pixel is cloud if its blue digital number is above this, whatever its MNDWI."""


def mndwi_classes(counts: npt.NDArray[np.uint16], thresholds: Thresholds) -> npt.NDArray[np.uint8]:
    """Return 0 land, 1 water, 2 cloud, [height, width], for counts [band, height, width].

    MNDWI is (green - swir16) / (green + swir16); nodata pixels come out as land.
    """
    classes = (mndwi(counts) > thresholds.water_above).astype(np.uint8) * np.uint8(WATER)
    classes[counts[BLUE] > thresholds.cloud_above_dn] = CLOUD
    return classes


def mndwi(counts: npt.NDArray[np.uint16]) -> npt.NDArray[np.float32]:
    """Return the modified normalised difference water index, [height, width], -1 at nodata."""
    green, swir = counts[GREEN].astype(np.float32), counts[SWIR].astype(np.float32)
    total = green + swir
    return np.where(total > 0, (green - swir) / np.maximum(total, 1.0), np.float32(-1.0))


def tuned_thresholds(scenes: Sequence[FloodScene]) -> Thresholds:
    """Return the thresholds of the grids with the best mean IoU over the scenes."""
    best, best_mean = Thresholds(), -1.0
    for water_above in WATER_GRID:
        for cloud_above_dn in CLOUD_GRID_DN:
            tried = Thresholds(water_above=water_above, cloud_above_dn=cloud_above_dn)
            total = sum(
                confusion(scene.truth, mndwi_classes(scene.counts, tried)) for scene in scenes
            )
            mean = class_iou(np.asarray(total))["mean"]
            if mean > best_mean:
                best, best_mean = tried, mean
    return best

"""What grows or stands on every pixel of land, and how bright and how mixed it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.export.flood_demo.frame import Field, Frame, Mask
from edgers.export.flood_demo.noise import cell_uniform, fractal_noise, smooth_noise
from edgers.export.flood_demo.parcels import Parcels, draw_parcels
from edgers.export.flood_demo.relief import Relief
from edgers.export.flood_demo.resampling import gradient_per_px, smoothstep
from edgers.export.flood_demo.settlements import Settlements, draw_settlements
from edgers.export.flood_demo.spectra import Cover

CROP_CALENDAR = (
    (0.24, Cover.GREEN_CROP),
    (0.40, Cover.PASTURE),
    (0.60, Cover.YOUNG_CROP),
    (0.76, Cover.RIPE_CEREAL),
    (0.90, Cover.DRY_SOIL),
    (1.01, Cover.DARK_SOIL),
)
"""Cumulated share of the parcels under each crop, and that crop: a mixed spring landscape."""

LOT_CATALOGUE = (
    (0.32, Cover.TILE_ROOF),
    (0.72, Cover.GARDEN),
    (0.82, Cover.CONCRETE),
    (1.01, Cover.ASPHALT),
)
"""Cumulated share of what stands on a town lot."""

WORKS_CATALOGUE = ((0.35, Cover.METAL_ROOF), (0.65, Cover.CONCRETE), (1.01, Cover.ASPHALT))
"""Cumulated share of what stands on an industrial lot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Covers:
    """Land cover of a scene, as it would be without any water on it."""

    cover: npt.NDArray[np.uint8]
    """`Cover` of each pixel, [height, width]."""
    partner_share: Field
    """Share of the pixel showing the cover's partner instead, 0 to 1, [height, width]."""
    gain: Field
    """Factor on the reflectance above the path reflectance, about 1, [height, width]."""
    road: Field
    """Share of the pixel under a road or track, 0 to 1, [height, width]."""


def draw_covers(frame: Frame, relief: Relief) -> Covers:
    """Return the land cover of a scene, the same for every flood stage."""
    parcels = draw_parcels(frame)
    settlements = draw_settlements(frame, relief)
    forest = _forest(frame, relief, parcels)
    cover = _chosen(cell_uniform(parcels.parcel, salt=11), CROP_CALENDAR)
    steep = np.hypot(*gradient_per_px(relief.height_m)) > 0.16 * frame.gsd_m
    cover[steep & (cell_uniform(parcels.parcel, salt=12) < 0.8)] = Cover.PASTURE
    needles = smooth_noise(
        frame.generator("conifers"), frame.shape, coarsest_px=frame.to_px(900.0), slope=3.0
    )
    high = relief.height_m > 28.0
    cover[forest] = np.where(needles[forest] + 0.9 * high[forest] > 0.8, Cover.CONIFER, 0)
    lots = _chosen(cell_uniform(settlements.lot, salt=13), LOT_CATALOGUE)
    works = _chosen(cell_uniform(settlements.lot, salt=14), WORKS_CATALOGUE)
    built = np.where(settlements.industrial, works, lots)
    built[settlements.street] = Cover.ASPHALT
    cover[settlements.town] = built[settlements.town]
    return Covers(
        cover=cover,
        partner_share=_partner_share(frame, parcels, forest, settlements),
        gain=_gain(frame, parcels, forest, settlements),
        road=_roads(frame, parcels, settlements, forest | (relief.channel > 0.0)),
    )


def _chosen(uniform: Field, catalogue: tuple[tuple[float, Cover], ...]) -> npt.NDArray[np.uint8]:
    limits = np.array([limit for limit, _ in catalogue], dtype=np.float32)
    members = np.array([cover for _, cover in catalogue], dtype=np.uint8)
    return members[np.searchsorted(limits, uniform, side="right")]


def _forest(frame: Frame, relief: Relief, parcels: Parcels) -> Mask:
    """Return the woods: on hills by preference, along water in strips, often ending at fields."""
    generator = frame.generator("forest")
    leaning = smooth_noise(
        generator, frame.shape, coarsest_px=frame.to_px(1500.0), slope=3.3, factor=2
    )
    rough = fractal_noise(generator, frame.shape, coarsest_px=frame.to_px(90.0), slope=2.0)
    wish = leaning + 0.9 * smoothstep(relief.height_m, 6.0, 40.0)
    wish += 0.9 * (cell_uniform(parcels.parcel, salt=21) - 0.5) + 0.12 * rough
    along_water = np.exp(-relief.stream_distance_m / 35.0)
    bank_m = relief.river_distance_m * np.clip(-relief.channel, 0.0, 1.0)
    along_water += 0.55 * np.exp(-(((bank_m - 35.0) / 40.0) ** 2)) * (relief.channel < 0.0)
    hedge = (parcels.edge_m < 0.6 * frame.gsd_m) & (cell_uniform(parcels.district, salt=22) < 0.3)
    strip = along_water + 0.3 * rough > 0.85
    forest: Mask = (wish > 1.0) | strip | (hedge & (rough > 0.1))
    return forest


def _partner_share(frame: Frame, parcels: Parcels, forest: Mask, settlements: Settlements) -> Field:
    generator = frame.generator("mixture")
    patches = fractal_noise(generator, frame.shape, coarsest_px=frame.to_px(160.0), slope=2.6)
    share = 0.55 * cell_uniform(parcels.parcel, salt=31) ** 1.5 + 0.10 * patches
    share[forest] = 0.25 + 0.22 * patches[forest]
    town = settlements.town
    share[town] = 0.6 * cell_uniform(settlements.lot[town], salt=32)
    clipped: Field = np.clip(share, 0.0, 1.0).astype(np.float32)
    return clipped


def _gain(frame: Frame, parcels: Parcels, forest: Mask, settlements: Settlements) -> Field:
    generator = frame.generator("brightness")
    patches = smooth_noise(generator, frame.shape, coarsest_px=frame.to_px(260.0), slope=2.8)
    fine = fractal_noise(generator, frame.shape, coarsest_px=frame.to_px(40.0), slope=1.3)
    gain = 0.86 + 0.28 * cell_uniform(parcels.parcel, salt=41)
    rows = np.sin(parcels.across_m * np.float32(2.0 * np.pi / 37.0))
    gain += 0.045 * patches + 0.018 * fine + 0.012 * rows
    crowns = 0.95 + 0.05 * patches + 0.11 * fine
    gain[forest] = crowns[forest]
    town = settlements.town
    roofs = 0.72 + 0.42 * cell_uniform(settlements.lot[town], salt=42)
    gain[town] = roofs + 0.07 * fine[town]
    clipped: Field = np.clip(gain, 0.45, 1.6).astype(np.float32)
    return clipped


def _roads(frame: Frame, parcels: Parcels, settlements: Settlements, hidden: Mask) -> Field:
    """Return the share under roads and farm tracks; little of it under trees and in the river."""
    tracks = (parcels.edge_m < 0.35 * frame.gsd_m) & (cell_uniform(parcels.district, salt=51) > 0.5)
    share = np.maximum(settlements.road, 0.35 * tracks.astype(np.float32))
    share[hidden] *= 0.35
    cover: Field = share.astype(np.float32, copy=False)
    return cover

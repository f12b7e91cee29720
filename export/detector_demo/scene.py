"""Scenes of harbours, airfields and towns with every ship, plane and vehicle known.

Rendered, not observed: what is measured on them says how the runtime treats a detector, and nothing
of how well this one would find things in real images.
"""

import os
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import rasterio
from affine import Affine

from edgers.export.detector_demo.airfield import draw_airfield
from edgers.export.detector_demo.canvas import Canvas, Stance
from edgers.export.detector_demo.harbour import QUAY_M, draw_harbour, draw_sea
from edgers.export.detector_demo.palette import (
    BANDS,
    CLOUD,
    GRASS,
    MEADOW,
    SCALE,
    SEA,
    SHOAL,
    SOIL,
)
from edgers.export.detector_demo.stage import Stage
from edgers.export.detector_demo.town import draw_town
from edgers.export.flood_demo.frame import Field, Frame
from edgers.export.flood_demo.noise import fractal_noise, smooth_noise
from edgers.export.flood_demo.resampling import blurred, smoothstep
from edgers.kernels.boxes import Boxes

GSD_M = 0.3
"""Metres a pixel."""

CRS = "EPSG:32631"
ORIGIN_M = (592_000.0, 5_748_000.0)
"""Upper left corner, east and north, metres."""

BLUR_PX = 0.6
"""Standard deviation of the optics' blur."""

SORTS = ("harbour", "airfield", "town", "sea", "coast")
"""What a scene shows: one thing, or with `coast` all of them."""

SYNTHETIC_TAG = "rendered by edgers.export.detector_demo; not an observation"


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneSpec:
    """Which scene to draw."""

    width_px: int
    """Columns."""
    height_px: int
    """Rows."""
    seed: int
    """Seed: everything follows from it."""
    sort: str = "coast"
    """One of `SORTS`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectScene:
    """A scene and its truth."""

    counts: npt.NDArray[np.uint16]
    """Digital numbers, (band, height, width)."""
    boxes: Boxes
    """Objects, (object, 5), in pixels: as `kernels.boxes` has them, the bow or nose along the
    first side."""
    kinds: npt.NDArray[np.int32]
    """Class of each, a position in `stage.CLASS_NAMES`."""


def make_scene(spec: SceneSpec) -> ObjectScene:
    """Draw a scene; one spec gives the same scene every time. Raises ValueError on a bad sort."""
    if spec.sort not in SORTS:
        raise ValueError(f"sort is {spec.sort!r}, not one of {', '.join(SORTS)}")
    frame = Frame(
        height_px=spec.height_px, width_px=spec.width_px, gsd_m=GSD_M, seed=spec.seed
    )  # fmt: skip
    random = frame.generator("plan")
    stage, opacity = _ground(frame, spec.sort, random)
    _build(stage, spec.sort)
    draw_sea(stage)
    return ObjectScene(
        counts=_seen(frame, stage.canvas.image, opacity),
        boxes=np.array(stage.things, np.float32).reshape(-1, 5),
        kinds=np.array(stage.kinds, np.int32),
    )


def _build(stage: Stage, sort: str) -> None:
    random, reach, shore = stage.random, stage.reach_m, stage.shore_m
    blocked: list[tuple[float, float, float, float]] = []
    begin = max(shore, -reach)
    if sort in ("harbour", "coast"):
        draw_harbour(stage, -reach, reach)
        begin = shore + QUAY_M + 6
    if sort == "airfield":
        draw_airfield(stage, stage.world, 2 * reach, random.uniform(190, 240))
        blocked = [(-reach, -125, reach, 125)]
    elif sort == "coast":
        wide, deep = 1.1 * reach, 210.0
        u, v = random.uniform(-0.3, 0.3) * reach, begin + 70 + deep / 2
        draw_airfield(stage, stage.world.at(u, v), wide, deep)
        blocked = [(u - wide / 2, v - deep / 2, u + wide / 2, v + deep / 2)]
    if sort != "sea":
        draw_town(stage, begin, blocked)


def _ground(frame: Frame, sort: str, random: np.random.Generator) -> tuple[Stage, Field]:
    """Give the empty scene, water and land, and the opacity of its clouds."""
    height, width = frame.shape
    reach = float(np.hypot(height, width)) / 2 * frame.gsd_m
    world = Stance(
        x=width / 2, y=height / 2, px_per_m=1 / frame.gsd_m,
        angle=float(random.uniform(-np.pi, np.pi)),
    )  # fmt: skip
    shore = {
        "harbour": random.uniform(-0.1, 0.45) * reach, "coast": -0.25 * reach,
        "sea": 4 * reach,
    }.get(sort, -4 * reach)  # fmt: skip
    x = (np.arange(width, dtype=np.float32) + 0.5 - world.x) * frame.gsd_m
    y = (np.arange(height, dtype=np.float32)[:, None] + 0.5 - world.y) * frame.gsd_m
    inland = -x * np.float32(np.sin(world.angle)) + y * np.float32(np.cos(world.angle))
    inland -= np.float32(shore)
    clouds = smooth_noise(frame.generator("clouds"), frame.shape, coarsest_px=200, slope=4.2)
    share = max(float(random.uniform(-0.03, 0.03)), 0.0)
    edge = np.quantile(clouds[::4, ::4], 1 - share) if share else np.inf
    opacity = np.clip(2.5 * (clouds - np.float32(edge)), 0, 0.97).astype(np.float32)
    # South at noon: shadows fall to the north, which is up.
    sun = random.uniform(-0.9, 0.9)
    steep = random.uniform(0.5, 1.1)
    image = _covers(frame, inland, random)
    water = inland < 0
    stage = Stage(
        canvas=Canvas(image, (steep * np.sin(sun), -steep * np.cos(sun))), world=world,
        random=random, shore_m=float(shore), water=water, hidden=opacity > 0.12,
        taken=np.zeros(frame.shape, bool),
    )  # fmt: skip
    return stage, opacity


def _covers(frame: Frame, inland: Field, random: np.random.Generator) -> Field:
    """Give reflectances of water and open land, (band, height, width)."""
    patches = smooth_noise(frame.generator("patches"), frame.shape, coarsest_px=220, slope=3.2)
    fine = fractal_noise(frame.generator("grain"), frame.shape, coarsest_px=12, slope=1.6)
    swell = fractal_noise(
        frame.generator("swell"), frame.shape, coarsest_px=14, slope=2.4, stretch=0.35
    )
    meadow = smoothstep(patches, -0.8, 1.2)
    bare = smoothstep(patches + np.float32(0.3) * fine, 1.3, 2.0)
    shoal = np.clip(0.35 + 0.25 * patches, 0, 1)
    clarity = np.float32(random.uniform(0.2, 1.0))
    wet = smoothstep(-inland, -0.3, 0.3)
    image = np.empty((len(BANDS), *frame.shape), np.float32)
    for band in range(len(BANDS)):
        land = GRASS[band] + meadow * (MEADOW[band] - GRASS[band])
        land += bare * (SOIL[band] - land)
        land *= 1 + np.float32(0.10) * fine
        sea = SEA[band] + clarity * shoal * (SHOAL[band] - SEA[band])
        sea *= 1 + np.float32(0.11) * swell
        image[band] = land + wet * (sea - land)
    return image


def _seen(frame: Frame, image: Field, opacity: Field) -> npt.NDArray[np.uint16]:
    """Give what the sensor counts: grain of the ground, clouds, haze, blur and noise."""
    random = frame.generator("sensor")
    grain = fractal_noise(frame.generator("wear"), frame.shape, coarsest_px=60, slope=1.8)
    haze, gain = random.uniform(0.01, 0.035), random.uniform(0.8, 1.2)
    counts = np.empty(image.shape, np.uint16)
    for band, layer in enumerate(image):
        seen = layer * (1 + np.float32(0.05) * grain)
        seen += opacity * (CLOUD[band] - seen)
        seen = blurred(seen * np.float32(gain) + np.float32(haze), BLUR_PX)
        noise = random.standard_normal(frame.shape, dtype=np.float32)
        seen += np.float32(0.0035) * (1 + 2 * seen) * noise
        counts[band] = np.clip(np.rint(seen * SCALE), 1, 65535).astype(np.uint16)
    return counts


def write_scene(path: str | os.PathLike[str], spec: SceneSpec) -> ObjectScene:
    """Draw a scene, write it as a tiled GeoTIFF of four bands in UTM, and give it back."""
    scene = make_scene(spec)
    east, north = ORIGIN_M
    with rasterio.open(
        path, "w", driver="GTiff", width=spec.width_px, height=spec.height_px, count=len(BANDS),
        dtype="uint16", nodata=0, crs=CRS, transform=Affine(GSD_M, 0, east, 0, -GSD_M, north),
        tiled=True, blockxsize=256, blockysize=256, compress="deflate", predictor=2,
    ) as out:  # fmt: skip
        out.write(scene.counts)
        out.update_tags(SYNTHETIC=SYNTHETIC_TAG, SEED=str(spec.seed))
        out.descriptions = tuple(name for name, _, _ in BANDS)
    return scene

"""Training scenes drawn from ranges of seeds, and augmented patches cut from them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.export.flood_demo.bands import NODATA_DN, scaled
from edgers.export.flood_demo.scene import NODATA, FloodScene, FloodSceneSpec, make_flood_scene

TRAINING_SEEDS = range(1000, 1096)
"""Seeds of the scenes that the network learns from and the scaling was measured on."""

HELD_OUT_SEEDS = range(9000, 9016)
"""Seeds of the scenes that it is judged on."""

SIDE_PX = 512
"""Side of a training or held-out scene, pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Patches for one training step."""

    values: npt.NDArray[np.float32]
    """Scaled bands, [patch, band, height, width]; nodata is 0."""
    labels: npt.NDArray[np.int64]
    """Class of each pixel or NODATA, [patch, height, width]."""


def spec_of_seed(seed: int, side_px: int = SIDE_PX) -> FloodSceneSpec:
    """Return the scene that a seed stands for: stage, clouds and orbit edge vary with it."""
    generator = np.random.default_rng([seed, 77])
    edge = generator.uniform(0.02, 0.3) if generator.random() < 0.4 else 0.0
    return FloodSceneSpec(
        width_px=side_px,
        height_px=side_px,
        seed=seed,
        flood_stage_m=float(generator.uniform(0.2, 4.0)),
        cloud_share=float(0.4 * generator.random() ** 1.5),
        nodata_share=float(edge),
        noise_std=float(generator.uniform(0.0008, 0.002)),
    )


def draw_scenes(seeds: Sequence[int]) -> list[FloodScene]:
    """Return the scenes of the seeds, in order."""
    return [make_flood_scene(spec_of_seed(seed)) for seed in seeds]


def band_statistics(scenes: Sequence[FloodScene]) -> list[tuple[float, float]]:
    """Return mean and standard deviation of the valid digital numbers, one pair a band."""
    valid = [scene.truth != NODATA for scene in scenes]
    pairs = []
    for band in range(len(scenes[0].counts)):
        counts = np.concatenate(
            [scene.counts[band][seen] for scene, seen in zip(scenes, valid, strict=True)]
        )
        pairs.append((float(counts.mean(dtype=np.float64)), float(counts.std(dtype=np.float64))))
    return pairs


def draw_batch(
    generator: np.random.Generator,
    scenes: Sequence[FloodScene],
    patches: int,
    side_px: int,
) -> Batch:
    """Return random patches: cropped, turned, mirrored, brightened, some cut by nodata."""
    values = np.empty((patches, *_patch_shape(scenes[0], side_px)), dtype=np.float32)
    labels = np.empty((patches, side_px, side_px), dtype=np.int64)
    for number in range(patches):
        scene = scenes[int(generator.integers(len(scenes)))]
        top = int(generator.integers(scene.truth.shape[0] - side_px + 1))
        left = int(generator.integers(scene.truth.shape[1] - side_px + 1))
        rows, columns = slice(top, top + side_px), slice(left, left + side_px)
        counts = scene.counts[:, rows, columns].copy()
        truth = scene.truth[rows, columns].copy()
        if generator.random() < 0.25:
            unseen = _wedge(generator, side_px)
            counts[:, unseen], truth[unseen] = NODATA_DN, NODATA
        patch = _brightened(generator, counts)
        turns, mirrored = int(generator.integers(4)), bool(generator.integers(2))
        values[number] = _turned(patch, turns, mirrored)
        labels[number] = _turned(truth, turns, mirrored)
    return Batch(values=values, labels=labels)


def _patch_shape(scene: FloodScene, side_px: int) -> tuple[int, int, int]:
    if side_px > min(scene.truth.shape):
        raise ValueError(f"patches of {side_px} pixels do not fit in {scene.truth.shape}")
    return (scene.counts.shape[0], side_px, side_px)


def _wedge(generator: np.random.Generator, side_px: int) -> npt.NDArray[np.bool_]:
    """Return the pixels beyond a random straight line, [side, side]."""
    angle = generator.uniform(0.0, 2.0 * math.pi)
    place = np.arange(side_px) - 0.5 * side_px
    across = place * math.cos(angle) + place[:, None] * math.sin(angle)
    return np.asarray(across > generator.uniform(-0.1, 0.45) * side_px)


def _brightened(
    generator: np.random.Generator, counts: npt.NDArray[np.uint16]
) -> npt.NDArray[np.float32]:
    """Return scaled counts with a random gain for all bands and a little for each."""
    gain = generator.normal(1.0, 0.04) * generator.normal(1.0, 0.015, (len(counts), 1, 1))
    bright = np.clip(np.rint(counts * gain), 1, 65535).astype(np.uint16)
    bright[counts == NODATA_DN] = NODATA_DN
    return scaled(bright)


def _turned(layer: npt.NDArray[np.generic], turns: int, mirrored: bool) -> npt.NDArray[np.generic]:
    turned = np.rot90(layer, turns, axes=(-2, -1))
    return turned[..., ::-1] if mirrored else turned

"""The training loop: class-balanced cross entropy, AdamW, warm-up and cosine decay."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from edgers.export.flood_demo.network import FloodUNet
from edgers.export.flood_demo.plan import CLASSES
from edgers.export.flood_demo.samples import draw_batch
from edgers.export.flood_demo.scene import NODATA, FloodScene


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long and how fast to learn."""

    steps: int = 1600
    """Optimiser steps."""
    minutes: float = 20.0
    """Wall time after which training ends early; the learning rate decays in time for it."""
    patches: int = 8
    """Patches a step."""
    side_px: int = 192
    """Side of a patch, pixels, a multiple of `plan.SIZE_MULTIPLE_PX`."""
    peak_rate: float = 4e-3
    """Highest learning rate."""
    warm_up_steps: int = 60
    """Steps over which the rate rises to its peak."""
    weight_decay: float = 1e-4
    """Decay of AdamW."""


def fit(
    network: FloodUNet, scenes: Sequence[FloodScene], schedule: Schedule, seed: int
) -> list[float]:
    """Train the network in place and return the loss of every step taken.

    Reproducible for one seed, torch build and thread count, unless `minutes` cuts it short.
    """
    generator = np.random.default_rng([seed, 1])
    network.train()
    network.to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=schedule.peak_rate, weight_decay=schedule.weight_decay
    )
    weights = _class_weights(scenes)
    losses: list[float] = []
    start = time.monotonic()
    for step in range(schedule.steps):
        spent = (time.monotonic() - start) / (60.0 * schedule.minutes)
        if spent >= 1.0:
            break
        for group in optimiser.param_groups:
            group["lr"] = _rate(schedule, step, max(step / schedule.steps, spent))
        batch = draw_batch(generator, scenes, schedule.patches, schedule.side_px)
        values = torch.from_numpy(batch.values).contiguous(memory_format=torch.channels_last)
        logits = network(values)
        loss = functional.cross_entropy(
            logits, torch.from_numpy(batch.labels), weight=weights, ignore_index=NODATA
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    return losses


def _rate(schedule: Schedule, step: int, progress: float) -> float:
    warm = min(1.0, (step + 1) / schedule.warm_up_steps)
    return schedule.peak_rate * warm * 0.5 * (1.0 + math.cos(math.pi * min(progress, 1.0)))


def _class_weights(scenes: Sequence[FloodScene]) -> torch.Tensor:
    """Return one weight a class, mean 1: inverse square root of its share of the pixels.

    The full inverse would trade land's precision for water that is not there.
    """
    counts = np.zeros(CLASSES, dtype=np.int64)
    for scene in scenes:
        counts += np.bincount(scene.truth[scene.truth != NODATA], minlength=CLASSES)
    weights = 1.0 / np.sqrt(np.maximum(counts / max(int(counts.sum()), 1), 1e-3))
    return torch.tensor(weights / weights.mean(), dtype=torch.float32)

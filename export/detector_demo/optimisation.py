"""The training loop: focal loss for scores, absolute errors for boxes, AdamW, cosine decay."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from edgers.export.detector_demo.network import Detector
from edgers.export.detector_demo.samples import Batch, draw_batch
from edgers.export.detector_demo.scene import ObjectScene

PARTS = (1.0, 1.0, 1.5, 1.5, 0.7, 0.7)
"""Weight of each number of a box in the loss: place, logarithm of the size, direction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long and how fast to learn."""

    steps: int = 1800
    """Optimiser steps."""
    minutes: float = 30.0
    """Wall time after which training ends early; the learning rate decays in time for it."""
    patches: int = 8
    """Patches a step."""
    side_px: int = 256
    """Side of a patch, pixels, a multiple of `plan.SIZE_MULTIPLE_PX`."""
    peak_rate: float = 3e-3
    """Highest learning rate."""
    warm_up_steps: int = 60
    """Steps over which the rate rises to its peak."""
    weight_decay: float = 1e-4
    """Decay of AdamW."""


def fit(
    network: Detector, scenes: Sequence[ObjectScene], schedule: Schedule, seed: int,
    watch: Callable[[int, float], None] | None = None,
) -> list[float]:  # fmt: skip
    """Train the network in place and give the loss of every step taken; `watch` is told each.

    Reproducible for one seed, torch build and thread count, unless `minutes` cuts it short.
    """
    random = np.random.default_rng([seed, 1])
    network.train()
    network.to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=schedule.peak_rate, weight_decay=schedule.weight_decay
    )
    losses: list[float] = []
    start = time.monotonic()
    for step in range(schedule.steps):
        spent = (time.monotonic() - start) / (60.0 * schedule.minutes)
        if spent >= 1.0:
            break
        for group in optimiser.param_groups:
            group["lr"] = _rate(schedule, step, max(step / schedule.steps, spent))
        batch = draw_batch(random, scenes, schedule.patches, schedule.side_px)
        values = torch.from_numpy(batch.values).contiguous(memory_format=torch.channels_last)
        scores, boxes = network(values)
        loss = loss_of(scores, boxes, batch)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 10.0)
        optimiser.step()
        losses.append(float(loss.detach()))
        if watch is not None:
            watch(step, losses[-1])
    return losses


def loss_of(scores: torch.Tensor, boxes: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Give the loss of what the network says of a batch.

    Scores: focal loss around bells, as in CenterNet (Zhou and others, 2019); the middle of an
    object counts whole, cells beside it count the less against it the higher the bell. Boxes: mean
    absolute error over the cells that speak for an object.
    """
    bells = torch.from_numpy(batch.bells)
    seen = torch.from_numpy(~batch.ignored)[:, None]
    is_middle = bells >= 1.0
    share = torch.sigmoid(scores)
    found = functional.logsigmoid(scores) * (1 - share) ** 2
    empty = functional.logsigmoid(-scores) * share**2 * (1 - bells) ** 4
    focal = -torch.where(is_middle, found, empty * seen).sum() / is_middle.sum().clamp(min=1)
    weights = torch.from_numpy(batch.weights)
    parts = torch.tensor(PARTS)[None, :, None, None]
    error = (boxes - torch.from_numpy(batch.boxes)).abs() * parts * weights[:, None]
    return focal + error.sum() / weights.sum().clamp(min=1.0)


def _rate(schedule: Schedule, step: int, progress: float) -> float:
    warm = min(1.0, (step + 1) / schedule.warm_up_steps)
    return schedule.peak_rate * warm * 0.5 * (1.0 + math.cos(math.pi * min(progress, 1.0)))

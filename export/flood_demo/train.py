"""Train the flood network: `python -m edgers.export.flood_demo.train --out DIR`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch

from edgers.export.flood_demo import plan
from edgers.export.flood_demo.agreement import class_iou, confusion
from edgers.export.flood_demo.bands import BANDS, scaled
from edgers.export.flood_demo.mndwi import Thresholds, mndwi_classes, tuned_thresholds
from edgers.export.flood_demo.network import FloodUNet, folded_weights
from edgers.export.flood_demo.onnx_graph import onnx_bytes
from edgers.export.flood_demo.optimisation import Schedule, fit
from edgers.export.flood_demo.samples import (
    HELD_OUT_SEEDS,
    SIDE_PX,
    TRAINING_SEEDS,
    band_statistics,
    draw_scenes,
)
from edgers.export.flood_demo.scene import FloodScene

THREADS = 2
"""Threads that torch may use; part of what makes a run repeatable."""

TOLERANCE = 1e-4
"""Largest difference of a logit between torch and ONNX Runtime."""

TUNING_STRIDE = 6
"""Every 6th training scene serves to tune the baseline's thresholds: they are only two."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, judge, export; write flood_unet.onnx and training.json into --out."""
    parser = argparse.ArgumentParser(prog="edgers.export.flood_demo.train", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights and patches")
    parser.add_argument("--steps", type=int, default=Schedule().steps, help="optimiser steps")
    parser.add_argument(
        "--minutes", type=float, default=Schedule().minutes, help="longest training time"
    )
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    schedule = Schedule(steps=options.steps, minutes=options.minutes)
    network, record = train(schedule, options.seed)
    model = onnx_bytes(folded_weights(network))
    record["largest_onnx_difference"] = checked_difference(network, model)
    record["onnx_bytes"] = len(model)
    (options.out / "flood_unet.onnx").write_bytes(model)
    text = json.dumps(record, indent=2) + "\n"
    (options.out / "training.json").write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return 0


def train(schedule: Schedule, seed: int) -> tuple[FloodUNet, dict[str, object]]:
    """Return a trained network in eval mode and the record of how it was made and does."""
    torch.set_num_threads(THREADS)
    torch.manual_seed(seed)
    scenes = draw_scenes(TRAINING_SEEDS)
    tuned = tuned_thresholds(scenes[::TUNING_STRIDE])
    network = FloodUNet()
    start = time.monotonic()
    losses = fit(network, scenes, schedule, seed)
    minutes = (time.monotonic() - start) / 60.0
    network.eval()
    record: dict[str, object] = {
        "data": "synthetic only; the numbers say nothing about real floods",
        "held_out_iou": judgements(network, draw_scenes(HELD_OUT_SEEDS), tuned),
        "mndwi_tuned": {"water_above": tuned.water_above, "cloud_above_dn": tuned.cloud_above_dn},
        "training_seeds": [TRAINING_SEEDS.start, TRAINING_SEEDS.stop - 1],
        "held_out_seeds": [HELD_OUT_SEEDS.start, HELD_OUT_SEEDS.stop - 1],
        "scene_side_px": SIDE_PX,
        "parameters": plan.parameter_count(),
        "macs_per_px": plan.macs_per_px(),
        "band_statistics": {
            band.name: [round(value, 1) for value in pair]
            for band, pair in zip(BANDS, band_statistics(scenes), strict=True)
        },
        "seed": seed,
        "steps": len(losses),
        "last_loss": round(float(np.mean(losses[-50:])), 4),
        "minutes": round(minutes, 1),
        "threads": THREADS,
        "torch": torch.__version__,
    }
    return network, record


def judgements(
    network: FloodUNet, scenes: Sequence[FloodScene], tuned: Thresholds
) -> dict[str, dict[str, float]]:
    """Return the IoU by class over all scenes together: network, tuned and textbook MNDWI."""
    judged = {
        "network": [predicted(network, scene) for scene in scenes],
        "mndwi_tuned": [mndwi_classes(scene.counts, tuned) for scene in scenes],
        "mndwi_textbook": [mndwi_classes(scene.counts, Thresholds()) for scene in scenes],
    }
    result = {}
    for name, maps in judged.items():
        pairs = zip(scenes, maps, strict=True)
        total = np.sum([confusion(scene.truth, classes) for scene, classes in pairs], axis=0)
        result[name] = {key: round(iou, 4) for key, iou in class_iou(total).items()}
    return result


def predicted(network: FloodUNet, scene: FloodScene) -> npt.NDArray[np.uint8]:
    """Return the class that the network gives each pixel of a scene, [height, width]."""
    with torch.no_grad():
        logits = network(torch.from_numpy(scaled(scene.counts)[None]))
    classes: npt.NDArray[np.uint8] = logits[0].argmax(dim=0).numpy().astype(np.uint8)
    return classes


def checked_difference(network: FloodUNet, model: bytes) -> float:
    """Return the largest logit difference of ONNX Runtime to torch on a held-out scene.

    Raises ValueError if it is above TOLERANCE.
    """
    values = scaled(draw_scenes(HELD_OUT_SEEDS[:1])[0].counts)[None]
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (from_onnx,) = session.run(["logits"], {"x": values})
    with torch.no_grad():
        from_torch = network(torch.from_numpy(values)).numpy()
    difference = float(np.abs(from_onnx - from_torch).max())
    if difference > TOLERANCE:
        raise ValueError(f"ONNX Runtime is {difference:.2e} off torch, above {TOLERANCE:.0e}")
    return difference


if __name__ == "__main__":
    raise SystemExit(main())

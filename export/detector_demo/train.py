"""Train the detector: `python -m edgers.export.detector_demo.train --out DIR`."""

import argparse
import json
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch

from edgers.export.detector_demo import plan
from edgers.export.detector_demo.agreement import Infer, ap50
from edgers.export.detector_demo.network import Detector, folded_weights
from edgers.export.detector_demo.onnx_graph import onnx_bytes
from edgers.export.detector_demo.optimisation import Schedule, fit
from edgers.export.detector_demo.palette import BANDS, scaled
from edgers.export.detector_demo.samples import (
    HELD_OUT_SEEDS,
    SIDE_PX,
    TRAINING_SEEDS,
    draw_scenes,
)
from edgers.export.detector_demo.scene import ObjectScene
from edgers.export.detector_demo.stage import CLASS_NAMES

THREADS = 1
"""Threads that torch may use; part of what makes a run repeatable. Several wait for each other
where the processors have other work."""

TOLERANCE = 1e-4
"""Largest difference of an output between torch and ONNX Runtime."""

REPORT_STEPS = 100
"""A line is printed, and the weights kept, every so many steps."""

Arrays = Mapping[str, npt.NDArray[np.float32]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, judge, export; write detector.onnx and training.json into --out."""
    parser = argparse.ArgumentParser(prog="edgers.export.detector_demo.train", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights and patches")
    parser.add_argument("--steps", type=int, default=Schedule().steps, help="optimiser steps")
    parser.add_argument(
        "--minutes", type=float, default=Schedule().minutes, help="longest training time"
    )
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    schedule = Schedule(steps=options.steps, minutes=options.minutes)
    network, record = train(schedule, options.seed, options.out)
    model = onnx_bytes(folded_weights(network))
    scenes = draw_scenes(HELD_OUT_SEEDS)
    record["held_out_ap50"] = {k: round(v, 4) for k, v in ap50(inferring(model), scenes).items()}
    record["largest_onnx_difference"] = checked_difference(network, model, scenes[0])
    record["onnx_bytes"] = len(model)
    (options.out / "detector.onnx").write_bytes(model)
    text = json.dumps(record, indent=2) + "\n"
    (options.out / "training.json").write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return 0


def train(schedule: Schedule, seed: int, out: Path) -> tuple[Detector, dict[str, object]]:
    """Give a trained network in eval mode and the record of how it was made.

    The weights so far are kept in `out` as `checkpoint.pt`.
    """
    torch.set_num_threads(THREADS)
    torch.manual_seed(seed)
    scenes = draw_scenes(TRAINING_SEEDS)
    network = Detector()
    start = time.monotonic()

    def watch(step: int, loss: float) -> None:
        if (step + 1) % REPORT_STEPS == 0:
            minutes = (time.monotonic() - start) / 60
            print(f"step {step + 1}, loss {loss:.3f}, {minutes:.1f} min", file=sys.stderr)
            torch.save(network.state_dict(), out / "checkpoint.pt")

    losses = fit(network, scenes, schedule, seed, watch)
    minutes = (time.monotonic() - start) / 60.0
    network.eval()
    counts = np.bincount(np.concatenate([one.kinds for one in scenes]), minlength=len(CLASS_NAMES))
    record: dict[str, object] = {
        "data": "rendered only; the numbers say nothing about real images",
        "training_seeds": [TRAINING_SEEDS.start, TRAINING_SEEDS.stop - 1],
        "training_objects": {
            name: int(count) for name, count in zip(CLASS_NAMES, counts, strict=True)
        },
        "held_out_seeds": [HELD_OUT_SEEDS.start, HELD_OUT_SEEDS.stop - 1],
        "scene_side_px": SIDE_PX,
        "parameters": plan.parameter_count(),
        "macs_per_px": plan.macs_per_px(),
        "band_statistics": _statistics(scenes),
        "seed": seed,
        "steps": len(losses),
        "first_loss": round(float(np.mean(losses[:10])), 4),
        "last_loss": round(float(np.mean(losses[-50:])), 4),
        "minutes": round(minutes, 1),
        "threads": THREADS,
        "machine": f"{platform.machine()}, {platform.system()}, CPU only",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }
    return network, record


def _statistics(scenes: Sequence[ObjectScene]) -> dict[str, list[float]]:
    """Give mean and standard deviation of each band."""
    found = {}
    for band, (name, _, _) in enumerate(BANDS):
        counts = np.stack([scene.counts[band] for scene in scenes]).astype(np.float32)
        found[name] = [
            round(float(counts.mean(dtype=np.float64)), 1),
            round(float(counts.std()), 1),
        ]
    return found


def inferring(model: bytes) -> Infer:
    """Give a function that runs the ONNX file."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [name for name, _ in plan.HEADS]

    def infer(values: npt.NDArray[np.float32]) -> Arrays:
        return dict(zip(names, session.run(names, {"x": values}), strict=True))

    return infer


def checked_difference(network: Detector, model: bytes, scene: ObjectScene) -> float:
    """Give the largest difference of ONNX Runtime to torch on a scene.

    Raises ValueError if it is above TOLERANCE.
    """
    values = scaled(scene.counts)[None]
    from_onnx = inferring(model)(values)
    with torch.no_grad():
        from_torch = network(torch.from_numpy(values))
    difference = max(
        float(np.abs(from_onnx[name] - one.numpy()).max())
        for (name, _), one in zip(plan.HEADS, from_torch, strict=True)
    )
    if difference > TOLERANCE:
        raise ValueError(f"ONNX Runtime is {difference:.2e} off torch, above {TOLERANCE:.0e}")
    return difference


if __name__ == "__main__":
    raise SystemExit(main())

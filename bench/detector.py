"""The detector that is trained here, in FP32 and INT8, on scenes it has never seen.

    python -m edgers.bench.detector [--scenes 2] [--rounds 5] [--json FILE] [--keep FOLDER]

Scenes of harbour, airfield and town are rendered (`export/detector_demo`): some to calibrate on,
some for the gate, and larger ones of 3000 × 2000 px to be judged on here. Both bundles go through
`edgers run`, in tiles; the GeoJSON is read by GDAL, put back on pixels by the scene's CRS, and held
against the truth. Then both engines do the same tile in turn.

Rendered, not observed: this says what the runtime and INT8 do to a detector, and nothing of how
well this one would find things in real images.
"""

import argparse
import json
import platform
import statistics
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from edgers.bench.int8 import in_turn
from edgers.bench.placed_objects import Placing, objects_from_file, placing, same_share
from edgers.bundle import open_bundle
from edgers.calibration.metrics.detection import DetectionMetric, ScoredBoxes
from edgers.calibration.verdict_document import verdict_from_document
from edgers.export.accuracy import AccuracyDemand
from edgers.export.compile import compile_bundle
from edgers.export.detector_demo.agreement import by_class, truth_of
from edgers.export.detector_demo.contract import detector_contract
from edgers.export.detector_demo.scene import ObjectScene, SceneSpec, write_scene
from edgers.export.detector_demo.stage import CLASS_NAMES
from edgers.export.detector_demo.truth import write_truth
from edgers.export.stopwatch import tile_of_noise
from edgers.pipeline.model import Model, load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.run import run_scene

CALIBRATION_SEEDS = range(6000, 6003)
GATE_SEEDS = range(7000, 7003)
JUDGED_SEEDS = range(9000, 9100)
"""None of them is among those of `detector_demo.samples`."""

SIDE_PX = 1024
"""Side of the scenes to calibrate on and for the gate."""
JUDGED_PX = (3000, 2000)
"""Width and height of the scenes to be judged on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a bundle found in the scenes."""

    ap50: dict[str, float]
    """Average precision at an overlap of 0.50, by class, and their mean."""
    found: int
    """Objects that came out, sure or not."""
    tiles: int
    """Tiles of all scenes."""
    placing: Placing
    """Where those lie that are right."""


def small_scenes(folder: Path, seeds: Sequence[int], word: str) -> tuple[list[Path], list[Path]]:
    """Render small scenes that show everything; gives their files, and those of the truth."""
    scenes, truths = [], []
    for seed in seeds:
        scenes.append(folder / f"{word}{seed}_image.tif")
        truths.append(folder / f"{word}{seed}_truth.geojson")
        spec = SceneSpec(width_px=SIDE_PX, height_px=SIDE_PX, seed=seed)
        write_truth(truths[-1], write_scene(scenes[-1], spec))
    return scenes, truths


def compiled(folder: Path, precision: str) -> Path:
    """Compile the shipped network; INT8 passes the gate, or is refused."""
    graph, contract = folder / "detector.onnx", folder / "detector.json"
    graph.write_bytes((files("edgers.export.detector_demo") / "detector.onnx").read_bytes())
    contract.write_text(json.dumps(detector_contract()))
    out, demand = folder / f"{precision}.edgers", None
    if precision != "fp32":
        calibrate, _ = small_scenes(folder, CALIBRATION_SEEDS, "calibrate")
        judge, labels = small_scenes(folder, GATE_SEEDS, "judge")
        demand = AccuracyDemand(
            calibrate=tuple(calibrate), judge=tuple(judge), labels=tuple(labels)
        )  # fmt: skip
    compile_bundle(
        graph, contract, out, engine="onnxruntime", precisions=(precision,), demand=demand
    )  # fmt: skip
    return out


def judged(
    model: Model,
    scenes: Sequence[tuple[Path, ObjectScene]],
    folder: Path,
    tile_px: int | None = None,
) -> tuple[Outcome, list[ScoredBoxes]]:
    """Run a bundle over scenes; gives how that went, and the objects of each scene."""
    metric, every, tiles = DetectionMetric(CLASS_NAMES), [], 0
    for path, scene in scenes:
        report = run_scene(model, path, folder, RunOptions(tile_px=tile_px))
        tiles += report.tiles
        every.append(objects_from_file(report.products[0], path, CLASS_NAMES))
        metric.add(truth_of(scene), every[-1])
    right = [placing(scene.boxes, one.boxes) for (_, scene), one in zip(scenes, every, strict=True)]
    outcome = Outcome(
        ap50=by_class(metric), found=sum(len(one.boxes) for one in every), tiles=tiles,
        placing=max(right, key=lambda one: one.most_px),
    )  # fmt: skip
    return outcome, every


def speeds(models: dict[str, Model], rounds: int) -> dict[str, list[float]]:
    """Time the engines on the same tiles of noise, in turn; gives tiles a second, by round."""
    bundle = models["fp32"].bundle
    tile = tile_of_noise(bundle.contract, bundle.halo)
    count = 2 * RunOptions().workers

    def lap(model: Model, pool: ThreadPoolExecutor) -> Callable[[], object]:
        return lambda: list(pool.map(lambda _: model.engine.infer(tile) and None, range(count)))

    with ThreadPoolExecutor(RunOptions().workers) as pool:
        ways = {name: lap(model, pool) for name, model in models.items()}
        took = in_turn(ways, rounds)
    return {name: [count / one for one in times] for name, times in took.items()}


def measure(folder: Path, count: int, rounds: int) -> dict[str, Any]:
    """Render, compile, run, judge and time."""
    scenes = []
    for seed in JUDGED_SEEDS[:count]:
        path = folder / f"scene{seed}.tif"
        width, height = JUDGED_PX
        scenes.append(
            (path, write_scene(path, SceneSpec(width_px=width, height_px=height, seed=seed)))
        )  # fmt: skip
    kinds = np.bincount(np.concatenate([scene.kinds for _, scene in scenes]))
    bundles = {name: compiled(folder, name) for name in ("fp32", "int8")}
    result: dict[str, Any] = {
        "objects": dict(zip(CLASS_NAMES, kinds.tolist(), strict=True)),
        "bundle_mb": {name: path.stat().st_size / 1e6 for name, path in bundles.items()},
    }
    with ExitStack() as stack:
        models = {
            name: stack.enter_context(load_model(open_bundle(path)))
            for name, path in bundles.items()
        }
        for name, model in models.items():
            outcome, found = judged(model, scenes, folder / name)
            graph = model.bundle.entries[model.choice.graph]
            result[name] = {**asdict(outcome), "graph_mb": len(graph) / 1e6}
            if name == "fp32":
                whole, untiled = judged(model, scenes, folder / "whole", max(JUDGED_PX) + 400)
                result["untiled"] = {
                    "ap50": whole.ap50, "found": whole.found, "tiles": whole.tiles,
                    "same": float(np.mean(list(map(same_share, found, untiled)))),
                }  # fmt: skip
            else:
                certificate: Any = model.bundle.measured["certificate"]
                verdict = verdict_from_document(certificate["verdict"])
                result["gate"] = {"fp32": verdict.fp32, "int8": verdict.candidate}
        tiles_s = speeds(models, rounds)
    ratios = [b / a for a, b in zip(tiles_s["fp32"], tiles_s["int8"], strict=True)]
    result["tiles_s"] = {name: statistics.median(one) for name, one in tiles_s.items()}
    result["int8_times_fp32"] = [statistics.median(ratios), min(ratios), max(ratios)]
    return result


def lines_of(result: dict[str, Any]) -> list[str]:
    """Say what was measured."""
    columns = [*CLASS_NAMES, "mean"]
    lines = [
        "objects   " + " · ".join(f"{count} {name}" for name, count in result["objects"].items()),
        "AP50      " + " ".join(f"{name:>8}" for name in columns) + "    found  tiles",
    ]
    for name in ("fp32", "untiled", "int8"):
        one = result[name]
        row = " ".join(f"{one['ap50'][column]:8.4f}" for column in columns)
        lines.append(f"{name:<10}{row} {one['found']:8} {one['tiles']:6}")
    lines.append(f"tiled     {result['untiled']['same']:.2%} of the boxes are untiled's (IoU 0.99)")
    for name in ("fp32", "int8"):
        one = result[name]["placing"]
        right, down = one["shift_px"]
        lines.append(
            f"place     {name}: {one['pairs']} middles, median {one['median_px']:.2f} px off, 95 % "
            f"below {one['most_px']:.2f} px; shift {right:+.3f}, {down:+.3f} px"
        )
    gate, (ratio, least, most) = result["gate"], result["int8_times_fp32"]
    lines.append(f"gate      {gate['fp32']:.4f} → {gate['int8']:.4f}")
    for name in ("fp32", "int8"):
        lines.append(
            f"size      {name}: graph {result[name]['graph_mb']:.2f} MB, "
            f"bundle {result['bundle_mb'][name]:.2f} MB"
        )
    speed = " → ".join(f"{result['tiles_s'][name]:.2f}" for name in ("fp32", "int8"))
    lines.append(f"tiles/s   {speed}, × {ratio:.2f} ({least:.2f} to {most:.2f})")
    return lines


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=2, help="scenes to be judged on")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of timing")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--keep", type=Path, help="folder to keep scenes and products in")
    chosen = parser.parse_args()
    machine = {
        "machine": f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}",
        "runtime": f"onnxruntime {ort.__version__}, numpy {np.__version__}",
    }
    print(*(f"{key:<10}{value}" for key, value in machine.items()), sep="\n", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = chosen.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        result = measure(folder, chosen.scenes, chosen.rounds)
    print(*lines_of(result), sep="\n")
    if chosen.json:
        chosen.json.write_text(json.dumps({**machine, **result}, indent=2) + "\n")


if __name__ == "__main__":
    main()

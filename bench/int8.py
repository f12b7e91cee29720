"""What INT8 costs and gains: accuracy on scenes, size, speed of the engine, and of a whole run.

    python -m edgers.bench.int8 [--size 4096] [--rounds 3] [--json FILE]

The demo's U-Net is calibrated on generated scenes and judged on others, against their truth; where
the folder of real data is there, ml4floods' simplecnn is calibrated on one half of a Sentinel-2
chip and judged on the other, against its labels. Each is compiled with `--precision int8`, so what
ships is the fastest engine that passes the gate. Then, in one process and in turn:

- engine: the same tiles through what ships, as a run works them, and through a plain session of
  ONNX Runtime in FP32;
- whole run: `edgers run` with the bundle, and the loop of rasterio, numpy and ONNX Runtime in FP32
  that one writes by hand, over a scene (or a mosaic of the chip) of `--size` px.

Ratios are medians over rounds, taken round by round.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import rasterio
from affine import Affine
from rasterio.windows import Window

from edgers.bench.plain_loop import aligned_halo_px, plain_loop, seconds
from edgers.calibration.labels import scheme_from_words
from edgers.calibration.verdict_document import verdict_from_document
from edgers.contract import contract_from_file
from edgers.export.accuracy import AccuracyDemand
from edgers.export.compile import compile_bundle
from edgers.export.flood_demo.bands import BANDS
from edgers.export.flood_demo.contract import flood_contract
from edgers.export.flood_demo.scene import FloodSceneSpec, write_flood_scene
from edgers.export.stopwatch import tile_of_noise
from edgers.pipeline.model import Model, load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.run import run_scene

REAL = Path(os.environ.get("EDGERS_REAL_DATA", "../shared/data"))
CHIP = "Spain_7370579"
TILES = 4
"""Tiles a thread does in one lap of the engines."""

SIMPLECNN_BANDS = {
    "B1": (3787.0604973, 2634.44474043), "B2": (3758.07467509, 2794.09579088),
    "B3": (3238.08247208, 2549.4940614), "B4": (3418.90147615, 2811.78109878),
    "B5": (3450.23315812, 2776.93269704), "B6": (4030.94700446, 2632.13814197),
    "B7": (4164.17468251, 2657.43035126), "B8": (3981.96268494, 2500.47885249),
    "B8A": (4226.74862547, 2589.29159887), "B9": (1868.29658114, 1820.90184704),
    "B10": (399.3878948, 761.3640411), "B11": (2391.66101119, 1500.02533014),
    "B12": (1790.32497137, 1241.9817628),
}  # fmt: skip
"""Mean and standard deviation of each Sentinel-2 L1C band in DN, as ml4floods was trained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A network with scenes to calibrate on, to judge on, and to run."""

    name: str
    """Name for the table."""
    graph: Path
    """ONNX file."""
    contract: Path
    """Its contract."""
    demand: AccuracyDemand
    """What to calibrate and judge on."""
    scene: Path
    """Large scene for the whole run."""
    mean: tuple[float, ...]
    """Mean of each band, as the contract has it."""
    stddev: tuple[float, ...]
    """Standard deviation of each band."""


def subjects(folder: Path, size_px: int) -> Iterator[Subject]:
    """Give the demo's U-Net, and simplecnn where the real data is."""
    yield _demo(folder, size_px)
    if (REAL / "models" / "ml4floods_simplecnn.onnx").exists():
        yield _simplecnn(folder, size_px)


def _demo(folder: Path, size_px: int) -> Subject:
    graph, contract = folder / "flood.onnx", folder / "flood.json"
    graph.write_bytes((files("edgers.export.flood_demo") / "flood_unet.onnx").read_bytes())
    contract.write_text(json.dumps(flood_contract()))
    scenes, labels = [], []
    for seed in range(101, 107):
        scene, truth = folder / f"scene{seed}_image.tif", folder / f"scene{seed}_truth.tif"
        write_flood_scene(scene, truth, FloodSceneSpec(width_px=512, height_px=512, seed=seed))
        scenes.append(scene)
        labels.append(truth)
    large = folder / "large.tif"
    write_flood_scene(
        large, folder / "t.tif", FloodSceneSpec(width_px=size_px, height_px=size_px, seed=107)
    )
    return Subject(
        name="demo U-Net", graph=graph, contract=contract, scene=large,
        demand=AccuracyDemand(
            calibrate=tuple(scenes[:3]), judge=tuple(scenes[3:]), labels=tuple(labels[3:])
        ),
        mean=tuple(band.mean for band in BANDS), stddev=tuple(band.stddev for band in BANDS),
    )  # fmt: skip


def _simplecnn(folder: Path, size_px: int) -> Subject:
    graph, contract = REAL / "models" / "ml4floods_simplecnn.onnx", folder / "simplecnn.json"
    contract.write_text(json.dumps(simplecnn_contract()))
    chip = REAL / "flood" / f"{CHIP}_S2Hand.tif"
    left, right = folder / "left_image.tif", folder / "right_image.tif"
    label = folder / "right_label.tif"
    cut(chip, left, Window(0, 0, 256, 512))
    cut(chip, right, Window(256, 0, 256, 512))
    cut(REAL / "flood" / f"{CHIP}_LabelHand.tif", label, Window(256, 0, 256, 512))
    large = folder / "mosaic.tif"
    mosaic(chip, large, size_px)
    words = ("0=land+cloud", "1=water", "-1=ignore")
    return Subject(
        name="simplecnn", graph=graph, contract=contract, scene=large,
        demand=AccuracyDemand(
            calibrate=(left,), judge=(right,), labels=(label,),
            scheme=scheme_from_words(words, contract_from_file(contract).outputs[0]),
        ),
        mean=tuple(mean for mean, _ in SIMPLECNN_BANDS.values()),
        stddev=tuple(stddev for _, stddev in SIMPLECNN_BANDS.values()),
    )  # fmt: skip


def simplecnn_contract() -> dict[str, Any]:
    """Give the contract of ml4floods' simplecnn."""
    axes = ["batch", "channel", "height", "width"]
    return {
        "mlm:name": "simplecnn",
        "mlm:input": [
            {
                "name": "x",
                "bands": list(SIMPLECNN_BANDS),
                "input": {"shape": [-1, 13, -1, -1], "dim_order": axes, "data_type": "float32"},
                "value_scaling": [
                    {"type": "z-score", "mean": mean, "stddev": stddev}
                    for mean, stddev in SIMPLECNN_BANDS.values()
                ],
            }
        ],
        "mlm:output": [
            {
                "name": "logits",
                "tasks": ["semantic-segmentation"],
                "result": {"shape": [-1, 3, -1, -1], "dim_order": axes, "data_type": "float32"},
                "classification:classes": [
                    {"value": i, "name": name} for i, name in enumerate(("land", "water", "cloud"))
                ],
            }
        ],
    }


def cut(source: Path, target: Path, window: Window) -> None:
    """Copy a window of a raster with its place, nodata and band names."""
    with rasterio.open(source) as one:
        profile = {
            **one.profile, "width": window.width, "height": window.height,
            "transform": one.transform @ Affine.translation(window.col_off, window.row_off),
        }  # fmt: skip
        with rasterio.open(target, "w", **profile) as other:
            other.write(one.read(window=window))
            other.descriptions = one.descriptions


def mosaic(chip: Path, target: Path, size_px: int) -> None:
    """Repeat a chip, turned over now and then so that neighbours differ, to a large raster."""
    with rasterio.open(chip) as one:
        samples = one.read()
        profile = {
            **one.profile, "width": size_px, "height": size_px, "tiled": True, "blockxsize": 512,
            "blockysize": 512, "compress": "deflate",
        }  # fmt: skip
        height, width = samples.shape[1:]
        with rasterio.open(target, "w", **profile) as other:
            other.descriptions = one.descriptions
            for row in range(0, size_px, height):
                for column in range(0, size_px, width):
                    turned = samples[:, :: (-1) ** (row // height), :: (-1) ** (column // width)]
                    rows, columns = min(height, size_px - row), min(width, size_px - column)
                    other.write(
                        turned[:, :rows, :columns], window=Window(column, row, columns, rows)
                    )


def measure(subject: Subject, folder: Path, rounds: int) -> dict[str, object]:
    """Compile and measure one network."""
    out = folder / f"{subject.graph.stem}.edgers"
    done = compile_bundle(
        subject.graph, subject.contract, out, precisions=("int8",), demand=subject.demand
    )
    bundle, fp32_bytes = done.bundle, subject.graph.stat().st_size
    halo_px = aligned_halo_px(bundle.halo.height)
    graph = subject.graph.read_bytes()
    with load_model(bundle) as model, ThreadPoolExecutor(RunOptions().workers) as pool:
        engine = in_turn(_engines(model, graph, pool), rounds)
        whole = in_turn(
            {
                "edgers": lambda: run_scene(model, subject.scene, folder / "out"),
                "plain": lambda: plain_loop(
                    graph, subject.scene, folder / "plain.tif", halo_px,
                    subject.mean, subject.stddev,
                ),
            },
            rounds,
        )  # fmt: skip
        choice = f"{model.choice.name} {model.choice.precision} {dict(model.choice.settings)}"
    return {
        "ships": choice,
        "tiled minus untiled": bundle.measured.get("tiled_minus_untiled"),
        **_accuracy(bundle.measured),
        "graph / FP32's": f"{len(bundle.entries[bundle.engines[0].graph]) / fp32_bytes:.3f}",
        "engine × ONNX Runtime FP32": _spread(engine["plain"], engine["edgers"]),
        "run × plain FP32 loop": _spread(whole["plain"], whole["edgers"]),
    }


def _accuracy(measured: Mapping[str, object]) -> dict[str, object]:
    """Give what was lost, and what each way to quantize costs on the calibration tiles."""
    certificate: Any = measured["certificate"]
    verdict = verdict_from_document(certificate["verdict"])
    found: dict[str, object] = {
        verdict.metric.name: f"{verdict.fp32:.4f} → {verdict.candidate:.4f}",
        "layers in int8": sum(
            one["precision"] == "int8" for one in certificate["quantized"]["layers"]
        ),
    }
    for one in verdict.deciding.parts:
        found[f"IoU {one.name}"] = f"{one.fp32.value:.4f} → {one.candidate.value:.4f}"
    for row in certificate["quantized"]["variants"]:
        words = [row["method"], *(w for w in ("equalised", "bias_corrected") if row[w])]
        text = f"{row['sqnr_db']} dB, {row['changed_share']:.2%} of the pixels change"
        found[" ".join(words).replace("_", " ")] = text + (" ← chosen" if row["chosen"] else "")
    return found


def _engines(
    model: Model, graph: bytes, pool: ThreadPoolExecutor
) -> dict[str, Callable[[], object]]:
    """Give both ways to run the same tiles of noise."""
    tile = tile_of_noise(model.bundle.contract, model.bundle.halo)
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    count = TILES * RunOptions().workers

    def shipped() -> None:
        list(pool.map(lambda _: model.engine.infer(tile) and None, range(count)))

    def plain() -> None:
        for _ in range(count):
            session.run(None, dict(tile))

    return {"edgers": shipped, "plain": plain}


def in_turn(ways: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Time each way once a round, after a round that does not count."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, work in ways.items():
            took = seconds(work)
            if number:
                times[name].append(took)
    return times


def _spread(slow: list[float], fast: list[float]) -> str:
    ratios = [a / b for a, b in zip(slow, fast, strict=True)]
    return (
        f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}, n={len(ratios)})"
    )


def main() -> None:
    """Run the benchmark and print the figures of each network."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--size", type=int, default=4096, help="scene side, px, for the run")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--json", type=Path)
    chosen = arguments.parse_args()
    result: dict[str, object] = {
        "machine": f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}",
        "runtime": f"onnxruntime {ort.__version__}, numpy {np.__version__}",
    }
    print(*(f"{key:<28}{value}" for key, value in result.items()), sep="\n")
    with tempfile.TemporaryDirectory() as name:
        for subject in subjects(Path(name), chosen.size):
            found = measure(subject, Path(name), chosen.rounds)
            print(f"\n{subject.name}, scene of {chosen.size}²")
            print(*(f"  {key:<34}{value}" for key, value in found.items()), sep="\n", flush=True)
            result[subject.name] = found
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()

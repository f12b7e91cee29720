"""`edgers demo`: the whole path on a synthetic flood scene with known truth."""

import json
from importlib.resources import as_file, files
from pathlib import Path

import click
import numpy as np
import rasterio

from edgers.cli.progress import listener
from edgers.cli.show import line, print_lines, report_lines, shape_text
from edgers.export.compile import compile_bundle
from edgers.export.flood_demo.contract import CLASSES, flood_contract
from edgers.export.flood_demo.scene import FloodSceneSpec, write_flood_scene
from edgers.pipeline.memory import peak_bytes
from edgers.pipeline.model import load_model
from edgers.pipeline.run import run_scene

TRUTH_NODATA = 255
HECTARES_PER_KM2 = 100


@click.command(help="Make a synthetic flood scene, compile a network for it, run it, score it.")
@click.option("-o", "--out", default="demo-out", show_default=True, type=click.Path(path_type=Path))
@click.option("--size", "size_px", default=1024, show_default=True, type=click.IntRange(64))
@click.option("--seed", default=2026, show_default=True, type=click.IntRange(0))
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def command(out: Path, size_px: int, seed: int, quiet: bool) -> None:
    """Run the command."""
    say = (lambda _label, _text: None) if quiet else line
    out.mkdir(parents=True, exist_ok=True)
    scene, truth, bundle = out / "scene.tif", out / "truth.tif", out / "flood.edgers"
    contract = out / "flood.json"
    say("scene", f"making {scene}: SYNTHETIC, {shape_text(size_px, size_px)} px, seed {seed}")
    spec = FloodSceneSpec(width_px=size_px, height_px=size_px, seed=seed)
    write_flood_scene(scene, truth, spec)
    contract.write_text(json.dumps(flood_contract(), indent=2) + "\n")
    with as_file(files("edgers.export.flood_demo") / "flood_unet.onnx") as graph:
        done = compile_bundle(graph, contract, bundle)
    say(
        "bundle",
        f"{bundle} · {bundle.stat().st_size / 1e6:.2f} MB · halo {done.bundle.halo.reason()}",
    )
    with load_model(done.bundle) as model:
        report = run_scene(model, scene, out, progress=listener(quiet=quiet))
    if quiet:
        return
    print_lines(report_lines(report))
    scores = iou_by_class(report.products[0], truth)
    names = {value: name for value, name, _ in CLASSES}
    line(
        "IoU",
        " · ".join(f"{names[v]} {score:.3f}" for v, score in scores.items()) + " against the truth",
    )
    found = next(area.area_km2 or 0.0 for area in report.found.classes if area.name == "water")
    line("flooded", f"{found * HECTARES_PER_KM2:.0f} ha found, {_true_hectares(truth):.0f} ha true")
    line("memory", f"peak {peak_bytes() / 1e6:.0f} MB, scene making included")
    line("look at", f"{report.products[0]} and {report.products[0].with_suffix('.png')}")


def iou_by_class(product: Path, truth: Path) -> dict[int, float]:
    """Give intersection over union for each class, over pixels that both files know."""
    both = {value: [0, 0] for value, _, _ in CLASSES}
    with rasterio.open(product) as found, rasterio.open(truth) as true:
        for _, window in found.block_windows(1):
            a, b = found.read(1, window=window), true.read(1, window=window)
            known = (a != found.nodata) & (b != TRUTH_NODATA)
            for value, sums in both.items():
                sums[0] += int(np.count_nonzero((a == value) & (b == value) & known))
                sums[1] += int(np.count_nonzero(((a == value) | (b == value)) & known))
    return {value: sums[0] / sums[1] if sums[1] else 1.0 for value, sums in both.items()}


def _true_hectares(truth: Path) -> float:
    """Give the area of water in the truth, by its planar pixels."""
    with rasterio.open(truth) as dataset:
        pixel_m2 = abs(dataset.transform.determinant)
        pixels = sum(
            int(np.count_nonzero(dataset.read(1, window=window) == 1))
            for _, window in dataset.block_windows(1)
        )
    return float(pixels * pixel_m2 / 10_000)

"""The whole path on a GPU: engine and product held against the CPU's, and timed beside them."""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import rasterio

from edgers.bundle import Bundle, open_bundle
from edgers.errors import EdgersError, EngineError
from edgers.export.compile import compile_bundle
from edgers.export.flood_demo.contract import flood_contract
from edgers.export.flood_demo.scene import FloodSceneSpec, write_flood_scene
from edgers.pipeline.model import Model, load_model
from edgers.pipeline.report import SceneReport
from edgers.pipeline.run import run_scene
from edgers.targets.device_facts import DeviceFacts
from edgers.targets.fit import fits
from edgers.targets.target import target_from_name, target_names

NOT_MEASURED = "not measured"
SIZE_PX, ROUNDS = 2048, 3
"""Side of the scene, 64 tiles and more; and how many times it is run on each, in turn."""

EQUAL_SHARE = 0.99
"""Share of pixels whose class must be the CPU's. Rounding moves few classes, at their borders; an
input in the wrong order or a kernel that misses a part moves many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A synthetic scene, and a network for it."""

    scene: Path
    """The scene."""
    graph: Path
    """The network, in ONNX."""
    contract: Path
    """Its contract."""
    bundle: Bundle
    """Compiled for the CPU."""
    folder: Path
    """Where bundles and products may go."""


def engine_section(
    facts: DeviceFacts, folder: Path, *, size_px: int = SIZE_PX, rounds: int = ROUNDS
) -> dict[str, object]:
    """Run the demo on every way there is to a GPU; say `not measured`, and why, of the others."""
    if facts.gpu is None:
        return not_measured(facts.no_gpu)
    with as_file(files("edgers.export.flood_demo") / "flood_unet.onnx") as graph:
        demo = _demo(folder, graph, size_px)
        rows = [_row(name, make, demo, facts, rounds) for name, make in WAYS.items()]
    measured = [row for row in rows if "passed" in row]
    return {
        "result": "measured" if measured else NOT_MEASURED,
        "passed": all(row["passed"] for row in measured),
        "scene_px": [size_px, size_px],
        "rounds": rounds,
        "ways": rows,
    }


def not_measured(why: str) -> dict[str, object]:
    """Give the section where there is no GPU."""
    return {"result": NOT_MEASURED, "passed": True, "why": why, "ways": []}


def edgers(*words: object) -> None:
    """Run a command of EdgeRS in a process of its own; raises EngineError where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "edgers", *map(str, words)], capture_output=True, text=True
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["It says nothing."]
        raise EngineError(
            f"edgers {words[0]} ended with {done.returncode}.", seen=said[0].removeprefix("error  ")
        )


def _demo(folder: Path, graph: Path, size_px: int) -> Demo:
    scene, contract, bundle = (
        folder / name for name in ("scene.tif", "flood.json", "cpu.edgers")
    )  # fmt: skip
    write_flood_scene(
        scene, folder / "truth.tif", FloodSceneSpec(width_px=size_px, height_px=size_px, seed=7)
    )
    contract.write_text(json.dumps(flood_contract()))
    done = compile_bundle(graph, contract, bundle, engine="onnxruntime")
    return Demo(scene=scene, graph=graph, contract=contract, bundle=done.bundle, folder=folder)


def _by_cuda(demo: Demo, _: DeviceFacts) -> Bundle:
    """ONNX Runtime with its CUDA provider, on the graph of the CPU."""
    choice = demo.bundle.engines[0]
    return replace(demo.bundle, engines=(replace(choice, settings={"provider": "cuda"}),))


def _by_tensorrt(demo: Demo, facts: DeviceFacts) -> Bundle:
    """TensorRT, from a kit for this device that is built here."""
    kit, built = demo.folder / "kit.edgers", demo.folder / "built.edgers"
    edgers("compile", demo.graph, "--contract", demo.contract, "-o", kit,
           "--target", _target(facts))  # fmt: skip
    edgers("build", kit, "-o", built)
    bundle = open_bundle(built)
    return replace(bundle, engines=bundle.engines[:1])


WAYS: Mapping[str, Callable[[Demo, DeviceFacts], Bundle]] = {
    "ONNX Runtime by CUDA": _by_cuda,
    "TensorRT": _by_tensorrt,
}
"""Ways to the GPU; each raises EdgersError where it is not to be had here."""


def _target(facts: DeviceFacts) -> str:
    """Name a target for whose GPU a plan can be built here."""
    found: dict[str, str] = {}
    for name in target_names():
        target = target_from_name(name)
        # Of boards around a module the module itself is taken.
        if target.gpu and not target.module:
            found.setdefault(fits(target, facts).verdict, name)
    for verdict in ("is", "alike"):
        if verdict in found:
            return found[verdict]
    raise EngineError("no target fits this device: 'edgers targets detect' says why.")


def _row(
    name: str, make: Callable[[Demo, DeviceFacts], Bundle], demo: Demo, facts: DeviceFacts,
    rounds: int,
) -> dict[str, object]:  # fmt: skip
    try:
        bundle = make(demo, facts)
        with ExitStack() as models:
            plain = models.enter_context(load_model(demo.bundle))
            model = models.enter_context(load_model(bundle))
            return {"way": name, **_compared(plain, model, demo, name, rounds)}
    except EdgersError as error:
        why = " ".join(part for part in (error.what, error.seen) if part)
        return {"way": name, "result": NOT_MEASURED, "why": why}


def _compared(
    plain: Model, model: Model, demo: Demo, name: str, rounds: int
) -> dict[str, object]:  # fmt: skip
    """Run the scene on both in turn; give what differs."""
    taken: dict[str, list[SceneReport]] = {"cpu": [], "gpu": []}
    for number in range(rounds):
        for kind, one in (("cpu", plain), ("gpu", model)):
            out = demo.folder / name.replace(" ", "-") / f"{kind}-{number}"
            taken[kind].append(run_scene(one, demo.scene, out))
    cpu_s, gpu_s = (statistics.median(run.wall_s for run in runs) for runs in taken.values())
    share = equal_share(taken["cpu"][-1].products[0], taken["gpu"][-1].products[0])
    return {
        "engine": f"{model.engine.info.name} {model.engine.info.version}",
        "device": model.engine.info.device,
        "precision": model.choice.precision,
        "golden tile off by": model.golden_error,
        "equal classes": share,
        "passed": share >= EQUAL_SHARE,
        "tiles": taken["gpu"][-1].tiles,
        "cpu_s": round(cpu_s, 3),
        "gpu_s": round(gpu_s, 3),
        "cpu time over gpu time": round(cpu_s / gpu_s, 2),
    }


def equal_share(first: Path, second: Path) -> float:
    """Give the share of pixels of two class maps of one size that hold the same value."""
    equal = pixels = 0
    with rasterio.open(first) as one, rasterio.open(second) as other:
        for _, window in one.block_windows(1):
            a, b = one.read(1, window=window), other.read(1, window=window)
            equal += int(np.count_nonzero(a == b))
            pixels += a.size
    return equal / pixels

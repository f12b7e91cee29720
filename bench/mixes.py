"""How close the data path comes to its slowest part, in three mixes, and to a plain loop.

    python -m edgers.bench.mixes [--rounds 3] [--json FILE]

`read` is a folder of 13 JPEG 2000 bands, as Sentinel-2 comes, and a network of one 1 × 1
convolution; `infer` has 13 bands in a GeoTIFF and a network of 0.23 M multiplications a pixel;
`write` gives eight probabilities a pixel. In each round
one after the other, in this process: the whole run; reading alone (every tile, in one thread);
the engine alone (on tensors that are ready, with as many threads as the run has); writing alone
(blocks that are ready, and making the products); and the loop of rasterio, numpy and ONNX Runtime
that one would write by hand. Machines are noisy: read the ratios, which are taken round by round.
"""

import argparse
import contextlib
import itertools
import json
import platform
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import onnxruntime as ort
import rasterio
from onnx import TensorProto, helper, numpy_helper
from rasterio.windows import Window

from edgers.bench.memory import write_scene
from edgers.bench.plain_loop import seconds
from edgers.bundle import open_bundle
from edgers.engines import Tensors
from edgers.export.compile import compile_bundle
from edgers.pipeline.model import Model, load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.plan import open_scene, plan_scene
from edgers.pipeline.preprocess import ScenePreprocessor
from edgers.pipeline.run import run_scene
from edgers.pipeline.tile_work import TileWork
from edgers.products.class_map import Block, ClassMap, Places
from edgers.products.work_folder import WorkFolder
from edgers.scene.block_cache import cache_bytes, set_cache
from edgers.scene.open import environment
from edgers.tasks.segmentation import SegmentationDecoder

PLAIN_TILE_PX = 512
KEPT_TENSORS = 16
MEAN, STDDEV, NOISE = 1000.0, 500.0, 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """One balance of the three parts."""

    size_px: int
    """Side of the scene."""
    bands: int
    """Bands of the scene."""
    hidden: tuple[int, ...]
    """Channels of the 3 × 3 convolutions before the last, which is 1 × 1."""
    classes: int
    """Classes."""
    probabilities: bool = False
    """Whether their probabilities are written."""
    is_folder: bool = False
    """Whether the scene is a folder of JPEG 2000 files, one a band, or one GeoTIFF."""


MIXES = {
    "read": Mix(size_px=2048, bands=13, hidden=(), classes=3, is_folder=True),
    "infer": Mix(size_px=3072, bands=13, hidden=(64, 128, 128), classes=3),
    "write": Mix(size_px=3072, bands=2, hidden=(4,), classes=8, probabilities=True),
}


def network(mix: Mix) -> onnx.ModelProto:
    """Give a convolutional network with random weights."""
    random = np.random.default_rng(0)
    widths = [mix.bands, *mix.hidden, mix.classes]
    weights, nodes, last = [], [], "x"
    for i, (ins, outs) in enumerate(itertools.pairwise(widths)):
        is_last = i == len(mix.hidden)
        kernel = 1 if is_last else 3
        values = random.normal(0, (ins * kernel**2) ** -0.5, (outs, ins, kernel, kernel))
        weights.append(numpy_helper.from_array(values.astype(np.float32), f"w{i}"))
        name = "y" if is_last else f"c{i}"
        nodes.append(helper.make_node("Conv", [last, f"w{i}"], [name], pads=[kernel // 2] * 4))
        if not is_last:
            nodes.append(helper.make_node("Relu", [name], [f"r{i}"]))
            last = f"r{i}"
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", count, "h", "w"])
        for name, count in (("x", mix.bands), ("y", mix.classes))
    ]
    graph = helper.make_graph(nodes, "mix", ends[:1], ends[1:], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def contract(mix: Mix) -> dict[str, object]:
    """Give the contract of a network."""
    axes = ["batch", "channel", "height", "width"]
    tensors = {
        name: {"shape": [-1, count, -1, -1], "dim_order": axes, "data_type": "float32"}
        for name, count in (("input", mix.bands), ("result", mix.classes))
    }
    scaling = [{"type": "z-score", "mean": MEAN, "stddev": STDDEV}]
    bands = [f"B{i + 1}" for i in range(mix.bands)]
    classes = [{"value": i, "name": f"class {i}"} for i in range(mix.classes)]
    source = {"name": "x", "bands": bands, "input": tensors["input"], "value_scaling": scaling}
    output = {
        "name": "y", "tasks": ["semantic-segmentation"], "result": tensors["result"],
        "classification:classes": classes,
    }  # fmt: skip
    return {"mlm:name": "mix", "mlm:input": [source], "mlm:output": [output]}


def write_folder(folder: Path, mix: Mix) -> None:
    """Write the bands of a scene as JPEG 2000 files in blocks of 1024 px, without loss."""
    folder.mkdir()
    write_scene(folder / "all.tif", mix.size_px, mix.size_px, bands=mix.bands, noise=NOISE)
    with rasterio.open(folder / "all.tif") as source:
        for band in source.indexes:
            with rasterio.open(
                folder / f"scene_B{band:02}.jp2", "w", driver="JP2OpenJPEG", count=1,
                dtype="uint16", height=source.height, width=source.width, crs=source.crs,
                transform=source.transform, quality=100, reversible="YES", blockxsize=1024,
                blockysize=1024,
            ) as target:  # fmt: skip
                target.write(source.read(band), 1)
    (folder / "all.tif").unlink()


def plain_loop(graph: bytes, scene: Path, product: Path, mix: Mix) -> None:
    """Run a network over a scene as one would by hand."""
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    halo = len(mix.hidden)
    core = PLAIN_TILE_PX - 2 * halo
    paths = sorted(scene.glob("*.jp2")) if mix.is_folder else [scene]
    with contextlib.ExitStack() as opened:
        sources = [opened.enter_context(rasterio.open(path)) for path in paths]
        source = sources[0]
        profile = {
            "driver": "GTiff", "count": mix.classes if mix.probabilities else 1, "nodata": 255,
            "dtype": "float32" if mix.probabilities else "uint8", "compress": "deflate",
            "predictor": 3 if mix.probabilities else 1, "tiled": True, "height": source.height,
            "width": source.width, "crs": source.crs, "transform": source.transform,
        }  # fmt: skip
        target = opened.enter_context(rasterio.open(product, "w", **profile))
        for row, column in itertools.product(
            range(0, source.height, core), range(0, source.width, core)
        ):
            top, left = max(0, row - halo), max(0, column - halo)
            bottom = min(source.height, row + core + halo)
            right = min(source.width, column + core + halo)
            window = Window(left, top, right - left, bottom - top)
            samples = np.concatenate([one.read(window=window) for one in sources])
            tile = (samples.astype(np.float32) - MEAN) / STDDEV
            scores = session.run(None, {"x": tile[None]})[0][0]
            height, width = min(core, source.height - row), min(core, source.width - column)
            part = scores[:, row - top : row - top + height, column - left :][:, :, :width]
            if mix.probabilities:
                shifted = np.exp(part - part.max(axis=0))
                found = shifted / shifted.sum(axis=0)
            else:
                found = part.argmax(axis=0).astype(np.uint8)[None]
            target.write(found, window=Window(column, row, width, height))


class Parts:
    """The parts of a run, each by itself."""

    def __init__(self, model: Model, scene: Path, folder: Path, options: RunOptions) -> None:
        self._model, self._scene, self._folder, self._options = model, scene, folder, options
        with environment(), open_scene(model, scene, options) as opened:
            self._grid = plan_scene(model, opened, options)
        with self._opened() as work:
            some = itertools.islice(self._grid, KEPT_TENSORS)
            ready = [work.preprocess(work.read(tile)) for tile in some]
            # The CPU preprocesses: `_opened` names no kernels.
            self._tensors = [cast(Tensors, one.inputs) for one in ready if one.inputs]
            outputs = model.engine.infer(self._tensors[0])
            first = next(iter(self._grid))
            self._found = work.decoder.decode(outputs[model.output.name], first)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[TileWork]:
        """Open the scene and begin products of it."""
        model, chances = self._model, self._options.probabilities
        with (
            environment(),
            open_scene(model, self._scene, self._options) as scene,
            WorkFolder(self._folder, "alone", ()) as folder,
            ClassMap(
                folder, name="alone", places=Places(computed=scene.place, product=scene.place),
                output=model.output, data_type=np.uint8, preview_bands=1, probabilities=chances,
            ) as class_map,
        ):  # fmt: skip
            set_cache(cache_bytes(scene.used, self._grid))
            yield TileWork(
                scene=scene,
                grid=self._grid,
                prepare=ScenePreprocessor(model.inputs, scene),
                model=model,
                decoder=SegmentationDecoder(model.output, with_probabilities=chances),
                class_map=class_map,
                seams=None,
                preview_bands=(0,),
            )
            folder.discard()

    def read(self) -> None:
        """Read every tile."""
        with self._opened() as work:
            for tile in self._grid:
                work.read(tile)

    def infer(self) -> None:
        """Infer as many tiles as the scene has."""
        todo = itertools.islice(itertools.cycle(self._tensors), len(self._grid))
        with ThreadPoolExecutor(self._options.workers) as pool:
            list(pool.map(self._model.engine.infer, todo))

    def write(self) -> None:
        """Write a block for every tile, all cut from the answer to one, and make the products."""
        found, shape = self._found, max(tile.core_shape for tile in self._grid)
        classes, chances = np.resize(found.classes, shape), found.probabilities
        if chances is not None:
            chances = np.stack([np.resize(plane, shape) for plane in chances])
        with self._opened() as work:
            for tile in self._grid:
                height, width = tile.core_shape
                block = Block(
                    tile=tile.index,
                    row=tile.rows.core_start,
                    column=tile.columns.core_start,
                    classes=classes[:height, :width].astype(np.uint8),
                    nodata=np.zeros((height, width), bool),
                    not_finite=np.zeros((height, width), bool),
                    probabilities=None if chances is None else chances[:, :height, :width],
                    preview=np.zeros((1, height, width), np.float32),
                    skipped=False,
                )
                work.class_map.count(work.class_map.write(block))
            work.class_map.finish(
                time=("2026-01-01T00:00:00Z", "tag"), provenance={"scene": "", "model": ""}
            )


def measure(folder: Path, mix: Mix, rounds: int) -> Mapping[str, list[float]]:
    """Time the run, its parts and the plain loop, one after the other in each round."""
    graph, stated = folder / "m.onnx", folder / "c.json"
    bundle = folder / "b.edgers"
    onnx.save(network(mix), graph)
    stated.write_text(json.dumps(contract(mix)))
    compile_bundle(graph, stated, bundle)
    scene = folder / "scene"
    if mix.is_folder:
        write_folder(scene, mix)
    else:
        write_scene(scene, mix.size_px, mix.size_px, bands=mix.bands, noise=NOISE)
    options = RunOptions(probabilities=mix.probabilities)
    with load_model(open_bundle(bundle)) as model:
        parts = Parts(model, scene, folder, options)
        ways: dict[str, Callable[[], object]] = {
            "run": lambda: run_scene(model, scene, folder / "out", options),
            "read": parts.read,
            "infer": parts.infer,
            "write": parts.write,
            "plain": lambda: plain_loop(graph.read_bytes(), scene, folder / "plain.tif", mix),
        }
        times: dict[str, list[float]] = {way: [] for way in ways}
        for turn in range(rounds + 1):
            for way, work in ways.items():
                took = seconds(work)
                if turn:
                    times[way].append(took)
    return times


def ratios(times: Mapping[str, list[float]]) -> dict[str, str]:
    """Give medians with the smallest and largest of the rounds."""
    rows = {"run s": times["run"], "plain loop s": times["plain"]}
    rows |= {f"{part} alone s": times[part] for part in ("read", "infer", "write")}
    slowest = [
        max(parts) for parts in zip(times["read"], times["infer"], times["write"], strict=True)
    ]
    rows["run / slowest part"] = [a / b for a, b in zip(times["run"], slowest, strict=True)]
    rows["run / engine alone"] = [a / b for a, b in zip(times["run"], times["infer"], strict=True)]
    rows["run / plain loop"] = [a / b for a, b in zip(times["run"], times["plain"], strict=True)]
    return {
        name: f"{statistics.median(v):.2f} ({min(v):.2f} to {max(v):.2f}, n={len(v)})"
        for name, v in rows.items()
    }


def main() -> None:
    """Run the benchmark and print the figures of each mix."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--mixes", nargs="+", choices=MIXES, default=list(MIXES))
    arguments.add_argument("--json", type=Path)
    chosen = arguments.parse_args()
    result: dict[str, object] = {
        "machine": f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}",
        "runtime": f"onnxruntime {ort.__version__}, rasterio {rasterio.__version__}",
    }
    print(*(f"{key:<24}{value}" for key, value in result.items()), sep="\n")
    for name in chosen.mixes:
        mix = MIXES[name]
        with tempfile.TemporaryDirectory() as folder:
            found = ratios(measure(Path(folder), mix, chosen.rounds))
        print(f"\nmix {name}: {mix.size_px}², {mix.bands} bands, {mix.classes} classes")
        print(*(f"  {key:<22}{value}" for key, value in found.items()), sep="\n", flush=True)
        result[name] = found
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()

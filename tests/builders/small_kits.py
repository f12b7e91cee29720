"""A small network as a build kit for three ranges of TensorRT, and the board it is for."""

import functools
import io
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from builders.bundles import make_bundle, tiny_net
from builders.calibration import noise_tiles, plain_ranges

from edgers.build_kit import Attempt, BuildKit, KitBand, TileSides, document_from_kit
from edgers.bundle import MANIFEST, MEASURED, bundle_bytes, golden_inputs, open_bundle
from edgers.calibration.half import half_graph
from edgers.calibration.quantization import QuantizationPlan, quantized
from edgers.calibration.simulation import Simulation
from edgers.targets.device_facts import DeviceFacts, GpuFacts

SIDES = TileSides(least_px=32, usual_px=48, most_px=96)

FORMS = ("fp32", "fp16", "int8-fp32", "int8-fp16")
"""Graphs of the kit, by precision and the type of scales."""

GIGABYTE = 10**9


def attempt(form: str, typing: Any, *flags: str) -> Attempt:
    precision, _, scales = form.partition("-")
    return Attempt(
        precision=precision, scales=scales, graph=f"graph/trt-{form}.onnx",
        golden=f"golden/trt-{form}.npy", typing=typing, flags=flags,
    )  # fmt: skip


BANDS = (
    KitBand(
        name="8.5–8.6", first=(8, 5), last=(8, 6),
        attempts=(
            attempt("int8-fp32", "weak", "INT8", "FP16"), attempt("fp16", "weak", "FP16"),
            attempt("fp32", "weak"),
        ),
    ),
    KitBand(
        name="10.0–10.16", first=(10, 0), last=(10, 16),
        attempts=(
            attempt("int8-fp32", "weak", "INT8", "FP16"), attempt("int8-fp16", "strong"),
            attempt("fp16", "strong"), attempt("fp32", "weak"),
        ),
    ),
    KitBand(
        name="11.0–11.4", first=(11, 0), last=(11, 4),
        attempts=(
            attempt("int8-fp16", "strong"), attempt("int8-fp32", "strong"),
            attempt("fp16", "strong"), attempt("fp32", "strong"),
        ),
    ),
)  # fmt: skip


def make_kit(folder: Path, name: str = "k.edgers", **changes: Any) -> Path:
    """Write a kit for compute capability 8.7; `changes` go into its `BuildKit`."""
    entries, facts = _parts()
    kit = BuildKit(cc=(8, 7), sides=SIDES, bands=BANDS, kernels=(), dla=False, plan=None)
    document = document_from_kit(replace(kit, **changes))
    path = folder / name
    measured = {"certificate_of_the_ground": "kept"}
    path.write_bytes(bundle_bytes(entries, {**facts, "kit": document}, measured))
    return path


@functools.cache
def _parts() -> tuple[dict[str, bytes], dict[str, Any]]:
    """Entries and facts of a kit: a bundle for a CPU, and its graph in the forms for TensorRT."""
    with tempfile.TemporaryDirectory() as folder:
        bundle = open_bundle(make_bundle(Path(folder)))
    entries = {n: d for n, d in bundle.entries.items() if n not in (MANIFEST, MEASURED)}
    golden = golden_inputs(bundle.contract)
    tile = {name: np.load(io.BytesIO(entries[entry])) for name, entry in golden.items()}
    for form, graph in graphs().items():
        entries[f"graph/trt-{form}.onnx"] = graph
        entries[f"golden/trt-{form}.npy"] = npy(Simulation(graph).infer(tile)["y"])
    return entries, {**bundle.facts, "target": "orin-nano-8gb"}


@functools.cache
def graphs() -> dict[str, bytes]:
    """Give the network in each form."""
    graph: bytes = tiny_net().SerializeToString()
    ranges = plain_ranges(graph, noise_tiles())
    return {
        "fp32": graph,
        "fp16": half_graph(graph),
        "int8-fp32": quantized(graph, ranges, QuantizationPlan(form="s8s8")),
        "int8-fp16": quantized(graph, ranges, QuantizationPlan(form="s8s8", rest="fp16")),
    }


def npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def orin_gpu(**changes: Any) -> GpuFacts:
    """The GPU of a Jetson Orin Nano, as its driver tells."""
    gpu = GpuFacts(
        name="Orin", cc=(8, 7), total_bytes=8 * GIGABYTE, free_bytes=5 * GIGABYTE,
        cuda=(12, 6), driver="",
    )  # fmt: skip
    return replace(gpu, **changes)


def orin_facts(**changes: Any) -> DeviceFacts:
    """A Jetson Orin Nano."""
    facts = DeviceFacts(
        machine="aarch64", system="Linux", processor="Cortex-A78AE", cpu_flags=frozenset(),
        total_bytes=8 * GIGABYTE, free_bytes=4 * GIGABYTE, gpu=orin_gpu(), no_gpu="",
        tensorrt=(10, 3, 0), module="NVIDIA Jetson Orin Nano Developer Kit",
        part_number="p3767-0003", l4t="36.4.3", dla_cores=0,
    )  # fmt: skip
    return replace(facts, **changes)

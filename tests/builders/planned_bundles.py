"""Bundles with a kit, built or not, made from one that runs: for what is asked before TensorRT."""

import json
from dataclasses import replace
from pathlib import Path

from builders.bundles import make_bundle

from edgers.build_kit import (
    PLAN_ENTRY,
    Attempt,
    BuildKit,
    KitBand,
    KitKernel,
    Plan,
    TileSides,
    document_from_kit,
)
from edgers.bundle import GOLDEN_OUTPUT, MANIFEST, MEASURED, bundle_bytes, open_bundle

GRAPH = "graph/fp32.onnx"
CUBIN_ENTRY = "kernels/ingest_uint16_to_float32.cubin"
KIT = BuildKit(
    cc=(8, 7),
    sides=TileSides(least_px=64, usual_px=256, most_px=512),
    bands=(
        KitBand(
            name="10.0–10.16", first=(10, 0), last=(10, 16),
            attempts=(
                Attempt(precision="fp32", scales="", graph=GRAPH, golden=GOLDEN_OUTPUT,
                        typing="weak", flags=()),
            ),
        ),
    ),
    kernels=(
        KitKernel(name="ingest_uint16_to_float32", entry=CUBIN_ENTRY, kind="cubin",
                  since_cuda=(12, 6), signature=("uint16*", "float32*", "int32")),
    ),
    dla=False,
    plan=None,
)  # fmt: skip
PLAN = Plan(
    entry=PLAN_ENTRY, precision="fp32", tensorrt=(10, 3, 0), cc=(8, 7), device="Orin",
    module="NVIDIA Jetson Orin Nano Developer Kit", cuda=(12, 6), memory_bytes=50 * 10**6,
    dla_core=None, tried=(),
)  # fmt: skip
BUILT = replace(KIT, plan=PLAN)


def make_planned(folder: Path, kit: BuildKit = BUILT, plan: bytes = b"plan") -> Path:
    """Make a bundle that runs on ONNX Runtime and holds a kit; `plan` is the plan, if it has one.

    The plan is no plan: nothing may come so far as to load it.
    """
    path = make_bundle(folder)
    opened = open_bundle(path)
    entries = {n: d for n, d in opened.entries.items() if n not in (MANIFEST, MEASURED)}
    entries[CUBIN_ENTRY] = b"cubin"
    manifest = json.loads(opened.entries[MANIFEST])
    facts = {k: v for k, v in manifest.items() if k not in ("format", "id", "measured", "entries")}
    facts |= {"target": "orin-nano", "kit": document_from_kit(kit)}
    if kit.plan:
        entries[PLAN_ENTRY] = plan
        engine = {"name": "tensorrt", "version": "10.3.0", "precision": "fp32",
                  "graph": PLAN_ENTRY, "golden": GOLDEN_OUTPUT, "settings": {}}  # fmt: skip
        facts["engines"] = [engine, *facts["engines"]]
    path.write_bytes(bundle_bytes(entries, facts, opened.measured))
    return path

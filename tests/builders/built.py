"""Bundles with a plan of the fake TensorRT, as `edgers build` makes them."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import onnx
from builders.bundles import make_bundle, tiny_net
from builders.plans import Board

from edgers.build_kit import (
    PLAN_ENTRY,
    BuildKit,
    KitKernel,
    Plan,
    TileSides,
    document_from_kit,
)
from edgers.bundle import GOLDEN_OUTPUT, MANIFEST, MEASURED, bundle_bytes, open_bundle
from edgers.kernels.cuda.registry import entries as cuda_entries

INGEST = tuple(f"ingest_{stored}_to_float32" for stored in ("uint8", "int16", "uint16", "float32"))


def kit_kernel(name: str, kind: Any = "ptx", since: tuple[int, int] = (11, 4)) -> KitKernel:
    return KitKernel(
        name=name, entry=f"kernels/{name}.{kind}", kind=kind, since_cuda=since,
        signature=cuda_entries()[name].signature,
    )  # fmt: skip


def kernel_text(name: str) -> bytes:
    """Give what the fake driver takes for a kernel."""
    return f".version 7.4\n.target sm_87\n.entry {name}()\n".encode()


def built_bundle(
    folder: Path, board: Board, document: dict[str, Any] | None = None,
    net: Callable[[], onnx.ModelProto] = tiny_net, kernels: Sequence[str] = INGEST,
    settings: dict[str, str] | None = None,
) -> Path:  # fmt: skip
    """Compile for the CPU, and put a plan, kernels and their kit before that; give the path."""
    bundle = open_bundle(make_bundle(folder, document, net))
    stated = json.loads(bundle.entries[MANIFEST])
    facts = {k: v for k, v in stated.items() if k not in ("id", "measured", "format", "entries")}
    entries = {k: v for k, v in bundle.entries.items() if k not in (MANIFEST, MEASURED)}
    entries[PLAN_ENTRY] = board.plan(net())
    held = tuple(kit_kernel(name) for name in kernels)
    entries |= {kernel.entry: kernel_text(kernel.name) for kernel in held}
    version = board.trt.world.version
    kit = BuildKit(
        cc=board.driver.cc, sides=TileSides(least_px=1, usual_px=256, most_px=512), bands=(),
        kernels=held, dla=False,
        plan=Plan(
            entry=PLAN_ENTRY, precision="fp32", tensorrt=version, cc=board.driver.cc,
            device="simulated GPU", module="", cuda=(12, 6), memory_bytes=1 << 20, dla_core=None,
            tried=(),
        ),
    )  # fmt: skip
    engine = {
        "name": "tensorrt", "version": ".".join(map(str, version)), "precision": "fp32",
        "graph": PLAN_ENTRY, "golden": GOLDEN_OUTPUT, "settings": settings or {},
    }  # fmt: skip
    facts["engines"] = [engine, *facts["engines"]]
    facts["kit"] = document_from_kit(kit)
    path = folder / "built.edgers"
    path.write_bytes(bundle_bytes(entries, facts, {}))
    return path

"""How long a preflight takes, and opening the whole bundle: what docs/preflight.md rests on.

    python -m edgers.bench.preflight [--megabytes 1 50 500] [--rounds 15]

The demo's bundle gets an entry of random bytes as large as a plan might be. Reading its manifest,
looking at the device and judging are timed in turn with opening it, where every byte is hashed; the
whole command is timed as well, in a process of its own.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path

from edgers.bundle import MANIFEST, MEASURED, bundle_bytes, open_bundle
from edgers.export.compile import compile_bundle
from edgers.export.flood_demo.contract import flood_contract
from edgers.manifest import open_manifest
from edgers.preflight import installed_engines, outlook
from edgers.processors import processors
from edgers.targets.detect import device_facts

BALLAST = "plan/ballast"


def made_bundle(folder: Path, size_mb: int) -> Path:
    """Compile the demo's network, and add an entry of so many megabytes."""
    contract, path = folder / "flood.json", folder / "flood.edgers"
    contract.write_text(json.dumps(flood_contract()))
    with as_file(files("edgers.export.flood_demo") / "flood_unet.onnx") as graph:
        opened = compile_bundle(graph, contract, path, engine="onnxruntime").bundle
    manifest = json.loads(opened.entries[MANIFEST])
    facts = {k: v for k, v in manifest.items() if k not in ("format", "id", "measured", "entries")}
    entries = {k: v for k, v in opened.entries.items() if k not in (MANIFEST, MEASURED)}
    entries[BALLAST] = os.urandom(size_mb * 10**6)
    path.write_bytes(bundle_bytes(entries, facts, opened.measured))
    return path


def measure(size_mb: int, rounds: int) -> None:
    """Print a line for each part: median, and least to most."""
    with tempfile.TemporaryDirectory() as folder:
        path = made_bundle(Path(folder), size_mb)
        manifest, facts = open_manifest(path), device_facts()
        parts: dict[str, Callable[[], object]] = {
            "read manifest and contract": lambda: open_manifest(path),
            "look at the device": device_facts,
            "judge": lambda: outlook(manifest, facts, installed_engines()),
            "open the whole bundle": lambda: open_bundle(path),
            "edgers verify --preflight, the command": lambda: _command(path),
        }
        taken: dict[str, list[float]] = {name: [] for name in parts}
        for _ in range(rounds):
            for name, part in parts.items():
                begin = time.perf_counter()
                part()
                taken[name].append((time.perf_counter() - begin) * 1e3)
    for name, times in taken.items():
        median, least, most = statistics.median(times), min(times), max(times)
        print(f"{size_mb:>5} MB  {name:<40}{median:8.1f} ms  ({least:.1f} to {most:.1f})")


def _command(path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "edgers", "verify", "--preflight", str(path)],
        stdout=subprocess.DEVNULL, check=True,
    )  # fmt: skip


def main() -> None:
    """Run the benchmark."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--megabytes", type=int, nargs="+", default=[1, 50, 500])
    arguments.add_argument("--rounds", type=int, default=15)
    chosen = arguments.parse_args()
    print(f"{platform.machine()}, {processors()} processors, Python {platform.python_version()}")
    for size_mb in chosen.megabytes:
        measure(size_mb, chosen.rounds)


if __name__ == "__main__":
    main()

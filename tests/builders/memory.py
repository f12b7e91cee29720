"""How much memory runs take, each in a process of its own."""

import multiprocessing
import re
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from edgers.bundle import open_bundle
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.run import run_scene

FRESH = multiprocessing.get_context("spawn")
"""A fork would begin with the peak of the process it came from."""


def peak_growth(folder: Path, scenes: Sequence[str], options: dict[str, Any]) -> int:
    """Run `folder`/b.edgers over each scene; give by how many bytes the last peak is the higher."""
    peaks = [_peak(folder, scene, options) for scene in scenes]
    return peaks[-1] - peaks[0]


def _peak(folder: Path, scene: str, options: dict[str, Any]) -> int:
    here, there = FRESH.Pipe(duplex=False)
    process = FRESH.Process(target=_run, args=(there, folder, scene, options))
    process.start()
    there.close()
    peak: int = here.recv()
    process.join()
    return peak


def _run(there: Connection, folder: Path, scene: str, options: dict[str, Any]) -> None:
    with load_model(open_bundle(folder / "b.edgers")) as model:
        run_scene(model, folder / scene, folder / f"out-{scene}", RunOptions(**options))
    there.send(own_peak_bytes())


def own_peak_bytes() -> int:
    """Give the most memory this program held; ru_maxrss also counts what ran before exec(2)."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


def reported_and_own_peak(folder: Path, scene: str) -> tuple[int, int]:
    """Run over a scene in a process started by a large one; give the peak reported and its own."""
    here, there = FRESH.Pipe(duplex=False)
    ballast = bytearray(b"1") * 2**29
    process = FRESH.Process(target=_report, args=(there, folder, scene))
    process.start()
    there.close()
    found: tuple[int, int] = here.recv()
    process.join()
    assert ballast
    return found


def _report(there: Connection, folder: Path, scene: str) -> None:
    with load_model(open_bundle(folder / "b.edgers")) as model:
        report = run_scene(model, folder / scene, folder / "out")
    there.send((report.peak_bytes, own_peak_bytes()))

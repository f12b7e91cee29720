"""Compare the CUDA kernels with numpy on a GPU, and time them beside a copy; then the whole path.

    python -m edgers.bench.gpu_check [--scene FILE] [--cubins FOLDER] [--json FILE]

Cubins are built for the GPU at hand where none are given. The demo is then run by ONNX Runtime with
CUDA and by TensorRT, whichever can be had, and its product held against the CPU's. Exit code 0: all
that was compared is as it should be; 1: not all is; 2: there is no GPU, or nothing to compare. What
could not be had is `not measured` in the JSON.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from edgers.bench.gpu_check.launcher import Launcher
from edgers.bench.gpu_check.scene import LARGE, SMALL, Scene, made_scene, scene_from_file
from edgers.errors import BadInputError, EdgersError


def main(words: Sequence[str] | None = None) -> int:
    """Run the comparison; give the exit code."""
    arguments = argparse.ArgumentParser(
        prog="python -m edgers.bench.gpu_check", description=(__doc__ or "").splitlines()[0]
    )
    arguments.add_argument("--scene", type=Path, metavar="FILE", help="raster to take tiles from")
    arguments.add_argument("--cubins", type=Path, metavar="FOLDER", help="kernels built before")
    arguments.add_argument("--kernels", nargs="+", metavar="NAME", help="only these")
    arguments.add_argument("--environments", type=Path, metavar="FOLDER",
                           help="where the CUDA toolkits are kept")  # fmt: skip
    arguments.add_argument("--no-engine", action="store_true", help="kernels only")
    arguments.add_argument("--json", type=Path, metavar="FILE")
    arguments.add_argument("--simulator", action="store_true",
                           help="without a GPU, on tiny tiles: tries the cases")  # fmt: skip
    chosen = arguments.parse_args(words)
    if chosen.simulator:
        # Numba reads this when it is imported, which the lines below do.
        os.environ["NUMBA_ENABLE_CUDASIM"] = "1"
    rows: list[dict[str, object]] = []
    about: dict[str, object] = {"python": platform.python_version()}
    failed = False
    try:
        found, device = _kernels(chosen)
        rows, about = found, device | about
    except EdgersError as error:
        print(f"error: {error}", file=sys.stderr)
        failed = True
    engine = _engine(chosen)
    if chosen.json:
        document = {"about": about, "kernels": rows or "not measured", "engine": engine}
        text = json.dumps(document, indent=2, ensure_ascii=False)
        chosen.json.write_text(text + "\n")
    if failed:
        return 2
    return 0 if engine["passed"] and all(row["passed"] for row in rows) else 1


def _kernels(chosen: argparse.Namespace) -> tuple[list[dict[str, object]], dict[str, object]]:
    shapes = SMALL if chosen.simulator else LARGE
    scene = scene_from_file(chosen.scene, shapes) if chosen.scene else made_scene(shapes)
    names = _names(chosen.kernels)
    if chosen.simulator:
        rows, about = _on_simulator(scene, names)
    else:
        rows, about = _on_device(scene, names, chosen.cubins, chosen.environments)
    return rows, about | {"scene": chosen.scene.name if chosen.scene else "made from a seed"}


def _engine(chosen: argparse.Namespace) -> dict[str, object]:
    """Run the whole path where there is a GPU; print a line a way."""
    from edgers.bench.gpu_check.pipeline import engine_section, not_measured
    from edgers.targets.detect import device_facts

    if chosen.simulator or chosen.no_engine:
        section = not_measured("the simulator was asked for" if chosen.simulator else "--no-engine")
    else:
        with tempfile.TemporaryDirectory() as folder:
            section = engine_section(device_facts(), Path(folder))
    for way in cast(list[dict[str, object]], section["ways"]) or [section]:
        print(
            "  ".join(f"{key} {value}" for key, value in way.items() if key != "ways"), flush=True
        )
    return section


def _names(wanted: list[str] | None) -> list[str]:
    from edgers.bench.gpu_check.table import CASES

    unknown = sorted(set(wanted or ()) - set(CASES))
    if unknown:
        raise BadInputError(
            f"there is no case for {', '.join(unknown)}.", rule=f"There are: {', '.join(CASES)}."
        )
    return list(dict.fromkeys(wanted)) if wanted else list(CASES)


def _on_simulator(
    scene: Scene, names: list[str]
) -> tuple[list[dict[str, object]], dict[str, object]]:
    from edgers.bench.gpu_check.launcher import Simulator
    from edgers.kernels.cuda.registry import entries

    simulator = Simulator({name: entry.function for name, entry in entries().items()})
    return _rows(simulator, scene, names), simulator.describe()


def _on_device(
    scene: Scene, names: list[str], cubins: Path | None, environments: Path | None
) -> tuple[list[dict[str, object]], dict[str, object]]:
    from edgers.bench.gpu_check.device import Device
    from edgers.kernels.aot.build import build
    from edgers.kernels.aot.capabilities import capability_from_cc
    from edgers.kernels.aot.environment import DEFAULT_FOLDER

    with Device() as device, tempfile.TemporaryDirectory() as folder:
        if cubins is None:
            cubins = Path(folder) / "kernels"
            build(cubins, [capability_from_cc(device.cc)], names,
                  environments=environments or DEFAULT_FOLDER)  # fmt: skip
        device.load(cubins, names)
        return _rows(device, scene, names), device.describe()


def _rows(launcher: Launcher, scene: Scene, names: list[str]) -> list[dict[str, object]]:
    from edgers.bench.gpu_check.table import row

    rows = []
    for name in names:
        rows.append(row(launcher, scene, name))
        print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    return rows


if __name__ == "__main__":
    sys.exit(main())

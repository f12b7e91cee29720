"""Compare the CUDA kernels with numpy on a GPU, and time them beside a copy.

    python -m edgers.bench.gpu_check [--scene FILE] [--cubins FOLDER] [--json FILE]

Cubins are built for the GPU at hand where none are given. Exit code 0: all kernels gave what numpy
gives; 1: not all did; 2: there is no GPU, or nothing to compare.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

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
    arguments.add_argument("--json", type=Path, metavar="FILE")
    arguments.add_argument("--simulator", action="store_true",
                           help="without a GPU, on tiny tiles: tries the cases")  # fmt: skip
    chosen = arguments.parse_args(words)
    if chosen.simulator:
        # Numba reads this when it is imported, which the lines below do.
        os.environ["NUMBA_ENABLE_CUDASIM"] = "1"
    try:
        shapes = SMALL if chosen.simulator else LARGE
        scene = scene_from_file(chosen.scene, shapes) if chosen.scene else made_scene(shapes)
        names = _names(chosen.kernels)
        rows, about = _on_simulator(scene, names) if chosen.simulator else _on_device(
            scene, names, chosen.cubins, chosen.environments
        )  # fmt: skip
    except EdgersError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    about |= {"scene": chosen.scene.name if chosen.scene else "made from a seed",
              "python": platform.python_version()}  # fmt: skip
    if chosen.json:
        text = json.dumps({"about": about, "kernels": rows}, indent=2, ensure_ascii=False)
        chosen.json.write_text(text + "\n")
    return 0 if all(row["passed"] for row in rows) else 1


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

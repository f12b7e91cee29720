"""Build the CUDA kernels for all boards, or for some.

    python -m edgers.kernels.aot [--cc 8.7 ...] [--kernels NAME ...] -o FOLDER

Toolkits that are missing are fetched with pip. No GPU is needed.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgers.errors import EdgersError
from edgers.kernels.aot.build import build
from edgers.kernels.aot.capabilities import CAPABILITIES, capability_from_cc, version_from_text
from edgers.kernels.aot.environment import DEFAULT_FOLDER


def main(words: Sequence[str] | None = None) -> int:
    """Run the build; print a line for each capability, and give the exit code."""
    arguments = argparse.ArgumentParser(
        prog="python -m edgers.kernels.aot", description=(__doc__ or "").splitlines()[0]
    )
    arguments.add_argument("-o", "--out", type=Path, required=True, metavar="FOLDER")
    arguments.add_argument("--cc", nargs="+", metavar="CC", help="compute capabilities, as 8.7")
    arguments.add_argument("--kernels", nargs="+", metavar="NAME", help="only these")
    arguments.add_argument("--environments", type=Path, default=DEFAULT_FOLDER, metavar="FOLDER",
                           help="where the CUDA toolkits are kept")  # fmt: skip
    arguments.add_argument("--jobs", type=int, metavar="N", help="capabilities built at once")
    chosen = arguments.parse_args(words)
    started = time.perf_counter()
    try:
        capabilities = CAPABILITIES
        if chosen.cc:
            wanted = dict.fromkeys(version_from_text(text) for text in chosen.cc)
            capabilities = tuple(capability_from_cc(cc) for cc in wanted)
        index = build(
            chosen.out, capabilities, chosen.kernels,
            environments=chosen.environments, jobs=chosen.jobs,
        )  # fmt: skip
    except EdgersError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    for built in index["capabilities"].values():
        print(_line(built))
    print(f"{chosen.out / 'index.json'} in {time.perf_counter() - started:.0f} s")
    return 0


def _line(built: dict[str, Any]) -> str:
    kernels = built["kernels"].values()
    size = sum(f["bytes"] for k in kernels for kind, f in k["files"].items() if kind == "cubin")
    spilled = [name for name, k in built["kernels"].items() if k["spill_bytes"]]
    cubins = f"cubins {size / 1e3:.0f} kB" if built["cubin_since_cuda"] else "PTX only"
    return (
        f"{built['arch']:7} {len(kernels)} kernels, {cubins}, PTX {built['ptx_isa']}, "
        f"most registers {max(k['registers'] for k in kernels)}, "
        f"spilling: {', '.join(spilled) or 'none'}"
    )


if __name__ == "__main__":
    sys.exit(main())

"""All cases, and the line that each gives."""

from collections.abc import Callable

from edgers.bench.gpu_check import spectra, tiles
from edgers.bench.gpu_check.case import Case, difference
from edgers.bench.gpu_check.launcher import Launcher
from edgers.bench.gpu_check.scene import Scene

CASES: dict[str, Callable[[Scene], Case]] = tiles.CASES | spectra.CASES


def row(launcher: Launcher, scene: Scene, name: str) -> dict[str, object]:
    """Run one case; say whether it gave the right numbers, and how fast it was.

    `copy speed reached` is the time of a copy of as many bytes over the time of the kernel.
    """
    case = CASES[name](scene)
    found = difference(case, launcher.run(case))
    told: dict[str, object] = {
        "kernel": case.entry,
        "passed": found.wrong == 0,
        "wrong values": found.wrong,
        "largest difference": found.largest,
        "allowed": f"{case.absolute:.2g} + {case.relative:.2g} of the value",
        "because": case.why,
    }
    timing = launcher.time(case)
    if timing:
        told |= {
            "kernel_us": round(timing.kernel_s * 1e6, 2),
            "copy_us": round(timing.copy_s * 1e6, 2),
            "moved_bytes": case.moved_bytes,
            "copy speed reached": round(timing.copy_s / timing.kernel_s, 3),
        }
    return told

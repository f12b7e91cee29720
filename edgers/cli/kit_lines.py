"""What a bundle has for a GPU, and what came of building it, line by line."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from edgers.build_kit import BuildKit, KitKernel, Plan
from edgers.building.open_kit import BUILT, BUILT_FROM
from edgers.building.telling import attempt_text
from edgers.bundle import Bundle
from edgers.versions import version_text

KIT_KEYS = (BUILT,)
"""What of a bundle's measurements these lines tell."""


def kit_lines(bundle: Bundle) -> list[tuple[str, str]]:
    """Tell of the kit and its plan; nothing for a bundle that is for a CPU."""
    kit = bundle.kit
    if kit is None:
        return []
    lines = [("kit", _kit_text(kit)), ("sides", _sides_text(kit))]
    for band in kit.bands:
        lines.append(("TensorRT", f"{band.name}:"))
        for number, attempt in enumerate(band.attempts, 1):
            flags = f" · {', '.join(attempt.flags)}" if attempt.flags else ""
            lines.append(("", f"{number}  {attempt_text(attempt)} · {attempt.graph}{flags}"))
    lines += _kernel_lines(kit.kernels)
    if kit.plan is None:
        return [*lines, ("plan", "none: 'edgers build' makes it on the board or its twin")]
    lines.append(("plan", plan_line(kit.plan)))
    lines += [
        ("tried", f"{attempt_text(one)} · {one.outcome}") for one in kit.plan.tried
    ]  # fmt: skip
    lines.append(("built from", str(bundle.facts.get(BUILT_FROM, "not said"))))
    return lines + built_lines(bundle.measured)


def plan_line(plan: Plan) -> str:
    """Tell of a plan, and where it runs."""
    where = plan.module or plan.device
    dla = "" if plan.dla_core is None else f" · DLA {plan.dla_core}, GPU for the rest"
    return (
        f"{plan.precision} · TensorRT {version_text(plan.tensorrt)} on {where}"
        f"{dla} · {plan.memory_bytes / 1e6:.1f} MB of memory"
    )


def built_lines(measured: Mapping[str, object]) -> list[tuple[str, str]]:
    """Tell what was measured where the plan was built."""
    if BUILT not in measured:
        return []
    built = cast(Mapping[str, Any], measured[BUILT])
    lines = []
    if "tile_ms" in built:
        times = " · ".join(f"{name} {ms:.2f} ms a tile" for name, ms in built["tile_ms"].items())
        lines.append(("sizes", f"{times} → {built['profile']}"))
    accuracy = built["accuracy_on_this_device"]
    return [*lines, ("accuracy", f"on this device: {accuracy}; the certificate is the ground's")]


def _kit_text(kit: BuildKit) -> str:
    dla = " · DLA, with the GPU for the rest" if kit.dla else ""
    return f"compute capability {version_text(kit.cc)}{dla}"


def _sides_text(kit: BuildKit) -> str:
    sides = kit.sides
    return f"tiles of {sides.least_px} to {sides.most_px} px, tuned for {sides.usual_px} px"


def _kernel_lines(kernels: Sequence[KitKernel]) -> list[tuple[str, str]]:
    return [
        (
            "kernel",
            f"{one.name} · {one.kind} from CUDA {version_text(one.since_cuda)} · {one.entry}",
        )
        for one in kernels
    ]

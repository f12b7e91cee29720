"""What came of building a kit, line by line."""

from collections.abc import Mapping
from typing import Any, cast

from edgers.build_kit import Plan
from edgers.building.open_kit import BUILT, BUILT_FROM
from edgers.building.telling import attempt_text
from edgers.bundle import Bundle
from edgers.targets.gpu import text_from_version

BUILT_KEYS = (BUILT,)
"""What of a bundle's measurements these lines tell."""


def built_lines(bundle: Bundle) -> list[tuple[str, str]]:
    """Tell of the plan of a bundle, and how it came about; nothing where it is for a CPU."""
    if bundle.kit is None:
        return []
    plan = bundle.kit.plan
    if plan is None:
        return [("plan", "none: 'edgers build' makes it on the board or its twin")]
    return [
        ("plan", plan_text(plan)),
        *(("tried", f"{attempt_text(one)} · {one.outcome}") for one in plan.tried),
        *(
            ("weights", f"of {one.weights}: they are put into the plan when it is loaded")
            for one in bundle.engines
            if one.weights
        ),
        ("built from", str(bundle.facts.get(BUILT_FROM, "not said"))),
        *measured_lines(bundle.measured),
    ]


def plan_text(plan: Plan) -> str:
    """Tell of a plan, and where it runs."""
    where = plan.module or plan.device
    dla = "" if plan.dla_core is None else f" · DLA {plan.dla_core}, GPU for the rest"
    return (
        f"{plan.precision} · TensorRT {text_from_version(plan.tensorrt)} on {where}"
        f"{dla} · {plan.memory_bytes / 1e6:.1f} MB of memory"
    )


def measured_lines(measured: Mapping[str, object]) -> list[tuple[str, str]]:
    """Tell what was measured where the plan was built."""
    if BUILT not in measured:
        return []
    built = cast(Mapping[str, Any], measured[BUILT])
    lines = []
    if "tile_ms" in built:
        times = " · ".join(f"{name} {ms:.2f} ms a tile" for name, ms in built["tile_ms"].items())
        lines.append(("sizes", f"{times} → {built['profile']}"))
    accuracy = f"{built['accuracy_on_this_device']} on this device"
    return [*lines, ("accuracy", f"{accuracy}; a certificate is of the same graph on the ground")]

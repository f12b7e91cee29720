"""Whether a device is one that EdgeRS compiles for."""

import re
from dataclasses import dataclass
from typing import Literal

from edgers.targets.device_facts import DeviceFacts, GpuFacts
from edgers.targets.gpu import (
    TENSORRT_FIRST,
    TENSORRT_LAST,
    Gpu,
    is_supported_tensorrt,
    text_from_version,
)
from edgers.targets.target import Target

Verdict = Literal["is", "alike", "no"]
"""is: it is that device. alike: what is built for that device runs here too, as far as memory goes,
but it is another one, or that it is the same cannot be told. no: it does not run here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How a device and a target go together."""

    target: str
    """Name of the target."""
    verdict: Verdict
    """Whether the device is one."""
    reasons: tuple[str, ...]
    """Why not, or what is in the way, the shortest answer first; empty where nothing is."""


def fits(target: Target, facts: DeviceFacts) -> Fit:
    """Hold a device against a target."""
    against = _against(target, facts)
    if against:
        return Fit(target=target.name, verdict="no", reasons=against)
    differs = _differs(target, facts)
    missing = (target.why_no_plan or _without_tensorrt(facts)) if target.gpu else ""
    return Fit(
        target=target.name,
        verdict="alike" if differs else "is",
        reasons=tuple(one for one in (differs, missing) if one),
    )


def _against(target: Target, facts: DeviceFacts) -> tuple[str, ...]:
    """Give what rules it out."""
    found = []
    if facts.machine not in target.machines:
        machines = " or ".join(target.machines)
        found.append(f"takes a processor of kind {machines}, this one is {facts.machine}")
    if target.gpu is not None and facts.gpu is None:
        found.append("takes a GPU, and none can be used here")
    if target.gpu is not None and facts.gpu is not None and facts.gpu.cc != target.gpu.cc:
        found.append(
            f"takes compute capability {text_from_version(target.gpu.cc)},"
            f" this GPU has {text_from_version(facts.gpu.cc)}"
        )
    return tuple(found)


def _differs(target: Target, facts: DeviceFacts) -> str:
    """Say why it is another device, or cannot be told from one; empty where it is the same."""
    if target.gpu is None:
        return "its processor is of this kind; more cannot be told" if target.module else ""
    assert facts.gpu is not None
    other = _other_gpu(target.gpu, facts, facts.gpu)
    if not other and target.module:
        return f"it is built around {target.module}, which this is"
    return other


def _other_gpu(gpu: Gpu, facts: DeviceFacts, found: GpuFacts) -> str:
    if gpu.names:
        words = re.split(r"[^A-Za-z0-9]+", found.name)
        return "" if set(gpu.names) & set(words) else f"it is another card than this {found.name}"
    if not facts.part_number:
        return "this device does not say which module it is"
    if not gpu.modules:
        return f"its part number is not known; this one is {facts.part_number}"
    if facts.part_number not in gpu.modules:
        return f"its module is {' or '.join(gpu.modules)}, this one is {facts.part_number}"
    return ""


def _without_tensorrt(facts: DeviceFacts) -> str:
    if facts.tensorrt is None:
        return "TensorRT is not installed"
    if is_supported_tensorrt(facts.tensorrt):
        return ""
    return (
        f"TensorRT {text_from_version(facts.tensorrt)} is installed; EdgeRS builds for"
        f" {text_from_version(TENSORRT_FIRST)} to {TENSORRT_LAST}"
    )

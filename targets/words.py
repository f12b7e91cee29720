"""Targets in words, for the command line and the page of targets."""

from collections.abc import Iterable

from edgers.targets.gpu import Gpu, PowerMode, Software, text_from_version
from edgers.targets.target import Candidate, Target

Lines = list[tuple[str, str]]
"""Labels, and what stands behind them."""


def target_lines(target: Target) -> Lines:
    """Say all that is known of a target."""
    lines = [("target", f"{target.name} · {target.title}")]
    if target.aliases:
        lines.append(("also", ", ".join(target.aliases)))
    if target.module:
        lines += [("module", target.module), ("status", target.status)]
    lines.append(("processor", " or ".join(target.machines)))
    if target.gpu is not None:
        lines += _gpu_lines(target, target.gpu)
    lines.append(("precisions", ", ".join(target.precisions)))
    lines += _labelled("engines", (_candidate(one) for one in target.candidates))
    if target.why_no_plan:
        lines.append(("warning", f"no TensorRT plan can be built: {target.why_no_plan}"))
    for group in target.provenance:
        lines.append(("source", f"{group.topic} ({group.confidence}): {group.source}"))
        if group.note:
            lines.append(("", group.note))
    return lines


def memory_text(size_bytes: float) -> str:
    """Give a size in GB of 10^9 bytes."""
    return f"{size_bytes / 1e9:.3g} GB"


def best_mode(gpu: Gpu) -> PowerMode | None:
    """Give the highest power mode whose peaks are known; None where none is."""
    known = [one for one in gpu.power_modes if one.fp16_tflops is not None]
    return known[-1] if known else None


def tensorrt_text(target: Target) -> str:
    """Give the TensorRT versions that EdgeRS builds for on a device, first and last."""
    if target.gpu is None:
        return "–"
    if target.why_no_plan:
        return f"{text_from_version(target.gpu.software[-1].tensorrt[:2])}: too old"
    shown = [text_from_version(one.tensorrt[:2]) for one in target.supported_software]
    return shown[0] if shown[0] == shown[-1] else f"{shown[0]}–{shown[-1]}"


def _gpu_lines(target: Target, gpu: Gpu) -> Lines:
    cores = "" if gpu.sm_count is None else f" · {_count(gpu.sm_count, 'multiprocessor')}"
    lines = [("GPU", f"{gpu.arch}, compute capability {text_from_version(gpu.cc)}{cores}")]
    if gpu.modules:
        lines.append(("part number", ", ".join(gpu.modules)))
    if target.memory_bytes is not None:
        free = (
            f"{memory_text(target.memory_bytes * target.free_share)} of it assumed free for a run"
        )
        kind = "shared with the CPU" if gpu.shares_memory else "of the card"
        lines.append(("memory", f"{memory_text(target.memory_bytes)} {kind} · {free}"))
    lines.append(("DLA", _count(gpu.dla_cores, "core") if gpu.dla_cores else "none"))
    lines += _labelled("power", (_mode(one) for one in gpu.power_modes))
    lines += _labelled("software", (_release(one, gpu.dla_cores > 0) for one in gpu.software))
    return lines


def _mode(mode: PowerMode) -> str:
    limit = "no limit" if mode.power_w is None else f"{mode.power_w:g} W"
    peaks = [
        f"{name} {value:g} {unit}"
        for name, value, unit in (
            ("INT8", mode.int8_tops, "TOPS"), ("FP16", mode.fp16_tflops, "TFLOPS"),
            ("FP32", mode.fp32_tflops, "TFLOPS"),
        )
        if value is not None
    ]  # fmt: skip
    bandwidth = "" if mode.bandwidth_gbs is None else f" · {mode.bandwidth_gbs:g} GB/s"
    return f"{mode.name:<11} {limit} · {' · '.join(peaks) or 'peaks not known'}{bandwidth}"


def _release(release: Software, may_have_dla: bool) -> str:
    words = [f"CUDA {text_from_version(release.cuda)}"]
    words.append(f"TensorRT {text_from_version(release.tensorrt)}")
    words += [f"Python {release.python}"] if release.python else []
    if may_have_dla:
        words.append("DLA" if release.has_dla else "no DLA")
    words += [] if release.is_supported else ["too old for EdgeRS"]
    return f"{release.name:<27} {' · '.join(words)}"


def _candidate(candidate: Candidate) -> str:
    told = ", ".join(f"{key} {value}" for key, value in candidate.settings.items())
    return f"{candidate.engine} {candidate.precision}" + (f" ({told})" if told else "")


def _labelled(label: str, texts: Iterable[str]) -> Lines:
    """Put a label before the first of some lines."""
    return [(label if position == 0 else "", text) for position, text in enumerate(texts)]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"

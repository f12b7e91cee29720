"""`edgers targets`: the devices that bundles are compiled for, and which one this is."""

import json
import textwrap
from typing import Any

import click

from edgers.cli.show import line, print_lines
from edgers.processors import processors
from edgers.targets.catalogue import device_files, document, known_name
from edgers.targets.detect import device_facts
from edgers.targets.device_facts import DeviceFacts
from edgers.targets.document import (
    document_from_facts,
    document_from_fit,
    document_from_refused,
    document_from_target,
)
from edgers.targets.fit import Fit, fits
from edgers.targets.gpu import text_from_version
from edgers.targets.refused import is_refused, refused_devices, refused_from_document
from edgers.targets.target import Target, target_from_name, target_names
from edgers.targets.words import memory_text, target_lines

TELLING_FLAGS = (
    "avx2", "avx512f", "avx_vnni", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_bf16",
    "amx_int8", "asimd", "asimddp", "asimdhp", "bf16", "i8mm", "sve", "sve2",
)  # fmt: skip
"""Instruction sets that decide how fast networks run, of x86 and of Arm."""

WRAP_AT = 86
"""Columns of long lists of names."""

as_json = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")


@click.group(help="List the devices to compile for, or say which one this is.")
def command() -> None:
    """Group the commands."""


@command.command("list", help="List all devices and boards, also those it cannot compile for.")
@as_json
def list_command(as_json: bool) -> None:
    """Run `edgers targets list`."""
    targets = [target_from_name(name) for name in target_names()]
    refused = refused_devices()
    if as_json:
        shown = [document_from_target(one) for one in targets]
        _print_json({"targets": shown, "refused": [document_from_refused(one) for one in refused]})
        return
    # Imported here: `detect` has to be quick.
    from edgers.cli.target_table import print_targets

    print_targets(targets, refused)
    line("peaks", "INT8 in TOPS, FP16 in TFLOPS: without sparsity, in the highest power mode")
    line("next", "edgers targets show NAME · edgers targets detect")


@command.command(help="Say all that is known of the device NAME, and where it is from.")
@click.argument("name")
@as_json
def show(name: str, as_json: bool) -> None:
    """Run `edgers targets show`."""
    path = device_files()[known_name(name)]
    values = document(path)
    if is_refused(values):
        refused = refused_from_document(path, values)
        if as_json:
            _print_json(document_from_refused(refused))
            return
        line("board", f"{refused.name} · {refused.title}")
        line("refused", refused.reason)
        line("source", f"{refused.provenance.source} ({refused.provenance.confidence})")
        return
    target = target_from_name(name)
    if as_json:
        _print_json(document_from_target(target))
    else:
        print_lines(target_lines(target))


@command.command(help="Say what this device is, which devices it fits, and why not the others.")
@as_json
def detect(as_json: bool) -> None:
    """Run `edgers targets detect`."""
    facts = device_facts()
    targets = [target_from_name(name) for name in target_names()]
    found = [fits(target, facts) for target in targets]
    if as_json:
        shown = [document_from_fit(fit) for fit in found]
        _print_json({"device": document_from_facts(facts), "targets": shown})
        return
    print_lines(_device_lines(facts))
    print_lines(_fit_lines(found))
    line("next", _next(targets, found))


def _device_lines(facts: DeviceFacts) -> list[tuple[str, str]]:
    """Say what the device is."""
    count = processors()
    lines = []
    if facts.module:
        words = [facts.module, facts.part_number or "part number not found"]
        words += [f"Jetson Linux {facts.l4t}"] if facts.l4t else []
        words.append(f"{facts.dla_cores or 'no'} DLA in its device tree")
        lines.append(("module", " · ".join(words)))
    lines.append(("processor", f"{facts.processor or 'not named'} ({facts.machine}, {facts.system})"
                  f" · {count} processor{'s' * (count > 1)} to use"))  # fmt: skip
    flags = [one for one in TELLING_FLAGS if one in facts.cpu_flags]
    if flags:
        lines.append(("flags", " ".join(flags)))
    if facts.total_bytes:
        free = f", {memory_text(facts.free_bytes)} available" if facts.free_bytes else ""
        lines.append(("memory", memory_text(facts.total_bytes) + free))
    lines.append(("GPU", _gpu(facts)))
    version = "not installed" if facts.tensorrt is None else text_from_version(facts.tensorrt)
    lines.append(("TensorRT", version))
    return lines


def _gpu(facts: DeviceFacts) -> str:
    gpu = facts.gpu
    if gpu is None:
        return f"none can be used: {facts.no_gpu}"
    words = [gpu.name, f"compute capability {text_from_version(gpu.cc)}"]
    words.append(f"{memory_text(gpu.total_bytes)}, {memory_text(gpu.free_bytes)} free")
    words.append(f"CUDA {text_from_version(gpu.cuda)}")
    words += [f"driver {gpu.driver}"] if gpu.driver else []
    return " · ".join(words)


def _fit_lines(found: list[Fit]) -> list[tuple[str, str]]:
    """Tell the targets by what came of them, those for the same reason together."""
    lines = []
    for verdict, label in (("is", "this is"), ("alike", "much like"), ("no", "it is not")):
        groups: dict[str, list[str]] = {}
        for fit in found:
            if fit.verdict == verdict:
                reason = "; ".join(fit.reasons) if verdict != "no" else fit.reasons[0]
                groups.setdefault(reason, []).append(fit.target)
        for reason, names in groups.items():
            text = ", ".join(names) + (f": {reason}" if reason else "")
            for part in textwrap.wrap(text, WRAP_AT, break_on_hyphens=False):
                lines.append((label, part))
                label = ""
    return lines


def _next(targets: list[Target], found: list[Fit]) -> str:
    """Name the target to compile for here: the most telling one that this device is."""
    mine = [one for one, fit in zip(targets, found, strict=True) if fit.verdict == "is"]
    with_plan = (one for one in mine if one.gpu is not None and not one.why_no_plan)
    best = next(with_plan, next((one for one in mine if one.gpu is None), None))
    if best is None:
        return "edgers targets list"
    return f"edgers compile MODEL.onnx --contract MODEL.json --target {best.name} -o MODEL.edgers"


def _print_json(document: Any) -> None:
    click.echo(json.dumps(document, indent=2))

"""The targets as Markdown, for docs/targets.md.

`python -m edgers.targets.page` prints what stands between the marks there.
"""

from collections.abc import Iterable, Sequence

from edgers.targets.gpu import Gpu, PowerMode, text_from_version
from edgers.targets.provenance import provenance_from_table
from edgers.targets.refused import refused_devices
from edgers.targets.software import release_tables, software_from_table
from edgers.targets.table import texts
from edgers.targets.target import Target, target_from_name, target_names
from edgers.targets.words import memory_text, tensorrt_text

BEGIN, END = "<!-- targets: begin -->", "<!-- targets: end -->"
"""Marks around the generated part of the page."""

Rows = Iterable[Sequence[str]]


def target_page() -> str:
    """Write devices, power modes, releases, boards and sources as tables."""
    targets = [target_from_name(name) for name in target_names()]
    devices = [one for one in targets if not one.module]
    parts = [
        "### Devices", _devices(devices),
        "### Power modes", _power(devices),
        "### Releases", _releases(),
        "### Boards", _boards(targets),
        "### Boards that cannot be compiled for", _refused(),
        "### Sources", _sources(devices),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _devices(devices: Sequence[Target]) -> str:
    head = ("target", "also", "device", "cc", "memory", "free for a run", "DLA", "precisions",
            "TensorRT", "facts")  # fmt: skip
    return _table(head, (
        (
            f"`{one.name}`",
            ", ".join(f"`{alias}`" for alias in one.aliases),
            one.title,
            "–" if one.gpu is None else text_from_version(one.gpu.cc),
            "–" if one.memory_bytes is None else memory_text(one.memory_bytes),
            "–" if one.memory_bytes is None else f"{one.free_share:.0%}",
            str(one.gpu.dla_cores) if one.gpu and one.gpu.dla_cores else "–",
            ", ".join(one.precisions),
            tensorrt_text(one),
            one.confidence,
        )
        for one in devices
    ))  # fmt: skip


def _power(devices: Sequence[Target]) -> str:
    head = ("target", "mode", "W", "INT8 TOPS", "FP16 TFLOPS", "FP32 TFLOPS", "GB/s")
    return _table(head, (
        (f"`{one.name}`", mode.name, *map(_figure, _figures(mode)))
        for one in devices
        for mode in _modes(one.gpu)
    ))  # fmt: skip


def _modes(gpu: Gpu | None) -> Sequence[PowerMode]:
    return () if gpu is None else gpu.power_modes


def _figures(mode: PowerMode) -> tuple[float | None, ...]:
    return (
        mode.power_w, mode.int8_tops, mode.fp16_tflops, mode.fp32_tflops, mode.bandwidth_gbs
    )  # fmt: skip


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _releases() -> str:
    head = ("release", "CUDA", "TensorRT", "Python", "runs on", "DLA of", "source")
    rows = []
    for table in release_tables():
        names, dla = texts(table, "targets"), texts(table, "dla")
        one = software_from_table(table, names[0])
        rows.append((
            one.name,
            text_from_version(one.cuda),
            text_from_version(one.tensorrt) + ("" if one.is_supported else " (too old)"),
            one.python or "–",
            ", ".join(names),
            ", ".join(dla) or "–",
            f"{one.source} ({provenance_from_table('software', table).confidence})",
        ))  # fmt: skip
    return _table(head, rows)


def _boards(targets: Sequence[Target]) -> str:
    return _table(("board", "is compiled for as", "status", "source"), (
        (f"`{one.name}`", f"`{one.module}`", one.status,
         f"{one.provenance[0].source} ({one.provenance[0].confidence})")
        for one in targets if one.module
    ))  # fmt: skip


def _refused() -> str:
    return _table(("board", "reason", "source"), (
        (f"`{one.name}`", one.reason, f"{one.provenance.source} ({one.provenance.confidence})")
        for one in refused_devices()
    ))  # fmt: skip


def _sources(devices: Sequence[Target]) -> str:
    return _table(("target", "facts", "from", "derived or assumed"), (
        (f"`{one.name}`", f"{group.topic} ({group.confidence})", group.source, group.note or "–")
        for one in devices
        for group in one.provenance
        if group.topic != "software"
    ))  # fmt: skip


def _table(head: Sequence[str], rows: Rows) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    print(target_page(), end="")

"""A device a bundle is compiled for."""

import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from edgers.errors import BadInputError
from edgers.targets.catalogue import checked_name, device_files, document, known_name
from edgers.targets.gpu import TENSORRT_FIRST, TENSORRT_LAST, Gpu, Software, text_from_version
from edgers.targets.gpu_table import GROUPS, gpu_device
from edgers.targets.provenance import (
    PROVENANCE_KEYS,
    Provenance,
    provenance_from_table,
    sources,
    weakest,
)
from edgers.targets.refused import is_refused, refused_from_document
from edgers.targets.software import provenance_of_software, software_of
from edgers.targets.table import Table, checked_table, one_of, tables, text, texts

PRECISIONS = ("fp32", "bf16", "fp16", "int8")
"""Precisions that EdgeRS compiles to, the default first."""

GPU_PRECISIONS = ("fp32", "fp16", "int8")
"""Precisions that EdgeRS builds for TensorRT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A way to run a graph that compiling may choose."""

    engine: str
    """Key in `edgers.engines.ENGINES`."""
    precision: str
    """Precision it computes in."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """What the engine is told; what is left out is as the engine has it."""
    machines: tuple[str, ...] = ()
    """Machines it is tried on, in Python's words (`platform.machine`); empty for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is known of a device."""

    name: str
    """Name on the command line."""
    title: str
    """Name for people."""
    machines: tuple[str, ...]
    """Machines of this kind, in Python's words (`platform.machine`)."""
    candidates: tuple[Candidate, ...]
    """Ways to run a graph, best guess first."""
    source: str
    """Where these facts are from, all together."""
    confidence: str
    """`high`, `medium` or `low`: the least that any of them has."""
    aliases: tuple[str, ...] = ()
    """Other names on the command line."""
    memory_bytes: int | None = None
    """Memory of the device; None where that is not fixed."""
    free_share: float = 1.0
    """Share of that memory which is left for a run: assumed, see `provenance`."""
    gpu: Gpu | None = None
    """Its GPU; None for a CPU."""
    module: str = ""
    """Target that this board is built around and has its facts from; empty where it is none."""
    status: str = ""
    """What is known of a board's flights, and what was assumed; empty for modules."""
    provenance: tuple[Provenance, ...] = ()
    """Where each group of facts is from."""

    @property
    def engines(self) -> tuple[str, ...]:
        """Runtimes it may have, best guess first."""
        return tuple(dict.fromkeys(one.engine for one in self.candidates))

    @property
    def precisions(self) -> tuple[str, ...]:
        """Precisions a bundle may be compiled to, the default first."""
        found = dict.fromkeys(one.precision for one in self.candidates)
        known = [one for one in PRECISIONS if one in found]
        return (*known, *(one for one in found if one not in PRECISIONS))

    @property
    def is_this_machine(self) -> bool:
        """Tell whether what is measured here can be believed there.

        Never so for a GPU, nor for a board by its processor alone: which device this one is takes
        a look at it (`edgers.targets.fit`).
        """
        return self.gpu is None and not self.module and platform.machine() in self.machines

    @property
    def supported_software(self) -> tuple[Software, ...]:
        """Releases it runs whose TensorRT EdgeRS builds for, oldest first; empty for a CPU."""
        return tuple(one for one in (self.gpu.software if self.gpu else ()) if one.is_supported)

    @property
    def why_no_plan(self) -> str:
        """Say why no TensorRT plan can be built for it; empty where one can, and for a CPU."""
        if self.gpu is None or self.supported_software:
            return ""
        last = self.gpu.software[-1]
        return (
            f"{last.name}, the last release it runs, has TensorRT"
            f" {text_from_version(last.tensorrt)}; EdgeRS builds for"
            f" {text_from_version(TENSORRT_FIRST)} to {TENSORRT_LAST}"
        )


def target_names() -> list[str]:
    """List the devices and boards that can be compiled for."""
    return [name for name, path in device_files().items() if not is_refused(document(path))]


def target_from_name(name: str) -> Target:
    """Read a device by its name or an alias.

    Raises BadInputError where there is none of that name, where EdgeRS cannot compile for it, and
    where its file is damaged.
    """
    found = known_name(name)
    path = device_files()[found]
    values = document(path)
    if is_refused(values):
        refused = refused_from_document(path, values)
        raise BadInputError(
            f"EdgeRS cannot compile for {found} ({refused.title}).",
            seen=f"Reason: {refused.reason}.",
        )
    return target_from_document(path, values)


def target_from_document(path: str, values: Mapping[str, Any]) -> Target:
    """Read a device from what its file holds; raises BadInputError where the file is damaged."""
    if "module" in values:
        return _board(path, values)
    if "candidates" in values:
        return _cpu(path, values)
    return _gpu_target(path, values)


def _board(path: str, values: Mapping[str, Any]) -> Target:
    """Read a board, which has all facts of its module."""
    table = checked_table(
        path, values,
        required=("name", "title", "module", "status", *PROVENANCE_KEYS),
        optional=("aliases", "machines", "note"),
    )  # fmt: skip
    modules = [name for name, file in device_files().items() if "/" not in file]
    module = target_from_name(one_of(table, "module", modules))
    machines = texts(table, "machines")
    if not set(machines) <= set(module.machines):
        raise table.fault("machines", f"They are among those of {module.name}.")
    groups = (provenance_from_table("board", table), *module.provenance)
    return replace(
        module,
        name=checked_name(table),
        title=text(table, "title"),
        aliases=texts(table, "aliases"),
        machines=machines or module.machines,
        module=module.name,
        status=text(table, "status"),
        source=sources(groups),
        confidence=weakest(groups),
        provenance=groups,
    )


def _cpu(path: str, values: Mapping[str, Any]) -> Target:
    table = checked_table(
        path, values,
        required=("name", "title", "machines", "candidates", *PROVENANCE_KEYS),
        optional=("aliases", "note"),
    )  # fmt: skip
    candidates = tables(
        table, "candidates", required=("engine", "precision"), optional=("settings", "machines")
    )
    group = provenance_from_table("engines", table)
    return Target(
        name=checked_name(table),
        title=text(table, "title"),
        aliases=texts(table, "aliases"),
        machines=_machines(table),
        candidates=tuple(_candidate(one) for one in candidates),
        source=group.source,
        confidence=group.confidence,
        provenance=(group,),
    )


def _gpu_target(path: str, values: Mapping[str, Any]) -> Target:
    table = checked_table(
        path, values,
        required=("name", "title", "machines", "precisions", *GROUPS), optional=("aliases",),
    )  # fmt: skip
    name = checked_name(table)
    software = software_of(name)
    if not software:
        raise table.fault("name", "A file in software/ names a release that runs on it.")
    device = gpu_device(table, software)
    groups = (*device.provenance, provenance_of_software(software))
    return Target(
        name=name,
        title=text(table, "title"),
        aliases=texts(table, "aliases"),
        machines=_machines(table),
        candidates=gpu_candidates(_precisions(table)),
        source=sources(groups),
        confidence=weakest(groups),
        memory_bytes=device.memory_bytes,
        free_share=device.free_share,
        gpu=device.gpu,
        provenance=groups,
    )


def gpu_candidates(precisions: Iterable[str]) -> tuple[Candidate, ...]:
    """Give the ways to run a graph where there is a GPU: plans, then ONNX Runtime, then the CPU."""
    plans = sorted(precisions, key=PRECISIONS.index, reverse=True)
    runtime: tuple[dict[str, str], ...] = ({"provider": "tensorrt"}, {"provider": "cuda"}, {})
    return (
        *(Candidate(engine="tensorrt", precision=one) for one in plans),
        *(Candidate(engine="onnxruntime", precision="fp32", settings=one) for one in runtime),
    )


def _machines(table: Table) -> tuple[str, ...]:
    found = texts(table, "machines")
    if not found:
        raise table.fault("machines", "It names one at least.")
    return found


def _precisions(table: Table) -> tuple[str, ...]:
    found = texts(table, "precisions")
    if found[:1] != GPU_PRECISIONS[:1] or not set(found) <= set(GPU_PRECISIONS):
        raise table.fault("precisions", f"fp32, then others of {', '.join(GPU_PRECISIONS)}.")
    return found


def _candidate(table: Table) -> Candidate:
    settings = table.values.get("settings", {})
    if not isinstance(settings, Mapping) or not all(isinstance(v, str) for v in settings.values()):
        raise table.fault("settings", "It is a table of texts.")
    return Candidate(
        engine=text(table, "engine"),
        precision=one_of(table, "precision", PRECISIONS),
        settings=dict(settings),
        machines=texts(table, "machines"),
    )

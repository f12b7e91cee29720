"""A build made ready: what could be in vain is found before it begins."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgers.build_kit import Attempt, KitBand
from edgers.building.attempts import allowed_attempts
from edgers.building.builder import has_builder
from edgers.building.fitness import dla_core, fitting_band, fitting_gpu
from edgers.building.open_kit import OpenKit, open_kit
from edgers.building.order import BuildOrder
from edgers.building.timing_cache import TimingCache, open_timing_cache, timing_key
from edgers.building.workspace import Workspace, workspace
from edgers.engines.plan_refit import STRIP_FLAGS, can_refit
from edgers.engines.tensorrt_api import import_tensorrt, member, tensorrt_version
from edgers.errors import BadInputError, EngineError, OutputError
from edgers.targets.device_facts import DeviceFacts, GpuFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A build that can begin: all that could be asked beforehand was."""

    kit: OpenKit
    """The kit."""
    path: Path
    """Where the bundle goes."""
    facts: DeviceFacts
    """This device."""
    gpu: GpuFacts
    """Its GPU."""
    trt: Any
    """TensorRT."""
    tensorrt: tuple[int, ...]
    """Its version."""
    band: KitBand
    """What the kit has for that version."""
    attempts: tuple[Attempt, ...]
    """What will be tried, in order."""
    workspace: Workspace
    """Memory for the builder."""
    cache: TimingCache
    """What earlier builds timed."""
    dla_core: int | None
    """DLA to build for; None for the GPU."""
    is_stripped: bool
    """Whether weights are left out of the plan."""


def prepare(path: Path, out: Path | None, order: BuildOrder, facts: DeviceFacts) -> Prepared:
    """Open a kit and hold it against this device; nothing is built or written.

    `facts` come from `edgers.targets.detect`: TensorRT is imported only where they name a GPU.
    Without `out` the bundle goes beside the kit. Raises BundleError, BadInputError or OutputError
    where a build would be in vain.
    """
    kit = open_kit(path, is_rebuild=order.is_rebuild)
    where = built_path(path) if out is None else out
    _check_out(where, path)
    gpu = fitting_gpu(kit.kit, facts)
    trt = _tensorrt()
    tensorrt = tensorrt_version(trt)
    if order.is_stripped:
        _check_strip(trt)
    band = fitting_band(kit.kit, tensorrt)
    core = dla_core(kit.kit, order.dla_core, facts)
    attempts = allowed_attempts(band, order.precisions, core)
    largest = max(len(kit.entries[one.graph]) for one in attempts)
    return Prepared(
        kit=kit, path=where, facts=facts, gpu=gpu, trt=trt, tensorrt=tensorrt, band=band,
        attempts=attempts, dla_core=core, is_stripped=order.is_stripped,
        workspace=workspace(facts, gpu, largest, order.workspace_bytes),
        cache=open_timing_cache(timing_key(facts, gpu, tensorrt), order.timing_cache),
    )  # fmt: skip


def built_path(kit: Path) -> Path:
    """Give the place of a built bundle where none is named: beside its kit."""
    stem = kit.stem.removesuffix("-built")
    return kit.with_name(f"{stem}-built.edgers")


def _check_out(out: Path, kit: Path) -> None:
    """Refuse a place that cannot be written, before a build that takes minutes."""
    if out.exists() and out.samefile(kit):
        raise OutputError(
            f"{out} is what is built from.",
            rule="It is not replaced: it is what other boards are built from, or what runs now.",
            fix="Name another file with -o.",
        )
    folder = out.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK) or out.is_dir():
        seen = "It is a folder." if out.is_dir() else f"Folder {folder} is missing or read-only."
        raise OutputError(f"{out} cannot be written.", seen=seen)


def _tensorrt() -> Any:
    """Import TensorRT; raises BadInputError where it is not here, or cannot build."""
    try:
        trt = import_tensorrt()
    except EngineError as error:
        raise BadInputError(error.what, seen=error.seen, rule=error.rule, fix=error.fix) from error
    if not has_builder(trt):
        raise BadInputError(
            "the TensorRT that is installed here cannot build.",
            seen=f"Package {trt.__name__} has no builder or no ONNX parser.",
            fix="Install the full TensorRT; the lean one only runs plans.",
        )
    return trt


def _check_strip(trt: Any) -> None:
    """Refuse to leave weights out where they cannot be filled in again."""
    lacking = [name for name in STRIP_FLAGS if member(trt, "BuilderFlag", name) is None]
    if lacking or not can_refit(trt):
        raise BadInputError(
            "this TensorRT builds no plans without weights.",
            seen=f"It lacks {', '.join(lacking) or 'the refitter for ONNX graphs'}.",
            rule="TensorRT 10 and later do.",
            fix="Leave --strip out.",
        )

"""Whether a bundle runs on a device, way by way, before any runtime is loaded.

No runtime, compiler or raster library is imported for this: a verdict has to come at once, and on
machines where a runtime is broken as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from math import prod
from pathlib import Path
from typing import Any

from edgers.build_kit import BuildKit, KitKernel
from edgers.errors import BundleError
from edgers.manifest import Engine, Manifest
from edgers.targets.device_facts import DeviceFacts
from edgers.targets.engine_check import GPU_PROVIDERS, check_engine
from edgers.targets.gpu import Version
from edgers.targets.needs import EngineNeeds, KernelForm, KernelNeed, Needs, VersionBand
from edgers.targets.preflight import preflight
from edgers.targets.verdict import Verdict

DISTRIBUTIONS = {
    "onnxruntime": ("onnxruntime", "onnxruntime-gpu"),
    "openvino": ("openvino",),
}
"""What may install each runtime that takes graphs as they are."""

TENSORRT = "tensorrt"
TILES_IN_FLIGHT = 2
"""Tiles on the GPU at once: one is copied while the one before is inferred."""

STORED_BYTES = 4
"""Bytes of a stored sample, at most: no sensor has more than 32 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way to run a bundle."""

    engine: str
    """Runtime."""
    precision: str
    """Precision it computes in; empty where the device decides it."""
    provider: str
    """What the runtime hands the graph to; empty for its own."""
    verdict: Verdict
    """Whether it can be run here."""

    @property
    def title(self) -> str:
        """Name it."""
        by = f" by {self.provider}" if self.provider else ""
        return f"{self.engine} {self.precision}".strip() + by


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """All ways to run a bundle, in its order of preference; the first is how it was made."""

    ways: tuple[Way, ...]
    """At least one."""
    is_kit: bool
    """Whether the first is still to be built on the device."""

    @property
    def fits(self) -> bool:
        """Tell whether it runs, or can be built, as it was made."""
        return self.ways[0].verdict.fits

    @property
    def fallback(self) -> Way | None:
        """Give the first of the other ways that fits; None where none does."""
        return next((way for way in self.ways[1:] if way.verdict.fits), None)


def outlook(manifest: Manifest, facts: DeviceFacts, installed: Mapping[str, str]) -> Outlook:
    """Judge all ways of a bundle.

    `installed` gives versions of runtimes by name, as `installed_engines` does. Raises BundleError
    where what the bundle says of its kit, or its contract, makes no sense.
    """
    kit = manifest.kit
    ways = []
    if kit is not None:
        try:
            needs = needs_from_kit(kit, manifest.contract, manifest.sizes, facts.tensorrt)
            verdict = preflight(needs, facts)
        # Both were hashed when they were written; whoever wrote them may have written anything.
        except (TypeError, ValueError, LookupError, AttributeError, OverflowError) as error:
            raise BundleError(
                "the bundle's kit or contract cannot be made sense of.",
                seen=f"{type(error).__name__}: {error}.",
                fix="Compile the model again with this version.",
            ) from error
        precision = kit.plan.precision if kit.plan else ""
        ways.append(Way(engine=TENSORRT, precision=precision, provider="", verdict=verdict))
    for one in manifest.engines:
        if one.name != TENSORRT:
            verdict = check_engine(_engine_needs(one), facts, installed)
            provider = one.provider if one.provider in GPU_PROVIDERS else ""
            ways.append(
                Way(engine=one.name, precision=one.precision, provider=provider, verdict=verdict)
            )
    return Outlook(ways=tuple(ways), is_kit=kit is not None and kit.plan is None)


def installed_engines() -> dict[str, str]:
    """Give the version of each runtime installed, by name; empty where it is not told.

    A GPU provider that ONNX Runtime was built with stands beside it, as `onnxruntime cuda`. Nothing
    is imported.
    """
    found = {}
    for name in DISTRIBUTIONS:
        spec = find_spec(name)
        if spec is None:
            continue
        found[name] = _version(name)
        folders = [Path(folder) / "capi" for folder in spec.submodule_search_locations or ()]
        for provider in GPU_PROVIDERS:
            library = f"*onnxruntime_providers_{provider}.*"
            if any(next(folder.glob(library), None) for folder in folders):
                found[f"{name} {provider}"] = found[name]
    return found


def needs_from_kit(
    kit: BuildKit, contract: Mapping[str, Any], sizes: Mapping[str, int], tensorrt: Version | None
) -> Needs:
    """Say what a kit, or the plan built from it, asks of a device.

    `contract` is the contract's document, `sizes` gives the bytes of the bundle's entries by name.
    Before a plan is built the memory is at least that of the weights of the graph that `tensorrt`,
    the version on the device, would be fed first.
    """
    plan = kit.plan
    return Needs(
        cc=plan.cc if plan else kit.cc,
        tensorrt=plan.tensorrt if plan else None,
        bands=tuple(
            VersionBand(name=band.name, first=band.first, last=band.last) for band in kit.bands
        ),
        cuda=plan.cuda if plan else None,
        module=plan.module if plan else "",
        device=plan.device if plan else "",
        plan_bytes=plan.memory_bytes if plan else _least_bytes(kit, sizes, tensorrt),
        run_bytes=tiles_bytes(contract, kit.sides.most_px),
        wants_dla=kit.dla if plan is None else plan.dla_core is not None,
        dla_core=plan.dla_core if plan else None,
        kernels=_kernels(kit.kernels),
    )


def tiles_bytes(contract: Mapping[str, Any], side_px: int) -> int:
    """Give what the tiles in flight take on a device: as stored, as tensors, and the answer.

    `contract` is a contract's document. An axis of free length counts once.
    """
    inner = contract.get("properties")
    document = inner if isinstance(inner, Mapping) else contract
    taken = 0
    for source in document.get("mlm:input", ()):
        tensor = source["input"]
        samples = _samples(tensor, side_px)
        if "channel" in tensor["dim_order"]:
            channel = tensor["shape"][tensor["dim_order"].index("channel")]
            samples *= len(source["bands"]) if channel <= 0 else 1
        taken += samples * (STORED_BYTES + _item_bytes(tensor["data_type"]))
    for answer in document.get("mlm:output", ()):
        tensor = answer["result"]
        taken += _samples(tensor, side_px) * _item_bytes(tensor["data_type"])
    return TILES_IN_FLIGHT * taken


def _samples(tensor: Mapping[str, Any], side_px: int) -> int:
    """Count the values of a tensor whose free height and width are those of a tile."""
    lengths = zip(tensor["dim_order"], tensor["shape"], strict=True)
    return prod(
        length if length > 0 else side_px if axis in ("height", "width") else 1
        for axis, length in lengths
    )


def _item_bytes(data_type: str) -> int:
    """Give the bytes of a value from the digits of its type, such as `float32`."""
    return int("".join(filter(str.isdigit, data_type)) or "32") // 8


def _least_bytes(kit: BuildKit, sizes: Mapping[str, int], tensorrt: Version | None) -> int:
    band = kit.band_of(tensorrt) if tensorrt else None
    attempts = (band or kit.bands[0]).attempts if kit.bands else ()
    return sizes.get(attempts[0].graph, 0) if attempts else 0


def _kernels(kernels: tuple[KitKernel, ...]) -> tuple[KernelNeed, ...]:
    forms: dict[str, list[KernelForm]] = {}
    for one in kernels:
        form = KernelForm(kind=one.kind, since_cuda=one.since_cuda)
        forms.setdefault(one.name, []).append(form)
    return tuple(KernelNeed(name=name, forms=tuple(held)) for name, held in forms.items())


def _engine_needs(engine: Engine) -> EngineNeeds:
    return EngineNeeds(
        engine=engine.name,
        version=engine.version,
        precision=engine.precision,
        provider=engine.provider,
        graph_bytes=engine.graph_bytes,
    )


def _version(name: str) -> str:
    for distribution in DISTRIBUTIONS[name]:
        try:
            return metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
    return ""

"""What a bundle for a GPU carries: graphs for each TensorRT, kernels, and once built the plan.

TensorRT builds a plan only on the kind of device that runs it. A workstation makes a bundle without
a plan, a build kit; `edgers build` on the board or its twin adds the plan.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Version = tuple[int, ...]
"""Parts of a version, such as (10, 3, 0)."""

PLAN_ENTRY = "plan/model.engine"
"""Entry of the plan that TensorRT built."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One way to build the plan."""

    precision: str
    """`int8`, `fp16` or `fp32`."""
    scales: Literal["fp32", "fp16", ""]
    """Type of the scales between 8 bits and floats; empty where nothing is quantized."""
    graph: str
    """Entry of the ONNX graph."""
    golden: str
    """Entry of what that graph must give for the golden tile."""
    typing: Literal["weak", "strong"]
    """Who decides the type of a layer: the builder within its flags, or the graph."""
    flags: tuple[str, ...]
    """Names of the builder's flags (BuilderFlag) that have to be set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KitBand:
    """TensorRT versions that are fed alike."""

    name: str
    """First and last version, as shown."""
    first: tuple[int, int]
    """Major and minor of the first version."""
    last: tuple[int, int]
    """Major and minor of the last version."""
    attempts: tuple[Attempt, ...]
    """Ways to build, the best first."""

    def takes(self, tensorrt: Version) -> bool:
        """Tell whether a version is one of these."""
        return self.first <= tensorrt[:2] <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class KitKernel:
    """A CUDA kernel, in one of its forms."""

    name: str
    """Its name, and its symbol in the image."""
    entry: str
    """Entry that holds it."""
    kind: Literal["cubin", "ptx"]
    """Machine code, or text that the driver assembles when it is loaded."""
    since_cuda: tuple[int, int]
    """CUDA version from which on a driver loads it."""
    signature: tuple[str, ...]
    """Type of each argument, such as `float32*` or `int32`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TileSides:
    """Sides of the tiles that a plan takes, in pixels; height and width may each have any."""

    least_px: int
    """Smallest."""
    usual_px: int
    """What it is tuned for."""
    most_px: int
    """Largest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of one attempt to build."""

    precision: str
    """Its precision."""
    scales: str
    """Type of its scales."""
    typing: str
    """Who decides the type of a layer."""
    outcome: str
    """`built`, or why not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan that TensorRT built, and where: it runs nowhere else."""

    entry: str
    """Entry that holds it."""
    precision: str
    """Precision of the attempt that built it."""
    tensorrt: Version
    """Version of TensorRT that built it, and that it needs."""
    cc: tuple[int, int]
    """Compute capability of the GPU."""
    device: str
    """Name of the GPU, in the driver's words."""
    module: str
    """Model of the Jetson; empty elsewhere."""
    cuda: Version
    """CUDA version of the driver."""
    memory_bytes: int
    """Memory of the device that one run of it takes, weights and activations."""
    dla_core: int | None
    """DLA it was built for; None for the GPU."""
    tried: tuple[Tried, ...]
    """Attempts, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildKit:
    """The part of a bundle that is for a GPU."""

    cc: tuple[int, int]
    """Compute capability it is for."""
    sides: TileSides
    """Tiles that the plan must take."""
    bands: tuple[KitBand, ...]
    """What to feed to which TensorRT."""
    kernels: tuple[KitKernel, ...]
    """CUDA kernels; one name may come as cubin and as PTX."""
    dla: bool
    """Whether to build for the DLA, with the GPU for what it does not take."""
    plan: Plan | None
    """The plan; None before `edgers build`."""

    def band_of(self, tensorrt: Version) -> KitBand | None:
        """Give the band of a TensorRT version; None where the kit has nothing for it."""
        return next((band for band in self.bands if band.takes(tensorrt)), None)


def document_from_kit(kit: BuildKit) -> dict[str, Any]:
    """Give the kit for the manifest, plain JSON values only."""
    document: dict[str, Any] = json.loads(json.dumps(asdict(kit)))
    return document


def kit_from_document(document: Mapping[str, Any]) -> BuildKit:
    """Read a kit; raises KeyError, TypeError or ValueError where it is none."""
    plan = document["plan"]
    return BuildKit(
        cc=_pair(document["cc"]),
        sides=TileSides(**document["sides"]),
        bands=tuple(_band(one) for one in document["bands"]),
        kernels=tuple(
            KitKernel(
                **{
                    **one,
                    "since_cuda": _pair(one["since_cuda"]),
                    "signature": tuple(one["signature"]),
                }
            )
            for one in document["kernels"]
        ),
        dla=document["dla"],
        plan=None if plan is None else _plan(plan),
    )


def _band(document: Mapping[str, Any]) -> KitBand:
    return KitBand(
        name=document["name"],
        first=_pair(document["first"]),
        last=_pair(document["last"]),
        attempts=tuple(
            Attempt(**{**one, "flags": tuple(one["flags"])}) for one in document["attempts"]
        ),
    )


def _plan(document: Mapping[str, Any]) -> Plan:
    return Plan(
        **{
            **document,
            "tensorrt": tuple(document["tensorrt"]),
            "cc": _pair(document["cc"]),
            "cuda": tuple(document["cuda"]),
            "tried": tuple(Tried(**one) for one in document["tried"]),
        }
    )


def _pair(version: Sequence[int]) -> tuple[int, int]:
    major, minor = version
    return major, minor

"""A device a bundle is compiled for."""

import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from edgers.errors import BadInputError
from edgers.targets.gpu import Gpu

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


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
    """Where these facts are from."""
    confidence: str
    """`high`, `medium` or `low`."""
    aliases: tuple[str, ...] = ()
    """Other names on the command line."""
    memory_bytes: int | None = None
    """Memory of the device; None where that is not fixed."""
    free_share: float = 1.0
    """Share of that memory which is left for a run."""
    gpu: Gpu | None = None
    """Its GPU; None for a CPU."""

    @property
    def engines(self) -> tuple[str, ...]:
        """Runtimes it may have, best guess first."""
        return tuple(dict.fromkeys(one.engine for one in self.candidates))

    @property
    def precisions(self) -> tuple[str, ...]:
        """Precisions a bundle may be compiled to, the default first."""
        return tuple(dict.fromkeys(one.precision for one in self.candidates))

    @property
    def is_this_machine(self) -> bool:
        """Tell whether what is measured here can be believed there."""
        return platform.machine() in self.machines


def target_names() -> list[str]:
    """List the devices."""
    return sorted(
        entry.name.removesuffix(".toml")
        for entry in files("edgers.targets").iterdir()
        if entry.name.endswith(".toml")
    )


def target_from_name(name: str) -> Target:
    """Read a device; raises BadInputError where there is none of that name."""
    if name not in target_names():
        raise BadInputError(
            f"target {name!r} is not known.", rule=f"Known targets: {', '.join(target_names())}."
        )
    facts = tomllib.loads(files("edgers.targets").joinpath(f"{name}.toml").read_text("utf-8"))
    return Target(
        name=facts["name"],
        title=facts["title"],
        machines=tuple(facts["machines"]),
        candidates=tuple(_candidate(one) for one in facts["candidates"]),
        source=facts["source"],
        confidence=facts["confidence"],
    )


def _candidate(facts: Mapping[str, Any]) -> Candidate:
    return Candidate(
        engine=facts["engine"],
        precision=facts["precision"],
        settings=dict(facts.get("settings", {})),
        machines=tuple(facts.get("machines", ())),
    )

"""A device a bundle is compiled for."""

import sys
from dataclasses import dataclass
from importlib.resources import files

from edgers.errors import BadInputError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is known of a device."""

    name: str
    """Name on the command line."""
    title: str
    """Name for people."""
    engines: tuple[str, ...]
    """Runtimes it has, in order of preference."""
    precisions: tuple[str, ...]
    """Precisions a bundle may be compiled to."""
    source: str
    """Where these facts are from."""
    confidence: str
    """`high`, `medium` or `low`."""


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
        engines=tuple(facts["engines"]),
        precisions=tuple(facts["precisions"]),
        source=facts["source"],
        confidence=facts["confidence"],
    )

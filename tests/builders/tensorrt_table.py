"""What the Python bindings of a TensorRT version offer, as `tests/tensorrt_api` has it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

TABLES = Path(__file__).parents[1] / "tensorrt_api"

VERSIONS = ("8.6.1", "10.3.0", "10.13.3", "11.4.0")


@cache
def table(version: str) -> Mapping[str, Any]:
    """Read a table: constants, functions, enums and classes."""
    read: dict[str, Any] = json.loads((TABLES / f"{version}.json").read_text())
    return read


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One argument of a function."""

    name: str
    """Its name, by which it may be given."""
    kind: str
    """Its annotation."""
    required: bool
    """Whether it has no default."""


def _parts(text: str) -> list[str]:
    """Split at the commas that are in no bracket and no quotes."""
    found, depth, quoted, start = [], 0, False, 0
    for place, letter in enumerate(text):
        if letter == "'":
            quoted = not quoted
        elif quoted:
            continue
        elif letter in "[(<":
            depth += 1
        elif letter in "])>":
            depth -= 1
        elif letter == "," and depth == 0:
            found.append(text[start:place])
            start = place + 1
    return [part.strip() for part in (*found, text[start:]) if part.strip()]


@cache
def parameters(signature: str) -> tuple[Parameter, ...]:
    """Read a signature such as `(self: Builder, flags: int = 0) -> INetworkDefinition`."""
    depth = 0
    end = 0
    for end, letter in enumerate(signature):  # noqa: B007
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            break
    found = []
    for part in _parts(signature[1:end]):
        named, _, default = part.partition(" = ")
        name, _, kind = named.partition(": ")
        found.append(Parameter(name=name, kind=kind, required=not default))
    return tuple(found)


def bound(
    name: str, signatures: Sequence[str], fits: Callable[[Any, str], bool],
    given: Sequence[Any], named: Mapping[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """Give arguments by name as the first overload that takes them has them, self left out.

    Raises TypeError, as pybind11 does, where none takes them.
    """
    for signature in signatures:
        wanted = parameters(signature)
        wanted = wanted[1:] if wanted and wanted[0].name == "self" else wanted
        names = [one.name for one in wanted]
        if len(given) > len(wanted) or not set(named) <= set(names[len(given) :]):
            continue
        values = {**dict(zip(names, given, strict=False)), **named}
        if all(
            fits(values[one.name], one.kind) if one.name in values else not one.required
            for one in wanted
        ):
            return values
    known = "\n".join(f"    {number}. {one}" for number, one in enumerate(signatures, 1))
    raise TypeError(
        f"{name}(): incompatible function arguments. The following argument types are supported:\n"
        f"{known}\n\nInvoked with: {given}, {dict(named)}"
    )

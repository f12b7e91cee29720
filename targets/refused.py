"""Boards that EdgeRS knows and cannot compile for, with the reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgers.targets.catalogue import checked_name, device_files, document
from edgers.targets.provenance import PROVENANCE_KEYS, Provenance, provenance_from_table
from edgers.targets.table import checked_table, text, texts

KEY = "unsupported"
"""Key that makes a file one of these, and says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A board that cannot be compiled for."""

    name: str
    """Name on the command line."""
    title: str
    """Name for people."""
    aliases: tuple[str, ...]
    """Other names on the command line."""
    reason: str
    """Why not, in words."""
    provenance: Provenance
    """Where this is from."""


def is_refused(values: Mapping[str, Any]) -> bool:
    """Tell whether a file is of such a board."""
    return KEY in values


def refused_from_document(path: str, values: Mapping[str, Any]) -> Refused:
    """Read such a board; raises BadInputError where its file is damaged."""
    table = checked_table(
        path, values,
        required=("name", "title", KEY, *PROVENANCE_KEYS), optional=("aliases", "status", "note"),
    )  # fmt: skip
    return Refused(
        name=checked_name(table),
        title=text(table, "title"),
        aliases=texts(table, "aliases"),
        reason=text(table, KEY),
        provenance=provenance_from_table("board", table),
    )


def refused_devices() -> list[Refused]:
    """List such boards; raises BadInputError where a file is damaged."""
    documents = ((path, document(path)) for path in device_files().values())
    return [refused_from_document(path, values) for path, values in documents if is_refused(values)]

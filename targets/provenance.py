"""Where facts are from, and how far they can be trusted."""

from collections.abc import Iterable
from dataclasses import dataclass

from edgers.targets.table import Table, one_of, text

CONFIDENCES = ("low", "medium", "high")
"""high: a maker's figure that is stable and widely repeated, or checked by running a tool. medium:
a maker's figure that was not read again, or second hand. low: one report, or an inference."""

PROVENANCE_KEYS = ("source", "confidence")
"""Keys that each group of facts has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where one group of facts is from."""

    topic: str
    """What the facts are of, such as `memory`."""
    source: str
    """Where they were read."""
    confidence: str
    """One of CONFIDENCES."""
    note: str = ""
    """What is derived or assumed in them; empty where nothing is."""


def provenance_from_table(topic: str, table: Table) -> Provenance:
    """Read where the facts of a table are from; raises BadInputError where it does not say."""
    return Provenance(
        topic=topic,
        source=text(table, "source"),
        confidence=one_of(table, "confidence", CONFIDENCES),
        note=text(table, "note"),
    )


def weakest(groups: Iterable[Provenance]) -> str:
    """Give the least confidence that any group has."""
    return min((one.confidence for one in groups), key=CONFIDENCES.index)


def sources(groups: Iterable[Provenance]) -> str:
    """Name all sources, each once."""
    parts = (part for group in groups for part in group.source.split("; "))
    return "; ".join(dict.fromkeys(parts))

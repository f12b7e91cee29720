"""Releases of the software that devices run, from `software/*.toml`.

A release fixes driver, TensorRT and Python of all devices it runs on, so it stands once.
"""

import functools

from edgers.targets.catalogue import document, software_files
from edgers.targets.gpu import Software, Version
from edgers.targets.provenance import PROVENANCE_KEYS, Provenance, provenance_from_table, weakest
from edgers.targets.table import (
    Table,
    checked_table,
    tables,
    text,
    texts,
    version,
    version_from_text,
)

REQUIRED = ("name", "cuda", "tensorrt", "targets", *PROVENANCE_KEYS)
OPTIONAL = ("l4t", "python", "dla", "note")


@functools.cache
def release_tables() -> tuple[Table, ...]:
    """Read all releases, as they stand in the files: oldest first in each."""
    return tuple(
        table for path in software_files() for table in release_tables_of(path, document(path))
    )


def release_tables_of(path: str, values: object) -> tuple[Table, ...]:
    """Take the releases of one file; raises BadInputError where it is no list of releases."""
    whole = checked_table(path, values, required=("releases",))
    return tables(whole, "releases", required=REQUIRED, optional=OPTIONAL)


def software_of(name: str) -> tuple[Software, ...]:
    """Give the releases a device runs, oldest first; raises BadInputError for damaged files."""
    return tuple(
        software_from_table(table, name)
        for table in release_tables()
        if name in texts(table, "targets")
    )


def software_from_table(table: Table, name: str) -> Software:
    """Read a release for one of its devices; raises BadInputError where a value breaks a rule."""
    provenance = provenance_from_table("software", table)
    dla = texts(table, "dla")
    if not set(dla) <= set(texts(table, "targets")):
        raise table.fault("dla", "It names devices that are in targets too.")
    return Software(
        name=text(table, "name"),
        cuda=version(table, "cuda", parts=2),
        tensorrt=version(table, "tensorrt"),
        python=text(table, "python"),
        has_dla=name in dla,
        l4t=_l4t(table),
        source=provenance.source,
        confidence=provenance.confidence,
    )


def provenance_of_software(releases: tuple[Software, ...]) -> Provenance:
    """Say where the releases of a device are from, all together."""
    groups = [
        Provenance(topic="software", source=one.source, confidence=one.confidence)
        for one in releases
    ]
    return Provenance(
        topic="software",
        source="; ".join(dict.fromkeys(one.source for one in groups)),
        confidence=weakest(groups),
    )


def _l4t(table: Table) -> tuple[Version, Version] | None:
    if "l4t" not in table.values:
        return None
    value = table.values["l4t"]
    texts_only = isinstance(value, list) and all(isinstance(one, str) for one in value)
    match [version_from_text(one) for one in value] if texts_only else []:
        case [(_, _) as first, (_, _) as last] if first <= last:
            return first, last
    raise table.fault("l4t", "It is the first and the last Jetson Linux, such as 36.4 and 36.5.")

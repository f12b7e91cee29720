"""Telling which vectors a bundle holds."""

from edgers.bundle import Bundle
from edgers.stored_vectors import VECTORS, vectors_from_entries

SHOWN = 8
"""Names that are listed before the rest is counted."""


def vector_lines(bundle: Bundle) -> list[tuple[str, str]]:
    """Give the lines, none where it holds none."""
    vectors = vectors_from_entries(bundle.entries)
    if vectors is None:
        return []
    names = ", ".join(vectors.names[:SHOWN])
    if len(vectors.names) > SHOWN:
        names += f" and {len(vectors.names) - SHOWN} more"
    made = f" · by {vectors.tower}" if vectors.tower else ""
    lines = [("vectors", f"{names} · {vectors.features} numbers each{made} · "
              f"sha256 {bundle.hashes[VECTORS][:12]}…")]  # fmt: skip
    if bundle.swapped_from:
        lines.append(("swapped", f"from bundle {bundle.swapped_from[:12]}…"))
    return lines

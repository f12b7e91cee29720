"""Putting other vectors into a bundle: other classes, or other things to look for, same graph."""

import io
from collections.abc import Mapping

import numpy as np

from edgers.bundle import GOLDEN_OUTPUT, MEASURED, Bundle, bundle_bytes, with_entries
from edgers.contract import Contract, ModelOutput
from edgers.errors import BadInputError, ContractError
from edgers.stored_vectors import StoredVectors, vector_entries

SWAPPED_FROM = "swapped_from"
"""Fact of a manifest: the id of the bundle it was made of by putting other vectors in."""


def swapped_from(bundle: Bundle) -> str | None:
    """Give the id of the bundle that this one was made of; None where it was compiled."""
    found = bundle.facts.get(SWAPPED_FROM)
    return None if found is None else str(found)


def check_length(output: ModelOutput, length: int, vectors: StoredVectors) -> None:
    """Raise ContractError where vectors do not fit an output of `length` numbers, −1 for any."""
    if "feature" not in output.dim_order:
        raise ContractError(
            f"contract output {output.name!r} gives no embedding.",
            seen=f"Its axes are {', '.join(output.dim_order)}.",
            rule="Vectors are held against an output with the axis 'feature'.",
        )
    if length not in (-1, vectors.features):
        raise ContractError(
            f"the vectors do not fit output {output.name!r}.",
            seen=f"They have {vectors.features} numbers, the output {length}.",
            rule="Vectors and embeddings come from two towers of one model.",
        )


def fitting_entries(
    vectors: StoredVectors | None, contract: Contract, entries: Mapping[str, bytes]
) -> dict[str, bytes]:
    """Give the entries of vectors, none where there are none.

    `entries` hold what the network really gave; raises ContractError where it does not fit.
    """
    if vectors is None:
        return {}
    output = contract.outputs[0]
    golden = np.load(io.BytesIO(entries[GOLDEN_OUTPUT]), allow_pickle=False)
    axes = output.dim_order
    length = golden.shape[axes.index("feature")] if "feature" in axes else -1
    check_length(output, length, vectors)
    return vector_entries(vectors)


def swapped(bundle: Bundle, vectors: StoredVectors) -> bytes:
    """Give the bytes of a bundle with other vectors, that says which one it was made of.

    Everything else stays as it is, to the byte. Raises ContractError where the vectors do not fit,
    BadInputError where they are those it has.
    """
    new = fitting_entries(vectors, bundle.contract, bundle.entries)
    if all(bundle.entries.get(name) == data for name, data in new.items()):
        raise BadInputError("these vectors are in the bundle already.", seen=_told(vectors))
    entries = {name: data for name, data in bundle.entries.items() if name in bundle.hashes}
    del entries[MEASURED]
    facts = {**bundle.facts, SWAPPED_FROM: bundle.bundle_id}
    return bundle_bytes({**entries, **new}, facts, bundle.measured)


def with_vectors(bundle: Bundle, vectors: StoredVectors) -> Bundle:
    """Give a bundle in memory as `swapped` writes it; as it is where it has these vectors."""
    new = fitting_entries(vectors, bundle.contract, bundle.entries)
    if all(bundle.entries.get(name) == data for name, data in new.items()):
        return bundle
    return with_entries(bundle, new, {SWAPPED_FROM: bundle.bundle_id})


def _told(vectors: StoredVectors) -> str:
    return f"They are {len(vectors.names)}: {', '.join(vectors.names[:5])} …"

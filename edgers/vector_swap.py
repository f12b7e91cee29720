"""Putting other vectors into a bundle: other classes, or other things to look for, same graph."""

import io
from collections.abc import Mapping

import numpy as np

from edgers.bundle import GOLDEN_OUTPUT, MEASURED, Bundle, bundle_bytes, facts_of
from edgers.contract import Contract
from edgers.errors import BadInputError, ContractError
from edgers.stored_vectors import StoredVectors, vector_entries


def check_vectors(contract: Contract, entries: Mapping[str, bytes], vectors: StoredVectors) -> None:
    """Raise ContractError where vectors do not fit what the network really gave."""
    output = contract.outputs[0]
    if "feature" not in output.dim_order:
        raise ContractError(
            f"contract output {output.name!r} gives no embedding.",
            seen=f"Its axes are {', '.join(output.dim_order)}.",
            rule="Vectors are held against an output with the axis 'feature'.",
        )
    golden = np.load(io.BytesIO(entries[GOLDEN_OUTPUT]), allow_pickle=False)
    length = golden.shape[output.dim_order.index("feature")]
    if length != vectors.features:
        raise ContractError(
            f"the vectors do not fit output {output.name!r}.",
            seen=f"They have {vectors.features} numbers, the output {length}.",
            rule="Vectors and embeddings come from two towers of one model.",
        )


def swapped(bundle: Bundle, vectors: StoredVectors) -> bytes:
    """Give the bytes of a bundle with other vectors, that says which one it was made of.

    Everything else stays as it is, to the byte. Raises ContractError where the vectors do not fit,
    BadInputError where they are those it has.
    """
    check_vectors(bundle.contract, bundle.entries, vectors)
    new = vector_entries(vectors)
    if all(bundle.entries.get(name) == data for name, data in new.items()):
        raise BadInputError("these vectors are in the bundle already.", seen=_told(vectors))
    entries = {name: data for name, data in bundle.entries.items() if name in bundle.hashes}
    del entries[MEASURED]
    facts = {**facts_of(bundle), "swapped_from": bundle.bundle_id}
    return bundle_bytes({**entries, **new}, facts, bundle.measured)


def _told(vectors: StoredVectors) -> str:
    return f"They are {len(vectors.names)}: {', '.join(vectors.names[:5])} …"

"""Vectors that are compiled into a bundle."""

from pathlib import Path

from edgers.contract import Contract
from edgers.stored_vectors import StoredVectors
from edgers.vector_file import vectors_from_file
from edgers.vector_swap import check_length


def stored_vectors(path: Path | None, contract: Contract) -> StoredVectors | None:
    """Read vectors before anything is timed; None where there are none.

    Raises BadInputError where they cannot be read, ContractError where they do not fit.
    """
    if path is None:
        return None
    vectors, output = vectors_from_file(path), contract.outputs[0]
    check_length(output, output.length("feature"), vectors)
    return vectors

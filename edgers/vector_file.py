"""Files of vectors: NPZ as numpy writes it, or JSON."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np

from edgers.errors import BadInputError
from edgers.files import read_file
from edgers.stored_vectors import StoredVectors, vectors_from_facts

MAX_VECTOR_BYTES = 2**30
"""Largest file read: 300 000 vectors of 768 numbers."""
MATRIX = "vectors"


def vectors_from_file(path: Path) -> StoredVectors:
    """Read vectors.

    An NPZ file has arrays `vectors` (name, feature) and `names`, a JSON file lists of the same
    names; `scale`, `bias`, `activation` and `tower` may be there. Raises BadInputError where they
    cannot be read.
    """
    data = read_file(path, "vectors", MAX_VECTOR_BYTES, BadInputError)
    try:
        if data.startswith(b"PK"):
            with np.load(io.BytesIO(data), allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
            matrix = arrays.pop(MATRIX)
            facts = {name: array.tolist() for name, array in arrays.items()}
        else:
            facts = json.loads(data)
            matrix = np.asarray(facts.pop(MATRIX), np.float32)
    # numpy and zipfile raise each of these on one sort of damage or another.
    except (ValueError, KeyError, TypeError, AttributeError, OSError, EOFError, RecursionError,
            zipfile.BadZipFile, NotImplementedError) as error:  # fmt: skip
        raise BadInputError(
            f"vectors {path} cannot be read.",
            seen=f"{type(error).__name__}: {error}.",
            rule="An .npz or .json file holds 'vectors' (name, feature) and 'names'.",
        ) from error
    return vectors_from_facts(matrix, facts)

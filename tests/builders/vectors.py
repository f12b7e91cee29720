"""Vectors that embeddings are held against."""

from pathlib import Path
from typing import Any

import numpy as np

from edgers.stored_vectors import StoredVectors


def vectors(count: int, features: int, *, seed: int = 0, **fields: Any) -> StoredVectors:
    """Give `count` vectors in directions at random, called class 0 and on."""
    random = np.random.default_rng(seed)
    return StoredVectors(
        names=tuple(f"class {i}" for i in range(count)),
        matrix=random.normal(0, 1, (count, features)).astype(np.float32),
        **fields,
    )


def write_npz(path: Path, held: StoredVectors) -> Path:
    """Write vectors as numpy does."""
    facts: dict[str, Any] = held.facts()
    np.savez(path, vectors=held.matrix, **facts)
    return path

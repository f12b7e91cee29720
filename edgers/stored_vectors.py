"""Vectors that embeddings are held against: one for each class, or for each thing to look for.

They come from the text tower of a two-tower model, or from pictures, and are made on the ground; a
bundle holds them beside the image tower's graph: others take their place without a new graph.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError, BundleError
from edgers.kernels.score_rule import Activation

VECTORS, VECTOR_FACTS = "vectors/vectors.npy", "vectors/vectors.json"
"""Entries of a bundle: the matrix, and what its rows are."""

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVectors:
    """A matrix, and what its rows are."""

    names: tuple[str, ...]
    """What each row stands for."""
    matrix: npt.NDArray[np.float32]
    """Vectors, (name, feature); they need not be of length one."""
    scale: float = 1.0
    """What a cosine is multiplied with before it becomes a probability (CLIP: about 100)."""
    bias: float = 0.0
    """What is added then (SigLIP: about −16); of no effect under softmax."""
    activation: Activation = "softmax"
    """`softmax` where one name holds (CLIP), `sigmoid` where several may (SigLIP)."""
    tower: str = ""
    """What made them, such as the name of the text tower."""

    def __post_init__(self) -> None:
        """Raise BadInputError where names and matrix do not fit one another."""
        matrix, names = self.matrix, self.names
        wrong = ""
        if matrix.ndim != 2 or not matrix.size:
            wrong = f"The matrix has shape {matrix.shape}."
        elif len(matrix) != len(names):
            wrong = f"There are {len(matrix)} vectors and {len(names)} names."
        elif len(set(names)) != len(names) or not all(one.strip() for one in names):
            wrong = "A name is empty, or there twice."
        elif not np.isfinite(matrix).all() or not (np.abs(matrix).max(axis=1) > 0).all():
            wrong = "A vector has no direction: it is zero, or not finite."
        elif not (np.isfinite([self.scale, self.bias]).all() and self.scale > 0):
            wrong = f"The scale is {self.scale} and the bias {self.bias}."
        if wrong:
            raise BadInputError(
                "the vectors cannot be used.",
                seen=wrong,
                rule="Each row of the matrix (name, feature) has a name of its own, and a length "
                "above zero; the scale is above zero.",
            )

    @property
    def features(self) -> int:
        """Numbers of a vector."""
        return int(self.matrix.shape[1])

    def cosines(self, embeddings: Floats) -> npt.NDArray[np.float64]:
        """Give the cosine between embeddings, (row, feature), and vectors, (row, name)."""
        return of_length_one(embeddings) @ of_length_one(self.matrix).T

    def probabilities(self, embeddings: Floats) -> npt.NDArray[np.float32]:
        """Give the probability of each name, (row, name): cosine · scale + bias, activated."""
        scores = self.cosines(embeddings) * self.scale + self.bias
        # An exponential that is too large, or too small, gives the probability 0 it should.
        with np.errstate(over="ignore", under="ignore"):
            if self.activation == "sigmoid":
                found = 1 / (1 + np.exp(-scores))
            else:
                powers = np.exp(scores - scores.max(axis=1, keepdims=True))
                found = powers / powers.sum(axis=1, keepdims=True)
            return np.asarray(found, np.float32)

    def find(self, name: str) -> npt.NDArray[np.float32]:
        """Give the vector of a name; raises BadInputError, with the names there are."""
        if name not in self.names:
            raise BadInputError(
                f"there is no stored vector {name!r}.",
                seen=f"The names are: {', '.join(self.names[:20])}"
                f"{', …' if len(self.names) > 20 else ''}.",
            )
        found: npt.NDArray[np.float32] = self.matrix[self.names.index(name)]
        return found

    def facts(self) -> dict[str, object]:
        """Give everything but the matrix as JSON values."""
        return {
            "names": list(self.names), "scale": self.scale, "bias": self.bias,
            "activation": self.activation, "tower": self.tower,
        }  # fmt: skip


def of_length_one(vectors: Floats) -> npt.NDArray[np.float64]:
    """Divide vectors, (…, feature), by their lengths; NaN where that is zero."""
    wide = vectors.astype(np.float64)
    with np.errstate(all="ignore"):
        found: npt.NDArray[np.float64] = wide / np.sqrt((wide * wide).sum(axis=-1, keepdims=True))
    return found


def vectors_from_facts(matrix: npt.NDArray[np.generic], facts: Mapping[str, Any]) -> StoredVectors:
    """Put vectors together from what was read of them; raises BadInputError where they are none."""
    try:
        activation = facts.get("activation") or "softmax"
        if activation not in ("softmax", "sigmoid"):
            raise ValueError(f"activation {activation!r} is neither softmax nor sigmoid")
        return StoredVectors(
            names=tuple(str(name) for name in facts["names"]),
            matrix=np.ascontiguousarray(matrix, np.float32),
            scale=float(facts.get("scale", 1.0)),
            bias=float(facts.get("bias", 0.0)),
            activation=cast(Activation, activation),
            tower=str(facts.get("tower", "")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadInputError(
            "the vectors cannot be read.",
            seen=f"{type(error).__name__}: {error}.",
            rule="There are 'names' and 'vectors' (name, feature); 'scale', 'bias', 'activation' "
            "and 'tower' may be there.",
        ) from error


def vector_entries(vectors: StoredVectors) -> dict[str, bytes]:
    """Give the bundle entries that hold vectors."""
    buffer = io.BytesIO()
    np.save(buffer, vectors.matrix, allow_pickle=False)
    text = json.dumps(vectors.facts(), sort_keys=True, indent=2, ensure_ascii=False)
    return {VECTORS: buffer.getvalue(), VECTOR_FACTS: text.encode() + b"\n"}


def vectors_from_entries(entries: Mapping[str, bytes]) -> StoredVectors | None:
    """Read the vectors of a bundle, None where it holds none; raises BundleError."""
    if VECTORS not in entries:
        return None
    try:
        matrix = np.load(io.BytesIO(entries[VECTORS]), allow_pickle=False)
        return vectors_from_facts(matrix, json.loads(entries[VECTOR_FACTS]))
    except (BadInputError, ValueError, EOFError, OSError, KeyError) as error:
        raise BundleError("the bundle's vectors cannot be read.", seen=f"{error}.") from error

"""What the numbers of rows say, in columns that people and tables take."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelClass, ModelOutput
from edgers.contract.read_output import PALETTE
from edgers.errors import ContractError
from edgers.stored_vectors import StoredVectors, of_length_one
from edgers.tasks.rows import (
    check_label_scores,
    may_hold_together,
    member_count,
    row_kind,
    row_length,
)
from edgers.tasks.values import value_names

Reals = npt.NDArray[np.float32]
FieldType = Literal["str", "int", "float"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column."""

    name: str
    """Its heading."""
    type: FieldType
    """What its cells hold."""
    unit: str = ""
    """Unit of its numbers; empty where there is none."""


class RowMeaning:
    """What the rows of one model say; with stored vectors, an embedding says classes too."""

    def __init__(
        self, output: ModelOutput, shape: Sequence[int], vectors: StoredVectors | None = None
    ) -> None:
        """Prepare for what the network really gave, of `shape`.

        Raises ContractError where that does not fit the contract, or the vectors.
        """
        self._output, self._vectors = output, vectors
        self.kind = row_kind(output)
        self.length = row_length(output, shape)
        self.members = member_count(output, shape)
        self._is_one_score = False
        if self.kind == "labels":
            scores = math.prod(shape) // shape[output.dim_order.index("batch")]
            check_label_scores(output, scores)
            self._is_one_score = scores == 1
        if vectors is not None and (self.kind != "embedding" or vectors.features != self.length):
            raise ContractError(
                f"the vectors do not fit output {output.name!r}.",
                seen=f"They have {vectors.features} numbers; the output gives "
                f"{self.length} {self.kind}.",
                rule="Vectors are held against an embedding (axis 'feature') of their length.",
            )
        self.classes = _classes(vectors) if vectors else output.classes
        self.is_embedding = self.kind == "embedding"
        self.is_many = vectors.activation == "sigmoid" if vectors else may_hold_together(output)
        self.fields = self._fields()

    def columns(self, rows: Reals) -> list[list[Any]]:
        """Give the cells of each column for rows, (row, number), in the order of `fields`."""
        if self.classes:
            return self._label_columns(self.probabilities(rows))
        if self.is_embedding:
            return []
        mean, spread = self.values(rows)
        return [short(column) for column in (*mean.T, *(() if spread is None else spread.T))]

    def probabilities(self, rows: Reals) -> Reals:
        """Give the probability of each class, (row, class)."""
        return rows if self._vectors is None else self._vectors.probabilities(rows)

    def chosen(self, chances: Reals) -> npt.NDArray[np.bool_]:
        """Tell which classes hold, (row, class): one each, or those above their threshold."""
        if self.is_many:
            found: npt.NDArray[np.bool_] = chances >= self._thresholds()
            return found
        if self._is_one_score:
            second = chances[:, 1] >= np.float32(self._output.threshold)
            return np.stack([~second, second], axis=1)
        # Of equal ones the first wins.
        best = np.argmax(chances, axis=1)
        return np.asarray(np.arange(len(self.classes)) == best[:, None])

    def values(self, rows: Reals) -> tuple[Reals, Reals | None]:
        """Give numbers, (row, value), and for an ensemble their standard deviation over members.

        It is that of the members there are (divided by their number), not of others like them.
        """
        if self.members == 1:
            return rows, None
        each = rows.reshape(len(rows), self.members, -1).astype(np.float64)
        return each.mean(axis=1).astype(np.float32), each.std(axis=1).astype(np.float32)

    def mean(self, total: npt.NDArray[np.float64], weight: float) -> Reals:
        """Give the row of a whole scene, (1, number), of a weighted sum of rows."""
        mean = (total / weight)[None]
        if self._output.normalise == "l2":
            mean = of_length_one(mean)
        return mean.astype(np.float32)

    @property
    def value_names(self) -> tuple[str, ...]:
        """Name the numbers of a row."""
        return value_names(self._output, self.length // self.members)

    @property
    def units(self) -> tuple[str, ...]:
        """Give the unit of each."""
        stated = self._output.values
        return tuple(one.unit for one in stated) if stated else ("",) * len(self.value_names)

    def _label_columns(self, chances: Reals) -> list[list[Any]]:
        held = self.chosen(chances)
        names = [one.name for one in self.classes]
        if self.is_many:
            words = [";".join(n for n, holds in zip(names, row, strict=True) if holds)
                     for row in held]  # fmt: skip
            return [words, *map(short, chances.T)]
        best = held.argmax(axis=1)
        return [
            [self.classes[i].value for i in best],
            [names[i] for i in best],
            short(chances[np.arange(len(best)), best]),
            *map(short, chances.T),
        ]

    def _fields(self) -> tuple[Field, ...]:
        chances = [Field(name=f"p_{one.name}", type="float") for one in self.classes]
        if self.classes and self.is_many:
            return (Field(name="classes", type="str"), *chances)
        if self.classes:
            return (
                Field(name="class", type="int"), Field(name="class_name", type="str"),
                Field(name="score", type="float"), *chances,
            )  # fmt: skip
        if self.is_embedding:
            return ()
        each = list(zip(self.value_names, self.units, strict=True))
        spread = [(f"{name}_std", unit) for name, unit in each] if self.members > 1 else []
        return tuple(Field(name=name, type="float", unit=unit) for name, unit in each + spread)

    def _thresholds(self) -> Reals:
        stated = () if self._vectors else self._output.thresholds
        return np.array(stated or (self._output.threshold,) * len(self.classes), np.float32)


def short(values: Reals) -> list[float]:
    """Give numbers with the fewest digits that single precision can be read back from."""
    return [float(str(one)) for one in values]


def _classes(vectors: StoredVectors) -> tuple[ModelClass, ...]:
    """Give the names of stored vectors as classes."""
    return tuple(
        ModelClass(value=i, name=name, colour=PALETTE[i % len(PALETTE)])
        for i, name in enumerate(vectors.names)
    )

"""What the numbers of rows say, in columns that people and tables take."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelClass, ModelOutput
from edgers.contract.read_output import PALETTE
from edgers.errors import ContractError
from edgers.kernels.score_rule import Decoded, ScoreRule
from edgers.stored_vectors import StoredVectors, of_length_one
from edgers.tasks.ordinal import decode_ordered
from edgers.tasks.rows import as_pixels, check_label_scores, row_kind, row_length
from edgers.tasks.values import ValueDecoder, shown_values

Reals = npt.NDArray[np.float32]
Words = Callable[[npt.NDArray[np.generic]], str]
"""Gives the words of tokens, (length,)."""
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
        self, output: ModelOutput, shape: Sequence[int], vectors: StoredVectors | None = None,
        words: Words | None = None, answers: int = 1,
    ) -> None:  # fmt: skip
        """Prepare for what the network really gave, of `shape`; `words` tells what tokens say, of
        each of the `answers` that lie side by side.

        Raises ContractError where that does not fit the contract, or the vectors.
        """
        self._output, self._vectors, self._words = output, vectors, words
        self.kind = row_kind(output)
        self.length = row_length(output, shape) * answers
        self._answers = answers
        self._is_one_score = False
        self._is_ordered = output.class_rule == "ordered" and self.kind == "labels"
        if self.kind == "labels":
            scores = math.prod(shape) // shape[output.dim_order.index("batch")]
            check_label_scores(output, scores)
            self._is_one_score = scores == 1 and not self._is_ordered
        if vectors is not None and (self.kind != "embedding" or vectors.features != self.length):
            raise ContractError(
                f"the vectors do not fit output {output.name!r}.",
                seen=f"They have {vectors.features} numbers; the output gives "
                f"{self.length} {self.kind}.",
                rule="Vectors are held against an embedding (axis 'feature') of their length.",
            )
        self.classes = _classes(vectors) if vectors else output.classes
        self.is_embedding = self.kind == "embedding"
        self.is_many = (
            vectors.activation == "sigmoid" if vectors else output.class_rule == "several"
        )
        self._numbers = ValueDecoder(as_pixels(output)) if self.kind == "numbers" else None
        self.values_shown = () if self._numbers is None else shown_values(output, self.length)
        self.fields = self._fields()

    def columns(self, rows: Reals) -> list[list[Any]]:
        """Give the cells of each column for rows, (row, number), in the order of `fields`."""
        if self.classes:
            return self._label_columns(rows)
        if self.is_embedding:
            return []
        if self.kind == "text":
            told = self._words or plain_tokens
            answers = np.split(rows.astype(np.int64), self._answers, axis=1)
            return [[told(row) for row in tokens] for tokens in answers]
        return [short(column) for column in self.values(rows).T]

    def probabilities(self, rows: Reals) -> Reals:
        """Give the probability of each class, (row, class)."""
        if self._vectors is not None:
            return self._vectors.probabilities(rows)
        if self._is_ordered:
            found = self._ordered(rows).probabilities
            assert found is not None
            return found[:, :, 0].T
        return rows

    def chosen(self, rows: Reals) -> npt.NDArray[np.bool_]:
        """Tell which classes hold, (row, class): one each, or those above their threshold."""
        chances = self.probabilities(rows)
        if self.is_many:
            found: npt.NDArray[np.bool_] = chances >= self._thresholds()
            return found
        if self._is_one_score:
            second = chances[:, 1] >= np.float32(self._output.threshold)
            return np.stack([~second, second], axis=1)
        # Of equal ones the first wins.
        best = self._ordered(rows).classes[:, 0] if self._is_ordered else chances.argmax(axis=1)
        return np.asarray(np.arange(len(self.classes)) == best[:, None])

    def values(self, rows: Reals) -> Reals:
        """Give the numbers that are shown, (row, value): of an ensemble mean and deviation."""
        assert self._numbers is not None
        found: Reals = self._numbers.settle(rows.T[:, :, None]).values[:, :, 0].T
        return found

    def mean(self, total: npt.NDArray[np.float64], weight: float) -> Reals:
        """Give the row of a whole scene, (1, number), of a weighted sum of rows."""
        mean = (total / weight)[None]
        if self._output.normalise == "l2":
            mean = of_length_one(mean)
        return mean.astype(np.float32)

    def _label_columns(self, rows: Reals) -> list[list[Any]]:
        chances, held = self.probabilities(rows), self.chosen(rows)
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
        if self.kind == "text":
            name = "text" if self._words else "tokens"
            ends = [f"_{i + 1}" for i in range(self._answers)] if self._answers > 1 else [""]
            return tuple(Field(name=name + end, type="str") for end in ends)
        return tuple(Field(name=one.name, type="float", unit=one.unit) for one in self.values_shown)

    def _ordered(self, rows: Reals) -> Decoded:
        """Decode the probabilities of reaching each class but the first, (row, class - 1)."""
        rule = ScoreRule(
            values=np.arange(len(self.classes), dtype=np.uint16),
            activation="none",
            threshold=self._output.threshold,
        )
        return decode_ordered(rows.T[:, :, None], rule, with_probabilities=True)

    def _thresholds(self) -> Reals:
        stated = () if self._vectors else self._output.thresholds
        return np.array(stated or (self._output.threshold,) * len(self.classes), np.float32)


def short(values: Reals) -> list[float]:
    """Give numbers with the fewest digits that single precision can be read back from."""
    return [float(str(one)) for one in values]


def plain_tokens(tokens: npt.NDArray[np.generic]) -> str:
    """Write tokens as numbers, where there is nothing that makes words of them."""
    return " ".join(str(token) for token in tokens.tolist())


def _classes(vectors: StoredVectors) -> tuple[ModelClass, ...]:
    """Give the names of stored vectors as classes."""
    return tuple(
        ModelClass(value=i, name=name, colour=PALETTE[i % len(PALETTE)])
        for i, name in enumerate(vectors.names)
    )

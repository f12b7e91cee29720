"""Answers of a tile as a whole: which classes hold, some numbers, or an embedding."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelOutput
from edgers.errors import ContractError
from edgers.kernels.reference.scores import decode
from edgers.kernels.score_rule import ScoreRule
from edgers.stored_vectors import of_length_one
from edgers.tasks.ordinal import reached
from edgers.tasks.segmentation import check_scores
from edgers.tasks.values import ValueDecoder, check_values

Reals = npt.NDArray[np.float32]
RowKind = Literal["labels", "numbers", "embedding", "text"]
"""`labels`: a probability a class. `numbers`: one or several. `embedding`: a vector. `text`: the
tokens of an answer in words, whose numbers single precision holds up to 2**24."""

ROW_AXES = {"class", "feature", "channel", "member", "token"}
"""Axes an answer may have beside the batch; `member` counts the networks of an ensemble."""
OTHER_TASKS = ("segmentation", "detection", "captioning", "generative", "super-resolution")
"""Tasks whose answers are never one row, whatever their axes."""


def gives_rows(output: ModelOutput) -> bool:
    """Tell whether an output answers for a tile as a whole."""
    axes = set(output.dim_order) - {"batch"}
    if axes == {"token"}:
        return True
    return axes <= ROW_AXES and not any(word in output.task for word in OTHER_TASKS)


def row_kind(output: ModelOutput) -> RowKind:
    """Tell what the numbers of a row are."""
    if "token" in output.dim_order:
        return "text"
    if "feature" in output.dim_order:
        return "embedding"
    return "labels" if output.classes else "numbers"


def check_rows(output: ModelOutput) -> None:
    """Raise ContractError where an output cannot be decoded as a row."""
    axes = set(output.dim_order) - {"batch"}
    where = f"contract output {output.name!r}"
    if "batch" not in output.dim_order or len(axes - {"member"}) > 1:
        raise ContractError(
            f"{where} has axes {', '.join(output.dim_order)}.",
            rule="A row has 'batch', one of 'class', 'channel', 'feature' and 'token', and "
            "'member' where an ensemble answers.",
        )
    kind = row_kind(output)
    if "member" in axes and kind != "numbers":
        raise ContractError(
            f"{where} has an axis 'member'.",
            rule="Members of an ensemble give numbers: their mean and standard deviation are told.",
            fix="Average classes and embeddings in the graph.",
        )
    if "class" in axes and not output.classes:
        raise ContractError(
            f"{where} has an axis 'class' and names no classes.",
            fix="List them under 'classification:classes' in the order of the class axis.",
        )
    if output.normalise and kind != "embedding":
        raise ContractError(
            f"{where} states 'edgers:normalise' and is no embedding.",
            rule="An embedding has the axis 'feature'.",
        )
    if kind == "text" and output.scope == "scene":
        raise ContractError(
            f"{where} gives words for a scene.",
            rule="A scene has the mean of its tiles, and words have none.",
            fix="Make the tile as large as the scene, or leave 'edgers:scope' out.",
        )
    if kind == "labels":
        check_label_scores(output, _stated(output, ("class", "channel")))
    if kind == "numbers":
        check_values(as_pixels(output))
    if output.scope == "scene" and any(one.gives == "log-variance" for one in output.values):
        raise ContractError(
            f"{where} gives logarithms of variances for a scene.",
            rule="A scene has the mean of its tiles, and logarithms have no such mean.",
            fix="Give the variance in the graph.",
        )


def check_label_scores(output: ModelOutput, scores: int) -> None:
    """Raise ContractError where a number of scores, −1 where it is not known, fits no classes."""
    if len(output.classes) < 2:
        raise ContractError(
            f"contract output {output.name!r} names {len(output.classes)} classes.",
            rule="There are at least two.",
        )
    if scores != -1:
        check_scores(output, scores)


class RowDecoder:
    """Decoder of one output: from the tensor of a tile to the numbers that are kept of it."""

    def __init__(self, output: ModelOutput) -> None:
        """Prepare for one output; raises ContractError where it gives no rows."""
        check_rows(output)
        self._output, self._kind = output, row_kind(output)
        axes = output.dim_order
        names = ("batch", "member", "class", "feature", "channel", "token")
        self._order = tuple(axes.index(name) for name in names if name in axes)
        self._numbers = ValueDecoder(as_pixels(output)) if self._kind == "numbers" else None
        self._rule = ScoreRule(
            values=np.arange(max(2, len(output.classes)), dtype=np.uint16),
            activation=output.activation,
            threshold=output.threshold,
        )

    def decode(self, tensor: npt.NDArray[np.generic]) -> Reals:
        """Give the numbers of a tile, (number,); NaN and infinity stay.

        Labels: the probability of each class, or of reaching each but the first of ordered ones. An
        embedding: divided by its length where the contract says so. Of an ensemble, the numbers of
        each member in turn.
        """
        row: Reals = self.decode_all(tensor)[0]
        return row

    def decode_all(self, tensor: npt.NDArray[np.generic]) -> Reals:
        """Give the numbers of each of a batch, (row, number), as `decode`."""
        ordered = tensor.transpose(self._order)
        rows: Reals = ordered.reshape(len(ordered), -1).astype(np.float32, copy=False)
        if self._kind == "labels":
            if self._output.class_rule == "ordered":
                return reached(rows, self._rule)
            found = decode(rows.T[:, :, None], self._rule, with_probabilities=True)
            assert found.probabilities is not None
            chances: Reals = found.probabilities[:, :, 0].T
            return chances
        if self._output.normalise == "l2":
            unit: Reals = of_length_one(rows).astype(np.float32)
            return unit
        return rows

    def are_told(self, rows: Reals) -> npt.NDArray[np.bool_]:
        """Tell of each row, (row, number), whether it says something, as `is_told`."""
        told = np.asarray(np.isfinite(rows).all(axis=1))
        if self._numbers is not None:
            told &= ~self._numbers.settle(rows.T[:, :, None]).not_finite[:, 0]
        return told

    def is_told(self, row: Reals) -> bool:
        """Tell whether the numbers of a tile say something: all are finite, and what they mean."""
        return bool(self.are_told(row[None])[0])


def as_pixels(output: ModelOutput) -> ModelOutput:
    """Give an output of numbers as that of an image: a row is a pixel."""
    return replace(
        output, dim_order=(*output.dim_order, "height", "width"), shape=(*output.shape, -1, -1)
    )


def row_length(output: ModelOutput, shape: Sequence[int]) -> int:
    """Give how many numbers a tile has, of the shape of what the network really gave."""
    if row_kind(output) == "labels":
        return len(output.classes) - (output.class_rule == "ordered")
    return int(np.prod([n for n, axis in zip(shape, output.dim_order, strict=True)
                        if axis != "batch"], dtype=np.int64))  # fmt: skip


def _stated(output: ModelOutput, axes: Sequence[str]) -> int:
    """Length of the first of some axes that is there; −1 where it is not said, or none is."""
    found = (output.shape[output.dim_order.index(axis)] for axis in axes
             if axis in output.dim_order)  # fmt: skip
    return next(found, -1)

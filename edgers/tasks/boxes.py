"""Detection: from the tensors of a tile to objects, in pixels of its window."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelOutput
from edgers.contract.boxes import BoxColumn, BoxHead
from edgers.errors import ContractError
from edgers.kernels.boxes import boxes_from_corners
from edgers.kernels.cpu.rotated_nms import rotated_nms
from edgers.tasks.box_forms import corners_of
from edgers.tasks.box_levels import decoded_levels
from edgers.tasks.pieces import Corners, Pieces, pieces_of

Numbers = npt.NDArray[np.float32]
Tensors = Mapping[str, npt.NDArray[np.generic]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxBlock:
    """What one tile says."""

    pieces: Pieces
    """Objects, the best first, in pixels of the window."""
    lost: bool
    """Whether the network gave no finite number at all: it has not seen the tile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBoxes:
    """What one tile says, and where in the network's table it says so."""

    block: BoxBlock
    """What it says."""
    rows: npt.NDArray[np.int64]
    """Which row of the network's table each was, (piece,)."""
    coefficients: Numbers
    """What the prototypes of its mask are multiplied with, (piece, coefficient); none where there
    are no prototypes."""
    count: int
    """Rows of that table."""


class BoxDecoder:
    """Decoder of a detector; a plain function of the tensors."""

    def __init__(self, outputs: Sequence[ModelOutput]) -> None:
        """Prepare for the outputs of a contract, the boxes first; raises ContractError."""
        check_boxes_output(outputs[0])
        head = outputs[0].boxes
        assert head is not None
        self._head, self._main = head, outputs[0]
        self._outputs = {one.name: one for one in outputs}
        self._kinds = len(outputs[0].classes)
        masks = outputs[0].masks
        self._coefficients = masks.coefficients if masks else 0

    def decode(self, tensors: Tensors, window_shape: tuple[int, int]) -> BoxBlock:
        """Decode the tensors of a window of that height and width."""
        return self.kept(tensors, window_shape).block

    def kept(self, tensors: Tensors, window_shape: tuple[int, int]) -> KeptBoxes:
        """Decode them, and tell which rows of the table came through."""
        with np.errstate(all="ignore"):
            table, cells = self._table(tensors, window_shape)
            columns = self._columns(table, tensors)
            scores, kinds = self._scores(columns, len(table))
            corners = corners_of(self._head, columns, cells, window_shape)
        finite = np.isfinite(corners).all(axis=(1, 2)) & np.isfinite(scores)
        known = (kinds >= 0) & (kinds < self._kinds)
        sized = finite & (abs(twice_areas(corners)) > 0)
        kept = np.flatnonzero(sized & known & (scores >= self._head.score_threshold))
        best = self._suppressed(corners[kept], scores[kept], kinds[kept])
        kept = kept[best]
        pieces = pieces_of(corners[kept], scores[kept], kinds[kept])
        told = columns.get("coefficients", np.empty((len(table), 0), np.float32))
        lost = bool(len(table)) and not finite.any()
        return KeptBoxes(
            block=BoxBlock(pieces=pieces, lost=lost), rows=kept, coefficients=told[kept],
            count=len(table),
        )  # fmt: skip

    def _table(
        self, tensors: Tensors, window_shape: tuple[int, int]
    ) -> tuple[Numbers, Corners | None]:
        """Give the numbers of all boxes, (box, number); in a dense head, the box of each too."""
        levels = self._head.levels
        if not levels:
            return rows_of(self._main, tensors[self._main.name]), None
        count = self._width
        if levels[0].output is None:
            table = rows_of(self._main, tensors[self._main.name])
        else:
            named = [(self._outputs[one.output or ""], one) for one in levels]
            table = np.concatenate(
                [rows_of(output, tensors[output.name], count) for output, _ in named]
            )
        return table, decoded_levels(self._head, table, window_shape)

    @property
    def _width(self) -> int:
        """Numbers in a row."""
        return sum(self._count(column) for column in self._head.columns)

    def _count(self, column: BoxColumn) -> int:
        """Numbers of a column."""
        special = {
            "box": self._head.box_numbers, "direction": 2, "scores": self._scores_count,
            "coefficients": self._coefficients,
        }  # fmt: skip
        return special.get(column, 1)

    @property
    def _scores_count(self) -> int:
        # Scores of a background stand before the others.
        return self._kinds + self._head.first_class

    def _columns(self, table: Numbers, tensors: Tensors) -> dict[BoxColumn, Numbers]:
        """Give the numbers by what they are, (box, number)."""
        if table.shape[1] != self._width:
            raise ContractError(
                f"output {self._main.name!r} has {table.shape[1]} numbers a box.",
                seen=f"Stated: {', '.join(self._head.columns)}, {self._kinds} classes.",
                rule=f"These are {self._width}.",
            )
        found: dict[BoxColumn, Numbers] = {}
        begin = 0
        for column in self._head.columns:
            count = self._count(column)
            found[column] = table[:, begin : begin + count]
            begin += count
        for column, name in self._head.tensors:
            rows = rows_of(self._outputs[name], tensors[name], self._count(column))
            if len(rows) != len(table):
                raise ContractError(
                    f"output {name!r} has {len(rows)} rows for {len(table)} boxes.",
                    rule="Each box has its own.",
                )
            found[column] = rows
        return found

    def _scores(
        self, columns: Mapping[BoxColumn, Numbers], count: int
    ) -> tuple[Numbers, npt.NDArray[np.int64]]:
        """Give score and class of each box, (box,)."""
        first = self._head.first_class
        if "score" in columns:
            scores = _activated(columns["score"], self._head)[:, 0]
            kinds = np.zeros(count, np.int64)
            if "class" in columns:
                number = columns["class"][:, 0]
                safe = np.where(np.isfinite(number) & (abs(number) < 2**31), number, -1)
                kinds = np.rint(safe).astype(np.int64) - first
        else:
            by_class = _activated(columns["scores"], self._head)[:, first:]
            kinds = by_class.argmax(axis=1)
            scores = np.take_along_axis(by_class, kinds[:, None], axis=1)[:, 0]
        if "objectness" in columns:
            scores = scores * _activated(columns["objectness"], self._head)[:, 0]
        return scores, kinds

    def _suppressed(
        self, corners: Corners, scores: Numbers, kinds: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        """Give the positions of boxes that are left, the best first."""
        head = self._head
        if head.suppression == "none":
            order: npt.NDArray[np.int64] = np.argsort(-scores, kind="stable")[: head.most]
            return order
        boxes = boxes_from_corners(corners)
        return rotated_nms(
            boxes, scores, head.iou_threshold, max_boxes=head.most,
            classes=kinds if head.suppression == "class" else None,
        )  # fmt: skip


def check_boxes_output(output: ModelOutput) -> None:
    """Raise ContractError where an output cannot be decoded as objects."""
    where, head = f"contract output {output.name!r}", output.boxes
    if head is None:
        raise ContractError(
            f"{where} has task {output.task!r}.", rule="It needs 'edgers:boxes' to find objects."
        )
    axes = set(output.dim_order) - {"batch"}
    if "channel" not in axes or not axes <= {"channel", "box", "anchor", "height", "width"}:
        raise ContractError(
            f"{where} has axes {', '.join(output.dim_order)}.",
            rule="The numbers of a box lie along 'channel'; the boxes along 'box', or along "
            "'height' and 'width', and 'anchor' where a cell has several.",
        )
    if not output.classes:
        raise ContractError(
            f"{where} names no classes.",
            fix="List them under 'classification:classes' in the order of their scores or numbers.",
        )


def rows_of(output: ModelOutput, tensor: npt.NDArray[np.generic], count: int = 0) -> Numbers:
    """Give a tensor as (box, number): anchors first, then rows, then columns of cells.

    Where all anchors of a cell share the axis `channel`, `count` numbers are one box.
    """
    axes = list(output.dim_order)
    if "batch" in axes:
        tensor = np.moveaxis(tensor, axes.index("batch"), 0)[0]
        axes.remove("batch")
    numbers = next((name for name in ("channel", "class") if name in axes), None)
    if numbers is None:
        return tensor.reshape(-1, 1).astype(np.float32, copy=False)
    if "height" in axes and "anchor" not in axes and count:
        # (anchor × number, height, width)
        order = [axes.index(name) for name in (numbers, "height", "width")]
        cells = tensor.transpose(order)
        shape = (-1, count, *cells.shape[1:])
        rows = cells.reshape(shape).transpose(0, 2, 3, 1).reshape(-1, count)
        return rows.astype(np.float32, copy=False)
    named = [name for name in ("anchor", "height", "width", "box") if name in axes]
    order = [axes.index(name) for name in (*named, numbers)]
    moved = tensor.transpose(order)
    return moved.reshape(-1, moved.shape[-1]).astype(np.float32, copy=False)


def twice_areas(corners: Corners) -> npt.NDArray[np.float64]:
    """Give twice the areas of quadrilaterals, (box,)."""
    a, b = corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]
    found: npt.NDArray[np.float64] = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return found


def _activated(numbers: Numbers, head: BoxHead) -> Numbers:
    if head.activation == "sigmoid":
        return sigmoid(numbers)
    if head.activation == "softmax" and numbers.shape[1] > 1:
        power = np.exp(numbers - numbers.max(axis=1, keepdims=True))
        found: Numbers = power / power.sum(axis=1, keepdims=True)
        return found
    return numbers


def sigmoid(numbers: Numbers) -> Numbers:
    """Squeeze numbers to between 0 and 1."""
    found: Numbers = (1 / (1 + np.exp(-numbers))).astype(np.float32, copy=False)
    return found

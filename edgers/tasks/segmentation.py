"""Semantic segmentation: from the output tensor of a tile to classes and probabilities."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelOutput
from edgers.errors import ContractError
from edgers.kernels.cpu.scores import decode
from edgers.kernels.score_rule import ScoreRule
from edgers.tasks.ordinal import decode_ordered
from edgers.tiling.grid import Tile

ClassValues = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassBlock:
    """What one tile says about its core."""

    classes: ClassValues
    """Class values, (height, width); the largest of their type for classes that are ignored."""
    not_finite: npt.NDArray[np.bool_]
    """True where the network gave NaN or infinity, (height, width)."""
    probabilities: npt.NDArray[np.float32] | None
    """Probability of each class, (class, height, width), where asked for."""


class SegmentationDecoder:
    """Decoder of one output; a plain function of the tensor."""

    def __init__(self, output: ModelOutput, *, with_probabilities: bool) -> None:
        """Prepare for one output; raises ContractError where it is no segmentation."""
        check_segmentation(output)
        self._output = output
        self.gives_indices = gives_indices(output, _stated_scores(output))
        if with_probabilities and self.gives_indices:
            raise ContractError(
                f"output {output.name!r} holds classes, not scores.",
                rule="Probabilities need a score a class.",
                fix="Run without --probabilities.",
            )
        self._with_probabilities = with_probabilities
        self.data_type = np.uint8 if max(one.value for one in output.classes) < 255 else np.uint16
        nodata = int(np.iinfo(self.data_type).max)
        values = [nodata if one.value in output.ignore else one.value for one in output.classes]
        self._values: ClassValues = (
            np.array(values, np.uint8) if nodata == 255 else np.array(values, np.uint16)
        )
        self._rule = ScoreRule(
            values=self._values, activation=output.activation, threshold=output.threshold
        )
        axes = output.dim_order
        order = [
            axes.index(name) for name in ("batch", class_axis(output), "height", "width") if name
        ]
        self._order = tuple(order)

    def decode(self, tensor: npt.NDArray[np.generic], tile: Tile) -> ClassBlock:
        """Decode the core of a tile from the tensor of its whole window.

        Where two classes score the same the first wins.
        """
        image = tensor.transpose(self._order)[0]
        top, left = tile.rows.crop_start, tile.columns.crop_start
        height, width = tile.core_shape
        core = image[..., top : top + height, left : left + width]
        if self.gives_indices:
            return self._decode_indices(core.reshape(height, width))
        return self.settle(core.astype(np.float32, copy=False))

    def scores(self, tensor: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
        """Give the scores of a whole window, (class, height, width), as the graph gives them."""
        scores: npt.NDArray[np.float32] = tensor.transpose(self._order)[0].astype(
            np.float32, copy=False
        )
        return scores

    def settle(self, scores: npt.NDArray[np.float32]) -> ClassBlock:
        """Choose classes from scores, (class, height, width)."""
        choose = decode_ordered if self._output.class_rule == "ordered" else decode
        found = choose(scores, self._rule, with_probabilities=self._with_probabilities)
        return ClassBlock(
            classes=found.classes, not_finite=found.not_finite, probabilities=found.probabilities
        )

    def nothing(self, tile: Tile) -> ClassBlock:
        """Give the block of a tile that was not inferred."""
        classes = np.full(tile.core_shape, self._values[0])
        not_finite = np.zeros(tile.core_shape, bool)
        return ClassBlock(classes=classes, not_finite=not_finite, probabilities=None)

    def _decode_indices(self, core: npt.NDArray[np.generic]) -> ClassBlock:
        """Take class indices that the graph already worked out."""
        indices = core.astype(np.int64)
        known = (indices >= 0) & (indices < len(self._values))
        classes = self._values[np.where(known, indices, 0)]
        return ClassBlock(classes=classes, not_finite=~known, probabilities=None)


def is_class_task(task: str) -> bool:
    """Tell whether the answer of a task, by its name, is a class for each pixel."""
    return ("segmentation" in task and "instance" not in task) or task == "change-detection"


def class_axis(output: ModelOutput) -> str:
    """Name of the axis with a score a class; empty where the tensor holds class indices."""
    return next((name for name in ("class", "channel") if name in output.dim_order), "")


def gives_indices(output: ModelOutput, scores: int) -> bool:
    """Tell whether the graph has already chosen a class for each pixel.

    `scores` is the length of the class axis, 0 where there is none.
    """
    return scores == 0 or (scores == 1 and np.issubdtype(np.dtype(output.data_type), np.integer))


def gives_scores(output: ModelOutput) -> bool:
    """Tell whether the contract states an output of scores, which can be mixed."""
    return not gives_indices(output, _stated_scores(output))


def check_scores(output: ModelOutput, scores: int) -> None:
    """Raise ContractError where a number of scores a pixel does not fit the classes."""
    if output.class_rule == "ordered":
        if scores != len(output.classes) - 1:
            raise ContractError(
                f"contract output {output.name!r} has {scores} scores a pixel and "
                f"{len(output.classes)} ordered classes.",
                rule="There is one score for each class but the first.",
            )
        return
    if scores != len(output.classes) and (scores, len(output.classes)) != (1, 2):
        raise ContractError(
            f"contract output {output.name!r} has {scores} scores a pixel and "
            f"{len(output.classes)} classes.",
            rule="There is one score a class, or one score for two classes.",
        )


def check_segmentation(output: ModelOutput) -> None:
    """Raise ContractError where an output cannot be decoded as a segmentation."""
    where = f"contract output {output.name!r}"
    if not is_class_task(output.task):
        raise ContractError(
            f"{where} has task {output.task!r}.",
            rule="This version decodes 'semantic-segmentation', 'segmentation' and "
            "'change-detection'.",
        )
    if output.class_rule == "several":
        raise ContractError(
            f"{where} gives several classes a pixel.",
            rule="A class map shows one.",
        )
    wanted = {"batch", "height", "width"}
    axes = set(output.dim_order) - {class_axis(output)}
    if axes != wanted:
        raise ContractError(
            f"{where} has axes {', '.join(output.dim_order)}.",
            rule="It must have 'batch', 'height', 'width', and 'class' or 'channel' for scores.",
        )
    if len(output.classes) < 2:
        raise ContractError(
            f"{where} names {len(output.classes)} classes.",
            rule="A segmentation has at least two.",
            fix="List them under 'classification:classes' in the order of the class axis.",
        )
    scores = _stated_scores(output)
    if scores > 0 and not gives_indices(output, scores):
        check_scores(output, scores)


def _stated_scores(output: ModelOutput) -> int:
    """Length of the class axis in the contract: 0 where there is none, −1 where it is not said."""
    axis = class_axis(output)
    return output.shape[output.dim_order.index(axis)] if axis else 0

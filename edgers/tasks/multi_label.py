"""Segmentation with several classes a pixel: each score says yes or no by itself."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelOutput
from edgers.errors import ContractError
from edgers.kernels.score_rule import ScoreRule
from edgers.tasks.ordinal import reached
from edgers.tasks.segmentation import class_axis
from edgers.tiling.grid import Tile

Reals = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelBlock:
    """What one tile says about its core, for the classes that are shown."""

    labels: npt.NDArray[np.uint8]
    """1 where a pixel is of a class, else 0, (class, height, width)."""
    not_finite: npt.NDArray[np.bool_]
    """True where the network gave NaN or infinity for any class, (height, width)."""
    probabilities: Reals
    """Probability of each class, (class, height, width)."""


class MultiLabelDecoder:
    """Decoder of one output; a plain function of the tensor."""

    def __init__(self, output: ModelOutput) -> None:
        """Prepare for one output; raises ContractError where it has no score a class."""
        check_multi_label(output)
        self._order = tuple(
            output.dim_order.index(name)
            for name in ("batch", class_axis(output), "height", "width")
        )
        self._shown = [i for i, one in enumerate(output.classes) if one.value not in output.ignore]
        self._rule = ScoreRule(
            values=np.zeros(0, np.uint8), activation=output.activation, threshold=output.threshold
        )

    def decode(self, tensor: npt.NDArray[np.generic], tile: Tile) -> LabelBlock:
        """Decode the core of a tile from the tensor of its whole window."""
        top, left = tile.rows.crop_start, tile.columns.crop_start
        height, width = tile.core_shape
        return self.settle(self.scores(tensor)[:, top : top + height, left : left + width])

    def scores(self, tensor: npt.NDArray[np.generic]) -> Reals:
        """Give the scores of a whole window, (class, height, width), as the graph gives them."""
        scores: Reals = tensor.transpose(self._order)[0].astype(np.float32, copy=False)
        return scores

    def settle(self, scores: Reals) -> LabelBlock:
        """Say yes or no for each class, from scores, (class, height, width)."""
        chances = reached(scores[self._shown], self._rule)
        return LabelBlock(
            labels=(chances >= np.float32(self._rule.threshold)).astype(np.uint8),
            not_finite=np.asarray(~np.isfinite(scores).all(axis=0)),
            probabilities=chances,
        )


def check_multi_label(output: ModelOutput) -> None:
    """Raise ContractError where an output cannot be decoded as several classes a pixel."""
    where = f"contract output {output.name!r}"
    axis = class_axis(output)
    if set(output.dim_order) != {"batch", axis, "height", "width"} or not axis:
        raise ContractError(
            f"{where} has axes {', '.join(output.dim_order)}.",
            rule="Several classes a pixel need 'batch', 'height', 'width', and 'class' or "
            "'channel' with a score for each.",
        )
    if not output.classes or output.length(axis) not in (-1, len(output.classes)):
        raise ContractError(
            f"{where} has {output.length(axis)} scores a pixel and {len(output.classes)} classes.",
            rule="There is one score for each class.",
            fix="List them under 'classification:classes' in the order of the class axis.",
        )

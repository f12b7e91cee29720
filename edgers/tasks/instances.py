"""Instance segmentation: from the tensors of a tile to objects and their pixels in its window."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelOutput
from edgers.errors import ContractError
from edgers.tasks.boxes import BoxDecoder, KeptBoxes, Tensors, check_boxes_output
from edgers.tasks.mask_forms import Box, Numbers, Picture, check_pictures, mask_in, pictures_of
from edgers.tasks.pieces import bounds_of
from edgers.tasks.pixel_runs import Runs, runs_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """An object as one tile sees it."""

    runs: Runs
    """Its pixels."""
    score: float
    """Score."""
    kind: int
    """Position of its class in the contract."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceBlock:
    """What one tile says."""

    instances: list[Instance]
    """Objects, the best first, in pixels of the window; none without a pixel."""
    lost: bool
    """Whether the network gave no finite box at all: it has not seen the tile."""


class InstanceDecoder:
    """Decoder of a detector that gives masks; a plain function of the tensors."""

    def __init__(self, outputs: Sequence[ModelOutput]) -> None:
        """Prepare for the outputs of a contract, the boxes first; raises ContractError."""
        check_instances(outputs[0])
        main = outputs[0]
        assert main.masks is not None
        assert main.boxes is not None
        self._boxes, self._head = BoxDecoder(outputs), main.masks
        self._pictures = next(one for one in outputs if one.name == main.masks.output)
        self._first = main.boxes.first_class
        self._classes = len(main.classes) + self._first

    def decode(self, tensors: Tensors, window_shape: tuple[int, int]) -> InstanceBlock:
        """Decode the tensors of a window of that height and width."""
        found = self._boxes.kept(tensors, window_shape)
        pictures = pictures_of(self._pictures, tensors[self._pictures.name])
        check_pictures(self._head, self._pictures, pictures, found.count, self._classes)
        if not len(found.block.pieces):
            return InstanceBlock(instances=[], lost=found.block.lost)
        size = (pictures.shape[2], pictures.shape[3])
        instances = []
        for i, bounds in enumerate(bounds_of(found.block.pieces["corners"]).tolist()):
            box: Box = tuple(bounds)
            with np.errstate(all="ignore"):
                picture = self._picture(pictures, found, i)
                mask, row, column = mask_in(self._head, picture, size, box, window_shape)
            if mask.any():
                piece = found.block.pieces[i]
                instances.append(
                    Instance(
                        runs=runs_of(mask, row, column),
                        score=float(piece["score"]),
                        kind=int(piece["kind"]),
                    )
                )
        return InstanceBlock(instances=instances, lost=found.block.lost)

    def _picture(
        self, pictures: npt.NDArray[np.generic], found: KeptBoxes, i: int
    ) -> Picture:  # fmt: skip
        """Give what the network says of one object."""
        if self._head.form == "prototypes":
            times = found.coefficients[i]

            def summed(rows: slice, columns: slice) -> Numbers:
                near = pictures[:, 0, rows, columns].astype(np.float32, copy=False)
                return np.tensordot(times, near, axes=1)

            return summed
        kind = int(found.block.pieces["kind"][i]) + self._first if pictures.shape[1] > 1 else 0
        own = pictures[found.rows[i], kind]
        return lambda rows, columns: own[rows, columns].astype(np.float32, copy=False)


def check_instances(output: ModelOutput) -> None:
    """Raise ContractError where an output cannot be decoded as objects with masks."""
    check_boxes_output(output)
    if output.masks is None:
        raise ContractError(
            f"contract output {output.name!r} has no masks.", rule="It needs 'edgers:masks'."
        )

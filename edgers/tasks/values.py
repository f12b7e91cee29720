"""Values for each pixel: a regression, a score, abundances, a denoised cube."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelOutput
from edgers.errors import ContractError
from edgers.tasks.segmentation import class_axis
from edgers.tiling.grid import Tile

Reals = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueBlock:
    """What one tile says about its core."""

    values: Reals
    """Values, (band, height, width); NaN where the network gave NaN or infinity in any band."""
    not_finite: npt.NDArray[np.bool_]
    """True where it did, (height, width)."""


class ValueDecoder:
    """Decoder of one output; a plain function of the tensor."""

    def __init__(self, output: ModelOutput) -> None:
        """Prepare for one output; raises ContractError where it has no values for pixels."""
        check_values(output)
        axes = output.dim_order
        names = ["batch", class_axis(output), "height", "width"]
        self._order = tuple(axes.index(name) for name in names if name)

    def decode(self, tensor: npt.NDArray[np.generic], tile: Tile) -> ValueBlock:
        """Cut the core of a tile from the tensor of its whole window."""
        top, left = tile.rows.crop_start, tile.columns.crop_start
        height, width = tile.core_shape
        return self.settle(self.scores(tensor)[:, top : top + height, left : left + width])

    def scores(self, tensor: npt.NDArray[np.generic]) -> Reals:
        """Give the values of a whole window, (band, height, width)."""
        image = tensor.transpose(self._order)[0]
        bands: Reals = image.reshape(-1, *image.shape[-2:]).astype(np.float32, copy=False)
        return bands

    def settle(self, scores: Reals) -> ValueBlock:
        """Tell apart pixels that have a value in every band, (band, height, width)."""
        not_finite = np.asarray(~np.isfinite(scores).all(axis=0))
        values = np.where(not_finite, np.float32(np.nan), scores)
        return ValueBlock(values=values, not_finite=not_finite)


def check_values(output: ModelOutput) -> None:
    """Raise ContractError where an output cannot be decoded as values for pixels."""
    axes = set(output.dim_order) - {class_axis(output)}
    if axes != {"batch", "height", "width"}:
        raise ContractError(
            f"contract output {output.name!r} has axes {', '.join(output.dim_order)}.",
            rule="It must have 'batch', 'height', 'width', and 'channel' for several values.",
        )
    axis = class_axis(output)
    stated = output.shape[output.dim_order.index(axis)] if axis else 1
    if output.values and stated not in (-1, len(output.values)):
        raise ContractError(
            f"contract output {output.name!r} names {len(output.values)} values and has {stated}.",
            rule="'edgers:values' lists one entry for each value of a pixel.",
        )


def value_names(output: ModelOutput, count: int) -> tuple[str, ...]:
    """Name the values of a pixel, as the contract does or by number."""
    if output.values:
        return tuple(one.name for one in output.values)
    return ("value",) if count == 1 else tuple(f"value {i + 1}" for i in range(count))

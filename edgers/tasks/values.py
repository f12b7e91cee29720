"""Values for each pixel: a regression, a score, abundances, a denoised cube."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelOutput, OutputValue
from edgers.errors import ContractError
from edgers.tasks.segmentation import class_axis
from edgers.tiling.grid import Tile

Reals = npt.NDArray[np.float32]

SPREAD = "{}_std"
"""Name of the band that holds how far the members of an ensemble are apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueBlock:
    """What one tile says about its core."""

    values: Reals
    """Values, (band, height, width); NaN where the network gave NaN or infinity in any band."""
    not_finite: npt.NDArray[np.bool_]
    """True where it did, (height, width)."""


class ValueDecoder:
    """Decoder of one output; a plain function of the tensor."""

    def __init__(self, output: ModelOutput, back: tuple[Reals, Reals] | None = None) -> None:
        """Prepare for one output; raises ContractError where it has no values for pixels.

        `back` are factor and summand, (band, 1, 1), that values are brought to samples by.
        """
        check_values(output)
        axes = output.dim_order
        members = "member" if output.has_members else ""
        names = ["batch", members, class_axis(output), "height", "width"]
        self._order = tuple(axes.index(name) for name in names if name)
        self._members = output.length("member")
        self._output, self._back = output, back

    def decode(self, tensor: npt.NDArray[np.generic], tile: Tile) -> ValueBlock:
        """Cut the core of a tile from the tensor of its whole window."""
        top, left = tile.rows.crop_start, tile.columns.crop_start
        height, width = tile.core_shape
        return self.settle(self.scores(tensor)[:, top : top + height, left : left + width])

    def scores(self, tensor: npt.NDArray[np.generic]) -> Reals:
        """Give the values of a whole window, (member × band, height, width)."""
        image = tensor.transpose(self._order)[0]
        bands: Reals = image.reshape(-1, *image.shape[-2:]).astype(np.float32, copy=False)
        return bands

    def settle(self, scores: Reals) -> ValueBlock:
        """Give the values that are shown, of those of all members, (member × band, height, width).

        A pixel has values where all the network's are finite.
        """
        not_finite = np.asarray(~np.isfinite(scores).all(axis=0))
        values = self._shown(scores)
        if self._back is not None:
            values = values * self._back[0] + self._back[1]
        # The exponential of a large logarithm, or the root of a negative variance.
        not_finite |= ~np.isfinite(values).all(axis=0)
        values = np.where(not_finite, np.float32(np.nan), values)
        return ValueBlock(values=values, not_finite=not_finite)

    def _shown(self, scores: Reals) -> Reals:
        """Give the bands of the product."""
        output = self._output
        is_plain = all(one.gives == "value" for one in output.values)
        if not output.has_members and is_plain:
            return scores
        members = scores.reshape(self._members, -1, *scores.shape[1:])
        stated = output.values or (None,) * members.shape[1]
        bands = []
        with np.errstate(all="ignore"):
            for position, value in enumerate(stated):
                band = members[:, position]
                if value is not None and value.gives != "value":
                    bands.append(_deviation(band, is_logarithm=value.gives == "log-variance"))
                    continue
                bands.append(band.mean(axis=0))
                if output.has_members:
                    bands.append(band.std(axis=0))
        return np.stack(bands)


def _deviation(variances: Reals, *, is_logarithm: bool) -> Reals:
    """Give the root of the mean variance of the members, (member, height, width)."""
    if len(variances) == 1 and is_logarithm:
        # Half the logarithm: the variance itself may be too large for single precision.
        found: Reals = np.exp(variances[0] / 2)
        return found
    root: Reals = np.sqrt((np.exp(variances) if is_logarithm else variances).mean(axis=0))
    return root


def check_values(output: ModelOutput) -> None:
    """Raise ContractError where an output cannot be decoded as values for pixels."""
    where = f"contract output {output.name!r}"
    axis = class_axis(output)
    axes = set(output.dim_order) - {axis, "member"}
    if axes != {"batch", "height", "width"}:
        raise ContractError(
            f"{where} has axes {', '.join(output.dim_order)}.",
            rule="It must have 'batch', 'height', 'width', 'channel' for several values, and "
            "'member' for an ensemble.",
        )
    stated = output.length(axis)
    if output.values and stated not in (-1, len(output.values)):
        raise ContractError(
            f"{where} names {len(output.values)} values and has {stated}.",
            rule="'edgers:values' lists one entry for each value of a pixel.",
        )
    if output.has_members and (output.length("member") < 0 or output.restores):
        raise ContractError(
            f"{where} has an axis of members.",
            seen=f"Its length is {output.length('member')}.",
            rule="Its length is stated, and what restores an input has no members.",
        )


def shown_values(output: ModelOutput, count: int) -> tuple[OutputValue, ...]:
    """Say what each band of the product is, of `count` numbers a pixel that the network gives."""
    per_member = count // output.length("member")
    stated = output.values or tuple(OutputValue(name=name) for name in _numbered(per_member))
    if not output.has_members:
        return stated
    return tuple(band for value in stated for band in _with_spread(value))


def _with_spread(value: OutputValue) -> Sequence[OutputValue]:
    """Give the bands of one value of an ensemble."""
    if value.gives != "value":
        return [value]
    return [value, replace(value, name=SPREAD.format(value.name), threshold=None)]


def _numbered(count: int) -> tuple[str, ...]:
    return ("value",) if count == 1 else tuple(f"value {i + 1}" for i in range(count))

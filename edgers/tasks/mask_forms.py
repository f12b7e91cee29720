"""The forms in which masks are written down, made into pixels of the window."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelOutput
from edgers.contract.masks import MaskHead
from edgers.errors import ContractError

Numbers = npt.NDArray[np.float32]
Wide = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in pixels of the window."""
Size = tuple[int, int]
"""Height and width."""

Picture = Callable[[slice, slice], Numbers]
"""Gives rows and columns of what a network says of one object, (height, width)."""


def mask_in(
    head: MaskHead, picture: Picture, size: Size, box: Box, window: Size
) -> tuple[Flags, int, int]:  # fmt: skip
    """Give the pixels of an object in its box, and the row and column of the first of them.

    `size` is that of the picture: of the whole window, or of the form `boxes` of the box alone. A
    pixel lies in a box where its middle does. Between the pixels of a picture values are mixed
    along both axes; beyond the outermost ones they go on, or in a box fall to nothing.
    """
    spans = [_span(box[1], box[3], window[0]), _span(box[0], box[2], window[1])]
    (top, bottom), (left, right) = spans
    if bottom <= top or right <= left:
        return np.zeros((0, 0), bool), top, left
    if head.form == "boxes":
        sides = [(box[1], box[3]), (box[0], box[2])]
    else:
        sides = [(0.0, float(window[0])), (0.0, float(window[1]))]
    rows, columns = (
        _places(span, side, count) for span, side, count in zip(spans, sides, size, strict=True)
    )
    if head.form == "boxes":
        whole = picture(slice(None), slice(None))
        shares = _probabilities(whole) if head.activation == "sigmoid" else whole
        # Around it lie zeros.
        values = _mixed(np.pad(shares, 1), rows + 1, columns + 1)
        return values >= head.threshold, top, left
    near = [slice(int(one[0]), int(one[-1]) + 2) for one in (rows, columns)]
    values = _mixed(picture(*near), rows - near[0].start, columns - near[1].start)
    return values >= _least(head), top, left


def _least(head: MaskHead) -> float:
    """Give the threshold in what the network gives."""
    share = head.threshold
    return float(np.log(share / (1 - share))) if head.activation == "sigmoid" else share


def _span(low: float, high: float, most: int) -> tuple[int, int]:
    """Give the pixels whose middles lie from `low` up to `high`, of `most`."""
    first, end = (int(np.clip(np.ceil(place - 0.5), 0, most)) for place in (low, high))
    return first, end


def _places(span: tuple[int, int], side: tuple[float, float], count: int) -> Wide:
    """Give where the middles of pixels lie along a picture's side of `count` pixels.

    Whole numbers are the middles of its pixels.
    """
    low, high = side
    pixels = np.arange(*span, dtype=np.float64)
    if low == 0 and high == count:
        return pixels
    found: Wide = (pixels + 0.5 - low) / (high - low) * count - 0.5
    return found


def _mixed(values: npt.NDArray[np.floating], rows: Wide, columns: Wide) -> Wide:
    """Mix values, (height, width), along both axes; beyond its edges they go on."""
    found = values.astype(np.float64)
    for axis, places in ((0, rows), (1, columns)):
        last = found.shape[axis] - 1
        inside = np.clip(places, 0, last)
        low = np.floor(inside).astype(np.intp)
        share = (inside - low).reshape((-1, 1) if axis == 0 else (1, -1))
        first, second = found.take(low, axis), found.take(np.minimum(low + 1, last), axis)
        # A value that is taken as it is does not hang on whether the next one is finite.
        found = np.where(share > 0, first * (1 - share) + second * share, first)
    return found


def _probabilities(numbers: Numbers) -> Numbers:
    found: Numbers = (1 / (1 + np.exp(-numbers))).astype(np.float32, copy=False)
    return found


def pictures_of(output: ModelOutput, tensor: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Give a tensor of pictures as (prototype or box, class or 1, height, width)."""
    axes = list(output.dim_order)
    if "batch" in axes:
        tensor = np.moveaxis(tensor, axes.index("batch"), 0)[0]
        axes.remove("batch")
    of_class = next((one for one in ("class", "channel") if one in axes and "box" in axes), None)
    first = "box" if "box" in axes else "channel"
    order = [axes.index(one) for one in (first, of_class, "height", "width") if one]
    moved = tensor.transpose(order)
    return moved if of_class else moved[:, None]


def check_pictures(
    head: MaskHead, output: ModelOutput, pictures: npt.NDArray[np.generic], boxes: int, classes: int
) -> None:
    """Raise ContractError where there are not as many pictures as there must be."""
    count, of_class, *size = pictures.shape
    if head.form == "prototypes" and count != head.coefficients:
        raise ContractError(
            f"output {output.name!r} has {count} prototypes.",
            seen=f"Coefficients of a box, by the contract: {head.coefficients}.",
            rule="Each prototype has one.",
        )
    if head.form != "prototypes" and count != boxes:
        raise ContractError(
            f"output {output.name!r} has {count} masks for {boxes} boxes.", rule="Each has its own."
        )
    if of_class not in (1, classes):
        raise ContractError(
            f"output {output.name!r} has masks for {of_class} classes.",
            rule=f"There are {classes}, the background counted where there is one.",
        )
    if count and not all(size):
        raise ContractError(f"output {output.name!r} has masks without pixels.")

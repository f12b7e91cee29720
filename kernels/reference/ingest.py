"""From stored samples to the tensor a network takes."""

import numpy as np
import numpy.typing as npt

from edgers.kernels.recipe import Recipe, apply_steps, to_whole


def ingest(
    samples: npt.NDArray[np.generic], missing: npt.NDArray[np.bool_] | None, recipe: Recipe,
    *, channels_last: bool = False,
) -> npt.NDArray[np.generic]:  # fmt: skip
    """Scale samples, fill the missing ones, and give them the tensor's type and layout.

    `samples` are (layer, height, width) of any integer or real type and any strides: bands may be
    stored one after the other, by line or by pixel. `missing`, of the same shape, is True where a
    sample is no measurement. Arithmetic is float32, step by step; NaN in a valid sample stays NaN
    in a real tensor and becomes 0 in an integer one. Gives a new contiguous array of the recipe's
    type, (layer, height, width), or (height, width, layer) with `channels_last`.
    """
    with np.errstate(all="ignore"):
        x = samples.astype(np.float32)
        apply_steps(x, recipe)
        if missing is not None:
            np.copyto(x, recipe.fill, where=missing)
        if np.issubdtype(recipe.data_type, np.integer):
            to_whole(x, recipe.data_type, recipe.quantizer)
        if channels_last:
            x = x.transpose(1, 2, 0)
        return np.ascontiguousarray(x, dtype=recipe.data_type)

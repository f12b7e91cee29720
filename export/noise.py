"""Random tensors for the inputs of a model."""

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelInput
from edgers.tiling.graph import probe_shape

INTEGER_SPREAD = 64
"""Factor from normal noise to whole numbers: most of it fits 8 bits without a sign."""


def noise_tensor(
    source: ModelInput, size_px: tuple[int, int], random: np.random.Generator
) -> npt.NDArray[np.generic]:
    """Give normal noise in the shape, axis order and type of an input, for one image or series."""
    noise = random.standard_normal(probe_shape(source, size_px))
    if np.issubdtype(np.dtype(source.data_type), np.integer):
        noise = np.abs(noise) * INTEGER_SPREAD
    return noise.astype(source.data_type)

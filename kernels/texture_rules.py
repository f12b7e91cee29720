"""What texture is made of: grey levels, and the names of what comes out."""

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError
from edgers.kernels.spectra import Image

Levels = npt.NDArray[np.uint8]
"""Grey levels (row, column)."""
RATIOS = ("ratio", "log_ratio", "cross_ratio", "rvi", "span")
"""Results of `radar_ratios` in their order."""
TEXTURES = (
    "contrast", "dissimilarity", "homogeneity", "asm", "entropy", "correlation", "mean", "variance",
)  # fmt: skip
"""Results of `grey_level_texture` in their order."""
MOST_LEVELS = 64
MOST_LEVELS_CUDA = 16
"""Levels of which the CUDA kernel's table of counts holds all pairs."""
NO_LEVEL = 255
"""Level of a missing sample."""


def check_images(*images: Image) -> None:
    """Raise BadInputError unless all are float32 (row, column) of one shape."""
    if any(
        image.ndim != 2 or image.dtype != np.float32 or image.shape != images[0].shape
        for image in images
    ):
        raise BadInputError(
            "these are no images of one size.",
            seen=", ".join(f"{image.dtype} of shape {image.shape}" for image in images) + ".",
            rule="each is float32 (row, column), all of one shape.",
            fix="take bands of one image, converted with astype(float32).",
        )


def check_texture(
    image: Image, window: int, distance: int, levels: int, lower: float, upper: float
) -> None:
    """Raise BadInputError unless texture can be computed like this."""
    check_images(image)
    has_limits = bool(np.isfinite([lower, upper]).all()) and lower < upper
    is_window = window >= 3 and window % 2 == 1 and 1 <= distance < window
    if not (is_window and has_limits and 2 <= levels <= MOST_LEVELS):
        raise BadInputError(
            "texture cannot be computed like this.",
            seen=f"window {window} px, distance {distance} px, {levels} levels from {lower} to "
            f"{upper}.",
            rule=f"the window is odd, from 3 px on, and greater than the distance; levels are 2 to "
            f"{MOST_LEVELS}, between two finite limits.",
            fix="start from window=7, distance=1, levels=16, and the limits of the image.",
        )

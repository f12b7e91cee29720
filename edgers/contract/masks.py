"""How a network writes down the masks of the objects it finds; reading is in `read_masks.py`.

=============  ===================================================================================
`prototypes`   a mask is the sum of some pictures, the same for all objects of a tile, each times a
               number of the object: its `coefficients` (YOLACT, Bolya and others, 2019)
`boxes`        a small picture an object, stretched over its box (Mask R-CNN, He and others, 2017)
`window`       a picture an object, of the whole window
=============  ===================================================================================

What lies outside an object's box is no part of it.
"""

from dataclasses import dataclass
from typing import Literal

from edgers.kernels.score_rule import Activation

MaskForm = Literal["prototypes", "boxes", "window"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskHead:
    """What the pictures of objects mean."""

    form: MaskForm
    """What there is a picture of."""
    output: str
    """Tensor with the pictures."""
    activation: Activation = "sigmoid"
    """`sigmoid` where 0 stands for a probability of a half, `none` where they are probabilities."""
    threshold: float = 0.5
    """Probability from which on a pixel belongs to the object."""
    coefficients: int = 0
    """Pictures of the form `prototypes`."""

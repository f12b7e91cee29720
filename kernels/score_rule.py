"""What scores mean, and what is made of them."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Activation = Literal["none", "sigmoid", "softmax"]
"""What turns scores into probabilities: nothing, each for itself, or all classes together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRule:
    """How classes come from scores."""

    values: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
    """Value in the class map by position of the class."""
    activation: Activation
    """What turns scores into probabilities; one score alone takes `sigmoid` for `softmax`."""
    threshold: float
    """Probability from which on the second of two classes with one score is chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What scores say."""

    classes: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
    """Class values, (height, width)."""
    not_finite: npt.NDArray[np.bool_]
    """True where a score is NaN or infinite, (height, width)."""
    probabilities: npt.NDArray[np.float32] | None
    """Probability of each class, (class, height, width), where asked for."""

"""How far two results are apart."""

from typing import Any

import numpy as np
import numpy.typing as npt


def largest_difference(found: npt.NDArray[Any], expected: npt.NDArray[Any]) -> float:
    """Give the largest absolute difference of two arrays of one shape.

    NaN equals NaN and infinity itself: a network may give them on some inputs. A NaN or infinity
    in one array alone is an infinite difference.
    """
    a, b = found.astype(np.float64), expected.astype(np.float64)
    apart = ~((a == b) | (np.isnan(a) & np.isnan(b)))
    with np.errstate(invalid="ignore"):
        distances = np.abs(a[apart] - b[apart])
    return float(np.nan_to_num(distances, nan=np.inf, posinf=np.inf).max(initial=0.0))


def largest_value(array: npt.NDArray[Any]) -> float:
    """Give the largest finite absolute value, 0 where there is none."""
    values = np.abs(array.astype(np.float64))
    return float(values[np.isfinite(values)].max(initial=0.0))

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


TOLERANCE = {"fp32": 1e-3, "fp16": 1e-2, "bf16": 3e-2, "int8": 5e-2}
"""Largest difference accepted at a precision, as a share of the largest value: from FP32, at int8
from the same graph on another runtime.

fp32: CPUs with other vector units may sum in another order (how far apart they come: not measured),
while a wrong weight, scale or layout shows in the first digits. bf16: numbers of 8 significant bits
(2^-9 a rounding), several times that after a network; the demo's U-Net came to 0.6 %, a network of
five convolutions to 0.9 %. fp16: 11 significant bits; not measured. int8: runtimes that round a
value to neighbouring steps (1/255 of a layer's range) drift apart layer by layer. This catches what
is wrong, and says nothing about accuracy on scenes."""


def share_apart(found: npt.NDArray[Any], expected: npt.NDArray[Any]) -> float:
    """Give the largest difference as a share of the largest expected value; other shapes: inf."""
    if found.shape != expected.shape:
        return float("inf")
    return largest_difference(found, expected) / (largest_value(expected) or 1.0)

"""How well a class map agrees with the truth: confusion counts and intersection over union."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgers.export.flood_demo.scene import NODATA

CLASS_NAMES = ("land", "water", "cloud")
"""Names of the truth values 0, 1, 2."""

Confusion = npt.NDArray[np.int64]
"""Pixel counts, [true class, predicted class]."""


def confusion(truth: npt.NDArray[np.uint8], predicted: npt.NDArray[np.uint8]) -> Confusion:
    """Return the confusion counts of two class maps of one shape; NODATA in truth is left out.

    Raises ValueError if a predicted class at a valid pixel is not one of `CLASS_NAMES`.
    """
    valid = truth != NODATA
    count = len(CLASS_NAMES)
    if valid.any() and int(predicted[valid].max()) >= count:
        raise ValueError(f"a predicted class is not below {count}")
    pairs = truth[valid].astype(np.int64) * count + predicted[valid]
    return np.bincount(pairs, minlength=count * count).reshape(count, count)


def class_iou(counts: Confusion) -> dict[str, float]:
    """Return intersection over union by class name and their mean as "mean".

    A class in neither map counts 1.
    """
    hits = np.diag(counts).astype(np.float64)
    union = counts.sum(axis=0) + counts.sum(axis=1) - hits
    shares = np.where(union > 0, hits / np.maximum(union, 1), 1.0)
    iou = {name: float(share) for name, share in zip(CLASS_NAMES, shares, strict=True)}
    return iou | {"mean": float(shares.mean())}

"""What is counted of values; exact, so that the order of tiles is no matter."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.contract import OutputValue
from edgers.products.found import SumCheck, ValueRange

Reals = npt.NDArray[np.float32]


class ValueSum:
    """What is known of one value."""

    def __init__(self, value: OutputValue) -> None:
        """Begin with no pixel."""
        self._value, self._pixels, self._sum = value, 0, Fraction(0)
        self._least, self._most = float("inf"), float("-inf")

    @staticmethod
    def own(kept: Reals) -> list[Any]:
        """Give pixels, least, most and sum of a block's values, any shape; JSON values."""
        # What is kept of a scene may lack a band here and there.
        wide = kept[np.isfinite(kept)].astype(np.float64)
        if not wide.size:
            return [0, None, None, 0.0]
        return [wide.size, float(wide.min()), float(wide.max()), float(wide.sum())]

    def add(self, own: list[Any]) -> None:
        """Add what `own` said of a block."""
        pixels, least, most, total = own
        if not pixels:
            return
        self._pixels += pixels
        self._sum += Fraction(total)
        self._least, self._most = min(self._least, least), max(self._most, most)

    def range(self) -> ValueRange:
        """Give what was counted, under the name of the value."""
        some = self._pixels > 0
        return ValueRange(
            name=self._value.name,
            unit=self._value.unit,
            pixels=self._pixels,
            least=self._least if some else None,
            most=self._most if some else None,
            mean=float(self._sum / self._pixels) if some else None,
        )


class SumCounter:
    """Whether the values of each pixel sum up to 1, as shares of it must."""

    def __init__(self, tolerance: float) -> None:
        """Begin with no pixel; a sum may be `tolerance` from 1."""
        self._tolerance, self._off_px = tolerance, 0
        self._least, self._most = float("inf"), float("-inf")

    def own(self, values: Reals) -> dict[str, Any]:
        """Give what the values of a block, (band, pixel), sum up to; JSON values."""
        if not values.shape[1]:
            return {"least": None, "most": None, "off_px": 0}
        sums = values.sum(axis=0, dtype=np.float64)
        off = np.abs(sums - 1) > self._tolerance
        return {
            "least": float(sums.min()), "most": float(sums.max()), "off_px": int(off.sum())
        }  # fmt: skip

    def add(self, own: Mapping[str, Any]) -> None:
        """Add what `own` said of a block."""
        if own["least"] is None:
            return
        self._off_px += own["off_px"]
        self._least = min(self._least, own["least"])
        self._most = max(self._most, own["most"])

    def check(self) -> SumCheck:
        """Give what was counted."""
        some = self._least <= self._most
        return SumCheck(
            least=self._least if some else None,
            most=self._most if some else None,
            off_px=self._off_px,
            tolerance=self._tolerance,
        )

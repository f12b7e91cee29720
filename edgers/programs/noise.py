"""Normal noise that hangs on a seed and a spot alone: not on order, threads or numpy's version.

The bits are Philox 4x64-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"),
keyed by seed and spot. numpy keeps the streams of its bit generators from version to version, and
not those of its normal numbers (NEP 19), so these are made here, after Box and Muller (1958).
"""

import math

import numpy as np
import numpy.typing as npt

from edgers.programs.program import Spot


class TileNoise:
    """The noise of one tile, drawn in turn."""

    def __init__(self, seed: int, spot: Spot) -> None:
        """Begin; a seed of up to 32 bits, and spots within ±2**31."""
        place = (spot.row % 2**32) << 32 | spot.column % 2**32
        self._bits = np.random.Philox(key=np.array([seed, place], np.uint64))

    def normal(self, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
        """Draw numbers of mean 0 and variance 1."""
        count = math.prod(shape)
        half = -(-count // 2)
        bits = np.asarray(self._bits.random_raw(2 * half)) >> np.uint64(11)
        # 53 bits fill a double; the first half lies in (0, 1], as its logarithm is taken.
        radius = np.sqrt(-2 * np.log((bits[:half] + np.uint64(1)) * 2.0**-53))
        angle = 2 * np.pi * (bits[half:] * 2.0**-53)
        both = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])
        return both[:count].reshape(shape).astype(np.float32)

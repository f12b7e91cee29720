"""Exact percentiles of a scene that comes in windows, by histograms: nothing is sampled or binned.

Integers need one pass. Float32 needs two: the first counts the upper halves of the samples' bits,
the second the lower halves of those few in which a wanted percentile lies. One histogram of a
band of 16 bits is 512 KiB.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError
from edgers.kernels.cpu.statistics import count_lower_half, count_values
from edgers.kernels.reference.statistics import HALF, SAMPLE_TYPES, Missing, Samples
from edgers.kernels.spectra import Cube

Wide = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


class BandHistogram:
    """How often each value (float32: each upper half of the bits) was seen, for each band."""

    def __init__(self, bands: int, data_type: str) -> None:
        """Raise `BadInputError` for a type that has no histogram."""
        if data_type not in SAMPLE_TYPES:
            raise BadInputError(
                "there is no histogram for this type.",
                seen=data_type,
                rule=f"samples are of one of {', '.join(SAMPLE_TYPES)}.",
                fix="convert them to float32.",
            )
        self.data_type = data_type
        self.counts: Counts = np.zeros((bands, 256 if data_type == "uint8" else HALF), np.int64)

    def add(self, window: Samples, missing: Missing = None) -> None:
        """Take in samples (band, row, column); NaN and those marked missing are left out."""
        if window.dtype != self.data_type:
            raise _other_samples(str(window.dtype), self.data_type)
        count_values(window, self.counts, missing)

    def merge(self, other: "BandHistogram") -> None:
        """Take in what another has seen."""
        if other.data_type != self.data_type or other.counts.shape != self.counts.shape:
            raise _other_samples(other.data_type, self.data_type)
        self.counts += other.counts

    def percentiles(self, percents: Sequence[float], method: str = "linear") -> Wide:
        """Give percentiles of integers (percent, band), as `numpy.percentile` by that method.

        `linear` or `lower`; NaN for a band without samples. Raises `BadInputError` for float32,
        which needs `refine` and a second pass.
        """
        if self.data_type == "float32":
            raise BadInputError(
                "one pass is not enough for percentiles of float32.",
                rule="the first pass finds the upper half of their bits.",
                fix="call refine(), and give it all windows again.",
            )
        lowest = int(np.iinfo(self.data_type).min)
        found = np.full((len(percents), len(self.counts)), np.nan)
        for band, counts in enumerate(self.counts):
            totals = np.cumsum(counts)
            for i, percent in enumerate(percents):
                ranks = _ranks(int(totals[-1]), percent, method)
                if ranks is not None:
                    low, high, share = ranks
                    a, b = np.searchsorted(totals, [low, high], side="right") + lowest
                    found[i, band] = _between(float(a), float(b), share)
        return found

    def refine(self, percents: Sequence[float], method: str = "linear") -> "Refinement":
        """Give what takes in the same float32 windows once more, for exact percentiles."""
        if self.data_type != "float32":
            raise _other_samples(self.data_type, "float32")
        return Refinement(self.counts, percents, method)


class Refinement:
    """The second pass over float32 samples."""

    def __init__(self, upper: Counts, percents: Sequence[float], method: str) -> None:
        self._totals = np.cumsum(upper, axis=1)
        self._ranks = [
            [_ranks(int(totals[-1]), percent, method) for percent in percents]
            for totals in self._totals
        ]
        wanted = [
            sorted({int(self._bin(band, rank)) for ranks in row if ranks for rank in ranks[:2]})
            for band, row in enumerate(self._ranks)
        ]
        self.slots = np.full(upper.shape, -1, np.int16)
        for band, bins in enumerate(wanted):
            self.slots[band, bins] = np.arange(len(bins))
        deepest = max((len(bins) for bins in wanted), default=0)
        self.counts: Counts = np.zeros((len(upper), deepest, HALF), np.int64)

    def add(self, window: Cube, missing: Missing = None) -> None:
        """Take in a window of the first pass again."""
        count_lower_half(window, self.slots, self.counts, missing)

    def percentiles(self) -> Wide:
        """Give percentiles (percent, band) in float64; NaN for a band without samples.

        Raises `BadInputError` where the second pass saw other samples than the first.
        """
        found = np.full((len(self._ranks[0]), len(self._ranks)), np.nan)
        for band, row in enumerate(self._ranks):
            for i, ranks in enumerate(row):
                if ranks is not None:
                    a, b = (self._value(band, rank) for rank in ranks[:2])
                    found[i, band] = _between(a, b, ranks[2])
        return found

    def _bin(self, band: int, rank: int) -> int:
        return int(np.searchsorted(self._totals[band], rank, side="right"))

    def _value(self, band: int, rank: int) -> float:
        upper = self._bin(band, rank)
        before = int(self._totals[band, upper - 1]) if upper else 0
        totals = np.cumsum(self.counts[band, self.slots[band, upper]])
        if totals[-1] != self._totals[band, upper] - before:
            raise _other_samples(f"{totals[-1]} samples", "those of the first pass")
        lower = int(np.searchsorted(totals, rank - before, side="right"))
        key = np.uint32(upper << 16 | lower)
        bits = key ^ np.uint32(1 << 31) if key >> np.uint32(31) else ~key
        return float(np.asarray(bits, np.uint32).view(np.float32))


def _ranks(count: int, percent: float, method: str) -> tuple[int, int, float] | None:
    """Give the ranks from 0 on that a percentile lies between, and how far; None for no samples."""
    if not 0 <= percent <= 100 or method not in ("linear", "lower"):
        raise BadInputError(
            "there is no such percentile.",
            seen=f"{percent:g}, {method}.",
            rule="percentiles are from 0 to 100, 'linear' or 'lower'.",
            fix="give others.",
        )
    if count == 0:
        return None
    place = (count - 1) * (percent / 100)
    low = int(np.floor(place))
    return (low, low, 0.0) if method == "lower" else (low, min(low + 1, count - 1), place - low)


def _between(a: float, b: float, share: float) -> float:
    """Go from a to b as numpy does, from the nearer end."""
    if a == b:
        return a
    return b - (b - a) * (1 - share) if share >= 0.5 else a + (b - a) * share


def _other_samples(seen: str, wanted: str) -> BadInputError:
    return BadInputError(
        "these samples do not belong to this histogram.",
        seen=f"{seen}; the histogram is of {wanted}.",
        rule="all windows are of one scene and one type.",
        fix="use another histogram for other samples.",
    )

"""Sums over one window: each sample is read once, into sums side by side that vectorise."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.kernels.jit import kernel
from edgers.kernels.reference.statistics import (
    HALF,
    SAMPLE_TYPES,
    Missing,
    Samples,
    check_counts,
    check_samples,
)
from edgers.kernels.spectra import Cube, check_cube, pixels_of
from edgers.kernels.sums import BandMoments, PixelScatter, merge_all

LANES = 512
"""Sums side by side: long enough for vectors, few enough (16 KiB at most) for the L1 cache."""
PROBES = 256
"""Samples whose mean the others are taken from: sums of what is left lose nothing."""
BLOCK = 512
"""Pixels of a float64 block: 200 bands of them are 0.8 MB, which the L2 cache holds."""
NO_MASK = np.zeros((1, 1), np.bool_)
SIGN, LOWER = np.uint32(1 << 31), np.uint32(HALF - 1)
UPPER_SHIFT, SIGN_SHIFT = np.uint32(16), np.uint32(31)


def band_moments(samples: Samples, missing: Missing = None) -> BandMoments:
    """As the reference; differences from a first guess of the mean are summed in float64."""
    check_samples(samples, missing)
    x = np.ascontiguousarray(samples).reshape(len(samples), -1)
    count = np.zeros(len(x), np.int64)
    sums = np.full((4, len(x)), np.nan)
    _moments(x, _flat(missing, len(x)), missing is not None, _ends(x.dtype), count, sums)
    return BandMoments(count=count, mean=sums[0], squares=sums[1], minimum=sums[2], maximum=sums[3])


def pixel_scatter(cube: Cube) -> PixelScatter:
    """As the reference; blocks about their own mean go through a float64 matrix product."""
    check_cube(cube)
    x = pixels_of(cube)
    bands, pixels = x.shape
    block, mean = np.empty((bands, BLOCK)), np.empty(bands)
    parts = []
    for begin in range(0, pixels, BLOCK):
        size = min(BLOCK, pixels - begin)
        count = _centred_block(x, begin, size, block, mean)
        if count:
            part = np.ascontiguousarray(block[:, :size])
            parts.append(PixelScatter(count=count, mean=mean.copy(), scatter=part @ part.T))
            if len(parts) == BLOCK:
                parts = [merge_all(parts, bands)]
    return merge_all(parts, bands)


def count_values(samples: Samples, counts: np.ndarray, missing: Missing = None) -> None:
    """As the reference."""
    check_samples(samples, missing)
    check_counts(counts, (len(samples), 256 if samples.dtype == np.uint8 else HALF))
    x = np.ascontiguousarray(samples).reshape(len(samples), -1)
    mask = _flat(missing, len(x))
    if samples.dtype == np.float32:
        _count_upper(x.view(np.uint32), mask, missing is not None, counts)
    else:
        turned = HALF // 2 if samples.dtype == np.int16 else 0
        _count(x.view(f"u{x.itemsize}"), turned, mask, missing is not None, counts)


def count_lower_half(
    samples: Cube, slots: np.ndarray, counts: np.ndarray, missing: Missing = None
) -> None:
    """As the reference."""
    check_cube(samples)
    check_samples(samples, missing)
    check_counts(counts, (len(samples), counts.shape[1] if counts.ndim == 3 else 0, HALF))
    x = pixels_of(samples).view(np.uint32)
    _count_lower(x, _flat(missing, len(x)), missing is not None, slots, counts)


def _ends(kind: np.dtype[np.generic]) -> npt.NDArray[np.generic]:
    """Give what every sample of a type is not above, and not below."""
    whole = np.issubdtype(kind, np.integer)
    ends = [np.iinfo(kind.name).max, np.iinfo(kind.name).min] if whole else [np.inf, -np.inf]
    return np.array(ends, kind)


def _flat(missing: Missing, bands: int) -> np.ndarray:
    return NO_MASK if missing is None else np.ascontiguousarray(missing).reshape(bands, -1)


@kernel
def _moments(x: Any, mask: Any, has_mask: bool, ends: Any, count: Any, sums: Any) -> None:
    bands, pixels = x.shape
    total, squares = np.empty(LANES), np.empty(LANES)
    low, high = np.empty(LANES, x.dtype), np.empty(LANES, x.dtype)
    for band in range(bands):
        holes = mask[band] if has_mask else mask[0]
        middle = _guess(x[band], holes, has_mask)
        total[:], squares[:], low[:], high[:] = 0.0, 0.0, ends[0], ends[1]
        known, begin = 0, 0
        while not has_mask and begin + 4 * LANES <= pixels:
            x0, x1 = x[band, begin : begin + LANES], x[band, begin + LANES : begin + 2 * LANES]
            begin += 2 * LANES
            x2, x3 = x[band, begin : begin + LANES], x[band, begin + LANES : begin + 2 * LANES]
            begin += 2 * LANES
            _add_four(x0, x1, x2, x3, middle, total, squares)
            known += _widen_four(x0, x1, x2, x3, low, high)
        for rest in range(begin, pixels, LANES):
            part, some = x[band, rest : rest + LANES], holes[rest : rest + LANES]
            known += _add_run(part, some, has_mask, middle, total, squares, low, high)
        count[band] = known
        if known:
            offset = total.sum()
            mean = middle + offset / known
            if np.isfinite(mean):
                sums[0, band] = mean
                sums[1, band] = max(squares.sum() - offset * (offset / known), 0.0)
            sums[2, band], sums[3, band] = low.min(), high.max()


@kernel
def _guess(x: Any, holes: Any, has_mask: Any) -> Any:
    """Give about the mean, from a few samples all over the band."""
    total, count = 0.0, 0
    for i in range(0, len(x), max(1, len(x) // PROBES)):
        v = np.float64(x[i])
        if abs(v) < np.inf and not (has_mask and holes[i]):
            total += v
            count += 1
    return total / max(count, 1)


@kernel
def _add_four(x0: Any, x1: Any, x2: Any, x3: Any, middle: float, total: Any, squares: Any) -> None:
    """Add four runs at a time: a sum is loaded and stored once for them."""
    for i in range(len(x0)):
        v0, v1, v2, v3 = x0[i], x1[i], x2[i], x3[i]
        d0 = np.float64(v0) - middle if v0 == v0 else 0.0
        d1 = np.float64(v1) - middle if v1 == v1 else 0.0
        d2 = np.float64(v2) - middle if v2 == v2 else 0.0
        d3 = np.float64(v3) - middle if v3 == v3 else 0.0
        total[i] += (d0 + d1) + (d2 + d3)
        squares[i] += (d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3)


@kernel
def _widen_four(x0: Any, x1: Any, x2: Any, x3: Any, low: Any, high: Any) -> Any:
    """Bring least and greatest up to date, and give how many samples are no NaN.

    Samples stay of their own type here: twice as many fit a vector.
    """
    known = 0
    for i in range(len(x0)):
        v0, v1, v2, v3 = x0[i], x1[i], x2[i], x3[i]
        least, most = low[i], high[i]
        least, most = v0 if v0 < least else least, v0 if v0 > most else most
        least, most = v1 if v1 < least else least, v1 if v1 > most else most
        least, most = v2 if v2 < least else least, v2 if v2 > most else most
        low[i], high[i] = v3 if v3 < least else least, v3 if v3 > most else most
    for i in range(len(x0)):
        known += (x0[i] == x0[i]) + (x1[i] == x1[i]) + (x2[i] == x2[i]) + (x3[i] == x3[i])
    return known


@kernel
def _add_run(
    x: Any, holes: Any, has_mask: bool, middle: float, total: Any, squares: Any, low: Any, high: Any
) -> Any:
    known = 0
    for i in range(len(x)):
        v = x[i]
        is_known = v == v and not (has_mask and holes[i])
        d = np.float64(v) - middle if is_known else 0.0
        total[i] += d
        squares[i] += d * d
        low[i] = v if is_known and v < low[i] else low[i]
        high[i] = v if is_known and v > high[i] else high[i]
        known += is_known
    return known


@kernel
def _centred_block(x: Any, begin: Any, size: Any, block: Any, mean: Any) -> Any:
    """Give pixels as float64 without their mean, 0 where a band is missing; and their count."""
    bands = len(x)
    complete = np.ones(size, np.bool_)
    for band in range(bands):
        source = x[band, begin : begin + size]
        for p in range(size):
            complete[p] &= abs(source[p]) < np.inf
    count = complete.sum()
    for band in range(bands):
        source, target = x[band, begin : begin + size], block[band]
        total = 0.0
        for p in range(size):
            total += np.float64(source[p]) if complete[p] else 0.0
        middle = total / max(count, 1)
        mean[band] = middle
        for p in range(size):
            target[p] = source[p] - middle if complete[p] else 0.0
    return count


@kernel
def _count(x: Any, turned: Any, mask: Any, has_mask: Any, counts: Any) -> None:
    for band in range(len(x)):
        row, layer = counts[band], x[band]
        for i in range(len(layer)):
            if not (has_mask and mask[band, i]):
                row[np.int64(layer[i]) ^ turned] += 1


@kernel
def _count_upper(x: Any, mask: Any, has_mask: Any, counts: Any) -> None:
    for band in range(len(x)):
        row, layer = counts[band], x[band]
        for i in range(len(layer)):
            if _is_number(layer[i]) and not (has_mask and mask[band, i]):
                row[_key(layer[i]) >> UPPER_SHIFT] += 1


@kernel
def _count_lower(x: Any, mask: Any, has_mask: Any, slots: Any, counts: Any) -> None:
    for band in range(len(x)):
        table, layer = slots[band], x[band]
        for i in range(len(layer)):
            if _is_number(layer[i]) and not (has_mask and mask[band, i]):
                key = _key(layer[i])
                slot = table[key >> UPPER_SHIFT]
                if slot >= 0:
                    counts[band, slot, key & LOWER] += 1


@kernel
def _is_number(bits: Any) -> Any:
    """Give whether float32 bits are no NaN: those have all exponent bits and some below."""
    return (bits & np.uint32(0x7FFFFFFF)) <= np.uint32(0x7F800000)


@kernel
def _key(bits: Any) -> Any:
    return ~bits if bits >> SIGN_SHIFT else bits | SIGN


def _warm(name: str) -> Callable[[], object]:
    def call() -> None:
        samples = np.ones((1, 1, 1), name)
        counts = np.zeros((1, 256 if name == "uint8" else HALF), np.int64)
        band_moments(samples)
        count_values(samples, counts)

    return call


WARMUP: tuple[Callable[[], object], ...] = (
    *(_warm(name) for name in SAMPLE_TYPES),
    lambda: pixel_scatter(np.ones((1, 1, 1), np.float32)),
    lambda: count_lower_half(
        np.ones((1, 1, 1), np.float32), np.zeros((1, HALF), np.int16),
        np.zeros((1, 1, HALF), np.int64),
    ),
)  # fmt: skip

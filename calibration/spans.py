"""From what was seen of a tensor to the range that 8 bits are to represent, by each method."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from edgers.calibration.ranges import METHODS, Span
from edgers.calibration.tally import HALF, Tally

PERCENT = 99.999
"""Share of the values that the method `percentile` keeps: ONNX Runtime's default."""

LEVELS = 128
"""Values that symmetric 8 bits give to one sign: TensorRT's INT8 and ONNX Runtime's default."""

STEPS = 255
"""Steps between the ends of a range of 8 bits."""

STRIDE = 8
"""Bins between two ends that are tried: 0.2 to 0.4 % of the range, below half a step of 8 bits."""

Wide = npt.NDArray[np.float64]


def spans_of(tally: Tally) -> dict[str, Span]:
    """Give the range by each of `METHODS`; all lie within what was seen."""
    return {method: CHOICES[method](tally) for method in METHODS}


def all_seen(tally: Tally) -> Span:
    """Give the smallest and the largest value."""
    return tally.low, tally.high


def percentile(tally: Tally) -> Span:
    """Give the ends of what is left when the outermost values are cut off, half on each side.

    A bin that is cut through is kept.
    """
    assert tally.counts is not None
    seen = np.cumsum(tally.counts)
    tail = (1 - PERCENT / 100) / 2 * float(seen[-1])
    first = int(np.searchsorted(seen, tail, side="right"))
    last = int(np.searchsorted(seen, seen[-1] - tail, side="left"))
    return _within(tally, (first - HALF) * tally.width, (last + 1 - HALF) * tally.width)


def entropy(tally: Tally) -> Span:
    """Give the range where the least information is lost, by Kullback-Leibler divergence.

    As TensorRT's calibrator does it: magnitudes are cut off at each end that is tried, what lies
    beyond goes into the last bin, and what is left is compared with itself in `LEVELS` steps. Zeros
    are represented exactly at any range and are not counted: the first bin is given the second's
    count (NVIDIA pytorch-quantization, `calib/histogram.py`).
    """
    sizes = _magnitudes(tally).astype(np.float64)
    sizes[0] = sizes[min(1, len(sizes) - 1)]
    ends = [end for end in _ends(len(sizes), LEVELS) if sizes[end - 1] > 0]
    losses = [_divergence(sizes, end) for end in ends]
    if not losses:
        return all_seen(tally)
    # Where two lose the same, the wider one.
    best = ends[len(losses) - 1 - int(np.argmin(losses[::-1]))]
    return _cut(tally, best)


def least_error(tally: Tally) -> Span:
    """Give the range whose 8 bits are the least squared error from what was seen."""
    spans = [_cut(tally, end) for end in _ends(len(_magnitudes(tally)), STRIDE)]
    spans.append(all_seen(tally))
    losses = [squared_error(tally, span) for span in spans]
    return spans[len(losses) - 1 - int(np.argmin(losses[::-1]))]


def squared_error(tally: Tally, span: Span) -> float:
    """Give the mean squared error of 8 bits over `span`, made to hold zero, as quantizers make it.

    Every value counts as the middle of its bin.
    """
    assert tally.counts is not None
    seen = np.flatnonzero(tally.counts)
    counts = tally.counts[seen]
    values = np.clip((seen - HALF + 0.5) * tally.width, tally.low, tally.high)
    low, high = min(span[0], 0.0), max(span[1], 0.0)
    step = (high - low) / STEPS
    if step == 0:
        given = np.zeros_like(values)
    else:
        zero = np.rint(-low / step)
        given = (np.clip(np.rint(values / step) + zero, 0, STEPS) - zero) * step
    return float((counts * (values - given) ** 2).sum() / counts.sum())


def _divergence(sizes: Wide, end: int) -> float:
    """Give what is lost when magnitudes, by bin, are cut off at a bin."""
    wanted = sizes[:end].copy()
    is_seen = wanted > 0
    level = np.arange(end) * LEVELS // end
    sums = np.bincount(level, weights=wanted, minlength=LEVELS)
    shared = np.bincount(level, weights=is_seen, minlength=LEVELS)
    given = np.where(is_seen, (sums / np.maximum(shared, 1))[level], 0.0)
    wanted[-1] += sizes[end:].sum()
    p, q = wanted[is_seen] / wanted.sum(), given[is_seen] / given.sum()
    return float((p * np.log(p / q)).sum())


def _magnitudes(tally: Tally) -> npt.NDArray[np.int64]:
    """Fold a histogram at zero; up to the last bin that holds anything."""
    assert tally.counts is not None
    folded = tally.counts[HALF:] + tally.counts[:HALF][::-1]
    return folded[: int(np.flatnonzero(folded)[-1]) + 1]


def _ends(bins: int, least: int) -> list[int]:
    """Give the bins at which magnitudes are cut off, the last one without loss."""
    return [*range(least, bins, STRIDE), bins]


def _cut(tally: Tally, end: int) -> Span:
    return _within(tally, -end * tally.width, end * tally.width)


def _within(tally: Tally, low: float, high: float) -> Span:
    """Keep a range within what was seen."""
    low, high = max(low, tally.low), min(high, tally.high)
    # All on one side of zero and beyond the cut: one value is left.
    return (low, high) if low <= high else (min(low, tally.high), max(high, tally.low))


CHOICES: Mapping[str, Callable[[Tally], Span]] = {
    "min-max": all_seen,
    "percentile": percentile,
    "entropy": entropy,
    "mse": least_error,
}
"""How each of `METHODS` chooses."""

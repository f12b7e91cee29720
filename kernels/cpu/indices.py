"""Spectral indices: samples are loaded once for all indices, and never stored as reflectance."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgers.kernels.index_formulae import IndexFormula
from edgers.kernels.index_plan import Numbers, Rates, Stored, make_index_plan, missing_value
from edgers.kernels.jit import kernel
from edgers.kernels.spectra import Cube, Image

CHUNK = 512
"""Pixels worked on at once: the bands of all indices here are 12 KiB, in the L1 cache."""
NAN, ZERO = np.float32(np.nan), np.float32(0)


def compute_indices(
    samples: Stored, bands: Sequence[str], indices: Sequence[str | IndexFormula],
    *, scale: Rates = 1.0, offset: Rates = 0.0, nodata: float | None = None,
) -> Cube:  # fmt: skip
    """As the reference; one pass over the bands that are needed."""
    plan = make_index_plan(samples, bands, indices, scale, offset)
    missing = missing_value(samples, nodata)
    out = np.empty((len(plan.above), *samples.shape[1:]), np.float32)
    native = np.ascontiguousarray(samples, samples.dtype.newbyteorder("="))
    pixels = samples.shape[1] * samples.shape[2]
    _indices(
        native.reshape(len(samples), pixels), plan.picks, plan.scale, plan.offset,
        missing is not None, native.dtype.type(0) if missing is None else missing,
        plan.above, plan.below, plan.centres, plan.pairs, out.reshape(len(out), pixels),
    )  # fmt: skip
    return out


@kernel
def _indices(
    samples: Stored, picks: npt.NDArray[np.int64], scale: Numbers, offset: Numbers,
    has_missing: bool, missing: np.generic, above: Numbers, below: Numbers, centres: Numbers,
    pairs: npt.NDArray[np.int64], out: Image,
) -> None:  # fmt: skip
    x = np.empty((len(picks), CHUNK), np.float32)
    lower = np.empty(CHUNK, np.float32)
    for begin in range(0, samples.shape[1], CHUNK):
        end = min(begin + CHUNK, samples.shape[1])
        for band in range(len(picks)):
            source = samples[picks[band], begin:end]
            if has_missing:
                _load_with_holes(source, missing, scale[band], offset[band], x[band])
            else:
                _load(source, scale[band], offset[band], x[band])
        for i in range(len(out)):
            target = out[i, begin:end]
            if pairs[i, 0] >= 0:
                _difference(x[pairs[i, 0]], x[pairs[i, 1]], target)
            else:
                _sum(x, above[i], target)
                rest = lower[: end - begin]
                _sum(x, below[i], rest)
                for band in range(len(picks)):
                    if centres[i, band] == centres[i, band]:
                        _add_square(x[band], centres[i, band], rest)
                _divide(target, rest)


@kernel
def _load(source: Stored, scale: np.float32, offset: np.float32, x: Numbers) -> None:
    for i in range(len(source)):
        x[i] = np.float32(source[i]) * scale + offset


@kernel
def _load_with_holes(
    source: Stored, missing: np.generic, scale: np.float32, offset: np.float32, x: Numbers
) -> None:  # fmt: skip
    for i in range(len(source)):
        v = np.float32(source[i]) * scale + offset
        x[i] = NAN if source[i] == missing else v


@kernel
def _difference(a: Numbers, b: Numbers, target: Numbers) -> None:
    for i in range(len(target)):
        below = a[i] + b[i]
        ratio = (a[i] - b[i]) / below
        target[i] = NAN if below == ZERO else ratio


@kernel
def _sum(x: Image, factors: Numbers, target: Numbers) -> None:
    bands = len(x)
    target[:] = factors[bands]
    for band in range(bands):
        factor, plane = factors[band], x[band]
        if factor != ZERO:
            for i in range(len(target)):
                target[i] += factor * plane[i]


@kernel
def _add_square(x: Numbers, centre: np.float32, target: Numbers) -> None:
    for i in range(len(target)):
        apart = x[i] - centre
        target[i] += apart * apart


@kernel
def _divide(target: Numbers, below: Numbers) -> None:
    for i in range(len(target)):
        ratio = target[i] / below[i]
        target[i] = NAN if below[i] == ZERO else ratio


def _warm(kind: str, nodata: float | None) -> None:
    compute_indices(np.zeros((2, 1, 1), kind), ("nir", "red"), ("ndvi", "bai"), nodata=nodata)


def _warm_all() -> None:
    for kind in ("uint8", "int16", "uint16", "float32"):
        _warm(kind, 0)


WARMUP = (_warm_all,)

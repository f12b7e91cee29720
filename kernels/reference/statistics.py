"""Sums over one window of a scene, for means, variances, covariances and percentiles of all of it.

Windows are merged by `edgers.kernels.sums` and `edgers.kernels.scene_statistics`.
"""

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError
from edgers.kernels.spectra import Cube, check_cube
from edgers.kernels.sums import BandMoments, PixelScatter, no_pixels

Samples = npt.NDArray[np.generic]
"""Samples (band, row, column) of a type of `SAMPLE_TYPES`."""
Missing = npt.NDArray[np.bool_] | None
"""True where a sample is no measurement, shaped as the samples; None where none is marked."""
SAMPLE_TYPES = ("uint8", "uint16", "int16", "float32")
HALF = 65_536
"""Values of 16 bits: bins of the histogram of a band with 16-bit samples, and of one half of the
bits of float32."""


def band_moments(samples: Samples, missing: Missing = None) -> BandMoments:
    """Give count, mean, squared differences, minimum and maximum of each band, in float64.

    NaN is missing too. A band with an infinite sample has no mean (NaN).
    """
    check_samples(samples, missing)
    columns: list[tuple[float, ...]] = []
    for band, layer in enumerate(samples.astype(np.float64)):
        known = ~np.isnan(layer) if missing is None else ~np.isnan(layer) & ~missing[band]
        x = layer[known]
        if x.size and np.isfinite(x).all():
            mean = float(x.mean())
            squares = float(((x - mean) ** 2).sum())
            columns.append((x.size, mean, squares, float(x.min()), float(x.max())))
        elif x.size:
            columns.append((x.size, np.nan, np.nan, float(x.min()), float(x.max())))
        else:
            columns.append((0, np.nan, np.nan, np.nan, np.nan))
    count, mean_, squares_, low, high = np.array(columns, np.float64).T
    return BandMoments(
        count=count.astype(np.int64), mean=mean_, squares=squares_, minimum=low, maximum=high
    )


def pixel_scatter(cube: Cube) -> PixelScatter:
    """Give count, mean and scatter of the pixels whose bands are all finite, in float64.

    `cube` is float32 (band, row, column).
    """
    check_cube(cube)
    spectra = cube.reshape(len(cube), -1).T.astype(np.float64)
    spectra = spectra[np.isfinite(spectra).all(axis=1)]
    if len(spectra) == 0:
        return no_pixels(len(cube))
    mean = spectra.mean(axis=0)
    centred = spectra - mean
    return PixelScatter(count=len(spectra), mean=mean, scatter=centred.T @ centred)


def count_values(samples: Samples, counts: npt.NDArray[np.int64], missing: Missing = None) -> None:
    """Add samples to the histogram `counts`, (band, 256 or 65 536), in place.

    A bin is a value of an integer type, the least first; for float32 it is the upper half of the
    bits of `ordered_keys`. NaN and missing samples are in no bin.
    """
    check_samples(samples, missing)
    check_counts(counts, (len(samples), 256 if samples.dtype == np.uint8 else HALF))
    for band, layer in enumerate(samples):
        known = layer[_known(layer, None if missing is None else missing[band])]
        if samples.dtype == np.float32:
            bins = (ordered_keys(known) >> np.uint32(16)).astype(np.int64)
        else:
            bins = known.astype(np.int64) - np.iinfo(samples.dtype.name).min
        np.add.at(counts[band], bins, 1)


def count_lower_half(
    samples: Cube, slots: npt.NDArray[np.int16], counts: npt.NDArray[np.int64],
    missing: Missing = None,
) -> None:  # fmt: skip
    """Add the lower halves of keys to the histogram `counts`, (band, slot, 65 536), in place.

    `slots` (band, 65 536) gives the slot of each upper half, -1 where it is not asked for.
    """
    check_cube(samples)
    check_samples(samples, missing)
    check_counts(counts, (len(samples), counts.shape[1] if counts.ndim == 3 else 0, HALF))
    for band, layer in enumerate(samples):
        keys = ordered_keys(layer[_known(layer, None if missing is None else missing[band])])
        slot = slots[band, keys >> np.uint32(16)]
        lower = (keys & np.uint32(HALF - 1)).astype(np.int64)
        np.add.at(counts[band], (slot[slot >= 0], lower[slot >= 0]), 1)


def ordered_keys(x: npt.NDArray[np.float32]) -> npt.NDArray[np.uint32]:
    """Give whole numbers in the order of the samples: all bits turned below 0, the sign's above."""
    bits = np.ascontiguousarray(x).view(np.uint32)
    return np.where(bits >> np.uint32(31), ~bits, bits | np.uint32(1 << 31))


def check_samples(samples: Samples, missing: Missing) -> None:
    """Raise `BadInputError` unless samples and the mask of missing ones fit."""
    if samples.ndim != 3 or samples.dtype.name not in SAMPLE_TYPES or samples.shape[0] == 0:
        raise BadInputError(
            "no statistics of these samples can be made.",
            seen=f"an array of {samples.dtype} with shape {samples.shape}.",
            rule=f"samples are (band, row, column) of one of {', '.join(SAMPLE_TYPES)}.",
            fix="convert them, and put the bands first.",
        )
    if missing is not None and (missing.shape != samples.shape or missing.dtype != np.bool_):
        raise BadInputError(
            "the mask does not fit the samples.",
            seen=f"{missing.dtype} {missing.shape} for samples {samples.shape}.",
            rule="it is boolean and has their shape.",
            fix="give one mask a band, True where a sample is missing.",
        )


def check_counts(counts: npt.NDArray[np.int64], shape: tuple[int, ...]) -> None:
    """Raise `BadInputError` unless a histogram has the shape that samples need."""
    if counts.shape != shape or counts.dtype != np.int64:
        raise BadInputError(
            "this histogram does not fit the samples.",
            seen=f"{counts.dtype} {counts.shape}.",
            rule=f"it is int64 {shape}.",
            fix="use one histogram for samples of one type.",
        )


def _known(layer: Samples, missing: npt.NDArray[np.bool_] | None) -> npt.NDArray[np.bool_]:
    known = layer == layer if missing is None else (layer == layer) & ~missing
    return np.asarray(known, np.bool_)

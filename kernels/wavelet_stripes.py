"""Stripes damped in wavelet and Fourier coefficients, for those no gain and offset explains.

Numpy alone, and its only form: the time goes into Fourier transforms, which numpy has compiled.
There is no CUDA form.
"""

from typing import Literal, get_args

import numpy as np

from edgers.errors import BadInputError
from edgers.kernels.detectors import Mask
from edgers.kernels.spectra import Cube, check_cube
from edgers.kernels.wavelet import Details, Wide, analyse, filter_named, synthesise

Border = Literal["symmetric", "periodic"]


def damp_stripes(
    cube: Cube, *, wavelet: str = "db3", levels: int = 4, width: float = 1.0,
    border: Border = "symmetric",
) -> Cube:  # fmt: skip
    """Damp stripes that run along columns, band by band.

    Münch, Trtik, Marone and Stampanoni (2009): at each of `levels` the vertical detail coefficients
    are Fourier transformed along the columns, and what hardly changes along them is multiplied by
    1 − exp(−k² / (2 · width²)), k in cycles along the whole column. A greater `width` also takes
    stripes that change along track, and more of the scene. Stripes wider than 2^levels columns
    stay. `cube` is float32 (band, row, column), of any size; NaN stays NaN, and counts as the mean
    of its column meanwhile. Beyond the borders the band is mirrored, or goes on from its other
    side. Work is in float64, a few times the size of a band. Raises BadInputError for what is no
    cube and for parameters out of range.
    """
    check_cube(cube)
    low = filter_named(wavelet)
    if not 1 <= levels <= 10 or not width > 0 or border not in get_args(Border):
        raise BadInputError(
            "stripes cannot be damped like this.",
            seen=f"levels {levels}, width {width}, border '{border}'.",
            rule="levels are 1 to 10, the width is above 0, borders are symmetric or periodic.",
            fix="start from levels=4, width=1, border='symmetric'.",
        )
    out = np.full(cube.shape, np.nan, np.float32)
    for band, target in zip(cube, out, strict=True):
        valid = np.isfinite(band)
        if valid.any():
            whole = _extended(_without_holes(band, valid), len(low), levels, border)
            margin = _margin(len(low), levels, border)
            clean = _damp(whole, low, levels, width)[margin:, margin:]
            np.copyto(target, clean[: band.shape[0], : band.shape[1]], where=valid)
    return np.where(np.isnan(out), cube, out)


def _margin(taps: int, levels: int, border: Border) -> int:
    """Pixels beyond a border; with so many, no filter of any level reaches around the band."""
    return (taps - 1) * 2**levels if border == "symmetric" else 0


def _without_holes(band: Cube, valid: Mask) -> Wide:
    """Put the mean of its column for a missing sample, or that of the band."""
    wide = np.where(valid, band, 0.0).astype(np.float64)
    count = valid.sum(axis=0)
    mean = np.where(count, wide.sum(axis=0) / np.maximum(count, 1), wide.sum() / count.sum())
    return np.where(valid, wide, mean)


def _extended(image: Wide, taps: int, levels: int, border: Border) -> Wide:
    before = _margin(taps, levels, border)
    whole = 2**levels
    sides = [(before, before + -(size + 2 * before) % whole) for size in image.shape]
    found: Wide = np.pad(image, sides, mode="symmetric" if border == "symmetric" else "wrap")
    return found


def _damp(image: Wide, low: Wide, levels: int, width: float) -> Wide:
    if levels == 0:
        return image
    approximation, details = analyse(image, low)
    clean = Details(
        vertical=_notch(details.vertical, width),
        horizontal=details.horizontal,
        diagonal=details.diagonal,
    )
    return synthesise(_damp(approximation, low, levels - 1, width), clean, low)


def _notch(coefficients: Wide, width: float) -> Wide:
    waves = np.fft.rfft(coefficients, axis=0)
    cycles = np.arange(len(waves), dtype=np.float64)
    waves *= -np.expm1(-(cycles**2) / (2 * width**2))[:, np.newaxis]
    found: Wide = np.fft.irfft(waves, n=len(coefficients), axis=0)
    return found

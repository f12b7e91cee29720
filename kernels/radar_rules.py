"""What kernels over radar images take."""

from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError
from edgers.kernels.spectra import Cube, check_cube

Samples = npt.NDArray[np.float32]
Complex = npt.NDArray[Any]
"""complex64 samples, or int16 or float32 samples with I and Q as the last axis."""


def check_floor(floor: float | None) -> None:
    """Raise BadInputError unless a floor is a power ratio that has a logarithm in float32."""
    if floor is not None and not (np.float32(floor) > 0 and np.isfinite(np.float32(floor))):
        raise BadInputError(
            "a floor must have a logarithm.",
            seen=f"{floor}.",
            rule="a floor is a power ratio above 0, not in dB.",
            fix="use 1e-5 for −50 dB.",
        )


def parts_of(samples: Complex) -> npt.NDArray[Any]:
    """Give complex samples with I and Q as the last axis, contiguous; raise BadInputError."""
    if samples.dtype == np.complex64:
        whole = np.ascontiguousarray(samples)
        return whole.view(np.float32).reshape(*samples.shape, 2)
    if samples.dtype not in (np.int16, np.float32) or samples.shape[-1:] != (2,):
        raise BadInputError(
            "these are no complex samples.",
            seen=f"{samples.dtype} of shape {samples.shape}.",
            rule="complex samples are complex64, or int16 or float32 with I and Q as last axis.",
            fix="read them with rasterio, which gives complex64.",
        )
    return np.ascontiguousarray(samples)


def check_samples(samples: npt.NDArray[np.float32]) -> None:
    """Raise BadInputError unless samples are float32."""
    if samples.dtype != np.float32:
        raise BadInputError(
            "these samples are not float32.",
            seen=f"{samples.dtype}.",
            rule="power, amplitude and dB are float32.",
            fix="convert them with astype(float32).",
        )


def check_speckle(intensity: Cube, looks: float, window: int) -> None:
    """Raise BadInputError unless a speckle filter can take these."""
    check_cube(intensity)
    if not looks > 0 or window < 3 or window % 2 == 0:
        raise BadInputError(
            "speckle cannot be filtered like this.",
            seen=f"{looks} looks, window {window} px.",
            rule="looks are above 0; the window is an odd number of pixels from 3 on.",
            fix="Sentinel-1 GRD in high resolution has about 4.4 looks; a window of 7 px is usual.",
        )

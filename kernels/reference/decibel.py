"""Radar power, amplitude and complex samples to decibels, and back.

NaN stays NaN. With a floor, power below it, zero and negative numbers too, becomes the floor, as in
the model input step "decibel" of `edgers.kernels.scaling`; without one, power of zero or less is no
measurement and becomes NaN.
"""

import numpy as np

from edgers.kernels.radar_rules import Complex, Samples, check_floor, check_samples, parts_of


def decibel_from_power(power: Samples, *, floor: float | None = None) -> Samples:
    """Give 10 · log10 of a power ratio, such as sigma nought, float32 of any shape.

    `floor` is a power ratio above 0. Raises BadInputError for other types and floors.
    """
    check_samples(power)
    check_floor(floor)
    with np.errstate(all="ignore"):
        held = power if floor is None else np.maximum(power, np.float32(floor))
        found: Samples = np.log10(np.where(held > 0, held, np.float32(np.nan))) * np.float32(10)
    return found


def decibel_from_amplitude(amplitude: Samples, *, floor: float | None = None) -> Samples:
    """Give 20 · log10 of an amplitude, float32 of any shape; `floor` is a power ratio all the same.

    Raises BadInputError for other types and floors.
    """
    check_samples(amplitude)
    check_floor(floor)
    least = None if floor is None else float(np.sqrt(np.float32(floor)))
    return np.float32(2) * decibel_from_power(amplitude, floor=least)


def power_from_decibel(decibel: Samples) -> Samples:
    """Give the power ratio of decibels, float32 of any shape; −infinity gives 0.

    Raises BadInputError for other types.
    """
    check_samples(decibel)
    with np.errstate(all="ignore"):
        found: Samples = np.power(10.0, decibel.astype(np.float64) / 10).astype(np.float32)
    return found


def decibel_from_complex(samples: Complex, *, floor: float | None = None) -> Samples:
    """Give 10 · log10 of I² + Q² of single-look complex samples, float32.

    `samples` are complex64 of any shape, or int16 or float32 with I and Q as the last axis. 0 + 0i,
    which products have where nothing was measured, is NaN without a floor. Raises BadInputError for
    other types and floors.
    """
    parts = parts_of(samples)
    i, q = parts[..., 0].astype(np.float32), parts[..., 1].astype(np.float32)
    with np.errstate(all="ignore"):
        return decibel_from_power(i * i + q * q, floor=floor)

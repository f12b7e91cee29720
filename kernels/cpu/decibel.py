"""Radar samples to decibels in one pass: a chunk is loaded, and stored after its logarithm."""

import numpy as np

from edgers.kernels.cpu.logarithm import decibel
from edgers.kernels.jit import kernel
from edgers.kernels.radar_rules import Complex, Samples, check_floor, check_samples, parts_of

CHUNK = 1024
"""Samples worked on at once: four arrays of as many are 16 KiB, in the L1 cache."""
NAN, ONE, TWO, ZERO = np.float32(np.nan), np.float32(1), np.float32(2), np.float32(0)
SMALLEST = np.float32(2.0**-149)
"""Least float32 above 0: nothing that has a logarithm lies below it."""
OCTAVES = 0.33219280948873623
"""log2(10) / 10: powers of two in a decibel."""
POLYNOMIAL = (
    1.535336188319500e-4, 1.339887440266574e-3, 9.618437357674640e-3, 5.550332471162809e-2,
    2.402264791363012e-1, 6.931472028550421e-1,
)  # fmt: skip
"""Of (2^f − 1) / f by descending powers of f, |f| <= 1/2: Cephes library, `exp2f` (Moshier)."""
P0, P1, P2, P3, P4, P5 = (np.float32(one) for one in POLYNOMIAL)
HIGHEST, LOWEST = np.float64(127.499), np.float64(-126.0)
"""Powers of two beyond which float32 is infinity, or has no full mantissa."""


HIGHEST_DECIBEL, LOWEST_DECIBEL = np.float32(383.8), np.float32(-379.2)
"""Decibels within those powers of two."""


def decibel_from_power(power: Samples, *, floor: float | None = None) -> Samples:
    """As the reference."""
    check_samples(power)
    check_floor(floor)
    return _decibel(power, None if floor is None else np.float32(floor), ONE)


def decibel_from_amplitude(amplitude: Samples, *, floor: float | None = None) -> Samples:
    """As the reference."""
    check_samples(amplitude)
    check_floor(floor)
    return _decibel(amplitude, None if floor is None else np.sqrt(np.float32(floor)), TWO)


def power_from_decibel(decibel: Samples) -> Samples:
    """As the reference, by powers of two."""
    check_samples(decibel)
    out = np.empty(decibel.shape, np.float32)
    _power(np.ascontiguousarray(decibel).reshape(-1), out.reshape(-1))
    return out


def decibel_from_complex(samples: Complex, *, floor: float | None = None) -> Samples:
    """As the reference; the intensity is never stored."""
    parts = parts_of(samples)
    check_floor(floor)
    out = np.empty(parts.shape[:-1], np.float32)
    flat = parts.reshape(-1)
    has_floor = floor is not None
    _from_complex(
        flat, has_floor, np.float32(SMALLEST if floor is None else floor), out.reshape(-1)
    )
    return out


def _decibel(samples: Samples, floor: np.float32 | None, factor: np.float32) -> Samples:
    out = np.empty(samples.shape, np.float32)
    flat = np.ascontiguousarray(samples).reshape(-1)
    has_floor = floor is not None
    _from_real(flat, has_floor, SMALLEST if floor is None else floor, factor, out.reshape(-1))
    return out


@kernel
def _from_real(
    x: Samples, has_floor: bool, floor: np.float32, factor: np.float32, out: Samples
) -> None:  # fmt: skip
    for begin in range(0, len(x), CHUNK):
        end = min(begin + CHUNK, len(x))
        source, target = x[begin:end], out[begin:end]
        _limit(source, has_floor, floor, target)
        decibel(target)
        if factor != ONE:
            for i in range(len(target)):
                target[i] *= factor


@kernel
def _limit(source: Samples, has_floor: bool, floor: np.float32, target: Samples) -> None:
    # NaN compares as false and stays; without a floor, what has no logarithm becomes NaN.
    instead = floor if has_floor else NAN
    for i in range(len(target)):
        target[i] = instead if source[i] < floor else source[i]


@kernel
def _from_complex(x: Samples, has_floor: bool, floor: np.float32, out: Samples) -> None:
    for begin in range(0, len(out), CHUNK):
        end = min(begin + CHUNK, len(out))
        target = out[begin:end]
        parts = x[2 * begin : 2 * end]
        for i in range(len(target)):
            real, imaginary = np.float32(parts[2 * i]), np.float32(parts[2 * i + 1])
            target[i] = real * real + imaginary * imaginary
        instead = floor if has_floor else NAN
        for i in range(len(target)):
            target[i] = instead if target[i] < floor else target[i]
        decibel(target)


@kernel
def _power(x: Samples, out: Samples) -> None:
    power, rest = np.empty(CHUNK, np.float32), np.empty(CHUNK, np.float32)
    words = power.view(np.int32)
    for begin in range(0, len(x), CHUNK):
        source, target = x[begin : begin + CHUNK], out[begin : begin + CHUNK]
        _whole_and_rest(source, power, rest)
        # A loop apart: LLVM does not vectorise one that sees the same memory as two types.
        for i in range(len(source)):
            words[i] = np.int32(np.int32(np.int32(power[i]) + np.int32(127)) << np.int32(23))
        for i in range(len(source)):
            f = rest[i]
            y = ((((P0 * f + P1) * f + P2) * f + P3) * f + P4) * f + P5
            target[i] = (y * f + ONE) * power[i]
        if _has_extremes(source):
            _correct(source, target)


@kernel
def _whole_and_rest(source: Samples, whole: Samples, rest: Samples) -> None:
    for i in range(len(source)):
        octaves = np.float64(source[i]) * OCTAVES
        octaves = octaves if octaves < HIGHEST else HIGHEST
        octaves = octaves if octaves > LOWEST else LOWEST
        nearest = np.floor(octaves + 0.5)
        whole[i] = np.float32(nearest)
        rest[i] = np.float32(octaves - nearest)


@kernel
def _has_extremes(source: Samples) -> bool:
    found = 0
    for i in range(len(source)):
        is_inside = source[i] < HIGHEST_DECIBEL and source[i] > LOWEST_DECIBEL
        found += 0 if is_inside else 1
    return found > 0


@kernel
def _correct(source: Samples, target: Samples) -> None:
    """Make again, one by one, the few that are NaN, or lie where float32 ends."""
    for i in range(len(source)):
        if not (source[i] < HIGHEST_DECIBEL and source[i] > LOWEST_DECIBEL):
            target[i] = np.float32(2.0 ** (np.float64(source[i]) * OCTAVES))


def _warm() -> None:
    one = np.ones(1, np.float32)
    decibel_from_power(one)
    power_from_decibel(one)
    decibel_from_complex(np.ones((1, 2), np.int16))
    decibel_from_complex(np.ones(1, np.complex64))


WARMUP = (_warm,)

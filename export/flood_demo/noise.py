"""Random fields with a power-law spectrum, and random numbers that belong to whole cells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgers.export.flood_demo.frame import Field
from edgers.export.flood_demo.resampling import enlarged

Cells = npt.NDArray[np.uint32]
"""Cell numbers (or their hashes), axes [height, width]; arithmetic wraps modulo 2**32."""


def fractal_noise(
    generator: np.random.Generator,
    shape: tuple[int, int],
    *,
    coarsest_px: float,
    slope: float,
    stretch: float = 1.0,
) -> Field:
    """Return a Gaussian field [height, width] of mean 0 and standard deviation 1.

    Its power falls as frequency ** -slope above 1 / coarsest_px and is flat below, so features
    are about coarsest_px across whatever the scene size. `stretch` > 1 draws the features out
    along the columns. The field is periodic over the shape.
    """
    white = generator.standard_normal(shape, dtype=np.float32)
    down = np.fft.fftfreq(shape[0])[:, None]
    along = np.fft.rfftfreq(shape[1])[None, :] * stretch
    power = (down**2 + along**2) * coarsest_px**2 + 1.0
    amplitude = (power ** (-slope / 4.0)).astype(np.float32)
    amplitude[0, 0] = 0.0
    field = np.fft.irfft2(np.fft.rfft2(white) * amplitude, s=shape).astype(np.float32)
    return field / np.float32(max(float(field.std()), 1e-12))


def smooth_noise(
    generator: np.random.Generator,
    shape: tuple[int, int],
    *,
    coarsest_px: float,
    slope: float,
    factor: int = 4,
) -> Field:
    """Return `fractal_noise` drawn on a grid `factor` times coarser and enlarged: cheaper.

    For layers without detail at the pixel scale.
    """
    coarse_shape = (-(-shape[0] // factor) + 1, -(-shape[1] // factor) + 1)
    coarse = fractal_noise(generator, coarse_shape, coarsest_px=coarsest_px / factor, slope=slope)
    return enlarged(coarse, factor, shape)


def cell_hash(*keys: npt.NDArray[np.integer], salt: int) -> Cells:
    """Return one well-mixed 32-bit number per combination of keys (arrays of one shape).

    Multiply-xorshift mixing with the two constants of the public-domain MurmurHash3 finaliser.
    """
    mixed = np.full(keys[0].shape, salt & 0xFFFFFFFF, dtype=np.uint32)
    for key in keys:
        mixed ^= key.astype(np.uint32)
        mixed ^= mixed >> np.uint32(16)
        mixed *= np.uint32(0x85EBCA6B)
        mixed ^= mixed >> np.uint32(13)
        mixed *= np.uint32(0xC2B2AE35)
        mixed ^= mixed >> np.uint32(16)
    return mixed


def cell_uniform(cells: Cells, *, salt: int) -> Field:
    """Return one number in [0, 1) for each cell number, the same wherever the cell appears."""
    return (cell_hash(cells, salt=salt) >> np.uint32(8)).astype(np.float32) / np.float32(2**24)

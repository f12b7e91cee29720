"""The exponential function in a form that is vectorised.

The argument is a whole multiple of ln 2, which becomes the exponent, and a rest of at most half of
it, for which a polynomial does. Within 2 units in the last place of the true value.
"""

import numpy as np
import numpy.typing as npt

from edgers.kernels.jit import kernel

POLYNOMIAL = (
    1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1,
    5.0000001201e-1,
)  # fmt: skip
"""Of (exp(f) − 1 − f) / f² by descending powers of f: Cephes library, `expf` (Moshier)."""
P0, P1, P2, P3, P4, P5 = (np.float32(one) for one in POLYNOMIAL)
LOG2E = np.float32(1.44269504088896341)
LN2_HIGH, LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
"""ln 2, taken apart so that a product of the first with an exponent is exact (Cephes)."""
HIGHEST, LOWEST = np.float32(88.72), np.float32(-87.33)
"""Beyond these the result is infinity, or 0 where float32 has no full mantissa left."""
HALF, ONE, ZERO, INFINITY = np.float32(0.5), np.float32(1), np.float32(0), np.float32(np.inf)


@kernel
def exponential(x: npt.NDArray[np.float32]) -> None:
    """Turn each number into its exponential, in place; NaN stays NaN."""
    power = np.empty(len(x), np.float32)
    words = power.view(np.int32)
    rest = np.empty(len(x), np.float32)
    for i in range(len(x)):
        v = HIGHEST if x[i] > HIGHEST else x[i]
        v = LOWEST if v < LOWEST else v
        v = ZERO if v != v else v
        whole = np.floor(v * LOG2E + HALF)
        rest[i] = (v - whole * LN2_HIGH) - whole * LN2_LOW
        power[i] = whole
    # Loops apart: LLVM does not vectorise one that sees the same memory as two types.
    for i in range(len(x)):
        words[i] = np.int32(np.int32(np.int32(power[i]) + np.int32(127)) << np.int32(23))
    for i in range(len(x)):
        f = rest[i]
        y = ((((P0 * f + P1) * f + P2) * f + P3) * f + P4) * f + P5
        y = (y * f * f + f + ONE) * power[i]
        y = INFINITY if x[i] > HIGHEST else y
        y = ZERO if x[i] < LOWEST else y
        x[i] = y if x[i] == x[i] else x[i]

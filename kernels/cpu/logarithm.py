"""Decibels in a form that is vectorised; the C library's logarithm works on one number at a time.

The mantissa is brought between √½ and √2, where a polynomial gives its logarithm; the exponent is
added in two parts, of which the first is exact. Within 2 units in the last place of the true value,
and the same on every processor, which the C library's is not.
"""

import numpy as np
import numpy.typing as npt

from edgers.kernels.jit import kernel

POLYNOMIAL = (
    7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
    -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
)  # fmt: skip
"""Of (ln(1 + f) − f + f²/2) / f³ by descending powers of f: Cephes library, `logf` (Moshier)."""
P0, P1, P2, P3, P4, P5, P6, P7, P8 = (np.float32(one) for one in POLYNOMIAL)
LOG2_HIGH, LOG2_LOW = np.float32(3.0078125e-1), np.float32(2.48745663981195213739e-4)
"""log10(2), taken apart so that a product of the first with an exponent is exact (Cephes)."""
LOGE_HIGH, LOGE_LOW = np.float32(4.3359375e-1), np.float32(7.00731903251827651129e-4)
"""log10(e), taken apart in the same way (Cephes)."""
HALF, ONE, TEN, ZERO = np.float32(0.5), np.float32(1), np.float32(10), np.float32(0)
ROOT = np.float32(0.70710678118654752440)
SMALLEST = np.float32(2.0**-126)
"""Smallest number with a full mantissa; what is below is multiplied by 2²⁴ first."""
LIFT, LIFTED = np.float32(2.0**24), np.float32(24)
BIAS = np.float32(126)
"""Exponent, as it is stored, of numbers from ½ to 1."""
NAN, INFINITY = np.float32(np.nan), np.float32(np.inf)


@kernel
def decibel(x: npt.NDArray[np.float32]) -> None:
    """Turn power ratios into 10 · log10, in place; 0 gives −infinity, less gives NaN."""
    mantissa, exponents = np.empty(len(x), np.float32), np.empty(len(x), np.float32)
    for i in range(len(x)):
        mantissa[i] = x[i] * LIFT if x[i] < SMALLEST else x[i]
    words = mantissa.view(np.int32)
    # Loops apart: LLVM does not vectorise one that sees the same memory as two types.
    for i in range(len(x)):
        exponents[i] = np.float32(np.int32(words[i] >> np.int32(23)))
        words[i] = np.int32(np.int32(words[i] & np.int32(0x007FFFFF)) | np.int32(0x3F000000))
    for i in range(len(x)):
        v, f = x[i], mantissa[i]
        e = exponents[i] - (BIAS + LIFTED if v < SMALLEST else BIAS)
        e = e - ONE if f < ROOT else e
        f = f + f - ONE if f < ROOT else f - ONE
        z = f * f
        y = (((P0 * f + P1) * f + P2) * f + P3) * f + P4
        y = (((y * f + P5) * f + P6) * f + P7) * f + P8
        y = y * f * z - HALF * z
        r = (f + y) * LOGE_LOW + y * LOGE_HIGH + f * LOGE_HIGH + e * LOG2_LOW + e * LOG2_HIGH
        r = r * TEN
        r = v if v == INFINITY else r
        r = -INFINITY if v == ZERO else r
        x[i] = r if v >= ZERO else NAN

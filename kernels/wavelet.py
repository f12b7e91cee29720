"""Orthogonal wavelet transform of images, periodic at the borders, exactly invertible."""

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError

Wide = npt.NDArray[np.float64]

_ROOT = 3**0.5
FILTERS = MappingProxyType(
    {
        "haar": (2**-0.5, 2**-0.5),
        "db2": tuple(
            a / (4 * 2**0.5) for a in (1 + _ROOT, 3 + _ROOT, 3 - _ROOT, 1 - _ROOT)
        ),
        "db3": (
            0.3326705529500825, 0.8068915093110924, 0.4598775021184914,
            -0.13501102001025458, -0.08544127388202666, 0.03522629188570953,
        ),
        "db4": (
            0.2303778133088965, 0.7148465705529157, 0.6308807679298589, -0.0279837694169838,
            -0.1870348117190931, 0.0308413818355607, 0.0328830116668852, -0.0105974017850690,
        ),
    }
)  # fmt: skip
"""Low-pass filters by name, of norm 1: Haar (1910); Daubechies (1988), 2 to 4 vanishing moments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """Detail coefficients of one level, each half as high and half as wide as what was taken."""

    vertical: Wide
    """High-pass across columns, low-pass along them: stripes that run along columns."""
    horizontal: Wide
    """Low-pass across columns, high-pass along them."""
    diagonal: Wide
    """High-pass both ways."""


def filter_named(name: str) -> Wide:
    """Give the low-pass filter of a wavelet; raises BadInputError for one that is not known."""
    if name not in FILTERS:
        raise BadInputError(
            f"there is no wavelet '{name}' here.",
            rule=f"wavelets are {', '.join(FILTERS)}.",
            fix="choose one of them.",
        )
    return np.array(FILTERS[name])


def analyse(image: Wide, low: Wide) -> tuple[Wide, Details]:
    """Take an image (row, column) of even sides apart, by a low-pass filter of even length."""
    smooth, rough = _split(image, low)
    approximation, horizontal = (part.T for part in _split(smooth.T, low))
    vertical, diagonal = (part.T for part in _split(rough.T, low))
    return approximation, Details(vertical=vertical, horizontal=horizontal, diagonal=diagonal)


def synthesise(approximation: Wide, details: Details, low: Wide) -> Wide:
    """Put together what `analyse` took apart with the same filter."""
    smooth = _join(approximation.T, details.horizontal.T, low).T
    rough = _join(details.vertical.T, details.diagonal.T, low).T
    return _join(smooth, rough, low)


def high_pass(low: Wide) -> Wide:
    """Give the filter that is orthogonal to a low-pass one and all its even shifts."""
    found: Wide = low[::-1] * np.where(np.arange(len(low)) % 2, -1.0, 1.0)
    return found


def _split(rows: Wide, low: Wide) -> tuple[Wide, Wide]:
    """Filter along the last axis and keep each second number."""
    high, count = high_pass(low), rows.shape[1] // 2
    smooth, rough = np.zeros((len(rows), count)), np.zeros((len(rows), count))
    for tap in range(len(low)):
        taken = np.roll(rows[:, tap % 2 :: 2], -(tap // 2), axis=1)
        smooth += low[tap] * taken
        rough += high[tap] * taken
    return smooth, rough


def _join(smooth: Wide, rough: Wide, low: Wide) -> Wide:
    high = high_pass(low)
    rows = np.zeros((len(smooth), 2 * smooth.shape[1]))
    for tap in range(len(low)):
        given = low[tap] * smooth + high[tap] * rough
        rows[:, tap % 2 :: 2] += np.roll(given, tap // 2, axis=1)
    return rows

"""Index formulae as arrays over the bands that all of them need together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError
from edgers.kernels.index_formulae import INDEX_FORMULAE, IndexFormula

Numbers = npt.NDArray[np.float32]
Stored = npt.NDArray[Any]
Rates = float | Sequence[float] | npt.NDArray[np.floating]
"""One number, or one for each band."""
STORED_TYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32")


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPlan:
    """What the kernels take; "used" counts the bands that some formula needs."""

    picks: npt.NDArray[np.int64]
    """Layer of the samples of each used band, (used,)."""
    scale: Numbers
    """Factor from stored samples to reflectance, (used,)."""
    offset: Numbers
    """Summand after that, (used,)."""
    above: Numbers
    """Factors above the line, and last the number added, (index, used + 1)."""
    below: Numbers
    """The same below the line, (index, used + 1)."""
    centres: Numbers
    """What is taken from a band whose square is added below, (index, used); NaN: none is added."""
    pairs: npt.NDArray[np.int64]
    """Used bands a, b of (a − b) / (a + b); −1 where the formula is another, (index, 2)."""


def make_index_plan(
    samples: Stored, bands: Sequence[str], indices: Sequence[str | IndexFormula],
    scale: Rates, offset: Rates,
) -> IndexPlan:  # fmt: skip
    """Put a plan together; raises BadInputError for what `compute_indices` cannot take."""
    _check_samples(samples, bands)
    formulae = [_formula(one) for one in indices]
    used = list(dict.fromkeys(band for one in formulae for band in one.bands))
    _check_bands(used, bands)
    picks = np.array([bands.index(band) for band in used], np.int64)
    rates = [np.broadcast_to(np.asarray(one, np.float32), len(bands)) for one in (scale, offset)]
    return IndexPlan(
        picks=picks, scale=rates[0][picks], offset=rates[1][picks],
        above=_table([[*(one.numerator.get(band, 0) for band in used), one.above]
                      for one in formulae], len(used) + 1),
        below=_table([[*(one.denominator.get(band, 0) for band in used), one.below]
                      for one in formulae], len(used) + 1),
        centres=_table([[one.squares.get(band, np.nan) for band in used] for one in formulae],
                       len(used)),
        pairs=np.array([_pair(one, used) for one in formulae], np.int64).reshape(-1, 2),
    )  # fmt: skip


def missing_value(samples: Stored, nodata: float | None) -> np.generic | None:
    """Give nodata in the type of the samples; None where no sample can have that value."""
    if nodata is None or not np.isfinite(nodata):
        return None
    if samples.dtype.kind in "iu":
        limits = np.iinfo(samples.dtype.name)
        if nodata != int(nodata) or not limits.min <= nodata <= limits.max:
            return None
    found: np.generic = samples.dtype.type(nodata)
    return found


def _formula(index: str | IndexFormula) -> IndexFormula:
    if isinstance(index, IndexFormula):
        return index
    if index not in INDEX_FORMULAE:
        raise BadInputError(
            f"there is no index '{index}' here.",
            rule=f"indices are {', '.join(INDEX_FORMULAE)}.",
            fix="choose one of them, or give an IndexFormula.",
        )
    return INDEX_FORMULAE[index]


def _table(rows: list[list[float]], width: int) -> Numbers:
    return np.array(rows, np.float32).reshape(len(rows), width)


def _pair(formula: IndexFormula, used: list[str]) -> tuple[int, int]:
    first = [band for band, factor in formula.numerator.items() if factor == 1]
    second = [band for band, factor in formula.numerator.items() if factor == -1]
    is_pair = (
        len(first) == len(second) == 1
        and len(formula.numerator) == 2
        and formula.denominator == {first[0]: 1.0, second[0]: 1.0}
        and not (formula.above or formula.below or formula.squares)
    )
    return (used.index(first[0]), used.index(second[0])) if is_pair else (-1, -1)


def _check_samples(samples: Stored, bands: Sequence[str]) -> None:
    if samples.ndim != 3 or samples.dtype.name not in STORED_TYPES or len(bands) != len(samples):
        raise BadInputError(
            "indices cannot be computed from these samples.",
            seen=f"{samples.dtype} of shape {samples.shape}, {len(bands)} names of bands.",
            rule=f"samples are (band, row, column), a name for each band, of type "
            f"{', '.join(STORED_TYPES)}.",
            fix="name each band once, and convert other types with astype(float32).",
        )


def _check_bands(used: Sequence[str], bands: Sequence[str]) -> None:
    wrong = [band for band in used if list(bands).count(band) != 1]
    if wrong:
        raise BadInputError(
            f"an index needs band {', '.join(wrong)}.",
            seen=f"bands here are {', '.join(bands)}.",
            rule="each band that a formula names is here once, by its STAC common name.",
            fix="read that band too, or leave the index out.",
        )

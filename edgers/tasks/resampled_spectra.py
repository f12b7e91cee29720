"""Spectra brought to other wavelengths: between two neighbours, or as a wider band would see."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.contract import Band
from edgers.contract.model import Spectral
from edgers.errors import BandError
from edgers.scene.bands import SceneBand

Floats = npt.NDArray[np.float64]

LEAST_WEIGHT = 1e-3
"""Share of the peak below which a Gaussian takes nothing: 3.2 FWHM / 2 from the middle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """What one band is made of."""

    positions: npt.NDArray[np.intp]
    """Columns of the table, by position."""
    weights: Floats
    """Weight of each; they sum up to 1."""


def plan_mixes(
    wanted: Sequence[Band], bands: Sequence[SceneBand], kind: Spectral, origin: str
) -> list[Mix]:
    """Say what each band is made of; raises BandError where the table does not reach that far.

    `linear` goes between the nearest wavelengths on both sides; `gaussian` weighs with the band's
    response, a normal curve of its full width at half maximum.
    """
    known = sorted(
        (band.wavelength_um, band.index - 1) for band in bands if band.wavelength_um is not None
    )
    along = np.array([one for one, _ in known])
    at = np.array([position for _, position in known], np.intp)
    mixes = []
    for band in wanted:
        assert band.center_wavelength_um is not None, "the contract states it"
        centre = band.center_wavelength_um
        if not len(along) or not along[0] <= centre <= along[-1]:
            seen = f"{along[0]:g} to {along[-1]:g} µm" if len(along) else "none"
            raise BandError(
                f"{origin} does not reach {centre:g} µm, which band {band.name} is made of.",
                seen=f"Its wavelengths: {seen}.",
                rule="Spectra are brought to wavelengths between theirs, and not beyond.",
            )
        if kind == "gaussian":
            assert band.fwhm_um is not None, "the contract states it"
            weights = np.exp(-4 * math.log(2) * ((along - centre) / band.fwhm_um) ** 2)
            (kept,) = np.nonzero(weights >= LEAST_WEIGHT)
            if not len(kept):
                raise BandError(
                    f"{origin} has no wavelength within band {band.name}.",
                    seen=f"The nearest is {along[np.abs(along - centre).argmin()]:g} µm.",
                    rule=f"The band lies at {centre:g} µm and is {band.fwhm_um:g} µm wide.",
                )
            mixes.append(Mix(positions=at[kept], weights=weights[kept] / weights[kept].sum()))
            continue
        after = int(np.searchsorted(along, centre))
        if along[after] == centre:
            mixes.append(Mix(positions=at[[after]], weights=np.ones(1)))
            continue
        share = (centre - along[after - 1]) / (along[after] - along[after - 1])
        mixes.append(Mix(positions=at[[after - 1, after]], weights=np.array([1 - share, share])))
    return mixes


def mixed(numbers: Floats, mixes: Sequence[Mix], column: npt.NDArray[np.intp]) -> Floats:
    """Give bands of rows, (row, band), of the numbers of columns, (row, column).

    `column` leads from positions of a mix to columns of `numbers`. NaN makes NaN.
    """
    # Sums of products that hang on no library: the same whatever the number of rows.
    found = [
        sum(numbers[:, column[at]] * weight
            for at, weight in zip(one.positions, one.weights, strict=True))
        for one in mixes
    ]  # fmt: skip
    return np.stack([np.asarray(one, np.float64) for one in found], axis=1)

"""From rows of a table to the tensors a network takes: columns matched, scaled and laid out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelInput
from edgers.contract.read_rows import location_bands
from edgers.contract.scaling import looks_at_scene
from edgers.engines import Tensors
from edgers.errors import BandError, ContractError, SceneError
from edgers.pipeline.preprocess import Preprocessor, stand_in
from edgers.scene.bands import SceneBand, match_bands
from edgers.scene.raster import SceneWindow, applies_tags
from edgers.scene.table import KnownTable, TablePiece
from edgers.tasks.resampled_spectra import Mix, mixed, plan_mixes

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

ROWS = 1024
"""Rows of a batch, always: the last is filled up. So what stands beside a row, and with it the
order of sums in a runtime, hangs on the table and on nothing else."""

NAMED = 3
"""Missing bands that a reason names."""

LON_DEG, LAT_DEG = 180.0, 90.0
"""Largest longitude and latitude, degrees."""


class RowInput:
    """One input of the model, and the columns that fill it."""

    def __init__(
        self, source: ModelInput, table: KnownTable, renamed: Mapping[str, str], origin: str
    ) -> None:
        """Match the columns; raises BandError where one is missing."""
        self.source = source
        self._mixes: list[Mix] = []
        # A table states no type; what is in it is held against the contract by its values.
        wanted = [replace(band, data_type=None) for band in source.bands]
        bands: tuple[SceneBand, ...]
        if source.spectral is not None:
            self._mixes = plan_mixes(wanted, table.bands, source.spectral, origin)
            bands = tuple(table.bands[int(one.positions[0])] for one in self._mixes)
            if len({(one.scale, one.offset) for one in table.bands if one.wavelength_um}) > 1:
                raise BandError(
                    f"{origin} states another scale for each band.",
                    rule="Bands that are mixed have one scale and offset.",
                )
            self.columns = tuple(
                dict.fromkeys(int(at) for one in self._mixes for at in one.positions)
            )
        else:
            bands = match_bands(wanted, table.bands, renamed, origin)
            self.columns = tuple(one.index - 1 for one in bands)
        self._nodata, self._place = table.nodata, location_bands(source)
        self._prepare = Preprocessor(source, bands, applies_tags(source, bands, origin))
        self._is_exact = source.data_type == "float64" and not source.scaling
        self._origin = origin

    def spectra(self, numbers: Floats, column: npt.NDArray[np.intp]) -> Floats:
        """Give the bands of rows, (row, band), NaN where one is missing.

        Raises SceneError where a longitude or latitude is none.
        """
        known = numbers
        if self._nodata is not None:
            known = np.where(numbers == self._nodata, np.nan, numbers)
        if self._mixes:
            found = mixed(known, self._mixes, column)
        else:
            found = known[:, column[list(self.columns)]]
        if not self._is_exact:
            # Samples are taken in single precision, as those of rasters are.
            with np.errstate(over="ignore"):
                found = found.astype(np.float32).astype(np.float64)
        return np.where(np.isfinite(found), found, np.nan)

    def check_places(self, spectra: Floats, start: int) -> None:
        """Raise SceneError where a longitude or latitude is none."""
        for name, most in (("lon", LON_DEG), ("lat", LAT_DEG)):
            if name not in self._place:
                continue
            degrees = spectra[:, self._place[name]]
            (wrong,) = np.nonzero(np.abs(degrees) > most)
            if len(wrong):
                word = {"lon": "longitude", "lat": "latitude"}[name]
                raise SceneError(
                    f"row {start + int(wrong[0]) + 1} of {self._origin} has no {word}.",
                    seen=f"It holds {degrees[wrong[0]]:g}°.",
                    rule=f"A {word} lies between −{most:g}° and {most:g}°.",
                    fix="Subtract 360° from longitudes above 180°."
                    if name == "lon" and 180 < degrees[wrong[0]] <= 360
                    else "Check that longitude and latitude are not in each other's column.",
                )

    def tensor(self, spectra: Floats) -> npt.NDArray[np.generic]:
        """Give the tensor of a whole batch, (1, band, ROWS, 1); the last row fills it up."""
        whole = np.concatenate([spectra, np.repeat(spectra[-1:], ROWS - len(spectra), axis=0)])
        missing = np.isnan(whole).T[:, :, None]
        fill = self.source.nodata.fill if self._is_exact else 0.0
        samples = np.where(missing, fill, whole.T[:, :, None])
        if self._is_exact:
            return np.ascontiguousarray(samples[None])
        window = SceneWindow(
            samples=samples.astype(np.float32), missing=missing, nodata=missing.all(axis=0)
        )
        return self._prepare.tensor(window, (ROWS, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyRows:
    """Rows that are ready for the engine."""

    start: int
    """Position of the first."""
    missing: Mask
    """True where a row lacks what the model cannot do without, (row,)."""
    tensors: Tensors | None
    """What the engine takes, by input; None where all rows lack something."""


class RowInputs:
    """All inputs of a model, for one table."""

    def __init__(
        self, inputs: Sequence[ModelInput], table: KnownTable, renamed: Mapping[str, str],
        origin: str,
    ) -> None:  # fmt: skip
        """Match columns; raises BandError where one is missing, ContractError where scaling asks
        for numbers of the whole scene.
        """
        for one in inputs:
            if looks_at_scene(one.scaling):
                raise ContractError(
                    f"contract input {one.name!r} is scaled by percentiles of the scene.",
                    rule="A table has none: each row stands for itself.",
                    fix="State minimum and maximum in the contract.",
                )
        known = {band.name for one in inputs for band in one.bands}
        if strangers := [name for name in renamed if name not in known]:
            raise BandError(
                f"--map names band {strangers[0]!r}, which the model does not have.",
                rule=f"The model's bands: {' '.join(sorted(known))}.",
            )
        self.found: list[RowInput] = []
        self._stand_ins: dict[str, npt.NDArray[np.generic]] = {}
        for one in inputs:
            own = {name: column for name, column in renamed.items()
                   if any(band.name == name for band in one.bands)}  # fmt: skip
            try:
                self.found.append(RowInput(one, table, own, origin))
            except BandError:
                if not one.is_optional:
                    raise
                self._stand_ins[one.name] = stand_in(one, (ROWS, 1))
        self.columns = tuple(dict.fromkeys(at for one in self.found for at in one.columns))
        """Columns of the table that are needed, by position."""
        self._at = np.zeros(max(self.columns) + 1, np.intp)
        self._at[list(self.columns)] = np.arange(len(self.columns))

    def spectra(self, piece: TablePiece) -> list[Floats]:
        """Give the bands of rows for each input that has columns, (row, band)."""
        return [one.spectra(piece.numbers, self._at) for one in self.found]

    def ready(self, piece: TablePiece) -> ReadyRows:
        """Make the tensors of at most `ROWS` rows; raises SceneError as `check_places`."""
        spectra = self.spectra(piece)
        for one, found in zip(self.found, spectra, strict=True):
            one.check_places(found, piece.start)
        missing = self.missing(spectra)
        if missing.all():
            return ReadyRows(start=piece.start, missing=missing, tensors=None)
        tensors = {
            one.source.name: one.tensor(found)
            for one, found in zip(self.found, spectra, strict=True)
        }
        return ReadyRows(start=piece.start, missing=missing, tensors={**tensors, **self._stand_ins})

    def missing(self, spectra: Sequence[Floats]) -> Mask:
        """Tell which rows lack a band that counts, (row,)."""
        lacks = [
            np.isnan(found).any(axis=1) & one.source.nodata.counts
            for one, found in zip(self.found, spectra, strict=True)
        ]
        return np.asarray(np.logical_or.reduce(lacks))

    def reasons(self, spectra: Sequence[Floats]) -> list[str]:
        """Say for each row what it lacks; empty where nothing."""
        names = [
            band.name for one in self.found if one.source.nodata.counts for band in one.source.bands
        ]
        gone = np.concatenate(
            [np.isnan(found) for one, found in zip(self.found, spectra, strict=True)
             if one.source.nodata.counts], axis=1,
        )  # fmt: skip
        return [_reason([names[i] for i in np.flatnonzero(row)], len(names)) for row in gone]


def _reason(gone: Sequence[str], bands: int) -> str:
    if not gone:
        return ""
    more = ", …" if len(gone) > NAMED else ""
    return f"{len(gone)} of {bands} bands missing: {', '.join(gone[:NAMED])}{more}"

"""ENVI spectral libraries: a header, and spectra one after the other."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgers.errors import SceneError
from edgers.files import check_file
from edgers.scene.bands import SceneBand
from edgers.scene.envi import read_library
from edgers.scene.table import TablePiece

NAME = "name"
"""Column of the spectra's names."""


class SpectralLibrary:
    """One library; its columns are the names of the spectra, then their bands."""

    def __init__(self, path: Path) -> None:
        """Read the header; raises SceneError where it, or the size of the samples, does not fit."""
        header_path = next(
            (one for one in (path.with_suffix(".hdr"), path.with_name(path.name + ".hdr"))
             if one.is_file()), path.with_suffix(".hdr"),
        )  # fmt: skip
        self._header, self._names = read_library(header_path)
        self._path, self.files = path, (path, header_path)
        header = self._header
        size, wanted = check_file(path, "table", SceneError), header.row_bytes * header.lines
        if size < header.offset_bytes + wanted:
            raise SceneError(
                f"library {path.name} is cut off.",
                seen=f"It has {size} bytes.",
                rule=f"Its header states {header.offset_bytes + wanted}.",
            )
        if np.dtype(header.data_type).kind == "c":
            raise SceneError(f"library {path.name} holds complex samples.")
        self.nodata, self.rows = header.nodata, header.lines
        names = [one.name or _wavelength_name(one) for one in header.bands]
        self.bands: tuple[SceneBand, ...] = (
            SceneBand(index=1, name=NAME, common_name="", wavelength_um=None, data_type="float64",
                      unit="", scale=1.0, offset=0.0),
            *(replace(band, name=name, index=i + 2)
              for i, (band, name) in enumerate(zip(header.bands, names, strict=True))),
        )  # fmt: skip
        self.headings = tuple(one.name for one in self.bands)

    def pieces(
        self, numbers: Sequence[int], texts: Sequence[int], rows: int
    ) -> Iterator[TablePiece]:
        """Read some columns, `rows` rows at a time."""
        header, count = self._header, len(self._header.bands)
        try:
            with self._path.open("rb") as file:
                file.seek(header.offset_bytes)
                for start in range(0, self.rows, rows):
                    held = min(rows, self.rows - start)
                    data = file.read(held * header.row_bytes)
                    samples = np.frombuffer(data, header.stored_type).reshape(held, count)
                    wide = samples.astype(np.float64)
                    yield TablePiece(
                        start=start,
                        numbers=np.stack([wide[:, i - 1] for i in numbers], axis=1)
                        if numbers else np.empty((held, 0)),
                        texts=[self._texts(start, held, wide, i) for i in texts],
                    )  # fmt: skip
        except (OSError, ValueError) as error:
            raise SceneError(
                f"library {self._path.name} cannot be read.", seen=f"{error}."
            ) from error

    def _texts(
        self, start: int, held: int, wide: npt.NDArray[np.float64], column: int
    ) -> list[str]:
        if column == 0:
            return list(self._names[start : start + held]) if self._names else [""] * held
        return [repr(float(one)) for one in wide[:, column - 1]]


def _wavelength_name(band: SceneBand) -> str:
    if band.wavelength_um is None:
        return f"band {band.index}"
    return f"{band.wavelength_um * 1000:.6g}nm"

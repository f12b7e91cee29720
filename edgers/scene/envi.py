"""Reading of ENVI headers: what the raw samples beside them, or on a pipe, are.

The format is a list of `key = value` lines after the word ENVI; a value in braces may run over
lines. Nothing in it is trusted: sizes have limits, and lists must be as long as there are bands.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from edgers.errors import SceneError
from edgers.files import read_file
from edgers.scene.bands import MICROMETRES, WAVELENGTH_IN_NAME, SceneBand
from edgers.scene.open import MAX_SIDE_PX

MAX_HEADER_BYTES = 4 * 2**20
"""Largest header read; those of imaging spectrometers have some 50 kB."""

MAX_ROW_BYTES = 2**28
"""Largest row accepted; 10 000 px of 500 uint16 bands have 10 MB."""

MAX_OFFSET_BYTES = 2**30
"""Most bytes skipped before the first row."""

DATA_TYPES = {
    1: "uint8", 2: "int16", 3: "int32", 4: "float32", 5: "float64", 6: "complex64",
    9: "complex128", 12: "uint16", 13: "uint32", 14: "int64", 15: "uint64",
}  # fmt: skip
"""Sample type by ENVI's number for it."""

LEAST_NANOMETRES = 100.0
"""Wavelengths without a unit are nm from here on and µm below: sensors see 0.2 to 20 µm, which is
200 to 20 000 nm, so the two cannot be taken for one another."""

Interleave = Literal["bil", "bip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnviHeader:
    """What a header says."""

    samples: int
    """Pixels of a row."""
    lines: int
    """Rows, or 0 where it is not known."""
    interleave: Interleave
    """Order in a row: `bil` is (band, pixel), `bip` is (pixel, band)."""
    data_type: str
    """Sample type, in numpy's words."""
    is_big_endian: bool
    """Whether the high byte of a sample comes first."""
    offset_bytes: int
    """Bytes before the first row."""
    nodata: float | None
    """Value of a missing sample, or None."""
    bands: tuple[SceneBand, ...]
    """Bands in the order of the file."""
    map_fields: Mapping[str, str]
    """Fields that place the rows on the ground, as they were written, without their braces."""

    @property
    def row_bytes(self) -> int:
        """Bytes of one row of all bands."""
        return self.samples * len(self.bands) * np.dtype(self.data_type).itemsize

    @property
    def stored_type(self) -> np.dtype[np.generic]:
        """Sample type with its byte order."""
        return np.dtype(self.data_type).newbyteorder(">" if self.is_big_endian else "<")

    @property
    def gsd_m(self) -> float | None:
        """Ground sample distance in metres, where the map info states one in metres."""
        parts = [part.strip() for part in self.map_fields.get("map info", "").split(",")]
        in_metres = parts[0].upper() == "UTM" or "units=meters" in "".join(parts).lower()
        if not in_metres or len(parts) < 7:
            return None
        try:
            gsd_m = math.sqrt(abs(float(parts[5]) * float(parts[6])))
        except ValueError:
            return None
        return gsd_m if 0 < gsd_m < math.inf else None


def read_header(path: Path) -> EnviHeader:
    """Read the ENVI header at `path`.

    Raises SceneError where it cannot be read, lacks a field, or says what cannot be.
    """
    data = read_file(path, "header", MAX_HEADER_BYTES, SceneError)
    return _Fields(path.name, data).header()


def read_library(path: Path) -> tuple[EnviHeader, tuple[str, ...]]:
    """Read the header of a spectral library, and the names of its spectra, empty where it has none.

    A library is a table of spectra: what its header calls samples are the bands of one, what it
    calls lines are the spectra. It is given as an image one pixel wide, with a spectrum a row.
    Raises SceneError as `read_header`, and where the file is no library.
    """
    data = read_file(path, "header", MAX_HEADER_BYTES, SceneError)
    return _Fields(path.name, data).library()


class _Fields:
    """The fields of one header, by name."""

    def __init__(self, name: str, data: bytes) -> None:
        """Take the file apart; raises SceneError where it is no ENVI header."""
        self._name = name
        if not re.match(rb"(\xef\xbb\xbf)?ENVI\s*(\r|\n)", data):
            raise SceneError(
                f"header {name} is not an ENVI header.",
                seen=f"It starts with {data[:12]!r}.",
                rule="Its first line must be ENVI.",
            )
        if b"\0" in data:
            raise self._fail("holds a byte that is no text")
        self._values: dict[str, str] = {}
        lines = iter(data.decode("utf-8-sig", errors="replace").splitlines()[1:])
        for line in lines:
            key, equals, value = line.partition("=")
            if not equals or key.lstrip().startswith(";"):
                continue
            key, value = " ".join(key.lower().split()), value.strip()
            if value.startswith("{"):
                value = self._braced(key, value, lines)
            if self._values.setdefault(key, value) != value:
                raise self._fail(f"states {key!r} twice, and not the same")

    def _braced(self, key: str, value: str, lines: Iterator[str]) -> str:
        """Read on to the closing brace."""
        parts = [value]
        while "}" not in parts[-1]:
            following = next(lines, None)
            if following is None:
                raise self._fail(f"has no end of {key!r}", rule="A value in { must end in }.")
            parts.append(following)
        return " ".join(parts).strip().removeprefix("{").partition("}")[0].strip()

    def header(self) -> EnviHeader:
        """Give the fields their types; raises SceneError where one is missing or cannot be."""
        samples = self._count("samples", 1, MAX_SIDE_PX)
        bands = self._count("bands", 1, MAX_ROW_BYTES)
        number = self._count("data type", 0, 99)
        if number not in DATA_TYPES:
            raise self._fail(
                f"has data type {number}", rule=f"Known: {', '.join(map(str, DATA_TYPES))}."
            )
        data_type = DATA_TYPES[number]
        row_bytes = samples * bands * np.dtype(data_type).itemsize
        if row_bytes > MAX_ROW_BYTES:
            raise self._fail(
                f"states a row of {row_bytes} bytes",
                rule=f"A row of all bands has at most {MAX_ROW_BYTES} bytes.",
            )
        one_byte = np.dtype(data_type).itemsize == 1
        return EnviHeader(
            samples=samples,
            lines=self._count("lines", 0, 2**53, missing=0),
            interleave=self._interleave(),
            data_type=data_type,
            is_big_endian=self._count("byte order", 0, 1, missing=0 if one_byte else None) == 1,
            offset_bytes=self._count("header offset", 0, MAX_OFFSET_BYTES, missing=0),
            nodata=self._nodata(),
            bands=self._bands(bands, data_type),
            map_fields={
                key: self._values[key]
                for key in ("map info", "coordinate system string", "projection info")
                if self._values.get(key)
            },
        )

    def library(self) -> tuple[EnviHeader, tuple[str, ...]]:
        """Give the fields of a spectral library, and the names of its spectra."""
        if "spectral library" not in self._values.get("file type", "").lower():
            raise self._fail("is not that of a spectral library")
        if self._count("bands", 1, MAX_ROW_BYTES) != 1:
            raise self._fail("states several bands", rule="A spectral library states one.")
        spectra = self._count("lines", 1, 2**53)
        self._values |= {"bands": self._values["samples"], "samples": "1", "interleave": "bip"}
        names = self._list("spectra names", spectra, what="spectra") or []
        return self.header(), tuple(names)

    def _fail(self, what: str, *, rule: str = "") -> SceneError:
        return SceneError(
            f"header {self._name} {what}.", rule=rule, fix="Correct the header and run again."
        )

    def _count(self, key: str, least: int, most: int, missing: int | None = None) -> int:
        """Read a whole number."""
        text = self._values.get(key)
        if text is None and missing is not None:
            return missing
        if text is None:
            raise self._fail(f"does not state {key!r}")
        if not re.fullmatch("[0-9]{1,18}", text) or not least <= int(text) <= most:
            raise self._fail(
                f"states {key!r} as {text[:40]!r}", rule=f"It is a number of {least} to {most}."
            )
        return int(text)

    def _interleave(self) -> Interleave:
        text = self._values.get("interleave", "").lower()
        if text == "bil":
            return "bil"
        if text == "bip":
            return "bip"
        raise self._fail(
            f"states 'interleave' as {text[:40]!r}" if text else "does not state 'interleave'",
            rule="Rows arrive whole only as 'bil' or 'bip'.",
        )

    def _nodata(self) -> float | None:
        text = self._values.get("data ignore value")
        if not text:
            return None
        return self._number("data ignore value", text)

    def _number(self, key: str, text: str) -> float:
        try:
            return float(text)
        except ValueError as error:
            raise self._fail(f"states {key!r} as {text[:40]!r}", rule="It is a number.") from error

    def _list(self, key: str, count: int, what: str = "bands") -> list[str] | None:
        """Read a list with one entry a band, or spectrum; None where there is none."""
        if not self._values.get(key):
            return None
        parts = [part.strip() for part in self._values[key].split(",")]
        if len(parts) != count:
            raise self._fail(
                f"lists {len(parts)} entries under {key!r}", rule=f"It states {count} {what}."
            )
        return parts

    def _numbers(self, key: str, count: int) -> list[float] | None:
        """Read a list of numbers that are neither NaN nor infinite."""
        texts = self._list(key, count)
        if texts is None:
            return None
        numbers = [self._number(key, text) for text in texts]
        if not all(math.isfinite(number) for number in numbers):
            raise self._fail(f"lists a {key!r} that is not finite")
        return numbers

    def _bands(self, count: int, data_type: str) -> tuple[SceneBand, ...]:
        names = self._list("band names", count) or [""] * count
        wavelengths_um = self._wavelengths_um(count, names)
        widths = self._numbers("fwhm", count)
        factor = self._factor(self._numbers("wavelength", count) or [0.0])
        scales, offsets = self._scales(count)
        return tuple(
            SceneBand(
                index=i + 1,
                name=names[i],
                common_name="",
                wavelength_um=wavelengths_um[i],
                data_type=data_type,
                unit="",
                scale=scales[i],
                offset=offsets[i],
                fwhm_um=widths[i] * factor if widths and factor else None,
            )
            for i in range(count)
        )

    def _wavelengths_um(self, count: int, names: list[str]) -> list[float | None]:
        """Read centre wavelengths; where none are listed, look for them in the names."""
        numbers = self._numbers("wavelength", count)
        if numbers is None:
            matches = [WAVELENGTH_IN_NAME.search(name) for name in names]
            return [
                float(m.group(1)) * MICROMETRES[unit]
                if m and (unit := m.group(2).lower()) in MICROMETRES
                else None
                for m in matches
            ]
        factor = self._factor(numbers)
        return [None if factor is None else number * factor for number in numbers]

    def _factor(self, wavelengths: list[float]) -> float | None:
        """Give what makes µm of wavelengths and widths; None where the unit is no length."""
        unit = self._values.get("wavelength units", "").lower()
        if unit in ("", "unknown"):
            unit = "nm" if max(wavelengths) >= LEAST_NANOMETRES else "um"
        return MICROMETRES.get(unit)

    def _scales(self, count: int) -> tuple[list[float], list[float]]:
        """Read what makes physical values of samples: gains and offsets, or one factor."""
        gains = self._numbers("data gain values", count)
        offsets = self._numbers("data offset values", count)
        text = self._values.get("reflectance scale factor")
        if not text:
            return gains or [1.0] * count, offsets or [0.0] * count
        if gains or offsets:
            raise self._fail(
                "states a 'reflectance scale factor' and data gains or offsets",
                rule="A sample has one physical value.",
            )
        factor = self._number("reflectance scale factor", text)
        if not 0 < factor < math.inf:
            raise self._fail(f"states 'reflectance scale factor' as {text[:40]!r}")
        return [1 / factor] * count, [0.0] * count

"""A strip of rows that is still being taken: a push-broom scene that fits one model input."""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgers.closing import Closing
from edgers.contract import ModelInput
from edgers.errors import SceneError
from edgers.scene.arrivals import Arrivals, PipeArrivals, open_arrivals
from edgers.scene.asset import representable
from edgers.scene.bands import SceneBand, match_bands
from edgers.scene.envi import EnviHeader, read_header
from edgers.scene.nodata import nodata_pixels
from edgers.scene.raster import SceneWindow, applies_tags, check_gsd

CHUNK_BYTES = 2**20
"""Most bytes read at once."""

STANDARD_INPUT = "-"

Samples = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True, kw_only=True)
class StripSource:
    """Where the rows of a strip come from."""

    source: str
    """`-` for standard input, else the path of a named pipe or an ENVI file."""
    header: Path | None = None
    """ENVI header; None looks for it beside the file."""
    idle_s: float = 10.0
    """A file that has not grown for so many seconds is at its end."""
    until_complete: bool = False
    """Whether the strip ends with as many rows as its header states."""


class Strip(Closing):
    """One strip with its bands matched; a context manager."""

    def __init__(self, where: StripSource, source: ModelInput, renamed: Mapping[str, str]) -> None:
        """Read the header, match the bands and open the rows, without waiting for any.

        Raises SceneError or BandError where something cannot be read or does not fit `source`.
        """
        path = where.header or _header_beside(where.source)
        self.header: EnviHeader = read_header(path)
        self.name = path.stem if where.source == STANDARD_INPUT else Path(where.source).stem
        self._source = source
        self.bands: tuple[SceneBand, ...] = match_bands(
            source.bands, self.header.bands, renamed, path.name
        )
        self.is_scaled = applies_tags(source, self.bands, path.name)
        check_gsd(source, self.header.gsd_m, path.name)
        self.expected_rows = self._expected(where, path)
        self._nodata = _ignored(self.header)
        self.dropped_bytes = 0
        self._is_complete = False
        self._arrivals: Arrivals = (
            _standard_input()
            if where.source == STANDARD_INPUT
            else open_arrivals(Path(where.source), where.idle_s)
        )

    def _expected(self, where: StripSource, header: Path) -> int | None:
        """Give the number of rows after which the strip ends, or None."""
        if where.until_complete and not self.header.lines:
            raise SceneError(
                f"header {header.name} does not say how many rows there will be.",
                rule="A strip that ends when it is complete states 'lines' above 0.",
                fix="State them, or let the strip end with its pipe, or when its file rests.",
            )
        return self.header.lines if where.until_complete else None

    @property
    def ended_by(self) -> str:
        """Why no more rows came; empty before the end."""
        return "all rows of the header" if self._is_complete else self._arrivals.ended_by

    def rows(self) -> Iterator[Samples]:
        """Wait for rows and give each as (band, pixel), bands in the model's order.

        Bytes of a last row that is not whole are counted in `dropped_bytes`.
        """
        header, buffer, done = self.header, bytearray(), 0
        skip = header.offset_bytes
        while data := self._arrivals.read(CHUNK_BYTES):
            buffer += data
            if skip:
                passed = min(skip, len(buffer))
                del buffer[:passed]
                skip -= passed
            whole = len(buffer) // header.row_bytes * header.row_bytes
            block = bytes(memoryview(buffer)[:whole])
            del buffer[:whole]
            for begin in range(0, whole, header.row_bytes):
                yield self._row(block, begin)
                done += 1
                if done == self.expected_rows:
                    self._is_complete = True
                    return
        self.dropped_bytes = len(buffer)

    def _row(self, block: bytes, begin: int) -> Samples:
        """Take the model's bands out of the bytes of a row."""
        header, count = self.header, len(self.header.bands)
        stored = np.frombuffer(block, header.stored_type, header.samples * count, begin)
        if header.interleave == "bil":
            row = stored.reshape(count, header.samples)
        else:
            row = stored.reshape(header.samples, count).T
        return row[[band.index - 1 for band in self.bands]].astype(header.data_type)

    def window(self, samples: Samples) -> SceneWindow:
        """Tell which samples, (band, row, pixel), are missing, and which pixels are nodata."""
        missing = np.zeros(samples.shape, bool)
        if np.issubdtype(samples.dtype, np.floating):
            np.logical_not(np.isfinite(samples), out=missing)
        # A missing sample is so for the model whether its bits say NaN or the header's value.
        if self._nodata is not None:
            missing |= samples == self._nodata
        nodata = nodata_pixels(samples, missing, self._source)
        return SceneWindow(samples=samples, missing=missing, nodata=nodata)

    def stop(self) -> None:
        """End the strip with the rows that have arrived."""
        self._arrivals.stop()

    def close(self) -> None:
        """Give the source back."""
        self._arrivals.close()


def _ignored(header: EnviHeader) -> np.generic | None:
    """Give the value of missing samples in their type, or None where no sample can have it."""
    if header.nodata is None or not np.isfinite(header.nodata):
        return None
    # A number too large for the type becomes infinite, and infinite samples are missing anyway.
    with np.errstate(over="ignore"):
        return representable(header.nodata, header.data_type)


def _header_beside(source: str) -> Path:
    """Find the header of an ENVI file: `x.hdr` or `x.bil.hdr` for `x.bil`."""
    if source == STANDARD_INPUT:
        raise SceneError(
            "rows on standard input have no header.", fix="Give it with --header FILE.hdr."
        )
    path = Path(source)
    beside = [path.with_suffix(".hdr"), path.with_name(path.name + ".hdr")] if path.name else []
    for one in beside:
        if one.is_file() and one != path:
            return one
    raise SceneError(
        f"scene {source} has no header beside it.",
        seen=f"There is no {' and no '.join(one.name for one in beside)}.",
        fix="Give it with --header FILE.hdr.",
    )


def _standard_input() -> PipeArrivals:
    """Take rows from standard input."""
    try:
        handle = sys.stdin.fileno()
    # It may be closed, which Python shows as None, or be no file at all.
    except (AttributeError, OSError, ValueError) as error:
        raise SceneError("standard input is closed.") from error
    if os.isatty(handle):
        raise SceneError(
            "standard input is a terminal.", rule="Rows come on a pipe: PROGRAM | edgers pushbroom."
        )
    return PipeArrivals(handle, is_ours=False)

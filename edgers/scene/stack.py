"""All that fills one model input: one raster, or one a date."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from edgers.closing import Closing
from edgers.contract import ModelInput
from edgers.scene.bands import SceneBand
from edgers.scene.folder import found_files
from edgers.scene.raster import Raster, SceneWindow
from edgers.scene.readers import Reading
from edgers.scene.series import dates_of


class InputStack(Closing):
    """The rasters of one model input in the order of their dates; a context manager."""

    def __init__(
        self, paths: Sequence[Path], source: ModelInput, renamed: Mapping[str, str],
        *, grid: Raster | None = None,
    ) -> None:  # fmt: skip
        """Open `paths`; on the grid of another raster where it is given, else of the first date.

        Raises SceneError or BandError where they cannot be read or do not fit `source`.
        """
        self.source = source
        self.dates: tuple[str, ...] = ()
        if source.is_series:
            dates = dates_of(paths, source)
            groups = [date.files for date in dates]
            self.dates = tuple(date.time for date in dates)
        else:
            groups = [tuple(found_files(paths))]
        with ExitStack() as opened:
            rasters: list[Raster] = []
            for files in groups:
                on = rasters[0] if rasters else grid
                rasters.append(opened.enter_context(Raster(files, source, renamed, grid=on)))
            self.rasters = tuple(rasters)
            self._opened = opened.pop_all()
        self.data_type = np.result_type(*(raster.data_type for raster in rasters))

    def close(self) -> None:
        """Close the files."""
        self._opened.close()

    @property
    def bands(self) -> tuple[SceneBand, ...]:
        """Bands of all dates, those of the first date first."""
        return tuple(band for raster in self.rasters for band in raster.bands)

    @property
    def is_scaled(self) -> bool:
        """Tell whether scale and offset tags are applied."""
        return any(raster.is_scaled for raster in self.rasters)

    @property
    def time(self) -> tuple[str, str]:
        """When it was taken, the last date of a series, and where that was found."""
        if self.dates:
            return self.dates[-1], "last of a series"
        return self.rasters[0].time

    def reading(self, row: int, column: int, height: int, width: int) -> Reading[SceneWindow]:
        """Make ready to read one window, with a read for each file.

        It is (band, height, width), or (time, band, height, width) of a series. A pixel of a series
        is nodata when it is so at all dates, or at any, by the contract's rule.
        """
        dates = [raster.reading(row, column, height, width) for raster in self.rasters]
        reads = tuple(read for date in dates for read in date.reads)
        return Reading(
            reads=reads, finish=lambda: self._together([date.finish() for date in dates])
        )

    def _together(self, windows: Sequence[SceneWindow]) -> SceneWindow:
        """Put the dates of a series into one window."""
        if not self.source.is_series:
            return windows[0]
        rule = np.any if self.source.nodata.pixel == "any" else np.all
        return SceneWindow(
            samples=np.stack([window.samples for window in windows]),
            missing=np.stack([window.missing for window in windows]),
            nodata=rule([window.nodata for window in windows], axis=0),
        )

"""The pixels of a scene that one input of a model needs, cloud taken out."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
from rasterio.windows import Window

from edgers.closing import Closing
from edgers.contract import Band, ModelInput
from edgers.scene.asset import representable
from edgers.scene.nodata import nodata_pixels
from edgers.scene.raster import Raster
from edgers.scene.series import Date
from edgers.state.kept_file import Bools, Form, Samples, check_place


class ScenePixels(Closing):
    """One scene, read for one input on the grid of a kept one, or on its own; a context manager."""

    def __init__(
        self, date: Date, source: ModelInput, renamed: Mapping[str, str], *, grid: Path | None
    ) -> None:
        """Open the files of `date`; `grid` is a kept scene whose pixels are to be read in.

        Raises SceneError or BandError where it does not fit the input, OutputError where it cannot
        be kept.
        """
        self._source = source
        with ExitStack() as opened:
            on = None if grid is None else opened.enter_context(Raster(grid, source, {}))
            self._raster = opened.enter_context(Raster(date.files, source, renamed, grid=on))
            name = date.files[0].path.name
            check_place(self._raster.place, name)
            clouds = None if source.kept is None else source.kept.clouds
            self._clouds: Raster | None = None
            if clouds is not None:
                self._cloudy = np.array(clouds.values)
                mask = replace(
                    source, bands=(Band(name=clouds.band),), resampling="nearest", values="stored"
                )
                self._clouds = opened.enter_context(
                    Raster(date.files, mask, {}, grid=on or self._raster)
                )
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Close the files."""
        self._opened.close()

    @property
    def files(self) -> list[Path]:
        """Files that are read, by name."""
        mask = [] if self._clouds is None else self._clouds.files
        return sorted({*self._raster.files, *mask})

    @property
    def form(self) -> Form:
        """What a file that keeps the scene is like."""
        raster = self._raster
        stated = {
            dataset.nodatavals[number - 1] for dataset, numbers in raster.used for number in numbers
        }
        kind = np.dtype(raster.data_type)
        only = representable(stated.pop(), kind.name) if len(stated) == 1 else None
        return Form(
            place=raster.place,
            data_type=kind.name,
            names=tuple(band.name for band in self._source.bands),
            bands=raster.bands,
            nodata=None if only is None else float(only),
        )

    def read(self, window: Window) -> tuple[Samples, Bools, Bools]:
        """Give samples, which are missing, and the pixels without data."""
        at = (
            int(window.row_off), int(window.col_off), int(window.height), int(window.width)
        )  # fmt: skip
        seen = self._raster.read(*at)
        missing = seen.missing
        if self._clouds is not None:
            missing = missing | np.isin(self._clouds.read(*at).samples[0], self._cloudy)
        return seen.samples, missing, nodata_pixels(seen.samples, missing, self._source)

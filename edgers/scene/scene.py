"""A scene: one acquisition for all inputs of a model, on one pixel grid."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgers.closing import Closing
from edgers.contract import ModelInput
from edgers.errors import BandError, SceneError
from edgers.scene.block_cache import Used
from edgers.scene.folder import scene_name
from edgers.scene.place import Place
from edgers.scene.raster import Raster, SceneWindow
from edgers.scene.readers import Readers, reader_count
from edgers.scene.stack import InputStack


@dataclass(frozen=True, slots=True, kw_only=True)
class StackWindow:
    """One window of a scene."""

    inputs: Mapping[str, SceneWindow]
    """Samples by input name; inputs without files are not there."""
    nodata: npt.NDArray[np.bool_]
    """True where a pixel of the product is nodata, (height, width)."""
    main: SceneWindow
    """Window of the main input, of a series at its last date: always (band, height, width)."""


def scene_paths(
    inputs: Sequence[ModelInput], scenes: Sequence[Path], named: Mapping[str, Sequence[Path]]
) -> dict[str, tuple[Path, ...]]:
    """Say which files each input is read from.

    `named` are the paths given for an input by its name; `scenes` are those given for no input:
    each needed input that is not named is looked for in them. Raises SceneError where a name is not
    known, or a needed input is left without files.
    """
    known = {one.name for one in inputs}
    if strangers := [name for name in named if name not in known]:
        raise SceneError(
            f"the model has no input {strangers[0]!r}.",
            rule=f"Its inputs: {', '.join(one.name for one in inputs)}.",
        )
    found: dict[str, tuple[Path, ...]] = {}
    for one in inputs:
        # An earlier scene is never the new one.
        given = tuple(named.get(one.name, ())) or (tuple(scenes) if one.gives_grid else ())
        if not given and not one.is_optional:
            raise SceneError(
                f"input {one.name!r} has no file.",
                seen=f"Given: {', '.join(name for name in named) or 'none'}.",
                rule=f"Needed: {', '.join(one.name for one in inputs if not one.is_optional)}.",
                fix=f"Add --input {one.name}=FILE"
                + ("." if one.kept is None else ", or --state STORE to find it among kept scenes."),
            )
        if given:
            found[one.name] = given
    if scenes and all(found.get(one.name) != tuple(scenes) for one in inputs):
        raise SceneError(
            f"scene {scenes[0]} is for no input.",
            seen=f"Each input is named: {', '.join(named)}.",
            fix="Leave the scene out, or one of the names.",
        )
    return found


class Scene(Closing):
    """An opened scene; a context manager, read by one thread."""

    def __init__(
        self, paths: Mapping[str, Sequence[Path]], inputs: Sequence[ModelInput],
        renamed: Mapping[str, str],
    ) -> None:  # fmt: skip
        """Open the files of each input; `scene_paths` gives `paths`.

        `renamed` maps a model band, or `input:band`, to a scene band's name or number. The grid is
        that of the first input that gives one. Raises SceneError or BandError where something
        cannot be read or does not fit.
        """
        main = next(one for one in inputs if one.gives_grid)
        by_input = renamed_by_input(inputs, renamed)
        order = [main, *(one for one in inputs if one is not main and paths.get(one.name))]
        with ExitStack() as opened:
            stacks: dict[str, InputStack] = {}
            for one in order:
                grid = stacks[main.name].rasters[0] if stacks else None
                stacks[one.name] = opened.enter_context(
                    InputStack(paths[one.name], one, by_input[one.name], grid=grid)
                )
            self.stacks: Mapping[str, InputStack] = stacks
            self._main = stacks[main.name]
            self.readers = reader_count(self.files)
            # The last to be opened is the first to be closed.
            self._readers = opened.enter_context(Readers(self.readers))
            self._opened = opened.pop_all()
        self.name = scene_name(paths[main.name][0])

    def close(self) -> None:
        """Close the files."""
        self._opened.close()

    @property
    def first(self) -> Raster:
        """The main input's raster, of a series the last."""
        return self._main.rasters[-1]

    @property
    def place(self) -> Place:
        """Where the pixels that are read lie on Earth."""
        return self._main.rasters[0].place

    @property
    def own_place(self) -> Place:
        """Where the pixels of the main file lie, which the product is to have."""
        return self._main.rasters[0].own_place

    @property
    def is_resampled(self) -> bool:
        """Tell whether pixels of another size are read than the main file has."""
        return self.place is not self.own_place

    @property
    def height_px(self) -> int:
        """Rows that can be read."""
        return self.place.height_px

    @property
    def width_px(self) -> int:
        """Columns that can be read."""
        return self.place.width_px

    @property
    def tags(self) -> Mapping[str, str]:
        """Tags of the main file."""
        return self.first.tags

    @property
    def time(self) -> tuple[str, str]:
        """When it was taken, as RFC 3339 text, the last date of a series; and where that stands."""
        return self._main.time

    @property
    def dates(self) -> dict[str, tuple[str, ...]]:
        """Dates of each input that is a series, as RFC 3339 text."""
        return {name: stack.dates for name, stack in self.stacks.items() if stack.dates}

    @property
    def span(self) -> tuple[str, str] | None:
        """First and last date over all series, as RFC 3339 text; None where there is no series."""
        dates = sorted(date for series in self.dates.values() for date in series)
        return (dates[0], dates[-1]) if dates else None

    @property
    def files(self) -> list[Path]:
        """Files that are read: the main input's first, each input's by date, then by name.

        The order says which file is for which input; no file is there twice.
        """
        rasters = (raster for stack in self.stacks.values() for raster in stack.rasters)
        return list(dict.fromkeys(path for raster in rasters for path in raster.files))

    @property
    def listing(self) -> dict[str, list[list[str]]]:
        """File names by input and date."""
        return {
            name: [[path.name for path in raster.files] for raster in stack.rasters]
            for name, stack in self.stacks.items()
        }

    @property
    def used(self) -> list[Used]:
        """Each file, or its view on the scene's grid, with the numbers of the bands read of it."""
        return [
            one for stack in self.stacks.values() for raster in stack.rasters for one in raster.used
        ]

    @property
    def layers(self) -> int:
        """Bands times dates, over all inputs that have files."""
        return sum(len(stack.bands) for stack in self.stacks.values())

    @property
    def stored_bytes_per_px(self) -> int:
        """Bytes of the samples of one pixel, over all inputs."""
        stacks = self.stacks.values()
        return sum(len(stack.bands) * stack.data_type.itemsize for stack in stacks)

    def read(self, row: int, column: int, height: int, width: int) -> StackWindow:
        """Read one window, in pixels of the scene's grid.

        Raises SceneError where a file is damaged there.
        """
        windows = self._read(self.stacks, row, column, height, width)
        nodata = np.zeros((height, width), bool)
        for name, window in windows.items():
            if self.stacks[name].source.nodata.counts:
                nodata |= window.nodata
        main = windows[self._main.source.name]
        if self._main.source.is_series:
            main = SceneWindow(
                samples=main.samples[-1], missing=main.missing[-1], nodata=main.nodata
            )
        return StackWindow(inputs=windows, nodata=nodata, main=main)

    def read_input(self, name: str, row: int, column: int, height: int, width: int) -> SceneWindow:
        """Read one window of one input alone; raises SceneError where a file is damaged there."""
        stacks = {name: self.stacks[name]}
        return self._read(stacks, row, column, height, width)[name]

    def _read(
        self, stacks: Mapping[str, InputStack], row: int, column: int, height: int, width: int
    ) -> dict[str, SceneWindow]:
        """Read one window of some inputs, their files side by side."""
        found = {name: one.reading(row, column, height, width) for name, one in stacks.items()}
        self._readers.read(read for reading in found.values() for read in reading.reads)
        return {name: reading.finish() for name, reading in found.items()}


def renamed_by_input(
    inputs: Sequence[ModelInput], renamed: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """Share out `--map` among the inputs; raises BandError where a name fits none of them."""
    found: dict[str, dict[str, str]] = {one.name: {} for one in inputs}
    for key, name in renamed.items():
        # The whole key first: a band's name may hold a colon.
        targets = [(one.name, key) for one in inputs if _has_band(one, key)]
        for one in inputs:
            if not targets and key.startswith(f"{one.name}:"):
                band = key.removeprefix(f"{one.name}:")
                targets = [(one.name, band)] if _has_band(one, band) else []
        if not targets:
            bands = (", ".join(band.name for band in one.bands) for one in inputs)
            raise BandError(
                f"--map names band {key!r}, which the model does not have.",
                rule=f"The model's bands: {'; '.join(bands)}.",
            )
        for target, band in targets:
            found[target][band] = name
    return found


def _has_band(source: ModelInput, name: str) -> bool:
    return any(band.name == name for band in source.bands)

"""The rows of a table: one a tile, or one for the scene; what its cells say and where it lies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.products.feature import Column, Feature
from edgers.products.places import Places
from edgers.products.row_drafts import Chunk, RowDrafts
from edgers.tasks.row_meaning import RowMeaning
from edgers.tiling.grid import Grid

Floats = npt.NDArray[np.float64]
Origin = tuple[str, str | None]
"""Id of the bundle, and hash of the input where that is known."""

PLACE = (
    Column(name="row_px", type="int", unit="px", description="First row of the window."),
    Column(name="column_px", type="int", unit="px", description="First column of the window."),
    Column(name="height_px", type="int", unit="px", description="Rows of the window."),
    Column(name="width_px", type="int", unit="px", description="Columns of the window."),
    Column(name="longitude", type="float", unit="°", description="Of its middle, WGS 84."),
    Column(name="latitude", type="float", unit="°", description="Of its middle, WGS 84."),
    Column(name="nodata_share", type="float", description="Share of it that has no data, 0 to 1."),
)
"""Where a row's window lies in the scene; the same for a tile, and for a scene as a whole."""
TILE = Column(name="tile", type="str", description="Tile, as row_column of the grid.")
TILES = Column(name="tiles", type="int", description="Tiles that the row is the mean of.")
ORIGIN = (
    Column(name="bundle_id", type="str", description="Bundle that said it."),
    Column(name="input_sha256", type="str", description="SHA-256 of the scene's samples."),
)
"""What every row ends with."""

DIGITS = 7
"""Decimals of degrees: about a centimetre."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Some rows one after the other."""

    features: list[Feature]
    """Cells of each row by column, and the outline of its window."""
    numbers: npt.NDArray[np.float32]
    """Numbers of each row, (row, number)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCells:
    """What the cells of one table say."""

    places: Places
    """Where its windows lie."""
    meaning: RowMeaning
    """What its numbers say."""
    of_scene: bool
    """Whether there is one row, for the scene."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """Give the columns."""
        said = (Column(name=one.name, type=one.type, unit=one.unit) for one in self.meaning.fields)
        return (TILES if self.of_scene else TILE, *PLACE, *said, *ORIGIN)

    def piece(
        self, first: Sequence[str | int], windows: npt.NDArray[np.int64], shares: Floats,
        numbers: npt.NDArray[np.float32], origin: Origin,
    ) -> Rows:  # fmt: skip
        """Put cells together; windows are (row, 4): row, column, height, width as computed.

        `first` are tiles, or how many there are; `shares` those without data.
        """
        product, computed = self.places.product, self.places.computed
        factors = product.height_px / computed.height_px, product.width_px / computed.width_px
        row, column, height, width = (windows * np.array(factors * 2)).T
        lon, lat = product.lonlat(column + width / 2, row + height / 2)
        lon = (lon + 180) % 360 - 180
        columns = [
            first, *(np.rint(one).astype(int).tolist()
                              for one in (row, column, height, width)),
            _degrees(lon), _degrees(lat), [round(one, 6) for one in shares.tolist()],
            *self.meaning.columns(numbers), *([one] * len(first) for one in origin),
        ]  # fmt: skip
        corners = [(column, row), (column + width, row), (column + width, row + height),
                   (column, row + height)]  # fmt: skip
        rings = np.stack([np.stack(corner, axis=-1) for corner in corners], axis=1)
        names = [column.name for column in self.columns]
        features = [
            Feature(geometry=ring, properties=dict(zip(names, cells, strict=True)))
            for ring, cells in zip(rings, zip(*columns, strict=True), strict=True)
        ]
        return Rows(features=features, numbers=numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTable:
    """One table, read from its drafts a piece at a time."""

    drafts: RowDrafts
    """Where the numbers are."""
    grid: Grid
    """Tiles."""
    places: Places
    """Where they lie."""
    meaning: RowMeaning
    """What the numbers say."""
    of_scene: bool
    """Whether there is one row, for the scene."""

    @property
    def cells(self) -> RowCells:
        """Give what makes cells of numbers."""
        return RowCells(places=self.places, meaning=self.meaning, of_scene=self.of_scene)

    @property
    def columns(self) -> tuple[Column, ...]:
        """Give the columns."""
        return self.cells.columns

    def pieces(self, origin: Origin) -> Iterator[Rows]:
        """Give the rows in order; `origin` is the id of the bundle and the hash of the input."""
        if self.of_scene:
            yield from self._scene(origin)
            return
        for chunk in self.drafts.chunks():
            if len(chunk.tiles):
                down, across = np.divmod(chunk.tiles, len(self.grid.columns.tiles))
                names = [f"{i}_{j}" for i, j in zip(down, across, strict=True)]
                yield self.cells.piece(names, self._windows(chunk), self._shares(chunk),
                                  chunk.rows, origin)  # fmt: skip

    def numbers(self) -> Iterator[npt.NDArray[np.float32]]:
        """Give the numbers of all rows, (row, number), a piece at a time."""
        if not self.of_scene:
            return (chunk.rows for chunk in self.drafts.chunks() if len(chunk.tiles))
        return (piece.numbers for piece in self._scene(("", "")))

    def _scene(self, origin: Origin) -> Iterator[Rows]:
        """Give the mean of all tiles, each weighed by the pixels that have data."""
        total, weight, tiles = np.zeros(self.meaning.length), 0.0, 0
        nodata, pixels = 0.0, 0.0
        for chunk in self.drafts.chunks():
            windows = self._windows(chunk)
            areas = windows[:, 2] * windows[:, 3]
            weights = np.maximum(areas - chunk.nodata_px, 0).astype(np.float64)
            total += weights @ chunk.rows.astype(np.float64)
            weight, tiles = weight + float(weights.sum()), tiles + len(chunk.tiles)
            nodata, pixels = nodata + float(chunk.nodata_px.sum()), pixels + float(areas.sum())
        if not weight:
            return
        size = np.array([[0, 0, self.grid.rows.size_px, self.grid.columns.size_px]])
        yield self.cells.piece(
            [tiles], size, np.array([nodata / pixels]), self.meaning.mean(total, weight),
            origin,
        )  # fmt: skip

    def _windows(self, chunk: Chunk) -> npt.NDArray[np.int64]:
        """Give row, column, height and width of windows, as far as the scene goes."""
        rows, columns = self.grid.rows, self.grid.columns
        down, across = np.divmod(chunk.tiles, len(columns.tiles))
        spans = []
        for axis, at in ((rows, down), (columns, across)):
            starts = np.array([one.window_start for one in axis.tiles])[at]
            stops = np.array([min(one.window_stop, axis.size_px) for one in axis.tiles])[at]
            spans.append((starts, stops - starts))
        (row, height), (column, width) = spans
        return np.stack([row, column, height, width], axis=1).astype(np.int64)

    def _shares(self, chunk: Chunk) -> Floats:
        windows = self._windows(chunk)
        found: Floats = chunk.nodata_px / (windows[:, 2] * windows[:, 3])
        return found


def _degrees(values: Floats) -> list[float | None]:
    return [round(one, DIGITS) if np.isfinite(one) else None for one in values.tolist()]

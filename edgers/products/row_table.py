"""The rows of a table: a tile each, or one for the scene, with what its cells say and where it lies."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.products.places import Places
from edgers.products.row_drafts import Chunk, RowDrafts
from edgers.tasks.row_meaning import Field, RowMeaning
from edgers.tiling.grid import Grid

Floats = npt.NDArray[np.float64]

TILE_FIELDS = (
    Field(name="tile", kind="integer"),
    Field(name="row", kind="integer", unit="px"),
    Field(name="column", kind="integer", unit="px"),
    Field(name="height", kind="integer", unit="px"),
    Field(name="width", kind="integer", unit="px"),
    Field(name="longitude", kind="real", unit="deg"),
    Field(name="latitude", kind="real", unit="deg"),
    Field(name="nodata_share", kind="real"),
)
"""What every row begins with: the tile's number, its window in pixels of the scene, the middle of that,
and how much of it has no data. A scene's row has its number of tiles instead of a tile's number."""
SCENE_FIELDS = (Field(name="tiles", kind="integer"), *TILE_FIELDS[1:])
ORIGIN_FIELDS = (Field(name="bundle_id", kind="text"), Field(name="input_sha256", kind="text"))
"""What every row ends with: which bundle said it, of which input."""

DIGITS = 7
"""Decimals of degrees: about a centimetre."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Some rows one after the other."""

    cells: list[tuple[Any, ...]]
    """Cells of each row, in the order of the table's fields."""
    rings: Floats
    """Window of each row, (row, corner, 2): column and row of pixel corners in the product's grid."""
    numbers: npt.NDArray[np.float32]
    """Numbers of each row, (row, number)."""


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
    def fields(self) -> tuple[Field, ...]:
        """Give the columns."""
        lead = SCENE_FIELDS if self.of_scene else TILE_FIELDS
        return (*lead, *self.meaning.fields, *ORIGIN_FIELDS)

    def pieces(self, origin: tuple[str, str]) -> Iterator[Rows]:
        """Give the rows in order; `origin` is the id of the bundle and the hash of the input."""
        if self.of_scene:
            yield from self._scene(origin)
            return
        for chunk in self.drafts.chunks():
            if len(chunk.tiles):
                yield self._piece(chunk.tiles, self._windows(chunk), self._shares(chunk),
                                  chunk.rows, origin)  # fmt: skip

    def numbers(self) -> Iterator[npt.NDArray[np.float32]]:
        """Give the numbers of all rows, (row, number), a piece at a time."""
        if not self.of_scene:
            return (chunk.rows for chunk in self.drafts.chunks() if len(chunk.tiles))
        return (piece.numbers for piece in self._scene(("", "")))

    def _scene(self, origin: tuple[str, str]) -> Iterator[Rows]:
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
        yield self._piece(
            np.array([tiles]), size, np.array([nodata / pixels]), self.meaning.mean(total, weight),
            origin,
        )  # fmt: skip

    def _piece(
        self, first: npt.NDArray[np.intp], windows: npt.NDArray[np.int64], shares: Floats,
        numbers: npt.NDArray[np.float32], origin: tuple[str, str],
    ) -> Rows:  # fmt: skip
        """Put cells together; windows are (row, 4): row, column, height, width as computed."""
        product, computed = self.places.product, self.places.computed
        factors = product.height_px / computed.height_px, product.width_px / computed.width_px
        row, column, height, width = (windows * np.array(factors * 2)).T
        lon, lat = product.lonlat(column + width / 2, row + height / 2)
        lon = (lon + 180) % 360 - 180
        columns = [
            first.tolist(), *(np.rint(one).astype(int).tolist()
                              for one in (row, column, height, width)),
            _degrees(lon), _degrees(lat), [round(one, 6) for one in shares.tolist()],
            *self.meaning.columns(numbers), *([one] * len(first) for one in origin),
        ]  # fmt: skip
        corners = [(column, row), (column + width, row), (column + width, row + height),
                   (column, row + height)]  # fmt: skip
        rings = np.stack([np.stack(corner, axis=-1) for corner in corners], axis=1)
        return Rows(cells=list(zip(*columns, strict=True)), rings=rings, numbers=numbers)

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

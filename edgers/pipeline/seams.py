"""Mixing overlapping tiles: only what later tiles still add to is held.

A tile's core is done as soon as its tile is: its answer there, and those of the tiles before it
that reach into it, times their weights. What a tile gives to later cores waits here, and in a file
beside the drafts, so that a run that was killed goes on without inferring the tile again.
"""

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgers.products.disk_errors import disk_errors
from edgers.products.work_folder import force_to_disk
from edgers.tiling.grid import Grid, Tile, Weights

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Where the span of a tile and a core meet."""

    target: int
    """Position of the core's tile in the order of work."""
    rows: slice
    """Output rows."""
    columns: slice
    """Output columns."""

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, in output pixels."""
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start


class Seams:
    """What finished tiles give to cores that are not done yet."""

    def __init__(self, grid: Grid, weights: Weights, channels: int, folder: Path) -> None:
        """Prepare for scores of `channels` channels; files go into `folder`."""
        self._grid, self._weights, self._channels, self._folder = grid, weights, channels, folder
        self._waiting: dict[int, list[tuple[Piece, Scores]]] = {}
        self._files: dict[int, int] = {}
        self._saved: set[int] = set()

    def parts(self, tile: Tile, scores: Scores) -> list[Scores]:
        """Cut the scores of a tile, (channel, height, width), into what it gives to each core.

        The parts bear their weights and are in the order of `pieces`. Any thread may call this.
        """
        down, across = self._weights.rows[tile.row], self._weights.columns[tile.column]
        found = []
        for piece in self.pieces(tile):
            rows = slice(piece.rows.start - down.start, piece.rows.stop - down.start)
            columns = slice(piece.columns.start - across.start, piece.columns.stop - across.start)
            weights = down.weights[rows, np.newaxis] * across.weights[columns]
            found.append(scores[:, rows, columns] * weights)
        return found

    def add(self, tile: Tile, parts: list[Scores] | None) -> tuple[Scores, int]:
        """Take the parts of a tile, in the order of work.

        Gives the mixed scores of the tile's core, and the CRC-32 of what was put aside for later
        cores. None stands for a tile without data, which gives nothing.
        """
        own, *later = self.pieces(tile)
        core: Scores = np.zeros((self._channels, *own.shape), np.float32)
        for piece, part in self._waiting.pop(tile.index, []):
            _within(core, own, piece)[...] += part
        checksum = 0
        if parts is not None:
            core += parts[0]
            checksum = self._put_aside(tile.index, later, parts[1:])
        return core, checksum

    def pieces(self, tile: Tile) -> list[Piece]:
        """Cut the span of a tile at the borders of the cores it gives to, its own first."""
        return [
            Piece(
                target=self._grid.index(down.core, across.core),
                rows=slice(down.start, down.stop),
                columns=slice(across.start, across.stop),
            )
            for down in self._weights.rows[tile.row].parts
            for across in self._weights.columns[tile.column].parts
        ]

    def last_target(self, index: int) -> int:
        """Give the position of the last core that a tile gives to."""
        return max(piece.target for piece in self.pieces(self._grid.tile(index)))

    def restore(self, done: list[int | None]) -> int:
        """Find from which tile on work can go on, and take back what the tiles before it left.

        `done` holds, for the tiles finished in the order of work, the checksums of what they put
        aside; None for a tile that gave nothing.
        """
        begin = len(done)
        while begin:
            givers = [i for i in self._givers(begin) if done[i] is not None]
            if all(self._is_whole(index, done[index]) for index in givers):
                break
            begin -= 1
        for index in self._givers(begin) if begin else []:
            if (checksum := done[index]) is not None:
                self._take_back(index, begin, checksum)
        # They may be all that a power cut leaves.
        self._saved = set(self._files)
        return begin

    def forget(self, begin: int) -> None:
        """Remove files that no core from position `begin` on needs.

        Those that were forced to disk stay until others are: a power cut goes back to them.
        """
        for index in [index for index, last in self._files.items() if last < begin]:
            del self._files[index]
            if index not in self._saved:
                self._path(index).unlink(missing_ok=True)

    def sync(self) -> None:
        """Force the files that are still needed to disk; raises OutputError where that fails."""
        for index in self._files:
            with disk_errors(self._path(index).name):
                force_to_disk(self._path(index))
        for index in self._saved - set(self._files):
            self._path(index).unlink(missing_ok=True)
        self._saved = set(self._files)

    def _givers(self, begin: int) -> Iterator[int]:
        """Give the tiles before `begin` that reach into a core from `begin` on."""
        reach = self._reach()
        return (
            index for index in range(max(0, begin - reach), begin)
            if self.last_target(index) >= begin
        )  # fmt: skip

    def _reach(self) -> int:
        """Give how many positions ahead a tile's last core can lie."""
        down, across = (
            max(len(tile.parts) for tile in axis) - 1
            for axis in (self._weights.rows, self._weights.columns)
        )
        return self._grid.index(down, across)

    def _put_aside(self, index: int, pieces: list[Piece], parts: list[Scores]) -> int:
        """Keep parts for later cores, in memory and in a file; give its CRC-32."""
        if not pieces:
            return 0
        checksum = 0
        with disk_errors(self._path(index).name), self._path(index).open("wb") as file:
            for part in parts:
                data = np.ascontiguousarray(part).data
                file.write(data)
                checksum = zlib.crc32(data, checksum)
        self._files[index] = max(piece.target for piece in pieces)
        self._keep(pieces, parts, 0)
        return checksum

    def _keep(self, pieces: list[Piece], parts: list[Scores], begin: int) -> None:
        for piece, part in zip(pieces, parts, strict=True):
            if piece.target >= begin:
                self._waiting.setdefault(piece.target, []).append((piece, part))

    def _is_whole(self, index: int, checksum: int | None) -> bool:
        """Tell whether the file of a tile is there as it was written."""
        if len(self.pieces(self._grid.tile(index))) == 1:
            return True
        try:
            return zlib.crc32(self._path(index).read_bytes()) == checksum
        except OSError:
            return False

    def _take_back(self, index: int, begin: int, checksum: int) -> None:
        """Read what a tile put aside for cores from `begin` on."""
        _, *later = self.pieces(self._grid.tile(index))
        data = np.frombuffer(self._path(index).read_bytes(), np.float32)
        sizes = [self._channels * math.prod(piece.shape) for piece in later]
        ends = np.cumsum(sizes)[:-1]
        parts = [
            part.reshape(self._channels, *piece.shape)
            for piece, part in zip(later, np.split(data, ends), strict=True)
        ]
        self._files[index] = max(piece.target for piece in later)
        self._keep(later, parts, begin)

    def _path(self, index: int) -> Path:
        return self._folder / f"seam-{index}.f32"


def _within(core: Scores, own: Piece, piece: Piece) -> Scores:
    """Give the part of a core that a piece covers."""
    top, left = piece.rows.start - own.rows.start, piece.columns.start - own.columns.start
    height, width = piece.shape
    return core[:, top : top + height, left : left + width]

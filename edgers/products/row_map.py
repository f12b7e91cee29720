"""A class map that grows: rows of an ENVI pair that readers may take while it is made.

`NAME.img` holds whole rows; `NAME.hdr` says how many. Rows are forced to disk before a header that
counts them takes the place of the one before, in one step, and are never changed afterwards. So a
reader sees whole rows only, whenever it looks, and so does one after a kill or a power cut: what
lies in `NAME.img` beyond the rows of the header is not part of the product. `NAME.json` comes last
and vouches for a finished strip.
"""

import contextlib
import fcntl
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgers.closing import Closing
from edgers.contract import ModelClass
from edgers.errors import OutputError

ENVI_TYPES = {"uint8": 1, "uint16": 12}
"""ENVI's number by type of the class values."""

UNNAMED = "unclassified"
"""Name of a value between 0 and the largest that no class has: ENVI numbers classes from 0."""

NODATA_COLOUR = "000000"
"""Colour of such a value."""

RESERVED = r"[{}=\x00-\x1f]"
"""Characters that have a meaning in an ENVI header."""


class RowMap(Closing):
    """The growing class map of one strip; a context manager.

    The products of an earlier strip of that name stay until the first rows of this one are there.
    """

    def __init__(
        self, folder: Path, name: str, *, width_px: int, data_type: type[np.generic],
        classes: Sequence[ModelClass], map_fields: Mapping[str, str], description: str,
    ) -> None:  # fmt: skip
        """Make ready to write `name`.img, .hdr and .json into `folder`.

        `map_fields` are ENVI fields that hold for the product as they are. Raises OutputError where
        nothing can be written there, or another run is writing that product.
        """
        self._folder, self._name = folder, name
        self._width_px, self._type = width_px, np.dtype(data_type)
        self._classes, self._map_fields, self._description = classes, map_fields, description
        self.nodata = int(np.iinfo(self._type).max)
        self.rows = 0
        self._made: list[Path] = []
        self._handle: int | None = None
        try:
            self._made = [path for path in (folder, *folder.parents) if not path.exists()]
            folder.mkdir(parents=True, exist_ok=True)
            self._is_new = not self._path("img").exists()
            self._handle = os.open(self._path("img"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._release()
            raise OutputError(
                f"another run is writing {self._path('img')}.",
                fix="Give another folder with -o, or another name with --name.",
            ) from error
        except OSError as error:
            self._release()
            self._remove_made()
            raise OutputError(
                f"output folder {folder} cannot be written to.",
                seen=f"{error.strerror}.",
                fix="Give another one with -o.",
            ) from error

    def append(self, rows: npt.NDArray[np.generic]) -> None:
        """Add rows, (row, column), of class values; nodata is `nodata`.

        Raises OutputError where the disk is full or fails; rows added before stay.
        """
        assert self._handle is not None, "the product is closed"
        assert rows.shape[1] == self._width_px
        assert rows.dtype == self._type
        with self._disk_errors():
            if not self.rows:
                for ending in ("json", "hdr"):
                    self._path(ending).unlink(missing_ok=True)
                os.ftruncate(self._handle, 0)
            self._write(memoryview(rows.tobytes()))
            os.fsync(self._handle)
            self.rows += len(rows)
            self._replace("hdr", self._header())

    def finish(self, document: Mapping[str, object]) -> list[Path]:
        """Write the summary and give the products; raises OutputError where the disk fails."""
        products = [self._path(ending) for ending in ("img", "hdr", "json")]
        text = json.dumps({**document, "products": [str(path) for path in products]}, indent=2)
        with self._disk_errors():
            self._replace("json", text + "\n")
            _force_to_disk(self._folder)
        return products

    def close(self) -> None:
        """Let go of the product; leave nothing where no row was added."""
        if self._handle is not None and not self.rows:
            if self._is_new:
                with contextlib.suppress(OSError):
                    self._path("img").unlink()
            self._remove_made()
        self._release()

    def _path(self, ending: str) -> Path:
        return self._folder / f"{self._name}.{ending}"

    def _release(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _remove_made(self) -> None:
        """Remove the folders made for this product, innermost first, as long as they are empty."""
        with contextlib.suppress(OSError):
            for path in self._made:
                path.rmdir()

    def _write(self, data: memoryview) -> None:
        """Write all of `data` after the rows there are, or nothing of it."""
        assert self._handle is not None
        begin = self.rows * self._width_px * self._type.itemsize
        done = 0
        try:
            while done < len(data):
                done += os.pwrite(self._handle, data[done:], begin + done)
        except BaseException:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, begin)
            raise

    def _replace(self, ending: str, text: str) -> None:
        """Put a small file in place in one step, safe on disk before it is seen."""
        draft = self._folder / f".{self._name}.{ending}.new"
        draft.write_text(text, encoding="utf-8")
        _force_to_disk(draft)
        os.replace(draft, self._path(ending))

    def _header(self) -> str:
        """Write the header for the rows there are."""
        byte_order = 0 if self._type.newbyteorder("<") == self._type else 1
        fields = {
            "description": f"{{{re.sub(RESERVED, ' ', self._description)}}}",
            "samples": self._width_px,
            "lines": self.rows,
            "bands": 1,
            "header offset": 0,
            "file type": "ENVI Classification",
            "data type": ENVI_TYPES[self._type.name],
            "interleave": "bil",
            "byte order": byte_order,
            "data ignore value": self.nodata,
            "band names": "{class}",
            **self._class_fields(),
            **{key: f"{{{value}}}" for key, value in self._map_fields.items()},
        }
        return "ENVI\n" + "".join(f"{key} = {value}\n" for key, value in fields.items())

    def _class_fields(self) -> dict[str, object]:
        """Name and colour every value up to the largest: in ENVI, a value is a place in a list."""
        known = {entry.value: entry for entry in self._classes}
        values = range(max(known) + 1)
        names = [_plain(known[value].name) if value in known else UNNAMED for value in values]
        colours = [known[value].colour if value in known else NODATA_COLOUR for value in values]
        lookup = [str(number) for colour in colours for number in bytes.fromhex(colour)]
        return {
            "classes": len(names),
            "class names": f"{{{', '.join(names)}}}",
            "class lookup": f"{{{', '.join(lookup)}}}",
        }

    @contextlib.contextmanager
    def _disk_errors(self) -> Iterator[None]:
        """Raise the system's errors as OutputError."""
        try:
            yield
        except OSError as error:
            raise OutputError(
                f"product {self._path('img')} cannot be written on.",
                seen=f"{error.strerror or error}.",
                rule=f"Its first {self.rows} rows are whole and stay.",
                fix="Make room on the output disk.",
            ) from error


def _plain(text: str) -> str:
    """Take out what has a meaning in a list of a header."""
    return re.sub(rf"({RESERVED}|[,\s])+", " ", text).strip() or "-"


def _force_to_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, would survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""A raster that grows: rows of an ENVI pair that readers may take while it is made.

`NAME.img` holds whole rows, (row, band, column); `NAME.hdr` says how many. Rows are forced to disk
before a header that counts them takes the place of the one before, in one step, and are never
changed afterwards. So a reader sees whole rows only, whenever it looks, and so does one after a
kill or a power cut: what lies in `NAME.img` beyond the rows of the header is not part of the
product.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelClass
from edgers.products.envi_cube import ENVI_TYPES, RESERVED, meaning_fields
from edgers.products.growing_file import GrowingFile
from edgers.products.raster_files import Layer

UNNAMED = "unclassified"
"""Name of a value between 0 and the largest that no class has: ENVI numbers classes from 0."""

NODATA_COLOUR = "000000"
"""Colour of such a value."""

RESERVED_IN_TEXT = r"[{}=\x00-\x1f]"
"""Characters that have a meaning in an ENVI header."""


class RowMap(GrowingFile):
    """The growing raster of one strip; a context manager."""

    def __init__(
        self, folder: Path, name: str, *, width_px: int, layer: Layer,
        map_fields: Mapping[str, str], description: str,
    ) -> None:  # fmt: skip
        """Make ready to write `name`.img and .hdr into `folder`.

        `map_fields` are ENVI fields that hold for the product as they are. Raises OutputError where
        nothing can be written there, or another run is writing that product.
        """
        self._width_px, self._layer, self._type = width_px, layer, np.dtype(layer.data_type)
        self._map_fields, self._description = map_fields, description
        self.rows = 0
        super().__init__(folder, name, "img", ("json", "hdr"))

    def add_rows(self, rows: npt.NDArray[np.generic]) -> memoryview:
        """Add rows, (band, row, column); give them as they are stored.

        Raises OutputError where the disk is full or fails; rows added before stay.
        """
        assert (rows.shape[0], rows.shape[2]) == (self._layer.bands, self._width_px)
        assert rows.dtype == self._type
        data = memoryview(rows.transpose(1, 0, 2).tobytes())
        self.append(data)
        self.rows += rows.shape[1]
        self.told = f"the first {self.rows} rows"
        self.replace("hdr", self._header())
        return data

    @property
    def files(self) -> list[Path]:
        """The pair."""
        return [self.path(), self.path("hdr")]

    def _header(self) -> str:
        """Write the header for the rows there are."""
        classes = self._layer.meaning.classes
        byte_order = 0 if self._type.newbyteorder("<") == self._type else 1
        fields = {
            "description": f"{{{re.sub(RESERVED_IN_TEXT, ' ', self._description)}}}",
            "samples": self._width_px,
            "lines": self.rows,
            "bands": self._layer.bands,
            "header offset": 0,
            "file type": "ENVI Classification" if classes else "ENVI Standard",
            "data type": ENVI_TYPES[self._type.name],
            "interleave": "bil",
            "byte order": byte_order,
            **meaning_fields(self._layer.meaning),
            **(_class_fields(classes) if classes else {}),
            **{key: f"{{{value}}}" for key, value in self._map_fields.items()},
        }
        return "ENVI\n" + "".join(f"{key} = {value}\n" for key, value in fields.items())


def _class_fields(classes: Sequence[ModelClass]) -> dict[str, object]:
    """Name and colour every value up to the largest: in ENVI, a value is a place in a list."""
    known = {entry.value: entry for entry in classes}
    values = range(max(known) + 1)
    names = [_plain(known[value].name) if value in known else UNNAMED for value in values]
    colours = [known[value].colour if value in known else NODATA_COLOUR for value in values]
    lookup = [str(number) for colour in colours for number in bytes.fromhex(colour)]
    return {
        "classes": len(names),
        "class names": f"{{{', '.join(names)}}}",
        "class lookup": f"{{{', '.join(lookup)}}}",
    }


def _plain(text: str) -> str:
    """Take out what has a meaning in a list of a header."""
    return re.sub(rf"({RESERVED}|\s)+", " ", text).strip() or "-"

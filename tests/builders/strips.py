"""Strips for tests: raw ENVI rows with their header, in files and pipes."""

import json
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from builders.bundles import BAND_NAMES
from rasterio.errors import NotGeoreferencedWarning

from edgers.scene.envi import DATA_TYPES

TYPE_NUMBERS = {name: number for number, name in DATA_TYPES.items()}


def header_text(samples: npt.NDArray[Any], /, **fields: Any) -> str:
    """Give the header of samples, (band, row, pixel); `fields` replace or, as None, remove some."""
    bands, _, width = samples.shape
    names = BAND_NAMES if bands == len(BAND_NAMES) else [f"b{i}" for i in range(bands)]
    values = {
        "samples": width,
        "lines": 0,
        "bands": bands,
        "header offset": 0,
        "data type": TYPE_NUMBERS[samples.dtype.name],
        "interleave": "bil",
        "byte order": 0,
        "band names": f"{{{', '.join(names)}}}",
        **{key.replace("_", " "): value for key, value in fields.items()},
    }
    stated = {key: value for key, value in values.items() if value is not None}
    return "ENVI\n" + "".join(f"{key} = {value}\n" for key, value in stated.items())


def raw_rows(
    samples: npt.NDArray[Any], interleave: str = "bil", byte_order: int = 0
) -> list[bytes]:
    """Give the bytes of each row of samples, (band, row, pixel)."""
    stored = samples.astype(samples.dtype.newbyteorder(">" if byte_order else "<"))
    order = (1, 0, 2) if interleave == "bil" else (1, 2, 0)
    return [row.tobytes() for row in np.ascontiguousarray(stored.transpose(order))]


def write_strip(
    path: Path, samples: npt.NDArray[Any], /, *, rows: int | None = None, **fields: Any
) -> Path:
    """Write the first `rows` rows of samples as an ENVI file with its header beside it."""
    path.with_suffix(".hdr").write_text(header_text(samples, **fields))
    raw = raw_rows(samples, fields.get("interleave", "bil"), fields.get("byte_order", 0))
    path.write_bytes(b"".join(raw[:rows]))
    return path


@contextmanager
def fed_pipe(path: Path, data: bytes, chunk_bytes: int) -> Iterator[Path]:
    """Make a named pipe into which `data` is written in chunks by a thread of its own."""
    os.mkfifo(path)

    def feed() -> None:
        handle = os.open(path, os.O_WRONLY)
        try:
            for begin in range(0, len(data), chunk_bytes):
                view = memoryview(data)[begin : begin + chunk_bytes]
                while view:
                    view = view[os.write(handle, view) :]
        except BrokenPipeError:
            pass
        finally:
            os.close(handle)

    thread = threading.Thread(target=feed, daemon=True)
    thread.start()
    try:
        yield path
        thread.join(timeout=30)
    finally:
        path.unlink()


def read_rows(product: Path) -> npt.NDArray[Any]:
    """Read the class map of a strip, (row, column), with GDAL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(product, driver="ENVI") as dataset:
            rows: npt.NDArray[Any] = dataset.read(1)
    return rows


def summary(product: Path) -> dict[str, Any]:
    """Read the summary of a finished strip."""
    found: dict[str, Any] = json.loads(product.with_suffix(".json").read_text())
    return found

"""Telling a disk that fails, or is full, apart from our own faults."""

import contextlib
from collections.abc import Iterator

from rasterio._err import CPLE_BaseError  # raised by GDAL's copy; has no public name
from rasterio.errors import RasterioError

from edgers.errors import OutputError


@contextlib.contextmanager
def disk_errors(name: str) -> Iterator[None]:
    """Raise GDAL's and the system's errors as OutputError about the file `name`."""
    try:
        yield
    except (RasterioError, CPLE_BaseError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise OutputError(
            f"product {name} cannot be written.",
            seen=f"{reason.rstrip('.')}.",
            fix="Check the output disk and the space left on it, then run the same command again: "
            "it goes on from where it stopped.",
        ) from error

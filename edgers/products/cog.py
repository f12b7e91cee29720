"""Cloud-optimized GeoTIFFs, made of a draft once all of it is there.

GDAL reads the draft row by row, makes overviews and compresses; it holds no more than its block
cache and a strip of blocks in memory.
"""

import errno
import os
import warnings
from pathlib import Path

import rasterio.shutil
from rasterio.errors import NotGeoreferencedWarning

from edgers.products.disk_errors import disk_errors
from edgers.products.draft import Draft
from edgers.products.vrt import Meaning, write_vrt
from edgers.scene.place import Place

BLOCK_PX = 256
"""Block side of products; overviews are made down to one block."""


def write_cog(
    path: Path, draft: Draft, place: Place, meaning: Meaning, *, continuous: bool
) -> None:
    """Make the COG at `path`; `continuous` samples are averaged in overviews, classes voted on.

    The bytes depend on the draft and the arguments alone. Raises OutputError where the disk is full
    or fails; what was written by then is removed.
    """
    description = path.with_suffix(".vrt")
    with disk_errors(path.name), warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        write_vrt(description, draft, place, meaning)
        _copy(description, path, continuous=continuous)
        description.unlink()


def _copy(description: Path, path: Path, *, continuous: bool) -> None:
    """Let GDAL make the COG."""
    try:
        rasterio.shutil.copy(
            os.fspath(description), os.fspath(path), driver="COG", compress="DEFLATE",
            blocksize=BLOCK_PX, predictor="YES" if continuous else "NO", bigtiff="IF_SAFER",
            overview_resampling="AVERAGE" if continuous else "MODE", num_threads="ALL_CPUS",
        )  # fmt: skip
    except SystemError as error:
        # What rasterio makes of a GDAL that fails without a word, as it does on a full disk.
        raise OSError(errno.EIO, "GDAL cannot write it; the disk may be full") from error

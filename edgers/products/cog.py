"""Cloud-optimized GeoTIFFs, made of a draft once all of it is there.

GDAL reads the draft row by row, makes overviews and compresses; it holds no more than its block
cache and a strip of blocks in memory.
"""

import errno
import os
import warnings
from contextlib import ExitStack
from pathlib import Path

import rasterio.shutil
from rasterio.errors import NotGeoreferencedWarning

from edgers.products.block_size import BLOCK_PX, block_px
from edgers.products.cog_check import is_whole_cog
from edgers.products.disk_errors import disk_errors
from edgers.products.draft import Draft
from edgers.products.overviews import Overviews
from edgers.products.vrt import Meaning, write_level, write_vrt
from edgers.products.warp import put_together, warp_raster
from edgers.scene.place import Place


def write_cog(
    path: Path, draft: Draft, place: Place, meaning: Meaning, *, continuous: bool,
    onto: Place | None = None, is_frame: bool = False,
) -> None:  # fmt: skip
    """Make the COG at `path` of a draft that lies at `place`, on the grid `onto` if given.

    `continuous` samples are averaged in overviews and interpolated between grids; classes are voted
    on, and those of the nearest pixel. Cubes, of so many bands that blocks are smaller, have no
    overviews: GDAL takes ten times as long for them as for the rest. Neither has a frame. The
    bytes depend on the draft and the arguments alone. Raises OutputError where the disk is full or
    fails.
    """
    description, warped = path.with_suffix(".vrt"), path.with_suffix(".warped.tif")
    with disk_errors(path.name), warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        if onto is not None and onto is not place:
            write_vrt(description, draft, place, meaning)
            warp_raster(description, warped, place, onto, continuous=continuous)
            _copy(warped, path, draft, continuous=continuous)
        elif is_frame:
            write_vrt(description, draft, place, meaning)
            _copy(description, path, draft, continuous=continuous, overviews="NONE")
        elif continuous:
            write_vrt(description, draft, place, meaning)
            is_cube = _side_px(draft) < BLOCK_PX
            if is_cube:
                put_together(description, warped, draft, place)
            _copy(warped if is_cube else description, path, draft, continuous=True)
        else:
            _copy_with_votes(description, path, draft, place, meaning)
        if not is_whole_cog(path):
            path.unlink()
            raise OSError(errno.EIO, "its end is missing; the disk may be full")
        description.unlink()
        warped.unlink(missing_ok=True)


def _side_px(draft: Draft) -> int:
    return block_px(draft.shape.bands, draft.shape.data_type)


def _copy_with_votes(
    description: Path, path: Path, draft: Draft, place: Place, meaning: Meaning
) -> None:
    """Make the COG of classes with overviews that are there before GDAL begins."""
    with (
        Overviews(draft, int(meaning.nodata), _side_px(draft)) as overviews,
        ExitStack() as written,
    ):
        levels = [level.path.with_suffix(".vrt") for level in overviews.levels]
        for level, there in zip(overviews.levels, levels, strict=True):
            written.callback(there.unlink, missing_ok=True)
            write_level(there, level)
        write_vrt(description, draft, place, meaning, levels)
        _copy(description, path, draft, continuous=False)


def _copy(
    source: Path, path: Path, draft: Draft, *, continuous: bool, overviews: str = "",
) -> None:  # fmt: skip
    """Let GDAL make the COG."""
    usual = "AUTO" if _side_px(draft) == BLOCK_PX or not continuous else "NONE"
    try:
        rasterio.shutil.copy(
            os.fspath(source), os.fspath(path), driver="COG", compress="DEFLATE",
            blocksize=_side_px(draft), predictor="YES" if continuous else "NO", bigtiff="IF_SAFER",
            overview_resampling="AVERAGE" if continuous else "MODE", num_threads="ALL_CPUS",
            overviews=overviews or usual,
        )  # fmt: skip
    except SystemError as error:
        # What rasterio makes of a GDAL that fails without a word, as it does on a full disk.
        raise OSError(errno.EIO, "GDAL cannot write it; the disk may be full") from error

"""What stands for a period: the median of its scenes, a stand-in for none, or nodata."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, time, timezone
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rasterio.windows import Window

from edgers.closing import Closing
from edgers.contract import ModelInput
from edgers.contract.kept import KeptSeries
from edgers.scene.asset import representable
from edgers.scene.bands import SceneBand
from edgers.scene.date import rfc3339
from edgers.scene.nodata import nodata_pixels
from edgers.scene.raster import Raster
from edgers.state.entry import Entry, entry_name, file_hash
from edgers.state.keep import put_file
from edgers.state.kept_file import Bools, Form, Samples, write_kept
from edgers.state.period import begin_of
from edgers.state.ring import Slot
from edgers.state.store import Ring

Floats = npt.NDArray[np.floating]

FEW_LAYERS = 8
"""Layers up to which pairs of whole arrays are compared."""

MADE_BY = 1
"""Changes where the same scenes give another file than before."""


class Medians(Closing):
    """The median of some groups of kept scenes: within each, then of these; a context manager."""

    def __init__(self, groups: Sequence[Sequence[Path]], source: ModelInput, like: Path) -> None:
        """Open the files; where there are none, all is missing on the grid of `like`."""
        self._source = source
        with ExitStack() as opened:
            self._groups = [
                [opened.enter_context(Raster(path, source, {})) for path in group]
                for group in groups
            ]
            self._like = opened.enter_context(Raster(like, source, {}))
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Close the files."""
        self._opened.close()

    @property
    def form(self) -> Form:
        """What a file that keeps the median is like."""
        rasters = [raster for group in self._groups for raster in group] or [self._like]
        stated = {raster.used[0][0].nodata for raster in rasters}
        kind = np.result_type(*(raster.data_type for raster in rasters))
        only = representable(stated.pop(), kind.name) if len(stated) == 1 else None
        bands: Sequence[SceneBand] = self._like.bands
        return Form(
            place=self._like.place,
            data_type=kind.name,
            names=tuple(band.name for band in self._source.bands),
            bands=bands,
            nodata=None if only is None else float(only),
            # Worked out in single or double precision, and once more while it is sorted.
            sources=max(1, len(rasters)) * max(2, 8 // kind.itemsize),
        )

    def read(self, window: Window) -> tuple[Samples, Bools, Bools]:
        """Give samples, which are missing, and the pixels without data."""
        at = (
            int(window.row_off), int(window.col_off), int(window.height), int(window.width)
        )  # fmt: skip
        kind = np.dtype(self.form.data_type)
        shape = (len(self._source.bands), int(window.height), int(window.width))
        found: Floats = np.full(shape, np.nan)
        if self._groups:
            found = median([self._of_group(group, at) for group in self._groups])
        missing = np.isnan(found)
        whole = np.where(missing, 0, found)
        if np.issubdtype(kind, np.integer):
            whole = np.rint(whole)
        samples = whole.astype(kind)
        return samples, missing, nodata_pixels(samples, missing, self._source)

    def _of_group(self, group: Sequence[Raster], at: tuple[int, int, int, int]) -> Floats:
        layers: list[Floats] = []
        for raster in group:
            seen = raster.read(*at)
            # Single precision holds the mean of two samples of 16 bits.
            layer = seen.samples.astype(np.result_type(seen.samples.dtype, np.float32))
            layer[seen.missing] = np.nan
            layers.append(layer)
        return median(layers)


def median(layers: Sequence[Floats]) -> Floats:
    """Give the median of some arrays of one shape, sample by sample; NaN counts as not there.

    Of an even number it is the mean of the middle two; NaN where none is there.
    """
    order = np.stack(layers)
    missing = np.isnan(order)
    count = len(layers) - np.count_nonzero(missing, axis=0)
    # What is missing goes to the end.
    order[missing] = np.inf
    _sort(order)
    low, high = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, len(layers) - 1)
    pair = [np.take_along_axis(order, one[np.newaxis], axis=0)[0] for one in (low, high)]
    found: Floats = np.where(count == 0, np.nan, (pair[0] + pair[1]) / 2)
    return found.astype(order.dtype, copy=False)


def _sort(order: Floats) -> None:
    """Sort along the first axis in place: few layers by whole arrays, which is several times as
    fast.
    """
    if len(order) > FEW_LAYERS:
        order.sort(axis=0)
        return
    for last in range(len(order) - 1, 0, -1):
        for i in range(last):
            lower = np.minimum(order[i], order[i + 1])
            np.maximum(order[i], order[i + 1], out=order[i + 1])
            order[i] = lower


def file_of(
    slot: Slot, entries: Mapping[str, Entry], ring: Ring, source: ModelInput, rule: KeptSeries
) -> Path:
    """Give the file that fills a period: a kept scene itself, or one that is made now.

    A file made before of the same scenes is taken again. Raises OutputError where the disk fails.
    """
    groups = [[entries[one] for one in group] for group in slot.groups]
    if slot.is_own and len(groups) == 1 and len(groups[0]) == 1:
        return groups[0][0].path
    when = _time(slot, groups, rule)
    names = [[one.path.name for one in group] for group in groups]
    like = next(iter(entries.values())).path
    facts = json.dumps([MADE_BY, when, names, "" if groups else like.name])
    key = hashlib.sha256(facts.encode()).hexdigest()[:32]
    for path in sorted(ring.made.glob(f"{key}_*.tif")):
        if not path.is_symlink() and path.is_file() and path.stem.endswith(file_hash(path)):
            return path

    def write(path: Path) -> None:
        with Medians([[one.path for one in group] for group in groups], source, like) as pixels:
            write_kept(path, pixels, pixels.form, lambda _: {"ACQUISITIONDATETIME": when})

    return put_file(ring.made, lambda digest: f"{key}_{entry_name(when, digest)}", write)


def _time(slot: Slot, groups: Sequence[Sequence[Entry]], rule: KeptSeries) -> str:
    """Give the time a period stands for: that of its last scene, else of its begin."""
    if slot.is_own:
        return max(one.facts.time for group in groups for one in group)
    assert rule.unit is not None
    begin = begin_of(slot.period, rule.unit, rule.length)
    return rfc3339(datetime.combine(begin, time(), timezone.utc))

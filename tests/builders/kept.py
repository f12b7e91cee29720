"""Models that need kept scenes, stores, and runs on them made to be killed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from builders.bundles import make_bundle
from builders.scenes import write_scene
from builders.stacks import OPTICAL, series_document, series_net

from edgers.contract import ModelInput, contract_from_document

SIDE = 40
MONTHS: dict[str, Any] = {"as": "series", "period": "month"}


def kept_input(dates: int = 3, **rule: Any) -> ModelInput:
    """Give an input that is a series of months, or as `rule` says."""
    fields = {"edgers:kept": {**MONTHS, **rule}}
    (found,) = contract_from_document(series_document(dates, **fields)).inputs
    return found


def kept_bundle(folder: Path, dates: int = 3, **rule: Any) -> Path:
    """Compile a model that takes a series of months, or as `rule` says."""
    folder.mkdir(parents=True, exist_ok=True)
    document = series_document(dates, **{"edgers:kept": {**MONTHS, **rule}})
    return make_bundle(folder, document, lambda: series_net(dates))


def dated(
    folder: Path, day: str, *, seed: int | None = None, side: int = SIDE, **fields: Any
) -> Path:
    """Write a scene of whole numbers taken on a day, such as 20240115; a corner has no data."""
    random = np.random.default_rng(int(day[:8]) if seed is None else seed)
    samples = random.integers(1, 4000, (len(OPTICAL), side, side)).astype("uint16")
    samples[:, :5, :7] = 0
    folder.mkdir(parents=True, exist_ok=True)
    fields = {"names": tuple(OPTICAL), "nodata": 0, **fields}
    return write_scene(folder / f"scene_{day}.tif", fields.pop("samples", samples), **fields)


def tree(folder: Path) -> Mapping[str, bytes]:
    """Give every file below a folder, by its path in it."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*")) if path.is_file()
    }  # fmt: skip


def all_samples(path: Path) -> npt.NDArray[Any]:
    """Read a raster."""
    import rasterio

    with rasterio.open(path) as file:
        found: npt.NDArray[Any] = file.read()
    return found

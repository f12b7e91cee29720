"""A scene that tiles may be taken from: opened anew for each pass, and held to be the same."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import rasterio

from edgers.contract import Contract
from edgers.errors import BadInputError, SceneError
from edgers.pipeline.input_watch import scene_hash
from edgers.scene.open import environment
from edgers.scene.scene import Scene, scene_paths

CACHE_BYTES = 128 * 2**20
"""GDAL's block cache while tiles are read: a row of blocks of 512 px under a scene of 10 980 px
with 13 bands of uint16 is 147 MB; GDAL itself would take a twentieth of the machine's memory."""

Stamps = tuple[tuple[int, int], ...]
Labels = Callable[[Path], Path | None]
"""Finds the label raster of a scene."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A scene that tiles may be taken from."""

    name: str
    """File or folder name of its main input."""
    paths: Mapping[str, tuple[Path, ...]]
    """Files by input."""
    sha256: str
    """Over its files, as in the products of a run."""
    stamps: Stamps
    """When each file was last changed, and its size."""
    label: Path | None
    """Raster of its labels."""
    shape: tuple[int, int]
    """Height and width of the grid that is read."""


def reading() -> rasterio.Env:
    """Give the GDAL settings under which tiles are read."""
    return rasterio.Env(**environment().options, GDAL_CACHEMAX=CACHE_BYTES)


def sources_of(
    contract: Contract, scenes: Sequence[Path], named: Mapping[str, Sequence[Path]],
    renamed: Mapping[str, str], labels: Labels | None,
) -> list[Source]:  # fmt: skip
    """Open each scene once; give them in an order that does not hang on that of `scenes`.

    `named` are files by input, as `edgers run --input` takes them; without scenes they make one.
    Raises SceneError or BandError where one cannot be read or does not fit, and BadInputError where
    there is none, or one is given twice.
    """
    if not scenes and not named:
        raise BadInputError(
            "there is no scene to calibrate on.",
            rule="Ranges are measured on scenes like those the model will see.",
            fix="Name one or more.",
        )
    given: list[tuple[Path, ...]] = [(scene,) for scene in scenes] or [()]
    found = [_source(contract, paths, named, renamed, labels) for paths in given]
    found.sort(key=lambda one: (one.name, one.sha256))
    by_hash: dict[str, Source] = {}
    for one in found:
        other = by_hash.setdefault(one.sha256, one)
        if other is not one:
            raise BadInputError(
                "a scene is given twice.",
                seen=f"{other.name} and {one.name} hold the same bytes.",
                fix="Keep one of them.",
            )
    return found


def open_source(contract: Contract, source: Source, renamed: Mapping[str, str]) -> Scene:
    """Open a scene again; raises SceneError where it was changed since it was first seen."""
    scene = Scene(source.paths, contract.inputs, renamed)
    if _stamps(scene.files) != source.stamps:
        scene.close()
        raise SceneError(
            "a scene was changed while it was calibrated on.",
            seen=f"It is {source.name}.",
            fix="Calibrate again when the scene is complete.",
        )
    return scene


def _source(
    contract: Contract, given: tuple[Path, ...], named: Mapping[str, Sequence[Path]],
    renamed: Mapping[str, str], labels: Labels | None,
) -> Source:  # fmt: skip
    paths = scene_paths(contract.inputs, given, named)
    main = paths[contract.main.name][0]
    with reading(), Scene(paths, contract.inputs, renamed) as scene:
        files = scene.files
        stamps = _stamps(files)
        return Source(
            name=main.name,
            paths=paths,
            sha256=scene_hash(files),
            stamps=stamps,
            label=labels(main) if labels else None,
            shape=(scene.height_px, scene.width_px),
        )


def _stamps(files: Sequence[Path]) -> Stamps:
    found = (path.stat() for path in files)
    return tuple((one.st_mtime_ns, one.st_size) for one in found)

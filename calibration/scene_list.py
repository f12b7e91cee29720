"""The scenes that paths stand for: a scene each, a folder of scenes, or a pattern."""

from collections.abc import Mapping, Sequence
from glob import has_magic
from pathlib import Path

from edgers.calibration.source import reading
from edgers.contract import Contract
from edgers.errors import BadInputError, SceneError
from edgers.scene.folder import is_measurement
from edgers.scene.scene import Scene, scene_paths


def scenes_in(
    paths: Sequence[Path], contract: Contract, renamed: Mapping[str, str]
) -> tuple[Path, ...]:
    """Give the scenes that `paths` name, in their order.

    A path is a scene as `edgers run` takes it; a pattern such as `chips/*_S2.tif`; or a folder of
    scenes: one that is no scene by itself, or whose rasters all are. Then each raster, STAC Item
    and folder in it is one, by name. Raises BadInputError where a pattern fits nothing, and
    SceneError or BandError where what is found is no scene for the model.
    """
    found: list[Path] = []
    for path in paths:
        if has_magic(str(path)) and not path.exists():
            found += _fitting(path)
        elif not path.is_dir():
            found.append(path)
        elif chips := _chips(path, contract, renamed):
            found += chips
        elif trouble := _trouble(path, contract, renamed):
            found += _inside(path, contract, renamed, trouble)
        else:
            found.append(path)
    return tuple(found)


def _chips(folder: Path, contract: Contract, renamed: Mapping[str, str]) -> list[Path]:
    """Give the rasters of a folder, by name, where there are several and each is a scene alone."""
    found = sorted(one for one in folder.iterdir() if is_measurement(one, folder))
    are_scenes = (_trouble(one, contract, renamed) is None for one in found)
    return found if len(found) > 1 and all(are_scenes) else []


def _fitting(pattern: Path) -> list[Path]:
    """Give what a pattern fits, by name."""
    found = sorted(Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor))))
    if not found:
        raise BadInputError(f"no scene fits {str(pattern)!r}.")
    return found


def _trouble(path: Path, contract: Contract, renamed: Mapping[str, str]) -> SceneError | None:
    """Say why a path is no scene for the model; None where it is one."""
    try:
        with reading():
            Scene(scene_paths(contract.inputs, (path,), {}), contract.inputs, renamed).close()
    except SceneError as error:
        return error
    return None


def _inside(
    folder: Path, contract: Contract, renamed: Mapping[str, str], trouble: SceneError
) -> list[Path]:
    """Give the scenes in a folder; raises its own error where the first of them is none either."""
    found = [
        one
        for one in sorted(folder.iterdir())
        if one.is_dir() or one.suffix.lower() == ".json" or is_measurement(one, folder)
    ]
    for number, one in enumerate(found):
        if (error := _trouble(one, contract, renamed)) is None:
            continue
        if number == 0:
            raise trouble
        raise SceneError(
            f"folder {folder} holds what is no scene for this model: {one.name}.",
            seen=error.what,
            rule="Each raster, STAC Item and folder in a folder of scenes is one.",
            fix=f"Name the scenes by a pattern, such as '{folder}/*_S2.tif'.",
        )
    if not found:
        raise trouble
    return found

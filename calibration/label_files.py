"""Which label belongs to a scene: a raster, or a file of objects."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from edgers.errors import BadInputError
from edgers.scene.folder import scene_name
from edgers.scene.open import has_known_format


def label_of(
    scene: Path, given: Sequence[Path], endings: Sequence[str] = ()
) -> Path | None:  # fmt: skip
    """Find the label of a scene among files, and the rasters of folders; None without one.

    With `endings` labels are no rasters: the files of folders that end so.

    The one of the same name; else the one whose name is the same but for its last word, as
    `Spain_7370579_S2Hand` and `Spain_7370579_LabelHand`. Raises BadInputError where two fit, or
    something given is not there.
    """
    name = scene_name(scene)
    others = [
        path for path in _labels(given, endings) if os.path.abspath(path) != os.path.abspath(scene)
    ]
    fitting = [path for path in others if path.stem == name]
    if not fitting and (start := _without_last_word(name)):
        fitting = [path for path in others if _without_last_word(path.stem) == start]
    if len(fitting) > 1:
        raise BadInputError(
            f"several labels fit scene {scene}.",
            seen=f"They are: {', '.join(path.name for path in fitting[:5])}.",
            rule="A label has its scene's name, or differs in the last word after '_'.",
            fix="Name the label file itself, or keep labels in a folder of their own.",
        )
    return fitting[0] if fitting else None


def _labels(given: Sequence[Path], endings: Sequence[str]) -> Iterator[Path]:
    """Give the files, and those in the folders that look like labels, each once, by name."""
    seen = set()
    for path in given:
        if not path.exists():
            raise BadInputError(f"labels {path} are not there.")
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        for one in inside:
            whole = os.path.abspath(one)
            is_label = one.suffix.lower() in endings if endings else has_known_format(one)
            if (one is path or (one.is_file() and is_label)) and whole not in seen:
                seen.add(whole)
                yield one


def _without_last_word(name: str) -> str:
    return name.rpartition("_")[0]

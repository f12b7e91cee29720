"""Taking away kept kernels that this installation cannot use."""

import contextlib
import re
from pathlib import Path

from edgers.kernels.cache_file import PART_SUFFIX, SUFFIX

STAMP = re.compile(r"[0-9a-f]{16}")


def prune(folder: Path) -> int:
    """Remove what other versions kept beside `folder`, and what killed processes left in it.

    Nothing but kernels is touched. Gives the number of files removed; what cannot be removed stays.
    """
    removed = 0
    for other in _entries(folder.parent):
        if other != folder and STAMP.fullmatch(other.name) and not other.is_symlink():
            removed += _remove(other, (SUFFIX, PART_SUFFIX))
            with contextlib.suppress(OSError):
                other.rmdir()
    return removed + _remove(folder, (PART_SUFFIX,))


def _remove(folder: Path, endings: tuple[str, ...]) -> int:
    removed = 0
    for path in _entries(folder):
        if path.suffix in endings:
            with contextlib.suppress(OSError):
                path.unlink()
                removed += 1
    return removed


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []

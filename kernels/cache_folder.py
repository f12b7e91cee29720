"""Where compiled kernels are kept, and whether what lies there may be believed.

A kept kernel is machine code, so a folder that another user can write into is a way to have code
run as oneself. A folder is believed where it and the folders above it belong to this user or to
root, nobody else may write into it, and nobody else may put another in its place. The folder in
the package is believed as the package's own code is.
"""

import os
import stat
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from edgers.kernels.kernel_sources import PACKAGE

VARIABLE = "EDGERS_KERNEL_CACHE"
"""Environment variable that names the folder."""
PACKAGE_FOLDER = PACKAGE / "__cache__"
"""Kernels that came with the package, made by `edgers warmup --into-package`."""
ROOT_USER = 0
NOT_OWNER = stat.S_IWGRP | stat.S_IWOTH
"""Leave to write, for anyone but the owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheFolders:
    """Folders of kernels that fit this installation."""

    read: tuple[Path, ...]
    """Where to look, in this order; one need not exist."""
    write: Path | None
    """Where new ones go; it is made when it is needed. None: nowhere."""
    notes: tuple[str, ...]
    """Why folders are left out, each in a sentence."""


def chosen_folders(stamp: str) -> CacheFolders:
    """Choose by the environment: the named folder, or else the package's and then the user's.

    `stamp` names what kernels are compiled with, and is a folder in each of them.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return named_folder(Path(named), stamp)
    package = package_folder(stamp)
    filled = package.read if (PACKAGE_FOLDER / stamp).is_dir() else ()
    notes = () if filled or not (PACKAGE_FOLDER / stamp).is_dir() else package.notes
    own = user_folder()
    if own is None:
        why = f"no cache folder is known for this user. Name one in {VARIABLE}."
        return CacheFolders(read=filled, write=None, notes=(*notes, why))
    user = named_folder(own, stamp)
    return CacheFolders(read=filled + user.read, write=user.write, notes=notes + user.notes)


def named_folder(folder: Path, stamp: str) -> CacheFolders:
    """Use one folder alone, to read and to write."""
    try:
        # What is checked has no links in it: they could lead elsewhere a moment later.
        folder = folder.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        return _folders(folder, stamp, f"it cannot be reached ({error}).")
    return _folders(folder, stamp, _reason(folder / stamp))


def package_folder(stamp: str) -> CacheFolders:
    """Use the package's own folder alone, to read and to write."""
    owners = {PACKAGE.stat().st_uid}
    reason = ""
    for place in (PACKAGE_FOLDER, PACKAGE_FOLDER / stamp):
        reason = reason or _fault(place, owners, NOT_OWNER)
    return _folders(PACKAGE_FOLDER, stamp, reason)


def user_folder() -> Path | None:
    """Give the user's cache folder, or None for a user without a home."""
    # The XDG specification says to pass over a path that is not absolute.
    named = os.environ.get("XDG_CACHE_HOME", "")
    try:
        place = Path(named) if os.path.isabs(named) else Path.home() / ".cache"
    except RuntimeError:
        return None
    return place / "edgers" / "kernels"


def _folders(folder: Path, stamp: str, reason: str) -> CacheFolders:
    if reason:
        note = f"kernels in {folder} are not used: {reason}"
        return CacheFolders(read=(), write=None, notes=(note,))
    place = folder / stamp
    return CacheFolders(read=(place,), write=place, notes=())


def _reason(own: Path) -> str:
    """Say why a folder for kernels may not be believed; empty where it may."""
    kept = (own, own.parent)
    for place in (own, *own.parents):
        # Above, a group may write: each user's private group does so on many systems.
        writers = NOT_OWNER if place in kept else stat.S_IWOTH
        reason = _fault(place, (), writers, sticky_helps=place not in kept)
        if reason:
            return reason
    return ""


def _fault(
    place: Path, owners: Collection[int], writers: int, *, sticky_helps: bool = False
) -> str:  # fmt: skip
    """Say what is wrong with one folder; what is not there has no fault."""
    try:
        found = place.stat()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, ValueError) as error:
        return f"{place} cannot be reached ({getattr(error, 'strerror', error)})."
    if not stat.S_ISDIR(found.st_mode):
        return f"{place} is not a folder."
    if not hasattr(os, "getuid"):
        return ""
    if found.st_uid not in {ROOT_USER, os.getuid(), *owners}:
        return f"{place} belongs to another user (number {found.st_uid})."
    is_sticky = sticky_helps and found.st_mode & stat.S_ISVTX
    if found.st_mode & writers and not is_sticky:
        return f"other users may write into {place}. Forbid it: chmod go-w {place}"
    return ""

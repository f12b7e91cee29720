"""The files that say what is known of each device.

`NAME.toml` is a device, and `boards/NAME.toml` a board built around one, or one that EdgeRS cannot
compile for. `software/*.toml` lists the releases that run on them.
"""

import difflib
import functools
import sys
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any

from edgers.errors import BadInputError
from edgers.targets.table import Table, text, texts

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FOLDERS = ("", "boards/")
"""Folders of devices and of boards."""


@functools.cache
def device_files() -> Mapping[str, str]:
    """Give the file of each name, from the folder of targets; names in order."""
    found = {name: path for folder in FOLDERS for name, path in _toml_files(folder)}
    return dict(sorted(found.items()))


def software_files() -> tuple[str, ...]:
    """Give the files of releases."""
    return tuple(sorted(path for _, path in _toml_files("software/")))


@functools.cache
def document(path: str) -> Mapping[str, Any]:
    """Read a file; raises BadInputError where it cannot be read."""
    try:
        data = files("edgers.targets").joinpath(path).read_bytes()
    except OSError as error:
        raise _damaged(path, str(error)) from error
    return document_from_bytes(path, data)


def document_from_bytes(path: str, data: bytes) -> Mapping[str, Any]:
    """Take a file apart; raises BadInputError where it is no TOML."""
    try:
        return tomllib.loads(data.decode("utf-8"))
    # Deep nesting ends in RecursionError.
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise _damaged(path, f"{error}") from error


def known_name(name: str) -> str:
    """Give the name that a name or alias stands for; raises BadInputError for others.

    Case does not matter, nor whether parts are joined by `-` or `_`.
    """
    plain = name.strip().lower().replace("_", "-")
    if plain in device_files():
        return plain
    aliases = known_aliases()
    if plain in aliases:
        return aliases[plain]
    near = difflib.get_close_matches(plain, (*device_files(), *aliases), n=4, cutoff=0.5)
    raise BadInputError(
        f"target {name!r} is not known.",
        seen=f"Names like it: {', '.join(near)}." if near else "",
        rule="Known are those that `edgers targets list` shows.",
    )


def checked_name(table: Table) -> str:
    """Give the name in a file; raises BadInputError where it is not that of the file."""
    name = text(table, "name")
    if name != PurePosixPath(table.file).stem:
        raise table.fault("name", "It is the name of the file.")
    return name


@functools.cache
def known_aliases() -> Mapping[str, str]:
    """Give the name that each alias stands for; raises BadInputError where one stands for two."""
    found: dict[str, str] = {}
    for name, path in device_files().items():
        table = Table(file=path, path="", values=document(path))
        for alias in texts(table, "aliases"):
            if alias in device_files() or alias in found:
                raise table.fault("aliases", f"{alias} stands for another device already.")
            found[alias] = name
    return found


def _toml_files(folder: str) -> Iterable[tuple[str, str]]:
    """Give names and paths of the files in a folder."""
    place = files("edgers.targets").joinpath(folder) if folder else files("edgers.targets")
    for entry in place.iterdir():
        if entry.name.endswith(".toml"):
            yield entry.name.removesuffix(".toml"), f"{folder}{entry.name}"


def _damaged(path: str, seen: str) -> BadInputError:
    return BadInputError(
        f"the target file {path} is damaged.",
        seen=f"{seen[:1].upper()}{seen[1:]}.",
        fix="Install EdgeRS again; in a checkout, put the file right.",
    )

"""Which sources a kernel is made of: its module, and all modules of this package it imports.

Numba's own cache looks at the file of a function alone, and would miss a change in a kernel that is
called, or in a constant that comes from elsewhere.
"""

import hashlib
import os
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
PACKAGE_NAME = "edgers.kernels"
NOT_FOR_CPU = {"__pycache__", "aot", "cuda"}
IMPORT = re.compile(
    rb"^[ \t]*(?:from|import)[ \t]+edgers\.kernels(?P<module>[\w.]*)"
    rb"(?:[ \t]+import[ \t]+(?P<names>\([^)]*\)|[^\n]*))?",
    re.MULTILINE,
)

State = tuple[int, int]


def _states() -> dict[str, State]:
    """Give time and size of every source, by its path in the package without the ending."""
    found: dict[str, State] = {}
    for place, folders, files in os.walk(PACKAGE):
        folders[:] = [name for name in folders if name not in NOT_FOR_CPU]
        for name in files:
            stem, ending = os.path.splitext(name)
            # A board may have compiled sources only.
            if ending == ".py" or (ending == ".pyc" and f"{stem}.py" not in files):
                path = Path(place, name)
                state = path.stat()
                key = path.relative_to(PACKAGE).with_suffix("").as_posix()
                found[key] = state.st_mtime_ns, state.st_size
    return found


_IMPORTED = _states()
"""As they were when the first kernel was imported: a source that is edited under a running process
is not the one that it compiles."""


@cache
def source_digest(module: str) -> str:
    """Give the SHA-256 over all sources of a module's kernels, in hexadecimal.

    Empty where they cannot be known: for a module outside this package, and where a source has
    changed since it was imported.
    """
    key = _key(module)
    if key not in _IMPORTED:
        return ""
    found, waiting = {}, {key}
    now = _states()
    while waiting:
        key = waiting.pop()
        if now.get(key) != _IMPORTED[key]:
            return ""
        found[key] = content, others = _read(key)
        waiting |= others - found.keys()
    digest = hashlib.sha256()
    for key in sorted(found):
        content = found[key][0]
        digest.update(f"\n{key} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _read(key: str) -> tuple[bytes, set[str]]:
    """Give a source and the sources it imports; one without text may import all."""
    path = PACKAGE / f"{key}.py"
    if not path.exists():
        return path.with_suffix(".pyc").read_bytes(), set(_IMPORTED)
    content = path.read_bytes()
    return content, set(_known(imported_names(content)))


def imported_names(source: bytes) -> set[str]:
    """Give every name of this package in the imports of a source: modules, and what is in them."""
    found = set()
    for one in IMPORT.finditer(source):
        module = PACKAGE_NAME + one["module"].decode()
        found.add(module)
        names = re.sub(rb"#[^\n]*", b"", one["names"] or b"")
        for name in re.findall(r"\w+", names.decode()):
            found.add(f"{module}.{name}")
    return found


def _known(names: Iterable[str]) -> Iterable[str]:
    for name in names:
        key = _key(name)
        if key in _IMPORTED:
            yield key


def _key(module: str) -> str:
    """Give the path in the package of a module, or its `__init__`; empty for one outside."""
    if module != PACKAGE_NAME and not module.startswith(PACKAGE_NAME + "."):
        return ""
    path = module[len(PACKAGE_NAME) + 1 :].replace(".", "/")
    return path if path in _IMPORTED else f"{path}/__init__".lstrip("/")

"""The store: a folder of kept scenes, by place and input. The file system is its index.

    STORE/PLACE/INPUT-DIGEST/20240115T101010Z_SHA256.tif    a kept scene
    STORE/PLACE/INPUT-DIGEST/made/                          medians and stand-ins
    STORE/.set-aside/                                       what is damaged, with the reason

A scene appears by a rename once it is whole on disk, and goes by its removal; it is named by its
own hash. So there is no moment at which a kill leaves anything to repair.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from edgers.closing import Closing
from edgers.contract import ModelInput
from edgers.contract.kept import KeptSeries
from edgers.errors import BadInputError, OutputError
from edgers.state.entry import NAME, Entry, read_entry

PLACE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+-]{0,63}")
"""Names of places: nothing that leads out of the store."""

ASIDE = ".set-aside"
MADE = "made"
DRAFT = ".edgers-"
"""What folders of unfinished files begin with."""


class Store(Closing):
    """A store, locked against other commands; a context manager."""

    def __init__(self, folder: Path, *, is_new: bool = True) -> None:
        """Open the store, or begin it where `is_new` allows; raises OutputError where it cannot."""
        self.folder = folder
        self._lock: int | None = None
        self._known: dict[Path, tuple[tuple[int, int, int], Entry]] = {}
        self._told: list[str] = []
        if not is_new and not folder.is_dir():
            raise OutputError(f"there is no store at {folder}.")
        self._is_made = not folder.exists()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.close()
            raise OutputError(
                f"another command uses the store {folder}.",
                rule="One at a time changes what is kept.",
                fix="Wait for it, or give another store.",
            ) from error
        except OSError as error:
            self.close()
            raise OutputError(
                f"store {folder} cannot be used.", seen=f"{error.strerror}."
            ) from error

    def close(self) -> None:
        """Unlock it; one that was begun and holds nothing goes."""
        if self._lock is not None:
            if self._is_made:
                # A folder with anything in it stays.
                with contextlib.suppress(OSError):
                    self.folder.rmdir()
            os.close(self._lock)
            self._lock = None

    def told(self) -> tuple[str, ...]:
        """Say what was set aside since this was last asked."""
        told, self._told = tuple(self._told), []
        return told

    def entry(self, path: Path) -> Entry | str:
        """Read a kept scene, once where it stays the same; or give the reason why it is none."""
        with contextlib.suppress(OSError):
            found = path.lstat()
            mark = (found.st_ino, found.st_size, found.st_mtime_ns)
            if path in self._known and self._known[path][0] == mark:
                return self._known[path][1]
            entry = read_entry(path)
            if isinstance(entry, Entry):
                self._known[path] = mark, entry
            return entry
        return "It cannot be read."

    def set_aside(self, path: Path, reason: str) -> None:
        """Move what cannot be trusted out of the way, with the reason beside it."""
        ring, folder = path.parent, self.folder / ASIDE
        folder.mkdir(exist_ok=True)
        name = f"{ring.parent.name}_{ring.name}_{path.name}"[:200]
        (folder / f"{name}.txt").write_text(reason + "\n", encoding="utf-8")
        target = folder / name
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        os.replace(path, target)
        self._told.append(f"{ring.parent.name} {path.name}: {reason}")
        # It may have stood beside a scene, and led GDAL astray when that was read.
        self._known.clear()

    def rings(self, source: ModelInput | None = None) -> list["Ring"]:
        """Give all rings, or those of one input, by place."""
        wanted = None if source is None else ring_name(source)
        return [
            Ring(self, folder)
            for place in _folders(self.folder) if PLACE.fullmatch(place.name)
            for folder in _folders(place) if wanted in (None, folder.name)
        ]  # fmt: skip

    def ring(self, place: str, source: ModelInput) -> "Ring":
        """Give the ring of an input at a place, which need not be there yet."""
        if not PLACE.fullmatch(place):
            raise BadInputError(
                f"{place[:80]!r} cannot be the name of a place.",
                rule="It has 1 to 64 letters, digits, '.', '_', '+' and '-', no mark first.",
            )
        folder = self.folder / place
        if folder.is_symlink() or (folder / ring_name(source)).is_symlink():
            raise OutputError(f"{folder} is a link.", rule="What is kept lies in the store itself.")
        return Ring(self, folder / ring_name(source))


class Ring:
    """What is kept of one place for one input."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self.folder = folder
        self.place = folder.parent.name
        self.input = folder.name.rpartition("-")[0]

    @property
    def made(self) -> Path:
        """Folder of what was made of the scenes."""
        return self.folder / MADE

    def look(self) -> tuple[list[Entry], dict[Path, str]]:
        """Read all that is kept, by time; and what is not what it says, with the reason."""
        found, wrong = [], {}
        for path in sorted(_inside(self.folder)):
            if path.name == MADE or path.name.startswith(DRAFT):
                continue
            entry = self._store.entry(path)
            if isinstance(entry, Entry):
                found.append(entry)
            else:
                wrong[path] = entry
        return sorted(found, key=lambda one: (one.when, one.sha256)), wrong

    def entries(self) -> list[Entry]:
        """Read all that is kept; what is not what it says is set aside (`Store.told`).

        What a killed command left unfinished is removed. Raises OutputError where the disk fails.
        """
        with store_errors(self._store.folder):
            for path in _inside(self.folder):
                if path.name.startswith(DRAFT) and path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
            found, wrong = self.look()
            for path, reason in wrong.items():
                self._store.set_aside(path, reason)
            if wrong:
                found, _ = self.look()
        return found

    def names(self) -> list[Path]:
        """Give what bears the name of a kept scene, by time, without a look into it."""
        found = [path for path in _inside(self.folder) if NAME.fullmatch(path.name)]
        return sorted(path for path in found if path.is_file() and not path.is_symlink())

    def remove(self, entry: Entry) -> None:
        """Remove a kept scene; raises OutputError where the disk fails."""
        with store_errors(self._store.folder):
            entry.path.unlink()

    def remove_made(self, keep: set[Path]) -> None:
        """Remove what was made for earlier series."""
        with store_errors(self._store.folder):
            for path in _inside(self.made):
                if path in keep:
                    continue
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()


def ring_name(source: ModelInput) -> str:
    """Name the ring of an input by all that decides which pixels are kept."""
    rule = source.kept
    assert rule is not None
    if isinstance(rule, KeptSeries):
        own: list[object] = [rule.periods, rule.unit, rule.length, rule.several, rule.most]
    else:
        own = [rule.scenes]
    facts = [
        [asdict(band) for band in source.bands], source.gsd_m, source.gsd_tolerance,
        source.gsd_rule, source.resampling, source.nodata.pixel, source.values, own,
        None if rule.clouds is None else asdict(rule.clouds),
    ]  # fmt: skip
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    plain = re.sub(r"[^0-9A-Za-z]+", "_", source.name)[:40] or "input"
    return f"{plain}-{digest[:12]}"


@contextlib.contextmanager
def store_errors(folder: Path) -> Iterator[None]:
    """Raise the system's errors as OutputError about the store."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"store {folder} cannot be changed.",
            seen=f"{error.strerror or error}.",
            fix="Check its disk, then run the same command again.",
        ) from error


def _folders(folder: Path) -> list[Path]:
    """Give the folders in a folder, by name; links are none."""
    return sorted(one for one in _inside(folder) if one.is_dir() and not one.is_symlink())


def _inside(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else []

"""The kernels of this process that were loaded or compiled, and where they are kept.

Nothing about a cache can end a run: a file that is damaged is compiled anew, a folder that cannot
be used is said once, and the kernels then stay in memory.
"""

import logging
import threading
from dataclasses import dataclass
from pathlib import Path

from edgers.kernels.cache_file import SUFFIX, DamagedError, make_folder, read_content, write_content
from edgers.kernels.cache_folder import CacheFolders, chosen_folders
from edgers.kernels.cache_stamp import kernel_stamp

LOG = logging.getLogger("edgers.kernels")


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheState:
    """How it stands with the kernels of this process."""

    folders: tuple[Path, ...]
    """Where kept kernels are looked for."""
    written: Path | None
    """Where new ones are kept; None where they are not."""
    loaded: int
    """Kernels loaded, counted by sample types."""
    compiled: int
    """Kernels compiled, counted by sample types."""
    unkept: int
    """Those of them that the next start will compile again."""
    notes: tuple[str, ...]
    """What is the matter, each in a sentence; empty where nothing is."""

    def words(self) -> str:
        """Tell it in one line."""
        count = f"{self.loaded} kernels loaded, {self.compiled} compiled"
        if self.unkept:
            count += f", {self.unkept} of them anew at each start"
        return " · ".join((count, *self.notes))


class NotKeptError(Exception):
    """A kernel that would have to be compiled, while that is not allowed."""


class KernelCache:
    """Kept kernels in some folders; one an object for all threads."""

    def __init__(self, folders: CacheFolders, *, may_compile: bool = True) -> None:
        self.folders = folders
        self._may_compile = may_compile
        self._loaded = 0
        self._compiled = 0
        self._kept = 0
        self._notes: list[str] = []

    def load(self, name: str, key: str) -> bytes | None:
        """Give what is kept under a name for this very key, or None."""
        for folder in self.folders.read:
            try:
                found = read_content(folder / f"{name}{SUFFIX}", key)
            except DamagedError as error:
                self._say(f"kernels in {folder} are damaged and compiled anew: {error}")
            else:
                if found is not None:
                    return found
        return None

    def note_damage(self, why: str) -> None:
        """Say that what was kept is of no use."""
        self._say(f"a kept kernel is compiled anew: {why}")

    def note_loaded(self) -> None:
        """Count a kernel that was loaded."""
        self._loaded += 1

    def check_compiling(self, name: str) -> None:
        """Raise NotKeptError where nothing may be compiled."""
        if not self._may_compile:
            raise NotKeptError(name)

    def note_compiled(self) -> None:
        """Count a kernel that was compiled."""
        self._compiled += 1
        # Folders that are left out matter only now.
        for note in self.folders.notes:
            self._say(note)

    def keep(self, name: str, key: str, content: bytes) -> None:
        """Keep a kernel that was compiled, in place of an older one of that name."""
        folder = self.folders.write
        if folder is None:
            return
        try:
            make_folder(folder)
            write_content(folder / f"{name}{SUFFIX}", key, content)
            self._kept += 1
        except OSError as error:
            self._say(f"kernels cannot be kept in {folder} ({error.strerror}).")

    def state(self) -> CacheState:
        """Say how it stands."""
        return CacheState(
            folders=self.folders.read,
            written=self.folders.write,
            loaded=self._loaded,
            compiled=self._compiled,
            unkept=self._compiled - self._kept,
            notes=tuple(dict.fromkeys((*self.folders.notes, *self._notes))),
        )

    def _say(self, note: str) -> None:
        if note not in self._notes:
            self._notes.append(note)
            LOG.warning("%s", note)


_LOCK = threading.RLock()
_open: list[KernelCache] = []


def open_cache() -> KernelCache:
    """Give the cache of this process; the first call chooses its folders by the environment."""
    with _LOCK:
        if not _open:
            _open.append(KernelCache(chosen_folders(kernel_stamp())))
        return _open[0]


def use_cache(cache: KernelCache | None) -> None:
    """Take another cache from now on; None chooses anew by the environment at the next need."""
    with _LOCK:
        _open[:] = [] if cache is None else [cache]


def cache_state() -> CacheState:
    """Say how it stands with the kernels of this process, and what is the matter."""
    return open_cache().state()

"""Folders of kept kernels that are damaged, foreign, full, or another's: runs go on, rightly."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from builders.kernel_tree import ASK, ask, kernel_tree, python
from builders.limited import make_room, small_disk

from edgers.kernels.cache_file import MARK, DamagedError, read_content, write_content
from edgers.kernels.cache_folder import chosen_folders, named_folder, package_folder, user_folder
from edgers.kernels.cache_pruning import prune
from edgers.kernels.cpu.exponential import exponential
from edgers.kernels.kernel_cache import CacheState, KernelCache, cache_state, use_cache
from edgers.kernels.warmup import begin_anew

STAMP = "0123456789abcdef"
WANTED = np.exp(np.arange(4, dtype=np.float32))
RESULTS = (12.0, 2)


@pytest.fixture(autouse=True)
def own_cache() -> Iterator[None]:
    """Leave the other tests their own cache."""
    yield
    use_cache(None)


def run_on(folder: Path) -> CacheState:
    """Run one kernel as a process that just began; give what the cache did."""
    begin_anew(KernelCache(named_folder(folder, STAMP)))
    found = np.arange(4, dtype=np.float32)
    exponential(found)
    np.testing.assert_allclose(found, WANTED, rtol=3e-7)  # the kernel's own 2 units
    return cache_state()


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a kernel."""
    folder = tmp_path_factory.mktemp("kept")
    state = run_on(folder)
    use_cache(None)
    assert (state.loaded, state.compiled, state.unkept, state.notes) == (0, 1, 0, ())
    return folder


@pytest.fixture
def folder(full: Path, tmp_path: Path) -> Path:
    """A folder of one's own with that kernel: to compile takes half a second."""
    return shutil.copytree(full, tmp_path / "kernels")


def only_file(folder: Path) -> Path:
    [path] = (folder / STAMP).iterdir()
    return path


def flipped(content: bytes, position: int) -> bytes:
    found = bytearray(content)
    found[position] ^= 1
    return bytes(found)


HEAD = len(MARK) + 32
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "one byte": lambda content: content[:1],
    "mark alone": lambda _: MARK,
    "head alone": lambda content: content[:HEAD],
    "half": lambda content: content[: len(content) // 2],
    "all but one": lambda content: content[:-1],
    "one more": lambda content: content + b"\0",
    "another mark": lambda content: flipped(content, 14),
    "another digest": lambda content: flipped(content, len(MARK) + 3),
    "another purpose": lambda content: flipped(content, HEAD + 5),
    "another code": lambda content: flipped(content, len(content) // 2),
    "another end": lambda content: flipped(content, len(content) - 1),
    "zeros": lambda content: bytes(len(content)),
    "a pickle": lambda _: b"\x80\x04N.",
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_file_is_told_and_made_anew(folder: Path, name: str) -> None:
    path = only_file(folder)
    path.write_bytes(DAMAGES[name](path.read_bytes()))
    state = run_on(folder)
    assert (state.loaded, state.compiled, state.unkept) == (0, 1, 0)
    assert "damaged" in state.words()
    state = run_on(folder)
    assert (state.loaded, state.compiled, state.notes) == (1, 0, ())


@pytest.mark.parametrize("content", [b"", b"\x80\x04N.", b"not a pickle", b"(lp0\n"])
def test_a_whole_file_that_holds_something_else_is_made_anew(folder: Path, content: bytes) -> None:
    path = only_file(folder)
    key = path.read_bytes()[HEAD:].partition(b"\n")[0].decode()
    write_content(path, key, content)
    state = run_on(folder)
    assert (state.loaded, state.compiled) == (0, 1)
    assert "cannot be loaded" in state.words()
    assert run_on(folder).loaded == 1


def test_a_file_under_the_name_of_another_is_not_loaded(folder: Path) -> None:
    path = only_file(folder)
    key = path.read_bytes()[HEAD:].partition(b"\n")[0].decode()
    content = read_content(path, key)
    assert content is not None
    write_content(path, key.replace("float32", "float64"), content)
    state = run_on(folder)
    assert (state.loaded, state.compiled, state.notes) == (0, 1, ())


def test_the_form_of_other_types_under_this_name_is_not_loaded(
    folder: Path, tmp_path: Path
) -> None:
    key = only_file(folder).read_bytes()[HEAD:].partition(b"\n")[0].decode()
    begin_anew(KernelCache(named_folder(tmp_path / "other", STAMP)))
    exponential(np.zeros(2, np.float64))
    other = only_file(tmp_path / "other")
    other_key = other.read_bytes()[HEAD:].partition(b"\n")[0].decode()
    content = read_content(other, other_key)
    assert content is not None
    assert key != other_key
    write_content(only_file(folder), key, content)
    state = run_on(folder)
    assert (state.loaded, state.compiled) == (0, 1)


@pytest.mark.parametrize("kind", ["folder", "pipe", "loop", "nowhere"])
def test_something_else_in_the_place_of_a_file_stops_nothing(folder: Path, kind: str) -> None:
    path = only_file(folder)
    path.unlink()
    make: dict[str, Callable[[], object]] = {
        "folder": path.mkdir,
        "pipe": lambda: os.mkfifo(path),
        "loop": lambda: path.symlink_to(path),
        "nowhere": lambda: path.symlink_to(folder / "nothing"),
    }
    make[kind]()
    state = run_on(folder)
    assert (state.loaded, state.compiled) == (0, 1)
    assert state.notes
    again = run_on(folder)
    assert (again.loaded, again.compiled) == ((0, 1) if kind == "folder" else (1, 0))


@pytest.mark.parametrize("place", ["", STAMP])
def test_a_file_in_the_place_of_a_folder_stops_nothing(tmp_path: Path, place: str) -> None:
    folder = tmp_path / "kernels"
    (folder / place).parent.mkdir(exist_ok=True)
    (folder / place).write_text("not a folder")
    state = run_on(folder)
    assert (state.loaded, state.compiled, state.unkept) == (0, 1, 1)
    assert "is not a folder" in state.words()
    assert (folder / place).read_text() == "not a folder"


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o1777])
@pytest.mark.parametrize("place", ["", STAMP])
def test_a_folder_that_others_may_write_into_is_not_read(
    folder: Path, mode: int, place: str
) -> None:
    (folder / place).chmod(mode)
    folders = named_folder(folder, STAMP)
    assert (folders.read, folders.write) == ((), None)
    assert "chmod go-w" in folders.notes[0]
    assert run_on(folder).unkept == 1
    (folder / place).chmod(0o755)
    assert run_on(folder).loaded == 1


def test_the_folders_above_may_be_a_groups_or_sticky_but_not_anyones(tmp_path: Path) -> None:
    above = tmp_path / "above"
    above.mkdir()
    for mode, is_used in ((0o777, False), (0o1777, True), (0o775, True), (0o755, True)):
        above.chmod(mode)
        assert bool(named_folder(above / "kernels", STAMP).read) == is_used, oct(mode)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("place", ["above", "above/kernels", f"above/kernels/{STAMP}"])
def test_a_folder_of_another_user_is_not_read(tmp_path: Path, place: str) -> None:
    run_on(tmp_path / "above" / "kernels")
    os.chown(tmp_path / place, 12345, -1)
    folders = named_folder(tmp_path / "above" / "kernels", STAMP)
    assert (folders.read, folders.write) == ((), None)
    assert "belongs to another user (number 12345)" in folders.notes[0]


def test_roots_folder_is_read_by_everyone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.getuid() == 0:
        monkeypatch.setattr(os, "getuid", lambda: 12345)
        assert named_folder(tmp_path / "kernels", STAMP).read
    assert named_folder(Path("/usr/kernels"), STAMP).read


def test_a_link_counts_as_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "kernels").symlink_to(tmp_path / "open")
    assert named_folder(tmp_path / "kernels", STAMP).read == ()
    # The folders above are those of the place it leads to.
    (tmp_path / "open" / "own").mkdir(mode=0o755)
    (tmp_path / "inner").symlink_to(tmp_path / "open" / "own")
    assert named_folder(tmp_path / "inner", STAMP).read == ()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert named_folder(tmp_path / "loop", STAMP).read == ()
    assert named_folder(Path("a\0b"), STAMP).read == ()


def test_what_is_made_is_for_its_owner_to_write_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        run_on(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    for path in (tmp_path / "a").rglob("*"):
        assert not path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH), path
    assert run_on(tmp_path / "a" / "b").loaded == 1


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with small kernels, none of them kept."""
    return kernel_tree(tmp_path_factory.mktemp("tree"))


def test_the_folder_is_the_named_one_else_the_packages_else_the_users(
    tree: Path, tmp_path: Path
) -> None:
    user = {"XDG_CACHE_HOME": str(tmp_path)}
    assert ask(tree, **user) == (*RESULTS, 0, 3, 0, [])
    assert list(tmp_path.glob("edgers/kernels/*/*.kernel"))
    package = tree / "edgers" / "kernels" / "__cache__"
    assert python(tree, "-m", "edgers", "warmup", "--into-package", **user).returncode == 0
    fresh = {"XDG_CACHE_HOME": str(tmp_path / "fresh")}
    assert ask(tree, **fresh) == (*RESULTS, 2, 0, 0, [])
    # What the package lacks goes to the user's folder, and is found there.
    [lost] = package.glob("*/*alone*")
    lost.unlink()
    assert ask(tree, **fresh) == (*RESULTS, 1, 1, 0, [])
    assert ask(tree, **fresh) == (*RESULTS, 2, 0, 0, [])
    assert not list(package.glob("*/*alone*"))
    # A folder that is named is used alone.
    assert ask(tree)[2:] == (0, 3, 0, [])
    for path in package.glob("*/*"):
        path.unlink()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_the_packages_folder_is_believed_as_its_code_is(
    tree: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from edgers.kernels import cache_folder

    monkeypatch.setattr(cache_folder, "PACKAGE", tmp_path)
    monkeypatch.setattr(cache_folder, "PACKAGE_FOLDER", tmp_path / "__cache__")
    monkeypatch.delenv("EDGERS_KERNEL_CACHE", raising=False)
    filled = tmp_path / "__cache__" / STAMP
    filled.mkdir(parents=True)
    assert chosen_folders(STAMP).read[0] == filled
    assert chosen_folders(STAMP).write != filled
    os.chown(filled, 12345, -1)
    assert filled not in chosen_folders(STAMP).read
    assert "12345" in chosen_folders(STAMP).notes[0]
    os.chown(tmp_path, 12345, -1)
    assert package_folder(STAMP).write == filled
    filled.chmod(0o777)
    assert package_folder(STAMP).write is None


def test_a_users_folder_is_found_by_rules_of_xdg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/caches")
    assert user_folder() == Path("/var/caches/edgers/kernels")
    for passed_over in ("", "not/absolute"):
        monkeypatch.setenv("XDG_CACHE_HOME", passed_over)
        assert user_folder() == Path.home() / ".cache/edgers/kernels"


def test_a_user_without_a_home_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", homeless)
    for name in ("EDGERS_KERNEL_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    folders = chosen_folders(STAMP)
    assert folders.write is None
    assert "EDGERS_KERNEL_CACHE" in folders.notes[-1]
    begin_anew(KernelCache(folders))
    exponential(np.zeros(1, np.float32))
    assert "1 of them anew at each start" in cache_state().words()


def test_a_read_only_folder_is_read_and_what_it_lacks_is_compiled_and_told(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2000) as disk:
        assert run_on(disk / "kernels").unkept == 0
        remount(disk, "ro")
        try:
            state = run_on(disk / "kernels")
            assert (state.loaded, state.compiled, state.notes) == (1, 0, ())
            # Another type is not there.
            exponential(np.zeros(1, np.float64))
            state = cache_state()
            assert (state.compiled, state.unkept) == (1, 1)
            assert "Read-only file system" in state.words()
        finally:
            remount(disk, "rw")


def remount(disk: Path, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{mode}", str(disk)], check=True, capture_output=True)


@pytest.mark.parametrize("size_kb", [4, 8, 16, 24])
def test_a_full_disk_is_told_and_leaves_no_half_file(tmp_path: Path, size_kb: int) -> None:
    with small_disk(tmp_path / "disk", size_kb) as disk:
        folder = disk / "kernels"
        state = run_on(folder)
        assert (state.compiled, state.unkept) == (1, 1)
        assert "No space left on device" in state.words()
        assert not [path for path in disk.rglob("*") if path.is_file()]
        make_room(disk, 2000)
        assert run_on(folder).unkept == 0
        assert run_on(folder).loaded == 1


def test_processes_that_begin_at_once_do_not_mix_up_their_files(tree: Path) -> None:
    folder = tree / "shared"
    environment = {**os.environ, "PYTHONPATH": str(tree), "EDGERS_KERNEL_CACHE": str(folder)}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", ASK], cwd=tree, env=environment, stdout=subprocess.PIPE
        )
        for _ in range(4)
    ]
    for one in running:
        out, _ = one.communicate()
        assert one.returncode == 0
        assert tuple(json.loads(out))[:2] == RESULTS
    assert ask(tree, EDGERS_KERNEL_CACHE=str(folder)) == (*RESULTS, 2, 0, 0, [])
    assert not list(folder.glob("*/*.part"))


@pytest.mark.parametrize("step", ["open", "write", "replace"])
def test_a_process_killed_while_it_writes_harms_nothing(tree: Path, step: str) -> None:
    folder = tree / f"killed-{step}"
    kill = "import os, signal\ndef die(*a, **k): os.kill(os.getpid(), signal.SIGKILL)\n"
    where = {
        "open": "import edgers.kernels.cache_file as file\nos.open = die\n",
        # The digest is taken when the file is open and empty.
        "write": "import edgers.kernels.cache_file as file\n"
        "file.hashlib = type('H', (), {'sha256': die})\n",
        "replace": "os.replace = die\n",
    }[step]
    done = python(tree, "-c", kill + where + ASK, EDGERS_KERNEL_CACHE=str(folder))
    assert done.returncode == -signal.SIGKILL
    assert not list(folder.glob("*/*.kernel"))
    assert ask(tree, EDGERS_KERNEL_CACHE=str(folder)) == (*RESULTS, 0, 3, 0, [])
    assert ask(tree, EDGERS_KERNEL_CACHE=str(folder)) == (*RESULTS, 2, 0, 0, [])


def test_what_other_versions_and_killed_processes_left_is_removed_and_nothing_else(
    tmp_path: Path,
) -> None:
    own, old, foreign = tmp_path / STAMP, tmp_path / ("f" * 16), tmp_path / "photos"
    for folder in (own, old, foreign):
        folder.mkdir()
        for name in ("a.kernel", "b.part"):
            (folder / name).write_text("x")
    (own / "photo.jpg").write_text("x")
    assert prune(own) == 3
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")) == [
        f"{STAMP}/a.kernel", f"{STAMP}/photo.jpg", "photos/a.kernel", "photos/b.part",
    ]  # fmt: skip
    assert not old.exists()
    assert prune(tmp_path / "none" / STAMP) == 0


def test_a_file_beyond_all_sizes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(2**40)
    began = time.perf_counter()
    with pytest.raises(DamagedError, match=str(2**40)):
        read_content(path, "key")
    assert time.perf_counter() - began < 60

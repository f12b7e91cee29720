"""`edgers warmup`: what it compiles, keeps and says, and that runs after it compile nothing."""

import json
import shutil
from pathlib import Path

import pytest
from builders.bundles import BAND_NAMES, contract_document, make_bundle
from builders.kernel_tree import REAL, ask, kernel_tree, python
from builders.scenes import noise, write_scene

from edgers.kernels.cache_folder import user_folder
from edgers.kernels.warmup import warmup_calls

RESULTS = (12.0, 2)

WATCHED = """\
import json, sys
import numba.core.event as event
from edgers.cli.main import main
from edgers.kernels.kernel_cache import KernelCache

class Seen(event.Listener):
    compiled = []
    def on_start(self, one): self.compiled.append(str(one.data["dispatcher"]))
    def on_end(self, one): pass

asked, load = [], KernelCache.load
def watched(self, name, key):
    asked.append(name)
    return load(self, name, key)
KernelCache.load = watched
event.register("numba:compile", Seen())
to = sys.argv.pop()
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
json.dump([asked, Seen.compiled], open(to, "w"))
"""
"""Run a command; write down which forms of kernels it asked for, and which it compiled."""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with small kernels."""
    return kernel_tree(tmp_path_factory.mktemp("tree"))


def rows(out: str) -> dict[str, list[str]]:
    """Give the columns of each line by its first word."""
    return {line.split()[0]: line.split()[1:] for line in out.splitlines()}


def test_kernels_are_compiled_kept_and_loaded(tree: Path) -> None:
    kept = tree / "kept"
    missing = python(tree, "-m", "edgers", "warmup", "--check")
    assert missing.returncode == 1
    assert "2 kernels would have to be compiled" in missing.stdout
    assert "missing: cpu.outer.outer, cpu.outer.alone" in missing.stdout
    assert not kept.exists()
    first = python(tree, "-m", "edgers", "warmup")
    assert (first.returncode, first.stderr) == (0, "")
    assert rows(first.stdout)["outer"][:2] == ["0", "3"]
    again = python(tree, "-m", "edgers", "warmup")
    assert rows(again.stdout)["outer"][:2] == ["2", "0"]
    [folder] = kept.iterdir()
    size_mb = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    assert f"cache       {folder} · 3 kernels · {size_mb:.1f} MB" in again.stdout
    check = python(tree, "-m", "edgers", "warmup", "--check")
    assert (check.returncode, check.stderr) == (0, "")
    assert "no kernels would have to be compiled" in check.stdout
    assert ask(tree) == (*RESULTS, 2, 0, 0, [])


def test_kernels_are_kept_where_it_is_asked_for(tree: Path, tmp_path: Path) -> None:
    old = tmp_path / "named" / ("e" * 16)
    old.mkdir(parents=True)
    (old / "old.kernel").write_text("x")
    done = python(tree, "-m", "edgers", "warmup", "--cache", tmp_path / "named", "--prune")
    assert done.returncode == 0, done.stderr
    assert "pruned      1 file\n" in done.stdout
    [folder] = (tmp_path / "named").iterdir()
    assert len(list(folder.glob("*.kernel"))) == 3
    assert str(folder) in done.stdout
    into = python(tree, "-m", "edgers", "warmup", "--into-package")
    assert into.returncode == 0, into.stderr
    package = tree / "edgers/kernels/__cache__"
    assert len(list(package.glob("*/*.kernel"))) == 3


def test_two_folders_are_one_too_many(tree: Path) -> None:
    done = python(tree, "-m", "edgers", "warmup", "--into-package", "--cache", tree / "x")
    assert done.returncode == 2
    assert "give one" in done.stderr


def test_a_folder_that_was_asked_for_and_cannot_be_used_is_an_error(
    tree: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("x")
    done = python(tree, "-m", "edgers", "warmup", "--cache", tmp_path / "file")
    assert (done.returncode, done.stdout) == (2, "")
    assert "error  the kernels cannot be kept where it was asked for." in done.stderr
    assert "is not a folder" in done.stderr
    # In a folder that may be used, the place of a file is taken.
    for path in python_files(tree, tmp_path / "full"):
        path.unlink()
        path.mkdir()
    done = python(tree, "-m", "edgers", "warmup", "--cache", tmp_path / "full")
    assert done.returncode == 2
    assert "error  the kernels cannot be kept" in done.stderr


def python_files(tree: Path, folder: Path) -> list[Path]:
    """Keep kernels in a folder and give their files."""
    assert python(tree, "-m", "edgers", "warmup", "--cache", folder).returncode == 0
    return list(folder.glob("*/*.kernel"))


def test_without_a_folder_all_is_compiled_and_it_is_said_once(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    done = python(tree, "-m", "edgers", "warmup", EDGERS_KERNEL_CACHE=str(tmp_path / "file"))
    assert done.returncode == 0
    assert rows(done.stdout)["outer"][:2] == ["0", "3"]
    assert rows(done.stdout)["note"][:2] == ["kernels", "in"]
    assert done.stderr.count("are not used") == 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a bundle."""
    made = tmp_path_factory.mktemp("bundle")
    make_bundle(made, contract_document())
    return made


@pytest.mark.parametrize("command", [["--help"], ["inspect"], ["verify"], ["warmup", "--help"]])
def test_commands_without_kernels_do_not_import_numba(
    folder: Path, tmp_path: Path, command: list[str]
) -> None:
    more = [] if "--help" in command else [folder / "b.edgers"]
    code = (
        "import sys\nfrom edgers.cli.main import main\n"
        "try: main()\nfinally: print('numba' in sys.modules)\n"
    )
    done = python(tmp_path, "-c", code, *command, *more, PYTHONPATH=str(REAL.parent))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "False"


def watched(folder: Path, kept: Path, *arguments: object) -> tuple[set[str], list[str]]:
    """Run a command: give the forms of kernels it needed, and those it compiled."""
    seen = folder / "seen.json"
    done = python(
        folder, "-c", WATCHED, *arguments, seen, PYTHONPATH=str(REAL.parent),
        EDGERS_KERNEL_CACHE=str(kept),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    asked, compiled = json.loads(seen.read_text())
    return set(asked), compiled


@pytest.fixture(scope="module")
def kept(folder: Path) -> Path:
    """Give a folder with all kernels.

    They are compiled into the cache of the other tests, once for all of them, and then copied, so
    that nobody else's run changes the folder.
    """
    shared, own = user_folder(), folder / "kept"
    assert shared is not None
    environment = {"PYTHONPATH": str(REAL.parent), "XDG_CACHE_HOME": str(shared.parents[1])}
    done = python(folder, "-m", "edgers", "warmup", **environment)
    assert done.returncode == 0, done.stderr
    shutil.copytree(shared, own, ignore=shutil.ignore_patterns("*.part"))
    return own


@pytest.fixture(scope="module")
def warm(folder: Path, kept: Path) -> set[str]:
    """Warm up all kernels; give their forms."""
    return watched(folder, kept, "warmup")[0]


def test_a_bundle_is_warmed_up_too(
    folder: Path, kept: Path, warm: set[str], tmp_path: Path
) -> None:
    needed, compiled = watched(tmp_path, kept, "warmup", folder / "b.edgers", "--check")
    assert (needed, compiled) == (warm, [])


MIXED = ("--blend", "hann", "--tile", "32", "--overlap", "8")


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("uint8", ("--probabilities",)),
        ("int16", ()),
        ("uint16", MIXED),
        ("float32", (*MIXED, "--probabilities")),
    ],
)
def test_after_a_warmup_runs_compile_nothing(
    folder: Path, kept: Path, warm: set[str], tmp_path: Path, kind: str, more: tuple[str, ...]
) -> None:
    scene = write_scene(tmp_path / "scene.tif", noise(3, 40, 50).astype(kind), names=BAND_NAMES)
    run = ("run", folder / "b.edgers", scene, *more, "-o", tmp_path)
    needed, compiled = watched(tmp_path, kept, *run)
    assert compiled == []
    assert needed
    assert needed <= warm


def test_every_module_with_kernels_has_calls_or_is_called_by_one_that_has() -> None:
    names = {path.stem for path in (REAL / "kernels" / "cpu").glob("*.py")}
    with_calls = set(warmup_calls())
    texts = {name: (REAL / "kernels" / "cpu" / f"{name}.py").read_text() for name in names}
    reached = set(with_calls)
    for _ in names:
        reached |= {
            name for name in names if any(f"cpu.{name} import" in texts[one] for one in reached)
        }
    assert {name for name in names if "@kernel" in texts[name]} <= reached

"""The command itself: help, versions, exit codes, and what is imported for what."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from builders.bundles import BAND_NAMES, make_bundle
from builders.runs import edgers
from builders.scenes import noise, write_scene

from edgers import __version__
from edgers.cli.main import COMMANDS, told
from edgers.errors import BadInputError, EdgersError, EngineError

HEAVY = ("numba", "numpy", "onnx", "onnxruntime", "rasterio", "PIL", "rich")


def modules_after(folder: Path, *arguments: object) -> set[str]:
    """Give the modules that a command has imported by its end."""
    list_file = folder / "modules.json"
    code = (
        "import json, sys\n"
        "from edgers.cli.main import main\n"
        "try: main()\n"
        f"finally: json.dump(list(sys.modules), open({str(list_file)!r}, 'w'))\n"
    )
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(json.loads(list_file.read_text()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a bundle and a scene."""
    made = tmp_path_factory.mktemp("cli")
    make_bundle(made)
    write_scene(made / "scene.tif", noise(3, 20, 30), names=BAND_NAMES)
    return made


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_lists_the_commands(option: str) -> None:
    done = edgers(option)
    assert (done.code, done.err) == (0, "")
    assert all(f"  {name} " in done.out for name in COMMANDS)


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_costs_no_import(tmp_path: Path, option: str) -> None:
    assert not modules_after(tmp_path, option) & set(HEAVY)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    done = edgers(name, "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Usage: edgers")


def test_the_version_is_told() -> None:
    assert edgers("--version").out == f"edgers {__version__}\n"


@pytest.mark.parametrize("command", ["run", "verify"])
def test_what_flies_needs_neither_onnx_nor_the_ground_half(
    folder: Path, tmp_path: Path, command: str
) -> None:
    more = [folder / "scene.tif", "-o", tmp_path / "out"] if command == "run" else []
    modules = modules_after(tmp_path, command, folder / "b.edgers", *more)
    assert "onnxruntime" in modules
    assert "onnx" not in modules
    assert not [name for name in modules if name.startswith(("edgers.export", "edgers.bench"))]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["fly"], "No such command 'fly'"),
        (["run"], "Missing argument 'BUNDLE'"),
        (["run", "b.edgers", "-o", "out"], "Missing argument 'SCENE...'"),
        (["run", "b.edgers", "s.tif"], "Missing option '-o'"),
        (["run", "b.edgers", "s.tif", "-o", "out", "--tile", "0"], "--tile"),
        (["run", "b.edgers", "s.tif", "-o", "out", "--tile", "big"], "--tile"),
        (["--nonsense"], "No such option"),
        (["compile", "m.onnx"], "Missing option"),
    ],
)
def test_a_wrong_command_line_ends_with_2(arguments: list[str], word: str) -> None:
    done = edgers(*arguments)
    assert done.code == 2
    assert done.out == ""
    assert word in done.err


def test_no_command_shows_the_help() -> None:
    done = edgers()
    assert "Usage: edgers" in done.out + done.err


def test_an_error_is_told_in_lines_under_one_another() -> None:
    error = EdgersError("it broke.", seen="Seen.", rule="Rule.", fix="Fix.")
    assert told(error) == "error  it broke.\n       Seen.\n       Rule.\n       Fix."
    assert told(EdgersError("it broke.", fix="Fix.")) == "error  it broke.\n       Fix."


def test_bad_input_ends_with_2_and_a_fault_of_ours_with_1() -> None:
    assert BadInputError("x").exit_code == 2
    assert EngineError("x").exit_code == 1


def test_the_command_is_installed(folder: Path) -> None:
    command = Path(sys.executable).with_name("edgers")
    done = subprocess.run(
        [command, "verify", folder / "none.edgers"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error  bundle ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_with_few_characters_is_no_trouble(folder: Path, encoding: str) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("edgers"), "inspect", folder / "b.edgers"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )
    assert done.returncode == 0, done.stderr.decode(encoding)
    assert b"land" in done.stdout

"""Environments are made with a wheel written here, so that nothing has to be fetched."""

import os
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest

from edgers.kernels.aot import environment
from edgers.kernels.aot.environment import (
    ToolkitError,
    child_variables,
    environment_from_toolkit,
)
from edgers.kernels.aot.toolkits import TOOLKITS, Toolkit


def wheel(folder: Path, version: str) -> str:
    """Write a package that consists of an assembler."""
    path = folder / f"tinykit-{version}-py3-none-any.whl"
    info = f"tinykit-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tinykit/ptxas", version)
        archive.writestr(f"{info}/METADATA", f"Name: tinykit\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return str(path)


def toolkit(monkeypatch: pytest.MonkeyPatch, *requirements: str) -> None:
    made = Toolkit(requirements=("--no-index", *requirements), ptxas="tinykit/ptxas")
    monkeypatch.setitem(TOOLKITS, "tiny", made)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Commands that were run."""
    seen: list[list[str]] = []
    run = subprocess.run

    def noted(command: list[str], **rest: Any) -> object:
        seen.append(command)
        return run(command, **rest)

    monkeypatch.setattr(environment.subprocess, "run", noted)
    return seen


@pytest.mark.parametrize("marked", [False, True])
def test_unfinished_ones_and_those_of_other_versions_are_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marked: bool
) -> None:
    left = tmp_path / "tiny" / "lib" / "python3.1" / "site-packages" / "tinykit" / "ptxas"
    left.parent.mkdir(parents=True)
    left.write_text("1.0")
    if marked:
        (tmp_path / "tiny" / "complete.json").write_text('["tinykit==1.0"]')
    toolkit(monkeypatch, wheel(tmp_path, "2.0"))
    assert environment_from_toolkit("tiny", tmp_path).ptxas.read_text() == "2.0"
    assert not left.exists()


def test_an_environment_is_made_once_also_for_two_that_want_it_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runs: list[list[str]]
) -> None:
    toolkit(monkeypatch, wheel(tmp_path, "1.0"))
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(environment_from_toolkit("tiny", tmp_path)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert found[0] == found[1] == environment_from_toolkit("tiny", tmp_path)
    assert found[0].ptxas.read_text() == "1.0"
    assert found[0].python.is_file()
    assert ["venv" in command for command in runs] == [True, False]


@pytest.mark.parametrize(
    ("version", "is_enough"), [("21.2.3", False), ("22.3", True), ("x", False)]
)
def test_a_pip_of_its_own_is_put_there_where_the_one_here_is_too_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, is_enough: bool
) -> None:
    toolkit(monkeypatch, "tinykit==1.0")
    (tmp_path / "tiny").mkdir()
    commands: list[list[str]] = []
    monkeypatch.setattr(environment.shutil, "rmtree", lambda *_, **__: None)
    monkeypatch.setattr(environment.metadata, "version", lambda _: version)
    monkeypatch.setattr(environment, "_run", lambda command, _: commands.append(command))
    with pytest.raises(ToolkitError, match="no assembler"):
        environment_from_toolkit("tiny", tmp_path)
    made, filled = commands
    own = str(tmp_path / "tiny" / "bin" / "python")
    assert ("--without-pip" in made) == is_enough
    assert filled[0] == (sys.executable if is_enough else own)
    assert own in filled
    assert filled[-1] == "tinykit==1.0"


def test_what_cannot_be_fetched_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toolkit(monkeypatch, "no-such-toolkit==1.0")
    with pytest.raises(ToolkitError, match=r"tiny cannot be set up(.|\n)*no-such-toolkit==1.0"):
        environment_from_toolkit("tiny", tmp_path)
    # What is there of it is not to be taken for whole.
    assert not (tmp_path / "tiny" / "complete.json").exists()


def test_packages_without_an_assembler_are_no_toolkit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Toolkit(requirements=("--no-index", wheel(tmp_path, "1.0")), ptxas="tinykit/nvcc")
    monkeypatch.setitem(TOOLKITS, "tiny", made)
    with pytest.raises(ToolkitError, match="no assembler"):
        environment_from_toolkit("tiny", tmp_path)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ToolkitError, match="--environments"):
        environment_from_toolkit("cuda-11.8", tmp_path / "file")


def test_a_child_sees_nothing_of_this_process_but_where_its_own_tools_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("PYTHONPATH", "NUMBA_OPT", "CUDA_HOME", "LD_LIBRARY_PATH", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "elsewhere")
    assert os.environ["NUMBA_ENABLE_CUDASIM"] == "1"
    given = child_variables(tmp_path)
    assert "elsewhere" not in given.values()
    assert "NUMBA_ENABLE_CUDASIM" not in given
    assert given["PYTHONPATH"] == str(tmp_path)
    assert given["PATH"] == os.environ["PATH"]
    assert "PYTHONPATH" not in child_variables()

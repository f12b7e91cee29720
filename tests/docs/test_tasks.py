"""The example of each page in docs/tasks works as it is written there, and prints what it says."""

import re
import runpy
import shlex
import sys
from pathlib import Path

import pytest
from builders.runs import edgers

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "tasks"
PAGES = (
    "anomaly", "change", "denoising", "gap-filling", "regression", "segmentation", "time-series",
    "unmixing",
)  # fmt: skip


def run_example(path: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a script as `python PATH ARGUMENTS` does."""
    monkeypatch.setattr(sys, "argv", [str(path), *arguments])
    runpy.run_path(str(path), run_name="__main__")


@pytest.mark.parametrize("page", PAGES)
def test_the_example_of_a_page_runs_and_prints_what_it_says(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (FOLDER / f"{page}.md").read_text()
    (contract,) = re.findall(r"^```json\n(.*?)^```", text, re.M | re.S)
    (console,) = re.findall(r"^```console\n(.*?)^```", text, re.M | re.S)
    (tmp_path / "contract.json").write_text(contract)
    monkeypatch.chdir(tmp_path)
    told = ""
    for line in console.splitlines():
        if not line.startswith("$ "):
            # In the order of the page, each once.
            assert line in told, f"{line!r} is not in\n{told}"
            told = told.partition(line)[2]
            continue
        program, *arguments = shlex.split(line.removeprefix("$ "))
        if program == "python":
            run_example(ROOT / arguments[0], arguments[1:], monkeypatch)
            continue
        assert program == "edgers"
        done = edgers(*arguments)
        assert done.code == 0, done.err
        told = done.out


def test_the_index_leads_to_all_pages_and_to_nothing_else() -> None:
    linked = set(re.findall(r"\]\(([\w-]+)\.md\)", (FOLDER / "README.md").read_text()))
    there = {path.stem for path in FOLDER.glob("*.md")} - {"README"}
    assert linked == there
    assert set(PAGES) <= there

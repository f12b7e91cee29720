"""Rules of the house that a linter does not know."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("bench", "calibration", "edgers", "export", "kernels", "targets", "tests")
VAGUE = {"base", "common", "core", "helpers", "misc", "util", "utils"}
LONGEST_FILE = 400
LONGEST_FUNCTION = 80
LONGEST_CUDA_KERNEL = 100
"""What is built ahead of time can call no other function."""


def sources() -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not any(parent.is_symlink() for parent in path.parents):
                yield path


@pytest.mark.parametrize("path", list(sources()), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_holds_one_idea_and_its_functions_are_read_in_one_look(path: Path) -> None:
    text = path.read_text()
    assert path.stem not in VAGUE
    assert text.count("\n") <= LONGEST_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            is_cuda = path.parent == ROOT / "kernels" / "cuda"
            longest = LONGEST_CUDA_KERNEL if is_cuda else LONGEST_FUNCTION
            assert length <= longest, f"{node.name} has {length} lines"

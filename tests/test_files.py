"""Only regular files are read, and only so large."""

import os
from pathlib import Path

import pytest

from edgers.errors import ContractError
from edgers.files import check_file, read_file


def refusal(path: Path, limit_bytes: int = 100) -> str:
    with pytest.raises(ContractError) as caught:
        read_file(path, "contract", limit_bytes, ContractError)
    return str(caught.value)


def test_a_file_is_read_up_to_the_limit_and_not_beyond(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(b"12345")
    assert read_file(path, "contract", 5, ContractError) == b"12345"
    assert check_file(path, "contract", ContractError) == 5
    assert "is too large.\nIt has 5 bytes.\nAt most 4 bytes are read." in refusal(path, 4)


def test_what_is_not_a_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        assert "It is not a file." in refusal(path)


def test_a_path_that_leads_nowhere_says_why(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "none")
    assert "null" in refusal(tmp_path / "a\0b")

"""What a bundle takes of a build; the build is written here by hand."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from edgers.errors import BadInputError
from edgers.kernels.aot.pack import entries_for


def kernel(folder: Path, name: str, *kinds: str) -> dict[str, Any]:
    files = {}
    for kind in kinds:
        data = f"{kind} of {name} in {folder.name}".encode()
        (folder / f"{name}.{kind}").write_bytes(data)
        files[kind] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    return {"signature": ["float32*", "int32"], "registers": 20, "files": files}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    capabilities = {}
    for name, arch, ptx, cubin in (
        ("5.3", "sm_53", "10.0", None),
        ("7.2", "sm_72", "10.0", "11.0"),
        ("8.7", "sm_87", "11.4", "11.4"),
    ):
        (tmp_path / arch).mkdir()
        kinds = ("ptx", "cubin") if cubin else ("ptx",)
        capabilities[name] = {
            "arch": arch, "ptx_since_cuda": ptx, "cubin_since_cuda": cubin,
            "kernels": {k: kernel(tmp_path / arch, k, *kinds) for k in ("a", "b", "c")},
        }  # fmt: skip
    (tmp_path / "index.json").write_text(json.dumps({"format": 1, "capabilities": capabilities}))
    return tmp_path


def test_only_what_was_named_for_one_capability(folder: Path) -> None:
    found = entries_for(folder, (8, 7), ["c", "a", "c"], cuda=(12, 6))
    assert [(k.name, k.data) for k in found] == [
        ("a", b"cubin of a in sm_87"),
        ("c", b"cubin of c in sm_87"),
    ]
    assert found[0].sha256 == hashlib.sha256(found[0].data).hexdigest()
    assert (found[0].signature, found[0].registers) == (("float32*", "int32"), 20)
    assert entries_for(folder, (8, 7), []) == ()


@pytest.mark.parametrize(
    ("cc", "cuda", "kind"),
    [
        ((5, 3), (10, 2), "ptx"),
        ((5, 3), None, "ptx"),
        ((7, 2), (10, 2), "ptx"),
        ((7, 2), (11, 0), "cubin"),
        ((7, 2), (11, 4), "cubin"),
        ((7, 2), None, "cubin"),
        ((8, 7), (11, 4), "cubin"),
        ((8, 7), (13, 2), "cubin"),
    ],
)
def test_the_form_is_one_that_the_driver_of_the_board_loads(
    folder: Path, cc: tuple[int, int], cuda: tuple[int, int] | None, kind: str
) -> None:
    (found,) = entries_for(folder, cc, ["b"], cuda=cuda)
    assert found.kind == kind
    assert found.data.decode().startswith(kind)


def test_a_driver_that_is_too_old_is_told(folder: Path) -> None:
    with pytest.raises(BadInputError, match=r"CUDA 11\.2(.|\n)*11\.4 or later"):
        entries_for(folder, (8, 7), ["a"], cuda=(11, 2))


@pytest.mark.parametrize("kind", ["cubin", "ptx"])
def test_an_altered_kernel_is_refused(folder: Path, kind: str) -> None:
    path = folder / "sm_72" / f"b.{kind}"
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(BadInputError, match=rf"b\.{kind} was altered"):
        entries_for(folder, (7, 2), ["b"], cuda=(11, 4) if kind == "cubin" else (10, 2))
    assert entries_for(folder, (7, 2), ["a"])


def test_a_missing_file_is_told(folder: Path) -> None:
    (folder / "sm_87" / "a.cubin").unlink()
    with pytest.raises(BadInputError, match=r"a\.cubin cannot be read"):
        entries_for(folder, (8, 7), ["a"])


def test_what_was_not_built_is_told_with_what_was(folder: Path) -> None:
    with pytest.raises(BadInputError, match=r"8\.0(.|\n)*5\.3, 7\.2, 8\.7"):
        entries_for(folder, (8, 0), ["a"])
    with pytest.raises(BadInputError, match=r"do not include d(.|\n)*a, b, c"):
        entries_for(folder, (8, 7), ["a", "d"])


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "{}", '{"format": 2, "capabilities": {}}', '{"format": 1}',
             '{"format": 1, "capabilities": []}', "[" * 100_000],
)  # fmt: skip
def test_another_index_is_refused(folder: Path, text: str) -> None:
    (folder / "index.json").write_text(text)
    with pytest.raises(BadInputError, match="not an index of CUDA kernels"):
        entries_for(folder, (8, 7), ["a"])

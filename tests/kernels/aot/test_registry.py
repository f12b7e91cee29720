from pathlib import Path

import pytest

from edgers.kernels.aot.signature import ptx_types
from edgers.kernels.cuda.registry import entries

MODULE = """
from edgers.kernels.cuda.entry import Entry

def nothing(n: int) -> None: ...

ENTRIES = [Entry(name=name, function=nothing, signature=("int32",)) for name in {names!r}]
"""


def package(tmp_path: Path, name: str, *modules: list[str]) -> str:
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "no_kernels.py").write_text("")
    for i, names in enumerate(modules):
        (folder / f"module_{i}.py").write_text(MODULE.format(names=names))
    return name


def test_kernels_of_all_modules_are_found_in_the_order_of_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    found = entries(package(tmp_path, "kernels_found", ["b", "a"], ["c_1"]))
    assert list(found) == ["a", "b", "c_1"]
    assert found["b"].name == "b"


@pytest.mark.parametrize(
    ("name", "modules", "told"),
    [
        ("kernels_twice", (["a"], ["a"]), "two CUDA kernels are called a"),
        ("kernels_named", (["a b"],), "'a b' in module_0"),
        ("kernels_umlaut", (["größe"],), "'größe' in module_0"),
    ],
)
def test_names_are_unique_symbols(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str,
    modules: tuple[list[str], ...], told: str,
) -> None:  # fmt: skip
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match=told):
        entries(package(tmp_path, name, *modules))


def test_every_real_kernel_takes_plain_pointers_and_scalars() -> None:
    found = entries()
    assert len(found) > 1
    for entry in found.values():
        assert len(ptx_types(entry.signature)) == entry.function.__code__.co_argcount

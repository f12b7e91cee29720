"""TensorRT's package: found or not, and names that a version may lack."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from edgers.engines.tensorrt_api import import_tensorrt, is_installed, member, tensorrt_version
from edgers.errors import EngineError


@pytest.fixture(autouse=True)
def _neither(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin as on a machine without TensorRT."""
    for name in ("tensorrt", "tensorrt_lean"):
        monkeypatch.setitem(sys.modules, name, None)


def test_where_it_is_not_installed_it_says_what_to_install() -> None:
    assert not is_installed()
    with pytest.raises(EngineError, match="not installed") as caught:
        import_tensorrt()
    assert "pip install tensorrt" in caught.value.fix


def test_the_whole_package_is_preferred_to_the_lean_one(monkeypatch: pytest.MonkeyPatch) -> None:
    lean, whole = ModuleType("tensorrt_lean"), ModuleType("tensorrt")
    monkeypatch.setitem(sys.modules, "tensorrt_lean", lean)
    assert is_installed()
    assert import_tensorrt() is lean
    monkeypatch.setitem(sys.modules, "tensorrt", whole)
    assert import_tensorrt() is whole


def test_a_package_without_its_library_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tensorrt.py").write_text("raise OSError('libnvinfer.so.10: cannot open')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "tensorrt")
    assert is_installed()
    with pytest.raises(EngineError, match="cannot be imported") as caught:
        import_tensorrt()
    assert "libnvinfer.so.10" in caught.value.seen
    assert caught.value.exit_code == 1


def test_a_name_is_looked_up_and_may_be_missing() -> None:
    flags = SimpleNamespace(FP16="half")
    trt = SimpleNamespace(BuilderFlag=flags)
    assert member(trt, "BuilderFlag", "FP16") == "half"
    assert member(trt, "BuilderFlag", "INT8") is None
    assert member(trt, "SerializationFlag", "EXCLUDE_WEIGHTS") is None


@pytest.mark.parametrize(
    ("written", "found"),
    [("8.6.1", (8, 6, 1)), ("10.13.3.9", (10, 13, 3, 9)), ("8.5.2.2", (8, 5, 2, 2)),
     ("10.3.0.post1", (10, 3, 0)), ("11.4.0rc1", (11, 4, 0))],
)  # fmt: skip
def test_a_version_is_numbers(written: str, found: tuple[int, ...]) -> None:
    assert tensorrt_version(SimpleNamespace(__version__=written)) == found

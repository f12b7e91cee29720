"""Top-level folders, import names, editor links and shipped packages must agree."""

import subprocess
import sys
import zipfile
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
FOLDERS = ("bench", "calibration", "export", "kernels", "targets")


def test_links_match_package_dir() -> None:
    mapped = {
        name: folder for name, folder in SETUPTOOLS["package-dir"].items() if name != "edgers"
    }
    links = {
        f"edgers.{path.name}": path.readlink().as_posix()
        for path in (ROOT / "edgers").iterdir()
        if path.is_symlink()
    }
    assert links == {name: f"../{folder}" for name, folder in mapped.items()}
    assert sorted(mapped.values()) == sorted(FOLDERS)


def test_every_package_is_shipped() -> None:
    shipped = set(SETUPTOOLS["packages"])
    found = set()
    for name, folder in SETUPTOOLS["package-dir"].items():
        for init in (ROOT / folder).rglob("__init__.py"):
            parts = init.parent.relative_to(ROOT / folder).parts
            if name == "edgers" and parts and parts[0] in FOLDERS:
                continue
            found.add(".".join((name, *parts)))
    assert found == shipped


# One test: setuptools builds in the tree, and two processes that test would build there at once.
def test_the_wheel_holds_edgers_alone_with_code_and_data_of_every_folder(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT)],
        check=True, capture_output=True,
    )  # fmt: skip
    wheel = zipfile.ZipFile(next(tmp_path.glob("*.whl")))
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"edgers"}
    names = set(wheel.namelist())
    assert {f"edgers/{folder}/__init__.py" for folder in FOLDERS} <= names
    tomls = {path.relative_to(ROOT).as_posix() for path in (ROOT / "targets").rglob("*.toml")}
    assert len(tomls) > 30
    assert {f"edgers/{name}" for name in tomls} <= names
    assert "edgers/export/flood_demo/flood_unet.onnx" in names
    assert "edgers/export/detector_demo/detector.onnx" in names
    assert "edgers/py.typed" in names

"""Writes what the Python bindings of TensorRT offer, version by version, as JSON tables.

    python tests/tensorrt_api/dump.py [--only 11.4.0]

The bindings are downloaded with pip (Python 3.11 on x86-64, about 1 MB each) and imported in a
process of their own. TensorRT itself is not needed: the few C symbols that the bindings look for
are made by a C compiler and do nothing, so names, enum members and signatures can be read, and
nothing can be run. Only interface facts are kept: names, kinds, values and signatures.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).parent

WHEELS = {
    "8.6.1": "tensorrt-bindings==8.6.1",
    "10.3.0": "tensorrt-cu12-bindings==10.3.0",
    "10.13.3": "tensorrt-cu13-bindings==10.13.3.9",
    "11.4.0": "tensorrt-cu13-bindings==11.4.0.106",
}
"""Table by the first three parts of a version → what pip downloads."""

LIBRARIES = ("nvinfer", "nvinfer_plugin", "nvonnxparser", "nvparsers")

SYMBOLS = (
    "createInferBuilder_INTERNAL", "createInferRefitter_INTERNAL", "createInferRuntime_INTERNAL",
    "createNvOnnxParser_INTERNAL", "createNvOnnxParserRefitter_INTERNAL",
    "getNvOnnxParserVersion", "getPluginRegistry", "getBuilderPluginRegistry",
    "initLibNvInferPlugins",
    # Of 8.6 alone: parsers of UFF and Caffe.
    "_ZN11nvuffparser15createUffParserEv", "_ZN11nvuffparser8FieldMapC1EPKcPKvNS_9FieldTypeEi",
    "_ZN14nvcaffeparser117createCaffeParserEv", "_ZN14nvcaffeparser123shutdownProtobufLibraryEv",
)  # fmt: skip
"""All that the four bindings look for in TensorRT's libraries when they are loaded."""


def main() -> None:
    """Write the tables that are asked for."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--only", choices=WHEELS, help="one version (all)")
    asked = parser.parse_args().only
    for version, requirement in WHEELS.items():
        if asked in (None, version):
            with tempfile.TemporaryDirectory() as folder:
                table = dumped(requirement, version, Path(folder))
            path = HERE / f"{version}.json"
            path.write_text(table)
            print(f"{path.name}  {len(table) / 1e3:.0f} kB")


def dumped(requirement: str, version: str, folder: Path) -> str:
    """Download bindings, import them over libraries that do nothing, and give their table."""
    download = [
        sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--python-version", "3.11",
        "--platform", "manylinux_2_17_x86_64", "--platform", "manylinux_2_28_x86_64",
        "--only-binary", ":all:", "--dest", str(folder), requirement,
    ]  # fmt: skip
    subprocess.run(download, check=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder)
    source = folder / "stand_in.c"
    lines = [f"void *{name}(void) {{ return 0; }}\n" for name in SYMBOLS]
    source.write_text("".join(lines))
    major = version.split(".")[0]
    for library in LIBRARIES:
        name = f"lib{library}.so.{major}"
        subprocess.run(
            ["cc", "-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", folder / name, source],
            check=True,
        )
    read = subprocess.run(
        [sys.executable, "-W", "ignore", HERE / "introspection.py", requirement],
        env={**os.environ, "LD_LIBRARY_PATH": str(folder), "PYTHONPATH": str(folder)},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return json.dumps(json.loads(read.stdout), indent=0, sort_keys=True) + "\n"


if __name__ == "__main__":
    main()

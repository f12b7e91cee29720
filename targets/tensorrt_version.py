"""Which TensorRT is installed, found without importing it: that can end the process."""

import re
from importlib import metadata
from pathlib import Path

from edgers.targets.gpu import Version
from edgers.targets.system_file import file_bytes

DISTRIBUTIONS = (
    "tensorrt", "tensorrt-cu13", "tensorrt-cu12", "tensorrt-cu11",
    "tensorrt-lean", "tensorrt-lean-cu13", "tensorrt-lean-cu12",
)  # fmt: skip
"""Names of the Python packages; JetPack's Debian package of the bindings installs the first."""

VERSION = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,5}){1,3}")

PYTHON_VERSION = re.compile(rf"^Version: ({VERSION.pattern})", re.MULTILINE)

LIBRARY = re.compile(rb"Package: libnvinfer[0-9]*\n")
"""The runtime library, such as `libnvinfer10`; its `-dev`, `-lean` and `-plugin` are others."""

INSTALLED = b"\nStatus: install ok installed\n"

PACKAGE_VERSION = re.compile(rb"\nVersion: (?:[0-9]+:)?([0-9.]{1,40})")


def python_tensorrt() -> Version | None:
    """Give the version of the Python package; None where there is none."""
    for name in DISTRIBUTIONS:
        try:
            package = metadata.distribution(name)
            # Read by us: what a package without a version gives hangs on the Python.
            text = package.read_text("METADATA") or package.read_text("PKG-INFO") or ""
        except (metadata.PackageNotFoundError, ValueError, OSError):
            continue
        if found := PYTHON_VERSION.search(text):
            return _version(found[1])
    return None


def library_tensorrt(root: Path) -> Version | None:
    """Give the version of the library that Debian's packages brought; None where there is none."""
    packages = file_bytes(root / "var/lib/dpkg/status")
    if b"libnvinfer" not in packages:
        return None
    found = []
    for package in packages.split(b"\n\n"):
        if LIBRARY.match(package) and INSTALLED in package:
            match = PACKAGE_VERSION.search(package)
            if match and VERSION.fullmatch(text := match[1].decode("ascii")):
                found.append(_version(text))
    return max(found, default=None)


def _version(text: str) -> Version:
    return tuple(int(part) for part in text.split("."))

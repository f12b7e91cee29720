"""TensorRT's Python package, and names in it that not every version has.

8.5 to 11 share the calls that are needed, and differ in the rest: flags come and go, and a flag has
another number in each (VERSION_COMPATIBLE is 15 in 8.6, 13 in 10, 12 in 11). So a name is looked up
each time, and no number of an enumeration is written down anywhere.
"""

import importlib
import re
import sys
from importlib.util import find_spec
from typing import Any

from edgers.errors import EngineError

PACKAGES = ("tensorrt", "tensorrt_lean")
"""Packages that run plans, the best first. The lean one has no builder, and runs plans that were
built as version compatible."""


def is_installed() -> bool:
    """Tell whether one of the packages is there, without importing it."""
    return any(_is_here(name) for name in PACKAGES)


def import_tensorrt() -> Any:
    """Import TensorRT; raises EngineError where it is not installed, or cannot be loaded.

    Its library may be loaded without a GPU and crashes when it is used then: ask
    `edgers.targets.cuda_probe.cuda_problem` before.
    """
    for name in PACKAGES:
        if not _is_here(name):
            continue
        try:
            return importlib.import_module(name)
        # A library that is missing is an ImportError or an OSError, and one of another TensorRT
        # version whatever its loader makes of it.
        except Exception as error:
            raise EngineError(
                "TensorRT is installed but cannot be imported.",
                seen=f"{name}: {_first_line(error)}",
                fix="Its libraries must be of the version of its Python package.",
            ) from error
    raise EngineError(
        "TensorRT is not installed here.",
        rule=f"One of these Python packages is needed: {', '.join(PACKAGES)}.",
        fix="JetPack brings it (python3-libnvinfer); elsewhere: pip install tensorrt",
    )


def member(trt: Any, enum: str, name: str) -> Any | None:
    """Look up a member of an enumeration; None where this version lacks either.

    `member(trt, "BuilderFlag", "FP16")` is None from TensorRT 11 on.
    """
    return getattr(getattr(trt, enum, None), name, None)


def tensorrt_version(trt: Any) -> tuple[int, ...]:
    """Give the version, such as (10, 3, 0) or (10, 13, 3, 9); letters of a part are left out."""
    parts = str(trt.__version__).split(".")
    numbers = [re.match(r"\d+", part) for part in parts]
    return tuple(int(found.group()) for found in numbers if found)


def _is_here(name: str) -> bool:
    return sys.modules.get(name) is not None or find_spec(name) is not None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]

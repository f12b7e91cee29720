"""Reads the API of the bindings that are on the path, and prints it as JSON; run by `dump.py`."""

import json
import re
import sys
from types import ModuleType
from typing import Any

PREFIX = re.compile(
    r"\b(tensorrt_bindings\.tensorrt|tensorrt|collections\.abc|typing|typing_extensions)\."
)
NAMESPACE = re.compile(r"\bnv(infer1|onnxparser)::")
ADDRESS = re.compile(r" object at 0x[0-9a-f]+")


def table_of(module: Any, source: str) -> dict[str, Any]:
    """Give public names: constants, functions, enums and classes, those inside others too."""
    table: dict[str, Any] = {
        "source": source, "version": module.__version__, "constants": {}, "functions": {},
        "enums": {}, "classes": {},
    }  # fmt: skip
    for name in sorted(dir(module)):
        value = getattr(module, name)
        # `attr` and `value` are left over from a loop in the package itself.
        if name.startswith("_") or name in ("attr", "value") or isinstance(value, ModuleType):
            continue
        if isinstance(value, type):
            _add_class(table, name, value)
        elif callable(value):
            table["functions"][name] = _signatures(name, value)
        else:
            table["constants"][name] = _constant(value)
    return table


def _add_class(table: dict[str, Any], name: str, kind: type) -> None:
    if hasattr(kind, "__members__"):
        members = kind.__members__
        table["enums"][name] = {key: int(member) for key, member in members.items()}
        return
    found: dict[str, Any] = {
        "bases": [one.__name__ for one in kind.__bases__ if one.__module__ == kind.__module__],
        "init": _signatures("__init__", kind.__init__), "methods": {}, "static": {},
        "properties": {}, "constants": {},
        "nested": {},
    }  # fmt: skip
    for key in sorted(dir(kind)):
        if key.startswith("_") and key not in ("__len__", "__getitem__", "__iter__"):
            continue
        value = getattr(kind, key)
        held = next(one.__dict__[key] for one in kind.__mro__ if key in one.__dict__)
        if isinstance(value, type):
            # One that a class inherits is the one of the class it comes from.
            found["nested"][key] = value.__qualname__
            _add_class(table, value.__qualname__, value)
        elif isinstance(value, property):
            found["properties"][key] = "rw" if value.fset else "r"
        elif type(held).__name__ in ("pybind11_static_property", "staticmethod"):
            found["static"][key] = _signatures(key, value) if callable(value) else []
        elif callable(value):
            found["methods"][key] = _signatures(key, value)
        else:
            found["constants"][key] = _constant(value)
    table["classes"][name] = {key: value for key, value in found.items() if value}


def _signatures(name: str, function: Any) -> list[str]:
    """Give what pybind11 wrote in front of the docstring, one for each overload.

    Without the names of modules and namespaces.
    """
    found = []
    for line in (getattr(function, "__doc__", None) or "").splitlines():
        if match := re.fullmatch(rf"(?:\d+\. )?{name}(\(.*\)(?: -> .*)?)", line.strip()):
            found.append(NAMESPACE.sub("", PREFIX.sub("", ADDRESS.sub("", match[1]))))
    return [one for one in found if one != "(*args, **kwargs)"]


def _constant(value: Any) -> str:
    """Give a constant of the bindings as `Enum.MEMBER`, others as they are written."""
    kind = type(value)
    if hasattr(kind, "__members__"):
        return f"{kind.__qualname__}.{value.name}"
    return re.sub(ADDRESS, "", repr(value))


if __name__ == "__main__":
    import tensorrt_bindings

    print(json.dumps(table_of(tensorrt_bindings, sys.argv[1])))

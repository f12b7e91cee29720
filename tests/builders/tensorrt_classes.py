"""Classes and enums made from an API table: nothing beside what is in it, as pybind11 has them."""

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np
from builders.tensorrt_table import bound

LOOSE = {
    "int": ("__index__", "__int__"), "SupportsInt": ("__index__", "__int__"),
    "float": ("__float__", "__index__"), "SupportsFloat": ("__float__", "__index__"),
}  # fmt: skip
"""Annotations, and what an object must have to fit."""

EXACT: Mapping[str, tuple[type, ...]] = {
    "str": (str,), "tuple": (tuple,), "list": (list,), "bool": (bool, np.bool_),
    "buffer": (bytes, bytearray, memoryview, np.ndarray),
    "Buffer": (bytes, bytearray, memoryview, np.ndarray), "numpy.ndarray": (np.ndarray,),
}  # fmt: skip


class Member:
    """A member of an enum, which is no number but has one."""

    def __init__(self, kind: type, name: str, value: int) -> None:
        self._kind, self.name, self.value = kind, name, value

    def __int__(self) -> int:
        return self.value

    def __index__(self) -> int:
        return self.value

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.value == int(other)  # type: ignore[call-overload]

    def __hash__(self) -> int:
        return self.value

    def __repr__(self) -> str:
        return f"<{type(self).__name__}.{self.name}: {self.value}>"

    def __str__(self) -> str:
        return f"{type(self).__name__}.{self.name}"


def enum(name: str, members: Mapping[str, int]) -> type:
    """Make an enum; `Kind(3)` gives the member of that number."""

    def make(kind: type, value: int) -> Any:
        found = [one for one in kind.__members__.values() if one.value == int(value)]  # type: ignore[attr-defined]
        if not found:
            raise ValueError(f"{value} is not a valid {name}")
        return found[0]

    kind = type(name.split(".")[-1], (Member,), {"__new__": make, "__init__": lambda *_: None})
    held = {}
    for key, value in members.items():
        member = object.__new__(kind)
        Member.__init__(member, kind, key, value)
        held[key] = member
        setattr(kind, key, member)
    kind.__members__ = held  # type: ignore[attr-defined]
    return kind


class Made:
    """What every class of the fake comes from: attributes are those of the table."""

    world: Any
    """The fake that this is part of."""
    _made: frozenset[type] = frozenset()

    def __setattr__(self, name: str, value: object) -> None:
        held = getattr(type(self), name, None)
        # Classes of the fake take what they have; classes that derive from them take anything.
        if not name.startswith("_") and type(self).__dict__.get("_is_made") and held is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        object.__setattr__(self, name, value)


class NotModelledError(AssertionError):
    """Part of TensorRT that exists, and that the fake does not do."""


class Maker:
    """Makes the classes of one version."""

    def __init__(self, module: ModuleType, table: Mapping[str, Any], world: Any) -> None:
        self.module, self.table, self.world = module, table, world
        self.enums = {name: enum(name, held) for name, held in table["enums"].items()}
        self.classes: dict[str, type] = {}

    def fits(self, value: Any, kind: str) -> bool:
        """Tell whether pybind11 would take a value for an annotation."""
        if kind in self.enums:
            return isinstance(value, self.enums[kind])
        if kind == "Dims":
            return isinstance(value, self.classes["Dims"] | tuple | list)
        if kind in self.classes:
            return value is None or isinstance(value, self.classes[kind])
        if kind in LOOSE:
            return any(hasattr(value, one) for one in LOOSE[kind])
        if kind in EXACT:
            return isinstance(value, EXACT[kind])
        if "Sequence[" in kind or "List[" in kind or "list[" in kind:
            return isinstance(value, list | tuple)
        return True

    def make(self, name: str, behaviour: type) -> type:
        """Make a class: public names from the table, what they do from `behaviour`."""
        held = self.table["classes"][name]
        bases = tuple(self.classes[one] for one in held.get("bases", ()) if one in self.classes)
        space: dict[str, Any] = {
            key: value for key, value in vars(behaviour).items()
            if key.startswith("_") and key not in ("__dict__", "__weakref__", "__init__")
        }  # fmt: skip
        space |= {"_is_made": True, "world": self.world, "__doc__": behaviour.__doc__}
        space["__module__"] = "tensorrt"
        space["__init__"] = self._init(name, held.get("init", []), behaviour)
        for key, signatures in held.get("methods", {}).items():
            space[key] = self._method(name, key, signatures, vars(behaviour).get(key))
        for key, access in held.get("properties", {}).items():
            space[key] = self._property(name, key, access, behaviour)
        for key, value in held.get("constants", {}).items():
            if value.split(".")[-2:-1] and (kind := self.enums.get(value.rsplit(".", 1)[0])):
                space[key] = kind.__members__[value.rsplit(".", 1)[1]]  # type: ignore[attr-defined]
        for key, inner in held.get("nested", {}).items():
            space[key] = self.enums[inner]
        if name == "Dims":
            space["MAX_DIMS"] = 8
        made = type(name, bases or (Made, *getattr(behaviour, "_BASES", ())), space)
        self.classes[name] = made
        return made

    def new(self, name: str, **given: Any) -> Any:
        """Make an object as TensorRT does, without its public constructor."""
        kind = self.classes[name]
        made = kind.__new__(kind)
        made._begin(**given)
        return made

    def _init(self, name: str, signatures: list[str], behaviour: type) -> Callable[..., None]:
        def init(this: Any, *given: Any, **named: Any) -> None:
            if not signatures:
                raise TypeError(f"{name}: No constructor defined!")
            values = bound("__init__", signatures, self.fits, given, named)
            if hasattr(behaviour, "_begin"):
                this._begin(**values)

        return init

    def _method(
        self, name: str, key: str, signatures: list[str], done: Callable[..., Any] | None
    ) -> Callable[..., Any]:
        def method(this: Any, *given: Any, **named: Any) -> Any:
            if done is None:
                raise NotModelledError(f"{name}.{key} exists, and is not modelled")
            if not signatures:
                return done(this, *given, **named)
            return done(this, **bound(key, signatures, self.fits, given, named))

        method.__name__ = key
        return method

    def _property(self, name: str, key: str, access: str, behaviour: type) -> property:
        done = vars(behaviour).get(key)
        if isinstance(done, property):
            return done if access == "rw" else property(done.fget)
        starts = getattr(behaviour, "_STARTS", {})

        def get(this: Any) -> Any:
            values = this.__dict__.get("_values", {})
            if key not in values and key not in starts:
                raise NotModelledError(f"{name}.{key} exists, and is not modelled")
            start = starts.get(key)
            if key not in values and isinstance(start, str) and "." in start:
                kind, member = start.rsplit(".", 1)
                return self.enums[kind].__members__[member]  # type: ignore[attr-defined]
            return values.get(key, start)

        def put(this: Any, value: Any) -> None:
            before = get(this)
            if isinstance(before, Member) and type(before) is not type(value):
                raise TypeError(f"{name}.{key} takes a {type(before).__name__}, not {value!r}")
            if isinstance(before, int) and not hasattr(value, "__index__"):
                raise TypeError(f"{name}.{key} takes a number, not {value!r}")
            this.__dict__.setdefault("_values", {})[key] = value

        return property(get, put if access == "rw" else None)

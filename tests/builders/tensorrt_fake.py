"""TensorRT without a GPU: what the bindings of a version have, and nothing else.

`fake_tensorrt("10.3.0")` gives a module for `sys.modules["tensorrt"]`. Its names, enum members and
signatures are those of the real bindings (`tests/tensorrt_api`): anything else is an
AttributeError or a TypeError. It builds plans from ONNX that `edgers.calibration.legality` finds
legal for the version, and runs them with ONNX Runtime on the memory of the fake GPU
(`builders.cuda_fake`), so results are real numbers. Weakly typed plans compute in FP32 whatever
the flags; there are no tactics, no speed and no DLA. A part that exists and is not modelled raises
NotModelledError.
"""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
from builders import (
    tensorrt_basics,
    tensorrt_build,
    tensorrt_context,
    tensorrt_engine,
    tensorrt_network,
    tensorrt_refit,
)
from builders.tensorrt_basics import KINDS
from builders.tensorrt_classes import Maker, NotModelledError
from builders.tensorrt_table import VERSIONS, bound, table

Refuse = Callable[[bytes, set[str], bool], str | None]
"""Graph, names of the flags that are set, whether strongly typed → why the build fails."""

BEHAVIOURS = {
    kind.__name__: kind
    for module in (
        tensorrt_basics, tensorrt_build, tensorrt_context, tensorrt_engine, tensorrt_network,
        tensorrt_refit,
    )
    for kind in module.BEHAVIOURS
}  # fmt: skip


class World:
    """What all objects of one fake share."""

    def __init__(self, version: str, refuse: Refuse | None, driver: Any, dla_cores: int) -> None:
        self.build: str = table(version)["version"]
        self.version = tuple(map(int, self.build.split(".")))
        self.refuse, self.dla_cores, self._driver = refuse, dla_cores, driver
        self.attempts: list[dict[str, Any]] = []
        self.maker: Maker

    def driver(self) -> Any:
        """Give the fake GPU: the one given, or that of `sys.modules`."""
        return self._driver or sys.modules.get("pycuda.driver")

    def has_device(self) -> bool:
        driver = self.driver()
        return driver is None or bool(driver.devices)

    def cc(self) -> tuple[int, int]:
        driver = self.driver()
        return (8, 7) if driver is None else tuple(driver.cc)  # type: ignore[return-value]

    def memory_bytes(self) -> int:
        driver = self.driver()
        return 8 << 30 if driver is None else driver.memory.limit_bytes

    def identity(self) -> str:
        """Name version and device, as a timing cache is tied to them."""
        return "{} {}.{}".format(self.build, *self.cc())

    def member(self, enum: str, name: str) -> Any:
        return self.maker.enums[enum].__members__[name]  # type: ignore[attr-defined]

    def reserve(self, size: int) -> "Reserved | None":
        driver = self.driver()
        return None if driver is None else Reserved(driver.memory, size)

    def tried(self, network: Any, config: Any, message: str | None) -> None:
        """Note a build, for tests that ask what was tried."""
        self.attempts.append(
            {
                "flags": config._flags(), "strongly_typed": network._strongly_typed(),
                "graph": network._graph, "limits": dict(config._limits), "message": message,
                "entries": set() if config._cache is None else set(config._cache._entries),
            }
        )  # fmt: skip


class Reserved:
    """Device memory that TensorRT holds for itself, until nobody holds this."""

    def __init__(self, memory: Any, size: int) -> None:
        self._memory, self._size = memory, size
        memory.reserved_bytes += size

    def __del__(self) -> None:
        self._memory.reserved_bytes -= self._size


class FakeTensorRt(ModuleType):
    """The module."""

    world: World

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"module 'tensorrt' has no attribute {name!r}")


def fake_tensorrt(
    version: str = "10.3.0", *, refuse: Refuse | None = None, driver: Any = None,
    dla_cores: int = 0,
) -> FakeTensorRt:  # fmt: skip
    """Make a TensorRT of one of VERSIONS, on the GPU of `driver` (`fake_pycuda`).

    Where no driver is given it is the `pycuda.driver` of `sys.modules`; where there is none, plans
    can be built, for compute capability 8.7, and not run. `module.world.attempts` tells which
    builds were tried.
    """
    assert version in VERSIONS
    module = FakeTensorRt("tensorrt")
    module.world = world = World(version, refuse, driver, dla_cores)
    held = table(version)
    world.maker = maker = Maker(module, held, world)
    waiting = dict(held["classes"])
    while waiting:
        for name in [
            one for one, about in waiting.items() if not set(about.get("bases", ())) & set(waiting)
        ]:
            del waiting[name]
            setattr(module, name, maker.make(name, BEHAVIOURS.get(name, object)))
    for name, kind in maker.enums.items():
        if "." not in name:
            setattr(module, name, kind)
    for name, value in held["constants"].items():
        kind, member = value.rsplit(".", 1)
        setattr(module, name, world.member(kind, member))
    for name, signatures in held["functions"].items():
        setattr(module, name, _function(maker, name, signatures))
    module.__version__ = world.build  # type: ignore[attr-defined]
    return module


def _function(maker: Maker, name: str, signatures: list[str]) -> Callable[..., Any]:
    done = {
        "volume": lambda iterable: int(np.prod(tuple(iterable))),
        "nptype": _nptype,
        "init_libnvinfer_plugins": lambda **_: True,
    }.get(name)

    def function(*given: Any, **named: Any) -> Any:
        if done is None:
            raise NotModelledError(f"{name} exists, and is not modelled")
        return (
            done(**bound(name, signatures, maker.fits, given, named)) if signatures
            else done(*given, **named)
        )  # fmt: skip

    return function


def _nptype(trt_type: Any) -> type:
    for name, kind in KINDS.values():
        if name == trt_type.name:
            return kind
    raise TypeError(
        f"Could not resolve TensorRT datatype to an equivalent numpy datatype: {trt_type}"
    )

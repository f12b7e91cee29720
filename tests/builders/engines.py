"""Engines that answer as ONNX Runtime does, but for one thing; and targets made of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.engines import KNOWN, Engine, EngineInfo, Settings, Tensors
from edgers.errors import EngineError
from edgers.targets.target import Candidate, Target

Spoil = Callable[[npt.NDArray[Any]], npt.NDArray[Any]]


@dataclass
class StandIn:
    """An engine under another name."""

    name: str
    inner: Engine
    pace_s: float = 0.001
    """Seconds a tile takes, by its own account."""
    spoil: Spoil | None = None
    """What it does to every answer."""
    settings: Settings | None = None
    tiles: int = 0
    """Tiles it has run."""
    closed: bool = False

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(name=self.name, version="1.2", device="cpu")

    def infer(self, inputs: Tensors) -> Tensors:
        self.tiles += 1
        found = self.inner.infer(inputs)
        return {k: self.spoil(v) if self.spoil else v for k, v in found.items()}

    def close(self) -> None:
        self.closed = True
        self.inner.close()


def stand_in(name: str, made: list[StandIn] | None = None, **ways: Any) -> Callable[..., Engine]:
    """Give a maker of stand-ins.

    `refuses` makes it refuse every graph; `half_s` is its pace with half as many tiles at once.
    """
    refuses, half_s = ways.pop("refuses", False), ways.pop("half_s", None)

    def make(graph: bytes, precision: str = "fp32", settings: Settings | None = None) -> Engine:
        if refuses:
            raise EngineError(f"{name} cannot load the graph.", seen="It says: no.")
        engine = StandIn(name, KNOWN["onnxruntime"](graph), settings=settings, **ways)
        if half_s is not None and (settings or {}).get("streams") == "half":
            engine.pace_s = half_s
        if made is not None:
            made.append(engine)
        return engine

    return make


def blurred(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Make every pixel hang on the size of the tile, by very little."""
    return (array * np.float32(1 + 1e-7 * array.shape[-1])).astype(array.dtype)


def target_of(*candidates: Candidate, machines: tuple[str, ...] = ()) -> Target:
    """Give a device with these candidates."""
    return Target(
        name="board", title="a board", machines=machines, candidates=candidates,
        source="made up", confidence="low",
    )  # fmt: skip

"""An engine for the plans of the fake TensorRT that needs no GPU, fake or not."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from builders.tensorrt_plan import plan_from

from edgers.calibration.simulation import Simulation
from edgers.engines import EngineInfo, Settings, Tensors
from edgers.engines.plan_refit import parted
from edgers.errors import EngineError


class PlanEngine:
    """Runs the graph of a plan as it is written, for shapes that one of its profiles takes.

    `off` is added to what plans give that were built with a flag, or from a graph with 8 bits where
    it is named `quantized`: a plan that computes something else.
    """

    off: Mapping[str, float] = {}
    made: list[tuple[str, dict[str, str]]] = []  # noqa: RUF012

    def __init__(
        self, graph: bytes, precision: str = "fp32", settings: Settings | None = None
    ) -> None:
        data, weights = parted(graph)
        plan = plan_from(data)
        if plan is None:
            raise EngineError("this is no plan.")
        self.made.append((precision, dict(settings or {})))
        self._profiles = plan.profiles
        words = {*plan.flags, *(["quantized"] if b"QuantizeLinear" in plan.graph else [])}
        self._off = sum(number for word, number in self.off.items() if word in words)
        self._simulation = Simulation(weights or plan.graph)

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(name="tensorrt", version="0", device="none")

    def infer(self, inputs: Tensors) -> Tensors:
        if not any(self._takes(profile, inputs) for profile in self._profiles):
            raise EngineError("no profile takes this shape.")
        found = self._simulation.infer(inputs)
        return {name: value + np.float32(self._off) for name, value in found.items()}

    def close(self) -> None:
        self._simulation.close()

    @staticmethod
    def _takes(profile: Mapping[str, Any], inputs: Tensors) -> bool:
        return all(
            all(low <= side <= high for low, side, high in zip(
                profile[name][0], value.shape, profile[name][2], strict=True))
            for name, value in inputs.items()
        )  # fmt: skip


def plan_engine(**off: float) -> type[PlanEngine]:
    """Make such an engine, with a list of its own of what was made."""
    return type("PlanEngine", (PlanEngine,), {"off": off, "made": []})

"""A cascade: a cheap graph looks first, and the heavy one only at tiles that pass."""

import numpy as np
import numpy.typing as npt

from edgers.contract import Contract, ModelOutput
from edgers.contract.program import CascadeRule
from edgers.engines.engine import Engine, EngineInfo, Tensors
from edgers.errors import EngineError
from edgers.programs.ensemble import activated
from edgers.programs.program import ORIGIN, Spot
from edgers.tasks.segmentation import class_axis
from edgers.tiling.halo import Halo

GATED = "edgers:gated"
"""Tensor beside the output: there where the heavy graph was spared."""

SURE = 20.0
"""Score of a class that is sure before softmax or sigmoid: 1 − 4e-9 for two, 1 in float32."""


class Cascade:
    """Two loaded graphs and the threshold between them."""

    def __init__(
        self, gate: Engine, heavy: Engine, rule: CascadeRule, contract: Contract, halo: Halo
    ) -> None:
        """Take over the engines; `halo` is that of the heavy graph."""
        self._gate, self.heavy = gate, heavy
        self._rule, self._contract, self._halo = rule, contract, halo
        self._output = contract.outputs[0]

    @property
    def info(self) -> EngineInfo:
        """Tell which runtime runs the graphs."""
        return self.heavy.info

    def infer(self, inputs: Tensors, spot: Spot = ORIGIN) -> Tensors:
        """Run the gate, and the heavy graph where the tile passes.

        Else the output holds what the contract states for it, and `GATED` is there too.
        """
        score = float(self.scores(inputs).max())
        # What is not a number says nothing against the tile.
        if not score < self._rule.threshold:
            return self.heavy.infer(inputs)
        shape = self._shape(inputs)
        return {
            self._output.name: sure_answer(self._output, shape, self._rule.otherwise),
            GATED: np.ones(1, np.bool_),
        }

    def scores(self, inputs: Tensors) -> npt.NDArray[np.float32]:
        """Give what the gate says of a tile, in its own shape."""
        found = self._gate.infer({name: inputs[name] for name in self._rule.inputs})
        if self._rule.output not in found or not found[self._rule.output].size:
            raise EngineError(
                f"the gate gives no output {self._rule.output!r}.",
                seen=f"It gives: {', '.join(found)}.",
            )
        scores = found[self._rule.output].astype(np.float32)
        return activated(scores, self._rule.activation, None)

    def close(self) -> None:
        """Give back what the graphs hold."""
        self._gate.close()
        self.heavy.close()

    def _shape(self, inputs: Tensors) -> tuple[int, ...]:
        """Give the shape that the heavy graph's answer would have."""
        main, stated = self._contract.main, self._output
        sides = {"batch": inputs[main.name].shape[main.dim_order.index("batch")]}
        for axis, halo in (("height", self._halo.height), ("width", self._halo.width)):
            given = inputs[main.name].shape[main.dim_order.index(axis)]
            count = halo.output_size(given)
            if count is None:
                raise EngineError(f"the heavy graph takes no tiles of {given} px in {axis}.")
            sides[axis] = count
        return tuple(
            sides.get(axis, length)
            for axis, length in zip(stated.dim_order, stated.shape, strict=True)
        )


def sure_answer(
    output: ModelOutput, shape: tuple[int, ...], otherwise: float
) -> npt.NDArray[np.generic]:
    """Give the tensor that says `otherwise` everywhere: a class for certain, or a value."""
    if not output.classes:
        return np.full(shape, otherwise, output.data_type)
    position = [one.value for one in output.classes].index(int(otherwise))
    axis = class_axis(output)
    scores = shape[output.dim_order.index(axis)] if axis else 0
    if scores == 0 or (scores == 1 and np.issubdtype(np.dtype(output.data_type), np.integer)):
        return np.full(shape, position, output.data_type)
    low, high = (0.0, 1.0) if output.activation == "none" else (-SURE, SURE)
    if scores == 1:
        return np.full(shape, high if position else low, output.data_type)
    answer = np.full(shape, low, output.data_type)
    cut: list[slice | int] = [slice(None)] * len(shape)
    cut[output.dim_order.index(axis)] = position
    answer[tuple(cut)] = high
    return answer

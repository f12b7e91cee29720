"""An ensemble: several graphs see the same tile, and what they say is averaged."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelOutput
from edgers.contract.program import EnsembleRule
from edgers.engines.engine import Engine, EngineInfo, Tensors
from edgers.errors import EngineError
from edgers.kernels.score_rule import Activation
from edgers.programs.program import ORIGIN, Spot

Reals = npt.NDArray[np.float32]


class Ensemble:
    """Loaded graphs and their weights."""

    def __init__(
        self, engines: Mapping[str, Engine], rule: EnsembleRule, output: ModelOutput
    ) -> None:
        """Take over the engines, by part."""
        self._engines = [engines[one.part] for one in rule.members]
        whole = sum(one.weight for one in rule.members)
        self._weights = [one.weight / whole for one in rule.members]
        self._rule, self._output = rule, output
        names = [name for name in ("class", "channel") if name in output.dim_order]
        self._axis = output.dim_order.index(names[0]) if names else None

    @property
    def info(self) -> EngineInfo:
        """Tell which runtime runs the graphs."""
        return self._engines[0].info

    def infer(self, inputs: Tensors, spot: Spot = ORIGIN) -> Tensors:
        """Average what the graphs give; raises EngineError where one fails, or they do not fit."""
        name = self._output.name
        answers = [self._answer(engine.infer(inputs)[name]) for engine in self._engines]
        if len({answer.shape for answer in answers}) > 1:
            raise EngineError(
                "the graphs of the ensemble give answers of different shapes.",
                seen=", ".join(str(answer.shape) for answer in answers) + ".",
            )
        mean = self._mean(answers)
        if self._rule.spread and self._axis is not None:
            squares = self._mean([np.square(answer - mean) for answer in answers])
            mean = np.concatenate([mean, np.sqrt(squares)], axis=self._axis)
        return {name: mean.astype(self._output.data_type, copy=False)}

    def close(self) -> None:
        """Give back what the graphs hold."""
        for engine in self._engines:
            engine.close()

    def _answer(self, tensor: npt.NDArray[np.generic]) -> Reals:
        """Put what a graph gives on the scale that is averaged."""
        return activated(tensor.astype(np.float32), self._rule.activation, self._axis)

    def _mean(self, answers: Sequence[Reals]) -> Reals:
        """Average in the order of the contract, so that the last bit hangs on nothing else."""
        total = np.zeros_like(answers[0])
        for weight, answer in zip(self._weights, answers, strict=True):
            total += np.float32(weight) * answer
        return total


def activated(scores: Reals, activation: Activation, axis: int | None) -> Reals:
    """Make probabilities of scores; `none` leaves them, and softmax goes along `axis`."""
    if activation == "none":
        return scores
    with np.errstate(over="ignore"):
        if activation == "sigmoid" or axis is None:
            chances = 1 / (1 + np.exp(-scores))
        else:
            # The largest is taken off first: exp of large scores is infinite.
            powers = np.exp(scores - scores.max(axis=axis, keepdims=True))
            chances = powers / powers.sum(axis=axis, keepdims=True)
    result: Reals = chances.astype(np.float32, copy=False)
    return result

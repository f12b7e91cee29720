"""A sampler: an answer is drawn from noise in steps, on the condition of the tile."""

import numpy as np
import numpy.typing as npt

from edgers.contract import Contract
from edgers.contract.sampler import SamplerRule
from edgers.engines.engine import Engine, EngineInfo, Tensors
from edgers.errors import EngineError
from edgers.programs.noise import TileNoise
from edgers.programs.program import ORIGIN, Spot
from edgers.programs.sampler_steps import STEPS, Moment, clean_answer
from edgers.programs.schedule import Step, schedule

Reals = npt.NDArray[np.float32]


class Sampler:
    """One loaded graph that takes noise away, and its schedule."""

    def __init__(self, engine: Engine, rule: SamplerRule, contract: Contract) -> None:
        """Take over the engine."""
        self._engine, self._rule, self._contract = engine, rule, contract
        self._steps = schedule(rule)

    @property
    def info(self) -> EngineInfo:
        """Tell which runtime runs the graph."""
        return self._engine.info

    def infer(self, inputs: Tensors, spot: Spot = ORIGIN) -> Tensors:
        """Draw the answer of a tile, (1, channel, height, width).

        The noise hangs on the contract's seed and the spot alone.
        """
        rule, output = self._rule, self._contract.outputs[0]
        image = inputs[self._contract.inputs[0].name].astype(np.float32)
        noise = TileNoise(rule.seed, spot)
        shape = (image.shape[0], output.shape[1], *image.shape[2:])
        answer = image if rule.start == "image" else noise.normal(shape)
        earlier: tuple[Step, Reals] | None = None
        for step in self._steps:
            given = self._denoise(answer, inputs, step)
            clean = clean_answer(given, answer, step, rule)
            moment = Moment(
                step=step, noisy=answer, clean=clean, earlier=earlier, eta=rule.eta,
                draw=lambda: noise.normal(shape),
            )  # fmt: skip
            answer, earlier = STEPS[rule.method](moment), (step, clean)
        return {output.name: answer}

    def close(self) -> None:
        """Give back what the graph holds."""
        self._engine.close()

    def _denoise(self, answer: Reals, inputs: Tensors, step: Step) -> Reals:
        """Run the graph once."""
        rule, output = self._rule, self._contract.outputs[0]
        feed = dict(inputs) if rule.condition == "input" else {}
        feed = {name: self._seen(np.asarray(tensor)) for name, tensor in feed.items()}
        noisy = self._seen(answer)
        if rule.condition in ("before", "after"):
            image = self._seen(inputs[self._contract.inputs[0].name])
            pair = [image, noisy] if rule.condition == "before" else [noisy, image]
            noisy = np.concatenate(pair, axis=1)
        feed[rule.noisy] = noisy
        feed[rule.time] = np.full(len(answer), step.time, rule.time_type)
        given = self._engine.infer(feed)[output.name]
        given = given[:, 0] if rule.is_volume and given.ndim == 5 else given
        if given.shape != answer.shape:
            raise EngineError(
                "the sampler's graph does not give what its noisy answer needs.",
                seen=f"Its output has shape {given.shape}.",
                rule=f"Its noisy input has {answer.shape}.",
            )
        return given.astype(np.float32, copy=False)

    def _seen(self, tensor: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """Give a tensor as the graph takes it: bands as depth where it takes a volume."""
        return tensor[:, np.newaxis] if self._rule.is_volume else tensor

"""Two towers: tiles go through one graph, sentences through another, into one space."""

import numpy as np
import numpy.typing as npt

from edgers.contract.two_tower import TwoTowerRule
from edgers.engines.engine import Engine, EngineInfo, Tensors
from edgers.errors import EngineError
from edgers.programs.program import ORIGIN, Spot
from edgers.programs.search import Tokens

GOLDEN_TOKENS = 4
"""Tokens of the golden sentence, where the graph takes any number."""


class TwoTower:
    """Two loaded graphs."""

    def __init__(self, image: Engine, text: Engine, rule: TwoTowerRule) -> None:
        """Take over the engines."""
        self._image, self._text, self._rule = image, text, rule

    @property
    def info(self) -> EngineInfo:
        """Tell which runtime runs the graphs."""
        return self._image.info

    def infer(self, inputs: Tensors, spot: Spot = ORIGIN) -> Tensors:
        """Embed a tile; raises EngineError where the runtime fails."""
        return self._image.infer(inputs)

    def read(self, tokens: Tokens, count: int) -> npt.NDArray[np.float32]:
        """Embed a sentence of `count` tokens, (1, length) with what fills it up: (feature,).

        Raises EngineError where the graph fails, or gives no direction.
        """
        rule = self._rule
        inputs: dict[str, npt.NDArray[np.generic]] = {rule.tokens: tokens.astype(rule.token_type)}
        if rule.mask is not None:
            inputs[rule.mask] = (np.arange(tokens.shape[1]) < count)[None].astype(rule.token_type)
        found = self._text.infer(inputs)
        if rule.embedding not in found:
            raise EngineError(
                f"the text tower gives no output {rule.embedding!r}.",
                seen=f"It gives: {', '.join(found)}.",
            )
        vector = found[rule.embedding].astype(np.float32).reshape(-1)
        if not (np.isfinite(vector).all() and vector.any()):
            raise EngineError("the text tower gives a sentence no direction.")
        return vector

    def golden_sentence(self) -> npt.NDArray[np.float32]:
        """Embed the sentence that each load must embed alike: tokens in turn, (feature,)."""
        rule = self._rule
        named = [one for one in (rule.bos, rule.eos, rule.pad) if one is not None]
        length = rule.length or GOLDEN_TOKENS
        tokens = np.arange(length) % (max(named, default=1) + 1)
        if rule.bos is not None and rule.eos is not None and length > 1:
            tokens[0], tokens[-1] = rule.bos, rule.eos
        return self.read(tokens[None], length)

    def close(self) -> None:
        """Give back what the graphs hold."""
        self._image.close()
        self._text.close()

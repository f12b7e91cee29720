"""Text about a tile: an encoder reads it once, a decoder writes token after token."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from edgers.contract import Contract
from edgers.contract.program import AutoregressiveRule, CacheRule
from edgers.engines.engine import Engine, EngineInfo, Tensors
from edgers.errors import EngineError
from edgers.programs.program import ORIGIN, Spot
from edgers.programs.search import Answer, Limits, Tokens, search

PROMPT = "edgers:prompt"
"""Tensor with the tokens of a prompt, int64 (1, length); answers go on from it. Of several
questions each has its own, by `prompt_name`."""
SCORES = "edgers:scores"
"""Tensor beside the output: how sure each answer is, float32 (question,); see `search.Answer`."""


def prompt_name(question: int) -> str:
    """Name the tensor with the prompt of a question, by its position."""
    return f"{PROMPT}.{question}" if question else PROMPT


class Autoregressive:
    """Two loaded graphs and the search."""

    def __init__(
        self, encoder: Engine, decoder: Engine, rule: AutoregressiveRule, contract: Contract
    ) -> None:
        """Take over the engines."""
        self._encoder, self._decoder = encoder, decoder
        self._rule, self._output = rule, contract.outputs[0]
        self._limits = Limits(
            eos=rule.eos, longest=rule.max_tokens, beams=rule.beams,
            length_penalty=rule.length_penalty,
        )  # fmt: skip

    @property
    def info(self) -> EngineInfo:
        """Tell which runtime runs the graphs."""
        return self._encoder.info

    def infer(self, inputs: Tensors, spot: Spot = ORIGIN) -> Tensors:
        """Write the answers: their tokens, (1, max_tokens) each, without an end, filled with `pad`.

        With prompts among the inputs there is an answer to each, side by side; without, one that
        begins with `bos`. `SCORES` is there too. Raises EngineError where a graph fails or does not
        give what the contract names.
        """
        images = {name: one for name, one in inputs.items() if not name.startswith(PROMPT)}
        memory = _named(self._encoder.infer(images), self._rule.memory, "encoder")
        prompts = [inputs[prompt_name(i)] for i in range(len(inputs) - len(images))]
        answers = [self._answer(memory, one) for one in prompts or [np.array([[self._rule.bos]])]]
        longest = self._rule.max_tokens
        tokens = np.full((1, longest * len(answers)), self._rule.pad, self._output.data_type)
        for i, answer in enumerate(answers):
            tokens[0, i * longest : i * longest + len(answer.tokens)] = answer.tokens
        scores = np.array([answer.score for answer in answers], np.float32)
        return {self._output.name: tokens, SCORES: scores}

    def _answer(self, memory: npt.NDArray[np.generic], prompt: npt.NDArray[np.generic]) -> Answer:
        """Write one answer."""
        writing = _Writing(
            decoder=self._decoder, rule=self._rule, memory=memory,
            written=prompt.astype(np.int64),
        )  # fmt: skip
        return search(writing.ask, self._limits)

    def logits(self, inputs: Tensors, tokens: Tokens) -> npt.NDArray[np.generic]:
        """Give the logits after each of the tokens, (length, vocabulary), written as a run does."""
        memory = _named(self._encoder.infer(inputs), self._rule.memory, "encoder")
        writing = _Writing(
            decoder=self._decoder, rule=self._rule, memory=memory, written=tokens[None, :1]
        )  # fmt: skip
        origin, rows = (
            np.zeros(1, np.intp),
            [writing.ask(np.zeros(0, np.int64), np.zeros(1, np.intp))],
        )
        rows += [writing.ask(tokens[i : i + 1], origin) for i in range(1, len(tokens))]
        return np.concatenate(rows)

    def close(self) -> None:
        """Give back what the graphs hold."""
        self._encoder.close()
        self._decoder.close()


@dataclass(slots=True, kw_only=True)
class _Writing:
    """The state of one answer in the making."""

    decoder: Engine
    """Graph that writes."""
    rule: AutoregressiveRule
    """Names of its tensors."""
    memory: npt.NDArray[np.generic]
    """What the encoder saw, batch first."""
    written: Tokens
    """Tokens of each beam so far, (beam, length)."""
    cache: dict[str, npt.NDArray[np.generic]] = field(default_factory=dict)
    """Keys and values so far, by input."""

    def ask(self, last: Tokens, origin: npt.NDArray[np.intp]) -> npt.NDArray[np.generic]:
        """Give logits of the next token of each beam; see `search.Ask`."""
        rule = self.rule
        if len(last):
            self.written = np.concatenate([self.written[origin], last[:, None]], axis=1)
            self.cache = {name: tensor[origin] for name, tensor in self.cache.items()}
        beams = len(self.written)
        feed: dict[str, npt.NDArray[np.generic]] = {
            rule.memory_input: np.repeat(self.memory, beams, axis=0),
            rule.tokens: self.written,
        }
        if rule.cache is not None:
            if self.cache:
                feed[rule.tokens] = self.written[:, -1:]
            feed |= self.cache or _empty(rule.cache, beams)
        found = self.decoder.infer(feed)
        if rule.cache is not None:
            pairs = zip(rule.cache.past, rule.cache.present, strict=True)
            self.cache = {past: _named(found, present, "decoder") for past, present in pairs}
        logits = _named(found, rule.logits, "decoder")[:, -1]
        if np.isnan(logits).any():
            raise EngineError("the decoder gives NaN for the next token.")
        return logits


def _empty(cache: CacheRule, beams: int) -> dict[str, npt.NDArray[np.generic]]:
    """Give keys and values of no token."""
    return {name: np.zeros((beams, *cache.shape[1:]), np.float32) for name in cache.past}


def _named(found: Tensors, name: str, graph: str) -> npt.NDArray[np.generic]:
    if name not in found:
        raise EngineError(
            f"the {graph} gives no output {name!r}.", seen=f"It gives: {', '.join(found)}."
        )
    return found[name]

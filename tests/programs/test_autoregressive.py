"""Encoder and decoder: the loop held against one in torch, and the search against all answers."""

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from builders.writers import BOS, CACHE, EOS, PAD, WORDS, Writer, text_contract, torch_greedy

from edgers.engines import ENGINES
from edgers.errors import ContractError, EngineError
from edgers.export import parts, program_halo
from edgers.programs import load_program
from edgers.programs.autoregressive import PROMPT, Autoregressive
from edgers.programs.search import Limits, log_softmax, search

torch = pytest.importorskip("torch")


def made(writer: Writer, **program: Any) -> Autoregressive:
    contract = text_contract(**program)
    graphs = {"main": writer.encoder(), "decoder": writer.decoder(with_cache="cache" in program)}
    halo = program_halo.halo_of_program(graphs, contract)
    assert halo.unbounded
    found = load_program(
        ENGINES["onnxruntime"], {k: v.SerializeToString() for k, v in graphs.items()}, contract,
        halo,
    )  # fmt: skip
    assert isinstance(found, Autoregressive)
    return found


def image(seed: int = 0) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((1, 3, 16, 12)).astype(np.float32)


def torch_beams(
    writer: Writer, pixels: npt.NDArray[Any], beams: int, penalty: float
) -> tuple[float, list[int]]:
    """Keep the best beams of each length, ended or not, and give the best that ended."""
    memory = writer.memory(torch.from_numpy(pixels))
    going: list[tuple[float, list[int]]] = [(0.0, [])]
    ended: list[tuple[float, list[int]]] = []
    for length in range(1, 10):
        grown = []
        for score, words in going:
            chances = torch.log_softmax(writer.logits(memory, [BOS, *words])[-1].double(), -1)
            grown += [(score + float(c), [*words, i]) for i, c in enumerate(chances)]
        grown = sorted(grown, key=lambda one: -one[0])[: 2 * beams]
        ended += [
            (s / length**penalty, w[:-1]) for s, w in grown[:beams] if w[-1] == EOS
        ]  # fmt: skip
        going = [one for one in grown if one[1][-1] != EOS][:beams]
    ended += [(s / 9**penalty, w) for s, w in going]
    return max(ended, key=lambda one: one[0])


def words(found: Any) -> list[int]:
    tokens = found["y"][0].tolist()
    while tokens and tokens[-1] == PAD:
        tokens.pop()
    return tokens


@pytest.mark.parametrize("program", [{}, {"cache": CACHE}], ids=["plain", "cache"])
@pytest.mark.parametrize("seed", range(4))
def test_greedy_tokens_and_logits_equal_a_loop_in_torch(program: dict[str, Any], seed: int) -> None:
    writer = Writer(seed)
    writing = made(writer, **program)
    wanted = torch_greedy(writer, image(seed), [BOS])
    assert words(writing.infer({"x": image(seed)})) == wanted
    tokens = [BOS, 3, 7, 5, 4, 11]
    logits = writer.logits(writer.memory(torch.from_numpy(image(seed))), tokens).numpy()
    found = writing.logits({"x": image(seed)}, np.array(tokens))
    np.testing.assert_allclose(found, logits, atol=1e-4)


@pytest.mark.parametrize("program", [{}, {"cache": CACHE}], ids=["plain", "cache"])
@pytest.mark.parametrize("penalty", [0.0, 1.0, 2.0])
def test_beams_equal_a_search_in_torch(program: dict[str, Any], penalty: float) -> None:
    differ = 0
    for seed in range(6):
        writer = Writer(seed)
        writing = made(writer, beams=3, length_penalty=penalty, **program)
        found = words(writing.infer({"x": image(seed)}))
        _, wanted = torch_beams(writer, image(seed), 3, penalty)
        assert found == wanted
        differ += found != torch_greedy(writer, image(seed), [BOS])
    assert differ


def test_an_answer_goes_on_from_the_prompt() -> None:
    writer, prompt = Writer(5), [BOS, 9, 4, 8]
    wanted = torch_greedy(writer, image(), prompt)
    for program in ({}, {"cache": CACHE}):
        found = made(writer, **program).infer({"x": image(), PROMPT: np.array([prompt])})
        assert words(found) == wanted
    assert wanted != torch_greedy(writer, image(), [BOS])


def test_a_search_as_wide_as_all_answers_finds_the_likeliest() -> None:
    table = np.random.default_rng(3).normal(0, 2, (4, 4))
    written: list[list[int]] = [[3]]

    def ask(last: Any, origin: Any) -> Any:
        nonlocal written
        if len(last):
            written = [[*written[o], int(t)] for o, t in zip(origin, last, strict=True)]
        return np.array([table[one[-1]] for one in written])

    limits = Limits(eos=0, longest=4, beams=400, length_penalty=1.0)
    chances = log_softmax(table)

    def score(words: tuple[int, ...]) -> float:
        steps = [3, *words] if len(words) == 4 else [3, *words, 0]
        pairs = list(itertools.pairwise(steps))
        return float(sum(chances[a, b] for a, b in pairs)) / len(pairs)

    answers = [a for n in range(5) for a in itertools.product((1, 2, 3), repeat=n)]
    found = search(ask, limits)
    assert found.tokens == max(answers, key=score)
    assert found.score == pytest.approx(np.exp(score(found.tokens)))


def test_graphs_are_held_against_what_they_are_called_with() -> None:
    writer = Writer()
    graphs = {"main": writer.encoder(), "decoder": writer.decoder(with_cache=True)}
    parts.check_graphs(graphs, text_contract(cache=CACHE))
    with pytest.raises(ContractError, match=r"takes 'past\.0\.key'"):
        parts.check_graphs(graphs, text_contract())
    with pytest.raises(ContractError, match="no output 'seen by it'"):
        parts.check_graphs(graphs, text_contract(cache=CACHE, memory="seen by it"))


def test_numbers_that_are_none_are_an_engine_error() -> None:
    writer = Writer()
    writer.weights["out"][:] = np.nan
    with pytest.raises(EngineError, match="NaN"):
        made(writer).infer({"x": image()})


def test_vocabulary_is_what_the_contract_says() -> None:
    assert made(Writer()).logits({"x": image()}, np.array([BOS])).shape == (1, WORDS)

"""Search for the likeliest answer, token by token: greedy, or with several beams."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Tokens = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a search goes on, and for what."""

    eos: int
    """Token that ends an answer."""
    longest: int
    """Most tokens, the end not counted."""
    beams: int
    """Beams; 1 is greedy."""
    length_penalty: float
    """Sums of log-probabilities are divided by length ** this, the end counted."""


Ask = Callable[[Tokens, npt.NDArray[np.intp]], npt.NDArray[np.generic]]
"""Gives logits of the next token, (beam, vocabulary), for the last token of each beam, and for each
the position of the beam it goes on from; the first call has no tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a search found."""

    tokens: tuple[int, ...]
    """The answer, without its end."""
    score: float
    """Geometric mean of the probabilities of its tokens, the end among them where it came."""


def search(ask: Ask, limits: Limits) -> Answer:
    """Find the likeliest answer.

    Beams grow side by side. Of twice as many continuations as beams, those that end are put aside,
    and the best others go on. It is over when no beam can beat the worst of a full set put aside,
    or at the longest answer. Of two that score the same the earlier beam, then the smaller token
    wins.
    """
    ended: list[tuple[float, tuple[int, ...], float]] = []
    beams: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    last, origin = np.zeros(0, np.int64), np.zeros(1, np.intp)
    for length in range(1, limits.longest + 1):
        chances = log_softmax(ask(last, origin))
        totals = np.array([[score] for score, _ in beams]) + chances
        order = np.argsort(-totals, axis=None, kind="stable")[: 2 * limits.beams]
        going: list[tuple[float, tuple[int, ...], int]] = []
        for position, flat in enumerate(order):
            beam, token = divmod(int(flat), totals.shape[1])
            score, words = float(totals[beam, token]), beams[beam][1]
            if token != limits.eos:
                going.append((score, (*words, token), beam))
            elif position < limits.beams:
                whole = score / float(length) ** limits.length_penalty
                ended.append((whole, words, score / length))
        going = going[: limits.beams]
        beams = [(score, words) for score, words, _ in going]
        ended = sorted(ended, key=lambda one: -one[0])[: limits.beams]
        if not going or (len(ended) == limits.beams and _is_over(ended, beams, length, limits)):
            break
        last = np.array([words[-1] for _, words, _ in going], np.int64)
        origin = np.array([beam for _, _, beam in going], np.intp)
    else:
        # What did not end by itself counts as long as it is.
        longest = limits.longest
        ended += [(s / float(longest) ** limits.length_penalty, w, s / longest) for s, w in beams]
    _, tokens, mean = max(ended, key=lambda one: one[0])
    return Answer(tokens=tokens, score=math.exp(mean))


def _is_over(
    ended: list[tuple[float, tuple[int, ...], float]],
    beams: list[tuple[float, tuple[int, ...]]], length: int, limits: Limits,
) -> bool:  # fmt: skip
    """Tell whether no beam can still beat the worst that ended."""
    if limits.beams == 1:
        return True
    # Sums only fall; with a penalty above 0 a longer answer divides them by more.
    best_length = limits.longest if limits.length_penalty > 0 else length
    best = max(score for score, _ in beams) / float(best_length) ** limits.length_penalty
    return bool(ended[-1][0] >= best)


def log_softmax(logits: npt.NDArray[np.generic]) -> Scores:
    """Give log-probabilities along the last axis, in float64."""
    numbers = logits.astype(np.float64)
    shifted = numbers - numbers.max(axis=-1, keepdims=True)
    found: Scores = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return found

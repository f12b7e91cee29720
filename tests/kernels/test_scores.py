"""Scores mixed, and turned into classes and probabilities."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from builders.cuda_simulator import launch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgers.kernels.cpu import scatter as fast_mixing
from edgers.kernels.cpu import scores as fast
from edgers.kernels.cuda import scatter as cuda_mixing
from edgers.kernels.cuda import scores as cuda
from edgers.kernels.reference import scatter as plain_mixing
from edgers.kernels.reference import scores as plain
from edgers.kernels.score_rule import Activation, Decoded, ScoreRule

Floats = npt.NDArray[np.float32]
CODES: dict[Activation, int] = {
    "none": cuda.NONE, "sigmoid": cuda.SIGMOID, "softmax": cuda.SOFTMAX,
}  # fmt: skip


@st.composite
def rules(draw: st.DrawFn, count: int) -> ScoreRule:
    kind = draw(st.sampled_from((np.uint8, np.uint16)))
    values = draw(st.lists(st.integers(0, 254), min_size=count, max_size=count, unique=True))
    activation: Activation = draw(st.sampled_from(("none", "sigmoid", "softmax")))
    threshold = draw(st.sampled_from((0.25, 0.5, 0.9)))
    return ScoreRule(values=np.array(values, kind), activation=activation, threshold=threshold)


@st.composite
def some_scores(draw: st.DrawFn, most: int, least: int = 1) -> Floats:
    """Scores (class, height, width) with ties, NaN, infinities and extremes, of any strides."""
    shape = draw(st.integers(least, 9)), draw(st.integers(1, most)), draw(st.integers(1, most))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scores = random.integers(-3, 4, shape) * draw(st.sampled_from((1.0, 0.37, 40.0)))
    odd = random.random(shape) < draw(st.sampled_from((0.0, 0.05)))
    scores[odd] = random.choice([np.nan, np.inf, -np.inf, 3e38, -3e38, 1e-42], odd.sum())
    found: Floats = scores.astype(np.float32)
    if draw(st.booleans()):
        found = np.ascontiguousarray(found.transpose(1, 2, 0)).transpose(2, 0, 1)
    return found


def assert_same(found: Decoded, wanted: Decoded, rule: ScoreRule, scores: Floats) -> None:
    """Equal, but that exponentials are two units in the last place apart."""
    assert found.classes.dtype == wanted.classes.dtype
    assert np.array_equal(found.not_finite, wanted.not_finite)
    sure = np.ones(found.classes.shape, bool)
    if len(scores) == 1 and rule.activation != "none":
        with np.errstate(over="ignore", invalid="ignore"):
            chance = 1 / (1 + np.exp(-scores[0].astype(np.float64)))
        sure = np.abs(chance - rule.threshold) > 1e-6
    assert np.array_equal(found.classes[sure], wanted.classes[sure])
    if wanted.probabilities is None:
        assert found.probabilities is None
        return
    assert found.probabilities is not None
    good = np.broadcast_to(~wanted.not_finite, wanted.probabilities.shape)
    np.testing.assert_allclose(
        found.probabilities[good], wanted.probabilities[good], rtol=2e-6, atol=1e-37
    )


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_the_fast_form_equals_numpy(data: st.DataObject) -> None:
    scores = data.draw(some_scores(40))
    rule, wants = data.draw(rules(max(2, len(scores)))), data.draw(st.booleans())
    found = fast.decode(scores, rule, with_probabilities=wants)
    wanted = plain.decode(scores, rule, with_probabilities=wants)
    assert_same(found, wanted, rule, scores)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_the_cuda_form_equals_numpy(data: st.DataObject) -> None:
    scores = np.ascontiguousarray(data.draw(some_scores(4)))
    rule = data.draw(rules(max(2, len(scores))))
    count, height, width = scores.shape
    classes = np.zeros(height * width, rule.values.dtype)
    bad, chances = np.zeros(height * width, np.uint8), np.zeros((max(2, count), height * width))
    chances = chances.astype(np.float32)
    with np.errstate(all="ignore"):
        launch(
            cuda.decode, height * width, scores.reshape(-1), count, height, width, height * width,
            width, rule.values, CODES[rule.activation], np.float32(rule.threshold), classes, bad,
            chances.reshape(-1), 1,
        )  # fmt: skip
    found = Decoded(
        classes=classes.reshape(height, width),
        not_finite=bad.reshape(height, width).astype(bool),
        probabilities=chances.reshape(-1, height, width),
    )
    assert_same(found, plain.decode(scores, rule, with_probabilities=True), rule, scores)


@st.composite
def mixtures(draw: st.DrawFn, most: int, least: int = 1) -> tuple[Floats, Floats, Floats, Floats]:
    """A target that is part of a larger array, a part that is too, and weights."""
    part = draw(some_scores(most, least))
    random = np.random.default_rng(draw(st.integers(0, 999)))
    count, height, width = part.shape
    whole = random.standard_normal((count, height + 3, width + 5)).astype(np.float32)
    rows, columns = random.random(height), random.random(width)
    return whole[:, 1:-2, 2:-3], part, rows.astype(np.float32), columns.astype(np.float32)


Mix = Callable[..., Any]


@given(mixtures(30), st.booleans())
@settings(max_examples=150, deadline=None)
def test_mixing_equals_numpy(
    mixture: tuple[Floats, Floats, Floats, Floats], has_total: bool
) -> None:
    target, part, rows, columns = mixture
    wanted, total = target.copy(), np.zeros(part.shape[1:], np.float32)
    wanted_total = total.copy()
    with np.errstate(all="ignore"):
        plain_mixing.scatter(wanted, part, rows, columns, wanted_total if has_total else None)
        weighted = plain_mixing.weighted(part, rows, columns)
    around = target.base.copy() if target.base is not None else None
    fast_mixing.scatter(target, part, rows, columns, total if has_total else None)
    assert np.array_equal(target, wanted, equal_nan=True)
    assert np.array_equal(total, wanted_total)
    assert np.array_equal(fast_mixing.weighted(part, rows, columns), weighted, equal_nan=True)
    # Nothing is written beside the window.
    assert around is not None
    assert target.base is not None
    around[:, 1:-2, 2:-3] = target
    assert np.array_equal(around, target.base, equal_nan=True)


@given(mixtures(30), st.data())
@settings(max_examples=150, deadline=None)
def test_mixing_and_choosing_at_once_equals_one_after_the_other(
    mixture: tuple[Floats, Floats, Floats, Floats], data: st.DataObject
) -> None:
    target, part, rows, columns = mixture
    rule, other = data.draw(rules(max(2, len(part)))), target.copy()
    with np.errstate(all="ignore"):
        wanted = plain.settle(other, part, rows, columns, rule)
    found = fast.settle(target, part, rows, columns, rule)
    assert np.array_equal(target, other, equal_nan=True)
    assert_same(found, wanted, rule, other)


@given(mixtures(4, least=2), st.data())
@settings(max_examples=30, deadline=None)
def test_the_cuda_forms_of_mixing_equal_numpy(
    mixture: tuple[Floats, Floats, Floats, Floats], data: st.DataObject
) -> None:
    target, part, rows, columns = (np.ascontiguousarray(one) for one in mixture)
    rule, (count, height, width) = data.draw(rules(len(part))), part.shape
    pixels, total = height * width, np.zeros(height * width, np.float32)
    wanted, wanted_total = target.copy(), total.reshape(height, width).copy()
    with np.errstate(all="ignore"):
        plain_mixing.scatter(wanted, part, rows, columns, wanted_total)
        ending = plain.settle(wanted, part, rows, columns, rule)
        launch(
            cuda_mixing.scatter, part.size, part.reshape(-1), pixels, width, rows, columns,
            target.reshape(-1), pixels, width, count, height, width,
        )  # fmt: skip
        launch(
            cuda_mixing.scatter, pixels, np.ones(1, np.float32), 0, 0, rows, columns, total, 0,
            width, 0, height, width,
        )  # fmt: skip
        classes, bad = np.zeros(pixels, rule.values.dtype), np.zeros(pixels, np.uint8)
        launch(
            cuda.settle, pixels, target.reshape(-1), count, height, width, pixels, width,
            part.reshape(-1), pixels, width, rows, columns, rule.values, classes, bad,
        )  # fmt: skip
    assert np.array_equal(total.reshape(height, width), wanted_total)
    assert np.array_equal(target, wanted, equal_nan=True)
    assert np.array_equal(classes.reshape(height, width), ending.classes)
    assert np.array_equal(bad.reshape(height, width).astype(bool), ending.not_finite)


def test_values_by_hand() -> None:
    rule = ScoreRule(values=np.array([7, 3, 9], np.uint8), activation="softmax", threshold=0.5)
    scores = np.log(np.array([[[1, 2, 1]], [[1, 1, 1]], [[2, 1, 1]]], np.float32))
    scores[1, 0, 2] = np.nan
    found = fast.decode(scores, rule, with_probabilities=True)
    assert found.classes.tolist() == [[9, 7, 7]]
    assert found.not_finite.tolist() == [[False, False, True]]
    assert found.probabilities is not None
    np.testing.assert_allclose(found.probabilities[:, 0, 0], [0.25, 0.25, 0.5], rtol=1e-6)
    pair = ScoreRule(values=np.array([4, 5], np.uint8), activation="none", threshold=0.25)
    one = fast.decode(np.float32([[[0.2, 0.25, np.inf]]]), pair, with_probabilities=True)
    assert one.classes.tolist() == [[4, 5, 4]]
    assert one.not_finite.tolist() == [[False, False, True]]


@pytest.mark.parametrize("width", [1023, 1024, 1025, 2500])
def test_no_pixel_is_left_out_where_chunks_meet(width: int) -> None:
    scores = np.random.default_rng(0).standard_normal((6, 2, width)).astype(np.float32)
    rule = ScoreRule(values=np.arange(6).astype(np.uint8), activation="softmax", threshold=0.5)
    found = fast.decode(scores, rule, with_probabilities=True)
    assert_same(found, plain.decode(scores, rule, with_probabilities=True), rule, scores)
    wide = ScoreRule(values=np.array([1, 2], np.uint8), activation="sigmoid", threshold=0.5)
    assert_same(fast.decode(scores[:1], wide), plain.decode(scores[:1], wide), wide, scores[:1])


def test_nothing_to_decode_gives_nothing() -> None:
    rule = ScoreRule(values=np.arange(2).astype(np.uint8), activation="softmax", threshold=0.5)
    found = fast.decode(np.zeros((2, 0, 5), np.float32), rule, with_probabilities=True)
    assert found.classes.shape == (0, 5)
    assert found.probabilities is not None
    assert found.probabilities.shape == (2, 0, 5)


def test_what_cannot_be_written_to_is_refused() -> None:
    backward = np.zeros((2, 3, 3), np.float32)[:, ::-1]
    ones = np.ones(3, np.float32)
    with pytest.raises(ValueError, match="cannot be written to"):
        fast_mixing.scatter(backward, np.ones((2, 3, 3), np.float32), ones, ones)


def test_the_cuda_forms_take_as_many_arguments_as_they_state() -> None:
    for entry in (*cuda.ENTRIES, *cuda_mixing.ENTRIES):
        assert len(entry.signature) == entry.function.__code__.co_argcount  # type: ignore[attr-defined]

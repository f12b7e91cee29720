"""The search for layers to keep, with judges that are made up."""

from collections.abc import Callable

import pytest
from builders.verdicts import verdict_that_drops
from hypothesis import given
from hypothesis import strategies as st

from edgers.calibration.refusal import refusal
from edgers.calibration.search import SearchResult, search_kept
from edgers.calibration.sensitivity import LayerEffect, Sensitivity
from edgers.calibration.verdict import Verdict
from edgers.errors import AccuracyError

LIMIT = 0.01


class Made:
    """A build and a judge: with `enough` or more layers kept the candidate passes."""

    def __init__(self, layers: int, enough: int, attempt_s: float = 10.0) -> None:
        self.order = [f"conv{i}" for i in range(layers)]
        self.enough, self.attempt_s = enough, attempt_s
        self.judged: list[int] = []
        self.now_s = 0.0

    def build(self, kept: frozenset[str]) -> bytes:
        assert kept == frozenset(self.order[: len(kept)])
        return str(len(kept)).encode()

    def judge(self, graph: bytes) -> Verdict:
        self.judged.append(int(graph))
        self.now_s += self.attempt_s
        return verdict_that_drops(0.0 if int(graph) >= self.enough else 0.1)

    def search(self, **options: object) -> SearchResult:
        run: Callable[..., SearchResult] = search_kept
        return run(self.order, self.build, self.judge, LIMIT, clock=lambda: self.now_s, **options)


@given(layers=st.integers(0, 70), data=st.data())
def test_the_smallest_prefix_that_passes_is_found(layers: int, data: st.DataObject) -> None:
    enough = data.draw(st.integers(0, layers + 1))
    made = Made(layers, enough)
    found = made.search()
    assert len(set(made.judged)) == len(made.judged)
    assert not found.is_out_of_time
    assert [len(one.kept) for one in found.attempts] == made.judged
    if enough > layers:
        assert (found.best, found.graph) == (None, None)
        return
    assert found.best is not None
    assert found.best.kept == tuple(made.order[:enough])
    assert found.graph == str(enough).encode()
    # Galloping and halving each take as many steps as the number has bits.
    assert len(made.judged) <= 2 * max(1, enough).bit_length() + 1


def test_a_graph_that_passes_as_it_is_costs_one_attempt() -> None:
    made = Made(8, 0)
    assert made.search().best is not None
    assert made.judged == [0]


def test_a_verdict_that_is_there_is_not_made_again() -> None:
    made = Made(8, 3)
    found = made.search(first=verdict_that_drops(0.1))
    assert made.judged == [1, 2, 4, 3]
    assert [len(one.kept) for one in found.attempts] == [0, 1, 2, 4, 3]
    passing = Made(8, 0)
    assert passing.search(first=verdict_that_drops(0)).graph == b"0"
    assert passing.judged == []


def test_all_layers_are_the_last_resort() -> None:
    made = Made(5, 6)
    found = made.search()
    assert made.judged == [0, 1, 2, 4, 5]
    assert found.best is None


def test_the_budget_ends_it_with_what_passed_so_far() -> None:
    made = Made(40, 9)
    found = made.search(budget_s=70)
    # 0 1 2 4 8 16, and 12 takes until 70 s; 10 would not end in time.
    assert made.judged == [0, 1, 2, 4, 8, 16, 12]
    assert found.is_out_of_time
    assert found.best is not None
    assert len(found.best.kept) == 12


def test_a_budget_that_is_too_small_allows_one_attempt() -> None:
    made = Made(40, 9)
    found = made.search(budget_s=0)
    assert made.judged == [0]
    assert found.is_out_of_time
    assert found.best is None


def test_a_refusal_names_numbers_class_layers_and_what_to_do() -> None:
    made = Made(3, 9)
    found = made.search(budget_s=25)
    effects = tuple(
        LayerEffect(layer=f"conv{i}", own_sqnr_db=20.0, output_sqnr_db=10.0 + i, changed_share=0.25)
        for i in range(7)
    )
    sensitivity = Sensitivity(measured=effects, unmeasured=("conv9",), tiles=2, seconds=1.0)
    error = refusal(
        "onnxruntime int8", found.attempts[-1].verdict, LIMIT, sensitivity=sensitivity, search=found
    )
    assert isinstance(error, AccuracyError)
    assert error.exit_code == 3
    for told in (
        "onnxruntime int8", "a drop of 0.1000", "At most 0.01", "Worst class: land",
        "conv0 (25.00% of the output changes, 10.0 dB there, 20.0 dB at the layer)", "conv4",
        "1 not measured", "with 0, 1 layers kept", "Allow more time", "--max-drop",
    ):  # fmt: skip
        assert told in str(error)
    assert "conv5" not in str(error)


@pytest.mark.parametrize("layers", [0, 1])
def test_a_graph_of_hardly_any_layers(layers: int) -> None:
    made = Made(layers, 1)
    assert (made.search().best is not None) is (layers == 1)

"""Timing runners beside one another, on times that are told in advance."""

from collections.abc import Callable, Iterator

import pytest

from edgers.export.race import BUDGET_S, LEAST_ROUNDS, MOST_ROUNDS, race


def runner(*times: float) -> Callable[[], float]:
    """Give a runner that takes these times, the last one ever after."""

    def run() -> Iterator[float]:
        yield from times
        while True:
            yield times[-1]

    laps = run()
    return lambda: next(laps)


def never() -> float:
    raise AssertionError("it was run")


def test_one_alone_is_not_timed() -> None:
    found = race([never])
    assert (found.winner, found.laps_s) == (0, ((),))


def test_the_fastest_wins_and_who_is_clearly_behind_leaves_first() -> None:
    found = race([runner(2.0), runner(1.0), runner(1.5)])
    assert found.winner == 1
    assert [len(laps) for laps in found.laps_s] == [LEAST_ROUNDS] * 3


def test_who_is_close_stays_to_the_end() -> None:
    found = race([runner(1.04), runner(1.0), runner(3.0)])
    assert found.winner == 1
    assert [len(laps) for laps in found.laps_s] == [MOST_ROUNDS, MOST_ROUNDS, LEAST_ROUNDS]


@pytest.mark.parametrize("times", [(1.01, 1.0), (1.0, 1.01), (1.0, 1.0)])
def test_among_equals_the_first_wins(times: tuple[float, float]) -> None:
    assert race([runner(one) for one in times]).winner == 0


def test_one_slow_lap_decides_nothing() -> None:
    found = race([runner(1.1), runner(1.0, 9.0, 1.0)])
    assert found.winner == 1
    assert len(found.laps_s[0]) > LEAST_ROUNDS


def test_laps_are_compared_within_a_round() -> None:
    # The machine slows down by half after three rounds, for both.
    slowing = (1.0,) * 3 + (1.5,) * 4
    found = race([runner(*(1.04 * t for t in slowing)), runner(*slowing)])
    assert found.winner == 1


def test_a_lucky_middle_lap_is_not_a_tie() -> None:
    # Behind by 4 % in every round but one, whose times happen to be the medians.
    leader = (1.0, 2.0, 3.0, 3.99, 5.0, 6.0, 7.0)
    behind = tuple(4.0 if i == 3 else 1.04 * t for i, t in enumerate(leader))
    assert race([runner(*behind), runner(*leader)]).winner == 1


def test_every_other_round_goes_backwards() -> None:
    order: list[str] = []

    def named(name: str) -> Callable[[], float]:
        return lambda: order.append(name) or 1.0  # type: ignore[func-returns-value]

    race([named("a"), named("b")])
    assert "".join(order[:8]) == "abbaabba"


def test_rounds_are_told_and_end_when_the_time_is_up() -> None:
    now = iter(range(0, 10_000, round(BUDGET_S)))
    rounds: list[int] = []
    race([runner(1.0), runner(1.0)], rounds.append, lambda: float(next(now)))
    assert rounds == [1, 2, 3, 4]

"""Stages side by side: order, bound, errors and an early end."""

import random
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import count
from typing import Any

import pytest

from edgers.pipeline.flow import Flow, Stage


class OwnError(Exception):
    """An error that nothing else raises."""


def stage(name: str, work: Callable[[Any], Any], threads: int = 1) -> Stage:
    return Stage(name=name, work=work, threads=threads)


def add(number: int) -> Callable[[int], int]:
    return lambda item: item + number


def flow(source: Iterable[int], *stages: Stage, limit: int = 6) -> Flow[int]:
    return Flow(source, stages, limit=limit)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) == before


@pytest.mark.parametrize("threads", [1, 2, 7])
@pytest.mark.parametrize("limit", [1, 2, 16])
def test_results_come_in_the_order_of_the_source(threads: int, limit: int) -> None:
    uneven = random.Random(0)

    def work(item: int) -> int:
        sum(range(uneven.randrange(3000)))
        return item * 10

    passed = flow(range(200), stage("a", add(1), threads), stage("b", work, threads), limit=limit)
    assert list(passed.results()) == [(i + 1) * 10 for i in range(200)]


def test_a_late_first_item_holds_back_the_others() -> None:
    others_done = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert others_done.wait(10)
        elif item == 4:
            others_done.set()
        return item

    assert list(flow(range(5), stage("a", work, 5)).results()) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("length", [0, 1])
def test_a_short_source_ends(length: int) -> None:
    assert list(flow(range(length), stage("a", add(0), 3)).results()) == list(range(length))


def test_without_stages_the_source_passes() -> None:
    assert list(flow(range(9)).results()) == list(range(9))


@pytest.mark.parametrize("limit", [1, 3, 5])
def test_no_more_items_are_in_flight_than_the_limit(limit: int) -> None:
    given, taken, most = 0, 0, 0

    def source() -> Iterator[int]:
        nonlocal given, most
        for item in range(60):
            given += 1
            most = max(most, given - taken)
            yield item

    passed = flow(source(), stage("a", add(0), 4), stage("b", add(0), 4), limit=limit)
    for _ in passed.results():
        sum(range(2000))
        taken += 1
    assert given == 60
    assert most <= limit


def test_the_limit_is_used_up() -> None:
    all_in = threading.Barrier(4)

    def work(item: int) -> int:
        all_in.wait(10)
        return item

    assert list(flow(range(8), stage("a", work, 4), limit=4).results()) == list(range(8))


def test_the_source_is_not_run_ahead_of_the_caller() -> None:
    numbers = count()
    results = flow(numbers, stage("a", add(0), 2), limit=3).results()
    with closing(results):
        assert next(results) == 0
    assert next(numbers) <= 5


def test_nothing_starts_before_the_first_result_is_asked_for() -> None:
    begun: list[int] = []

    def source() -> Iterator[int]:
        begun.append(0)
        yield 0

    before = threading.active_count()
    results = flow(source(), stage("a", add(0))).results()
    assert threading.active_count() == before
    assert not begun
    assert list(results) == [0]
    assert begun


def failing_at(position: int) -> Callable[[int], int]:
    def work(item: int) -> int:
        if item == position:
            raise OwnError(str(item))
        return item

    return work


@pytest.mark.parametrize("position", [0, 1, 30, 99])
@pytest.mark.parametrize("where", ["source", "first", "last"])
def test_an_error_is_raised_in_the_caller(where: str, position: int) -> None:
    work = failing_at(position)
    source = map(work, range(100)) if where == "source" else iter(range(100))
    stages = [stage("a", work if where == "first" else add(0), 3), stage("b", add(0), 2)]
    if where == "last":
        stages[1] = stage("b", work, 2)
    seen: list[int] = []
    with pytest.raises(OwnError, match=str(position)):
        take_all(flow(source, *stages), seen.append)
    assert seen == list(range(len(seen)))
    assert len(seen) <= position


def take_all(passed: Flow[int], take: Callable[[int], object]) -> None:
    """Do with each result what the caller of a flow may do."""
    with closing(passed.results()) as results:
        for item in results:
            take(item)


def test_the_first_of_many_errors_is_raised_once() -> None:
    def work(item: int) -> int:
        raise OwnError(str(item))

    with pytest.raises(OwnError):
        list(flow(range(50), stage("a", work, 5)).results())


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError])
def test_errors_of_every_sort_leave_a_stage(error: type[BaseException]) -> None:
    def work(item: int) -> int:
        raise error

    with pytest.raises(error):
        list(flow(range(5), stage("a", work)).results())


@pytest.mark.parametrize("error", [OwnError, KeyboardInterrupt])
def test_an_error_in_the_caller_ends_all_threads(error: type[BaseException]) -> None:
    def take(item: int) -> None:
        if item == 10:
            raise error

    with pytest.raises(error):
        take_all(flow(count(), stage("a", add(0), 3)), take)


def test_closing_early_waits_for_the_work_in_hand() -> None:
    running, release, done = threading.Event(), threading.Event(), []

    def work(item: int) -> int:
        if item == 1:
            running.set()
            assert release.wait(10)
            done.append(item)
        return item

    results = flow(count(), stage("a", work)).results()
    assert next(results) == 0
    assert running.wait(10)
    release.set()
    results.close()
    assert done == [1]


def test_time_is_counted_by_stage() -> None:
    slow, idle = stage("slow", lambda item: sum(range(200_000)) and item), stage("idle", add(0))
    list(flow(range(8), slow, idle).results())
    assert slow.busy_s > idle.busy_s > 0


def test_time_is_counted_though_the_work_fails() -> None:
    broken = stage("a", failing_at(0))
    with pytest.raises(OwnError):
        broken(0)
    assert broken.busy_s > 0

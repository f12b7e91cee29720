"""Ctrl-C is heard while a builder works in a thread of its own."""

import signal
import threading
import time

import pytest

from edgers.building.stoppable import Steps, UnstoppableError, run_stoppable


def interrupt_soon() -> None:
    threading.Timer(0.05, lambda: signal.raise_signal(signal.SIGINT)).start()


@pytest.fixture(autouse=True)
def ctrl_c() -> object:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_what_a_build_gives_or_raises_comes_back() -> None:
    steps = Steps(lambda *_: None)
    assert run_stoppable(lambda: 3, steps, can_stop=True) == 3
    with pytest.raises(ZeroDivisionError):
        run_stoppable(lambda: 1 // 0, steps, can_stop=True)


def test_a_build_runs_in_another_thread() -> None:
    steps = Steps(lambda *_: None)
    assert run_stoppable(threading.get_ident, steps, can_stop=True) != threading.get_ident()


def test_an_interrupt_cancels_a_build_and_waits_for_its_end() -> None:
    told: list[int] = []
    steps = Steps(lambda _phase, done, _steps: told.append(done))
    ended = threading.Event()

    def work() -> None:
        interrupt_soon()
        while not steps.is_cancelled:
            steps.step("timing", len(told), 0)
            time.sleep(0.005)
        steps.step("after", -1, 0)
        time.sleep(0.1)
        ended.set()

    with pytest.raises(KeyboardInterrupt) as caught:
        run_stoppable(work, steps, can_stop=True)
    assert not isinstance(caught.value, UnstoppableError)
    assert ended.is_set()
    assert told
    assert -1 not in told


def test_a_builder_that_cannot_be_stopped_is_not_waited_for() -> None:
    steps = Steps(lambda *_: None)
    go_on = threading.Event()

    def work() -> None:
        interrupt_soon()
        go_on.wait(30)

    begin = time.monotonic()
    with pytest.raises(UnstoppableError):
        run_stoppable(work, steps, can_stop=False)
    go_on.set()
    assert time.monotonic() - begin < 10


def test_a_terminal_that_is_gone_does_not_fail_inside_the_builder() -> None:
    def gone(*_: object) -> None:
        raise BrokenPipeError

    Steps(gone).step("timing", 1, 2)

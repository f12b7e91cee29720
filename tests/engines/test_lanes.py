"""Lanes: as many as meet, no more than allowed, and closed when nobody is on them."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from edgers.engines.lanes import Lanes
from edgers.errors import EngineError


class Lane:
    """Says whether it is in use, and whether it was closed."""

    def __init__(self) -> None:
        self.users, self.closed = 0, False

    def close(self) -> None:
        assert self.users == 0
        self.closed = True


def drive(lanes: Lanes[Lane], times: int) -> list[int]:
    """Use lanes from eight threads; give how many were on a lane at each use."""

    def use(_: int) -> int:
        with lanes.one() as lane:
            lane.users += 1
            time.sleep(0.002)
            found = lane.users
            lane.users -= 1
            return found

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(use, range(times)))


def test_no_lane_has_two_threads_and_there_are_no_more_than_allowed() -> None:
    made: list[Lane] = []

    def make() -> Lane:
        made.append(Lane())
        return made[-1]

    lanes = Lanes(make, 3)
    assert set(drive(lanes, 40)) == {1}
    assert len(made) == 3
    lanes.close()
    assert all(lane.closed for lane in made)


def test_what_the_first_lane_fails_at_is_told_and_others_are_done_without() -> None:
    def fails() -> Lane:
        raise EngineError("no room")

    with pytest.raises(EngineError, match="no room"):
        Lanes(fails, 2)
    chances = iter([Lane()])

    def once() -> Lane:
        for lane in chances:
            return lane
        raise EngineError("no room for two")

    assert set(drive(Lanes(once, 4), 20)) == {1}


def test_closing_waits_and_those_who_wait_for_a_lane_are_told() -> None:
    lanes, entered, leave = Lanes(Lane, 1), threading.Event(), threading.Event()
    told: list[str] = []

    def hold() -> None:
        with lanes.one():
            entered.set()
            leave.wait(10)

    def wait() -> None:
        try:
            with lanes.one():
                pass
        except EngineError as error:
            told.append(str(error))

    holder, waiter = threading.Thread(target=hold), threading.Thread(target=wait)
    closer = threading.Thread(target=lanes.close)
    holder.start()
    assert entered.wait(10)
    waiter.start()
    closer.start()
    waiter.join(10)
    assert told == ["the engine was closed before this tile."]
    assert closer.is_alive()
    leave.set()
    closer.join(10)
    assert not closer.is_alive()
    holder.join(10)


def test_a_lane_comes_back_from_a_tile_that_failed() -> None:
    lanes = Lanes(Lane, 1)
    with pytest.raises(ZeroDivisionError), lanes.one():
        raise ZeroDivisionError
    with lanes.one() as lane:
        assert not lane.closed

"""Lanes for tiles that are worked on side by side: made when asked for, kept, given back."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

from edgers.errors import EngineError


class Closable(Protocol):
    """What a lane must have."""

    def close(self) -> None:
        """Give back what it holds."""


Lane = TypeVar("Lane", bound=Closable)


class Lanes(Generic[Lane]):
    """At most so many lanes; a thread that finds none free waits."""

    def __init__(self, make: Callable[[], Lane], most: int) -> None:
        """Make the first lane; raises what `make` raises."""
        self._make, self._most = make, most
        self._free = [make()]
        self._count = 1
        self._is_open = True
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def one(self) -> Iterator[Lane]:
        """Give a lane that no other thread has meanwhile; raises EngineError once they are closed.

        One that was used last is given first: its memory has grown to what tiles need.
        """
        lane = self._take()
        try:
            yield lane
        finally:
            with self._changed:
                self._free.append(lane)
                self._changed.notify()

    def close(self) -> None:
        """Wait for what is under way and close all lanes."""
        with self._changed:
            self._is_open = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: len(self._free) == self._count)
            lanes, self._free, self._count = self._free, [], 0
        for lane in lanes:
            lane.close()

    def _take(self) -> Lane:
        with self._changed:
            self._changed.wait_for(self._may_go_on)
            if not self._is_open:
                raise EngineError("the engine was closed before this tile.")
            if self._free:
                return self._free.pop()
            try:
                lane = self._make()
            except EngineError:
                # There is memory or leave for no more: those that are there go round.
                self._most = self._count
            else:
                self._count += 1
                return lane
        return self._take()

    def _may_go_on(self) -> bool:
        return bool(self._free) or self._count < self._most or not self._is_open

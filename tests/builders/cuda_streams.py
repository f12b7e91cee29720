"""Streams and events that put work off until somebody waits for it.

What a device may do late is done late here: a program that reads a result, or writes over an
input, without having waited for it goes wrong every time.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

Work = Callable[[], None]


@dataclass(slots=True, kw_only=True)
class Mark:
    """A place in a stream."""

    stream: "Queue"
    """The stream."""
    done: bool = False
    """Whether all before it is done."""
    at_s: float = 0.0
    """When it was passed."""

    def reach(self) -> None:
        """Do what stands before it."""
        while not self.done:
            self.stream.step()


class Queue:
    """A stream: work in order."""

    numbers = count(0x5000_0000, 0x100)

    def __init__(self, queues: "Queues", handle: int | None = None) -> None:
        self.queues = queues
        self.handle = next(self.numbers) if handle is None else handle
        self.work: deque[Work] = deque()

    def step(self) -> None:
        """Do the oldest work."""
        self.work.popleft()()

    def drain(self) -> None:
        """Do all that is waiting; work after one that fails is dropped."""
        try:
            while self.work:
                self.step()
        except BaseException:
            self.work.clear()
            raise

    def mark(self) -> Mark:
        """Put a mark behind what is waiting."""
        mark = Mark(stream=self)

        def passed() -> None:
            mark.done, mark.at_s = True, time.perf_counter()

        self.queues.submit(self, passed)
        return mark


class Queues:
    """All streams of a context; the default one waits for the others, and they for it."""

    def __init__(self) -> None:
        self.default = Queue(self, 0)
        self.made: dict[int, Queue] = {0: self.default}

    def new(self) -> Queue:
        """Make a stream."""
        made = Queue(self)
        self.made[made.handle] = made
        return made

    def submit(self, queue: Queue | None, work: Work) -> None:
        """Put work at the end of a stream; None is the default stream."""
        queue = queue or self.default
        if queue is self.default:
            self.drain(but=queue)
        else:
            self.default.drain()
        queue.work.append(work)

    def drain(self, but: Any = None) -> None:
        """Do all that is waiting."""
        for queue in list(self.made.values()):
            if queue is not but:
                queue.drain()

    def waiting(self) -> int:
        """Count what nobody has waited for."""
        return sum(len(queue.work) for queue in self.made.values())

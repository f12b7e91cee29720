"""Stages that work side by side on a bounded number of items.

    source ─► stage ─► stage ─► in-order results for the caller

Each stage has threads of its own. At most `limit` items are between the source and the caller, so
memory has a bound whatever the speeds. The first error stops all stages and is raised again in the
caller; so is an interrupt in the caller.
"""

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Generic, TypeVar, cast

Result = TypeVar("Result")


@dataclass(slots=True, kw_only=True)
class Stage:
    """One kind of work."""

    name: str
    """What it does, for the report."""
    work: Callable[[object], object]
    """Turn an item into what the next stage takes; called from `threads` threads."""
    threads: int = 1
    """How many items it works on at once."""
    around: Callable[[], AbstractContextManager[object]] = nullcontext
    """What each of its threads enters before its first item and leaves after its last."""
    busy_s: float = 0.0
    """Seconds of work done so far, summed over threads."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Guards `busy_s`."""

    def __call__(self, item: object) -> object:
        """Do the work and count its time."""
        begin = time.perf_counter()
        try:
            return self.work(item)
        finally:
            with self.lock:
                self.busy_s += time.perf_counter() - begin


class Flow(Generic[Result]):
    """One pass of items through stages."""

    def __init__(self, source: Iterable[object], stages: Sequence[Stage], limit: int) -> None:
        """Prepare; nothing starts before the first result is asked for."""
        self._stages = stages
        self._source = iter(source)
        self._room = threading.Semaphore(limit)
        self._stop = threading.Event()
        # An item is (position, value); None ends a thread.
        self._queues: list[queue.SimpleQueue[tuple[int, object] | None]] = [
            queue.SimpleQueue() for _ in range(len(stages) + 1)
        ]
        self._error: BaseException | None = None
        self._threads = [threading.Thread(target=self._feed, name="feed", daemon=True)] + [
            threading.Thread(target=self._serve, args=(i,), name=stage.name, daemon=True)
            for i, stage in enumerate(stages)
            for _ in range(stage.threads)
        ]
        self._count: int | None = None

    def results(self) -> Generator[Result, None, None]:
        """Give the results in the order of the source; raises what a stage raised.

        Close the generator (`contextlib.closing`) so that the threads end when the caller fails.
        """
        for thread in self._threads:
            thread.start()
        waiting: dict[int, object] = {}
        done = 0
        try:
            while self._error is None and done != self._count:
                item = self._queues[-1].get()
                if item is not None:
                    waiting[item[0]] = item[1]
                while done in waiting and self._error is None:
                    yield cast(Result, waiting.pop(done))
                    done += 1
                    self._room.release()
            if self._error is not None:
                raise self._error
        finally:
            self._end()

    def _feed(self) -> None:
        """Number the items of the source and hand them to the first stage."""
        count = 0
        try:
            while True:
                self._room.acquire()
                if self._stop.is_set():
                    return
                try:
                    item = next(self._source)
                except StopIteration:
                    break
                self._queues[0].put((count, item))
                count += 1
        except BaseException as error:
            self._fail(error)
            return
        self._count = count
        # Wakes a caller that waits although everything has been delivered.
        self._queues[-1].put(None)

    def _serve(self, stage: int) -> None:
        """Work on items until told to end."""
        try:
            with self._stages[stage].around():
                while True:
                    item = self._queues[stage].get()
                    if item is None or self._stop.is_set():
                        return
                    result = self._stages[stage](item[1])
                    self._queues[stage + 1].put((item[0], result))
                    # Nothing of an item may be held while the next is waited for.
                    del item, result
        except BaseException as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Keep the first error and wake the caller."""
        if self._error is None:
            self._error = error
        self._queues[-1].put(None)

    def _end(self) -> None:
        """Stop every thread and wait for the work in hand."""
        self._stop.set()
        self._room.release()
        for position, stage in enumerate(self._stages):
            for _ in range(stage.threads):
                self._queues[position].put(None)
        for thread in self._threads:
            thread.join()

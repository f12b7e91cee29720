"""The frames that wait for their turn: few, and where a source does not wait some are dropped.

With a limit of N frames and a drop policy, a frame waits for at most N others and the one in work:
its latency is at most N + 2 times what one frame takes, and memory holds at most N + 2 frames.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Literal

from edgers.scene.frame import Frame

Drop = Literal["oldest", "newest", "none"]
"""Which frame goes where a new one finds no room: the one that waited longest, the new one, or none
(the source waits)."""


class FrameQueue:
    """A bounded queue between the thread that reads frames and the one that works on them."""

    def __init__(self, limit: int, drop: Drop) -> None:
        self._limit, self._drop = limit, drop
        self._frames: deque[Frame] = deque()
        self._changed = threading.Condition()
        self._is_closed = False
        self._is_finished = False
        self._error: BaseException | None = None
        self.dropped = 0
        """Frames dropped so far."""

    def put(self, frame: Frame) -> bool:
        """Add a frame; tell whether more are wanted.

        Blocks where there is no room, and nothing is to be dropped or the frame is of a backlog.
        """
        with self._changed:
            if self._drop == "none" or frame.is_backlog:
                self._changed.wait_for(self._has_room)
            if self._is_closed:
                return False
            if len(self._frames) >= self._limit:
                self.dropped += 1
                if self._drop == "newest":
                    return True
                self._frames.popleft()
            self._frames.append(frame)
            self._changed.notify_all()
            return True

    def finish(self, error: BaseException | None = None) -> None:
        """Say that no more frames come, and why where it is an error."""
        with self._changed:
            self._is_finished, self._error = True, error
            self._changed.notify_all()

    def take(self, is_stopped: Callable[[], bool], look_every_s: float) -> Frame | None:
        """Wait for the next frame; None at the end, or once `is_stopped` says so.

        Raises what ended the reading, after the last frame.
        """
        with self._changed:
            while not is_stopped():
                if self._frames:
                    frame = self._frames.popleft()
                    self._changed.notify_all()
                    return frame
                if self._error is not None:
                    raise self._error
                if self._is_finished:
                    return None
                # A signal handler must not take the lock to wake this up.
                self._changed.wait(look_every_s)
        return None

    def close(self) -> None:
        """Let go of what waits: nobody takes it any more."""
        with self._changed:
            self._is_closed = True
            self._frames.clear()
            self._changed.notify_all()

    def _has_room(self) -> bool:
        return self._is_closed or len(self._frames) < self._limit

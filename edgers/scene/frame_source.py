"""Where frames come from."""

from collections.abc import Iterator
from typing import Protocol

from edgers.scene.frame import Frame


class FrameSource(Protocol):
    """A stream of frames, read from one thread."""

    name: str
    """What people call it; without a password."""
    is_live: bool
    """Whether frames come when they come, and must be taken or lost."""
    patience_s: float | None
    """Seconds without a frame after which it hangs; None where it may be silent for ever."""
    ended_by: str
    """Why there are no more; empty before the end."""
    was_lost: bool
    """Whether it ended before its time."""
    reconnects: int
    """How often a lost stream was found again."""

    def frames(self, first: int) -> Iterator[Frame]:
        """Give the frames; `first` is the number of the first where the source has none of its own.

        Raises SceneError where there can be none.
        """

    def stop(self) -> None:
        """End with the frame in hand; safe from any thread and in a signal handler."""

    def close(self) -> None:
        """Give back what is held."""

"""What holds something until it is closed, and can be used in a `with` statement."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import TypeVar

Held = TypeVar("Held", bound="Closing")


class Closing(ABC):
    """A context manager that calls `close` at its end, well or not."""

    __slots__ = ()

    @abstractmethod
    def close(self) -> None:
        """Give back what is held; safe to call twice."""

    def __enter__(self: Held) -> Held:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

"""How a run tells that it is alive."""

from typing import Protocol


class Progress(Protocol):
    """Listener to a run."""

    def start(self, scene: str, tiles: int, megapixels: float) -> None:
        """Hear that a scene begins."""

    def advance(self, megapixels: float) -> None:
        """Hear that a tile is in the product."""

    def finish(self) -> None:
        """Hear that the scene is over, well or not."""


class Silent:
    """Listener that says nothing."""

    def start(self, scene: str, tiles: int, megapixels: float) -> None:
        """Say nothing."""

    def advance(self, megapixels: float) -> None:
        """Say nothing."""

    def finish(self) -> None:
        """Say nothing."""

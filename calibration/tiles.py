"""What measuring a network needs: tiles that can be gone through again and again."""

from collections.abc import Iterator
from typing import Protocol

from edgers.engines import Tensors


class Tiles(Protocol):
    """Tiles as the network takes them, read anew each time and never held all at once."""

    def __len__(self) -> int:
        """Count the tiles."""

    def __iter__(self) -> Iterator[Tensors]:
        """Give the tensors of each tile, by input, with a batch of 1; always in the same order."""

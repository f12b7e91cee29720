"""The grids of one scene's products."""

from dataclasses import dataclass

from edgers.scene.place import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the products of one scene lie."""

    computed: Place
    """What the network was run on, or what it gave."""
    product: Place
    """The scene's own pixels; another grid where the scene was resampled to suit the model."""
    map: Place | None = None
    """A map grid for products that are also wanted on one."""

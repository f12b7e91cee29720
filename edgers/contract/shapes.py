"""How a model that writes tells where things are: the `edgers:shapes` of an output.

Reading is in `read_shapes.py`; the texts themselves are read in `edgers.programs.spoken_shapes`.
"""

from dataclasses import dataclass
from typing import Literal

from edgers.contract.boxes import Turning

FormKind = Literal["places", "phrases", "boxes", "oriented", "runs"]
Corners = Literal["any", "box", "quad", "polygon"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenForm:
    """One way of writing shapes down."""

    kind: FormKind
    """`places`: tokens of their own, x and y in turn. `phrases`: boxes in braces behind a phrase,
    an angle with some. `boxes`: `[x1, y1, x2, y2]`. `oriented`: `[x, y, width, height, angle]`.
    `runs`: a mask, each of its rows as runs of the same label."""
    steps: int
    """Steps of each axis: bins of places, the largest number of boxes, cells of a mask."""
    token: str = "<loc_{}>"
    """What a place looks like, `{}` for its number."""
    corners: Corners = "any"
    """How many places make a shape: 2 a `box`, 4 a `quad`, 3 and more a `polygon`, or as it
    comes."""
    turning: Turning = "counter-clockwise"
    """Which way an angle, in degrees, counts."""
    ground: tuple[str, ...] = ()
    """Labels of a mask that stand for nothing."""

    @property
    def is_upright(self) -> bool:
        """Tell whether all its shapes are boxes along the axes."""
        return self.kind == "boxes" or (self.kind == "places" and self.corners == "box")

"""How a network writes down the objects it finds, as frozen values; reading is in `read_boxes.py`.

The numbers of one box stand in a row of a tensor. `columns` says what they are, in order:

==============  ==============================================================================
`box`           where it lies: 4 numbers, 5 for `cxcywha`, 8 for `polygon`
`angle`         its angle, where that stands apart from the other numbers of the box
`direction`     the same as cosine and sine of twice the angle: no jump, as half a turn is none
`objectness`    how sure it is that there is an object; multiplied with the score of each class
`scores`        a score a class; the best one counts
`score`         the score of the class that the graph chose
`class`         which class that is
`coefficients`  what the prototypes of its mask are multiplied with: see `masks.py`
`image`         position of the image in the batch; not looked at, as there is only one
`unused`        a number without a meaning here
==============  ==============================================================================
"""

from dataclasses import dataclass
from typing import Literal

from edgers.kernels.score_rule import Activation

BoxFormat = Literal["xyxy", "xywh", "cxcywh", "cxcywha", "polygon"]
"""Two corners; least corner and size; centre and size; the same with an angle; four corners."""
BoxColumn = Literal[
    "box", "angle", "direction", "objectness", "scores", "score", "class", "coefficients", "image",
    "unused",
]  # fmt: skip
Offsets = Literal["none", "ltrb", "exp", "sigmoid"]
"""What the numbers of a dense head are: boxes already; distances from the middle of a cell to the
left, top, right and bottom in cells (FCOS, Tian and others, 2019); place in the cell and logarithm
of the size in cells or anchors (YOLOX, Ge and others, 2021); both through a sigmoid (YOLOv5)."""
AngleUnit = Literal["radians", "degrees"]
Turning = Literal["clockwise", "counter-clockwise"]
Coordinates = Literal["pixels", "normalised"]
Suppression = Literal["class", "all", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxLevel:
    """One grid of cells of a dense head."""

    stride: int
    """Pixels from cell to cell."""
    anchors: tuple[tuple[float, float], ...] = ()
    """Width and height of each anchor in pixels; empty where a cell has one box and no anchor."""
    output: str | None = None
    """Tensor with this level; None where one tensor holds all levels, one after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxHead:
    """What the numbers of a detector mean."""

    format: BoxFormat
    """What the numbers under `box` are."""
    columns: tuple[BoxColumn, ...]
    """What stands along the axis `channel`, in order."""
    tensors: tuple[tuple[BoxColumn, str], ...] = ()
    """Columns that are tensors of their own: scores, class or coefficients, and which output each
    is."""
    angle_unit: AngleUnit = "radians"
    """Unit of angles."""
    turning: Turning = "clockwise"
    """Which way an angle turns `width` away from the columns' axis, as an image is shown."""
    coordinates: Coordinates = "pixels"
    """Whether places and sizes are pixels of the window or shares of its width and height."""
    activation: Activation = "none"
    """What turns scores and objectness into numbers from 0 to 1."""
    score_threshold: float = 0.25
    """Least score of an object."""
    suppression: Suppression = "class"
    """Whether boxes suppress others of their class, all others, or none since the graph has done
    it. Between tiles too, pieces of two classes are one object under `all` alone."""
    iou_threshold: float = 0.5
    """Overlap above which the better box suppresses the other, on true rectangles."""
    most: int = 1000
    """Most boxes of one tile; the best stay."""
    first_class: int = 0
    """Number that the graph gives to the first class, where it gives numbers: 1 where 0 is the
    background, which is then left out."""
    offsets: Offsets = "none"
    """What the numbers of a dense head are."""
    levels: tuple[BoxLevel, ...] = ()
    """Grids of cells of a dense head, in order."""

    @property
    def box_numbers(self) -> int:
        """Numbers under `box`."""
        return {"cxcywha": 5, "polygon": 8}.get(self.format, 4)

    @property
    def is_oriented(self) -> bool:
        """Tell whether boxes have any direction."""
        is_apart = "angle" in self.columns or "direction" in self.columns
        return self.format in ("cxcywha", "polygon") or is_apart

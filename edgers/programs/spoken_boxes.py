"""Shapes as numbers on a grid, in braces behind a phrase or in brackets.

- phrases with boxes (GeoChat): `<p>two ships</p> {<12><30><40><60>|<45>}`, with an angle in degrees
  that may be missing, several boxes joined by `<delim>`;
- boxes (GeoPix): `[12, 30, 40, 60]`, least and greatest x and y;
- oriented boxes (GeoGround): `[50, 40, 30, 10, -20]`, middle, size and angle in degrees, of the
  long side by custom, from -90 to 90. Widths count by the tile's width, heights by its height.
"""

import math
import re
from collections.abc import Iterator, Sequence

import numpy as np

from edgers.contract.boxes import Turning
from edgers.contract.shapes import SpokenForm
from edgers.programs.spoken_shape import Ring, Size, Told, box_around

PHRASE = re.compile(r"<p>([^<>]*)</p>((?:\s|<delim>|\{[^{}]*\}|\{[^{}]*$)*)")
BRACES = re.compile(r"\{([^{}]*)(?:\}|$)")
BRACKETS = re.compile(r"\[([-0-9.,\s]+)(?:\]|$)")
NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
BETWEEN = re.compile(r"[<>|,\s]*")
"""What may stand between numbers."""


def phrases_in(text: str, form: SpokenForm, size: Size) -> Iterator[Told]:
    """Give the boxes behind phrases, in the order of the text."""
    for said, boxes in PHRASE.findall(text):
        for found in BRACES.finditer(boxes):
            numbers = _numbers(found.group(1)) if found.group().endswith("}") else []
            name = said.strip()
            ring = None
            if len(numbers) in (4, 5) and _is_on_grid(numbers[:4], form):
                ring = _turned(_scaled(numbers[:4], form, size), [*numbers, 0.0][4], form.turning)
            yield Told(
                name=name, said=f"<p>{name}</p> {found.group()}", ring=ring, is_box=True
            )  # fmt: skip


def boxes_in(
    text: str, upright: SpokenForm | None, oriented: SpokenForm | None, size: Size
) -> Iterator[Told]:
    """Give the boxes in brackets: four numbers are an upright one, five an oriented one."""
    for found in BRACKETS.finditer(text):
        numbers = _numbers(found.group(1)) if found.group().endswith("]") else []
        ring = None
        if upright and len(numbers) == 4 and _is_on_grid(numbers, upright):
            ring = _scaled(numbers, upright, size)
        elif oriented and len(numbers) == 5 and _is_on_grid(numbers[:4], oriented):
            ring = _oriented(numbers, oriented, size)
        yield Told(name="", said=found.group(), ring=ring, is_box=True)


def _numbers(text: str) -> list[float]:
    """Read numbers; none where there is anything else."""
    if not BETWEEN.fullmatch(NUMBER.sub("", text)):
        return []
    return [float(one) for one in NUMBER.findall(text)]


def _is_on_grid(numbers: Sequence[float], form: SpokenForm) -> bool:
    return all(0 <= number <= form.steps for number in numbers)


def _scaled(numbers: Sequence[float], form: SpokenForm, size: Size) -> Ring:
    """Give the box of four numbers on the grid."""
    corners = np.array(numbers).reshape(2, 2) / form.steps * size
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    return box_around(left, top, right, bottom)


def _oriented(numbers: Sequence[float], form: SpokenForm, size: Size) -> Ring | None:
    """Give the box of middle, size and angle; None where the angle is none of a box."""
    if abs(numbers[4]) > 90:
        return None
    x, y, width, height = (np.array(numbers[:4]) / form.steps * (*size, *size)).tolist()
    box = box_around(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return _turned(box, numbers[4], form.turning)


def _turned(ring: Ring, degrees: float, turning: Turning) -> Ring | None:
    """Turn a box about its middle, as the eye sees it; None where the angle is none."""
    if not degrees:
        return ring
    if abs(degrees) > 360:
        return None
    # Rows count downwards, so clockwise is the way that angles count in a book.
    angle = math.radians(degrees if turning == "clockwise" else -degrees)
    cosine, sine = math.cos(angle), math.sin(angle)
    middle = ring.mean(axis=0)
    turned: Ring = (ring - middle) @ np.array([[cosine, sine], [-sine, cosine]]) + middle
    return turned

"""Boxes and polygons that models write as text, and how they are read.

Three ways of writing are known, those of the published models of the catalogue:

- location tokens (Florence-2 and what is trained like it): `ship<loc_10><loc_20>…`, x and y in
  turn, each axis in 1000 bins; 2 places are the corners of a box, 3 and more those of a polygon;
- phrases with boxes (GeoChat): `<p>two ships</p> {<12><30><40><60>|<45>}`, on a grid of 0 to 100,
  with an angle in degrees that may be missing, several boxes joined by `<delim>`;
- plain boxes (GeoPix): `[12, 30, 40, 60]`, on the same grid.

What is cut off or malformed is left out: an answer may end anywhere.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BINS = 1000
"""Bins of location tokens (Florence-2: `<loc_0>` to `<loc_999>`)."""
GRID = 100
"""Steps of the grid that boxes in braces and brackets are written on."""

Ring = npt.NDArray[np.float64]
"""Corners (n, 2) as (column, row) in pixels of the tile; 0, 0 is its outer corner."""

_PLACES = re.compile(r"([^<>]*)((?:<loc_\d+>)+)")
_PHRASE = re.compile(r"<p>(.*?)</p>((?:\s|<delim>|\{[^{}]*\})*)", re.DOTALL)
_NUMBER = r"\s*<?(-?\d+)>?\s*,?"
_BRACES = re.compile(r"\{" + _NUMBER * 4 + r"(?:\|" + _NUMBER + r")?\s*\}")
_BRACKETS = re.compile(r"\[\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenShape:
    """One shape that a text tells of."""

    name: str
    """What it is said to be; empty where the text does not say."""
    ring: Ring
    """Its corners."""


def shapes_in(text: str, height_px: int, width_px: int) -> list[SpokenShape]:
    """Read all shapes of an answer about a tile of that size, in their order by way of writing."""
    size = (width_px, height_px)
    return [*_of_places(text, size), *_of_phrases(text, size), *_of_brackets(text, size)]


def place_tokens(ring: Ring, height_px: int, width_px: int) -> str:
    """Write corners as location tokens: the bin that each lies in."""
    bins = np.floor(np.asarray(ring) / (width_px, height_px) * BINS)
    numbers = np.clip(bins, 0, BINS - 1).astype(int).ravel()
    return "".join(f"<loc_{number}>" for number in numbers)


def _of_places(text: str, size: tuple[int, int]) -> Iterator[SpokenShape]:
    name = ""
    for said, places in _PLACES.findall(text):
        # Several shapes may follow one name.
        name = said.strip(" ,;.\n") or name
        bins = [int(number) for number in re.findall(r"\d+", places)]
        if len(bins) % 2 or len(bins) < 4 or max(bins) >= BINS:
            continue
        # The middle of a bin is nearest to all that it stands for.
        corners = (np.array(bins, np.float64).reshape(-1, 2) + 0.5) / BINS * size
        yield SpokenShape(name=name, ring=_box(*corners.ravel()) if len(bins) == 4 else corners)


def _of_phrases(text: str, size: tuple[int, int]) -> Iterator[SpokenShape]:
    for said, boxes in _PHRASE.findall(text):
        for found in _BRACES.finditer(boxes):
            numbers = [int(number) for number in found.groups(default="0")]
            if all(0 <= number <= GRID for number in numbers[:4]):
                yield SpokenShape(
                    name=said.strip(), ring=_turned(_scaled(numbers[:4], size), numbers[4])
                )


def _of_brackets(text: str, size: tuple[int, int]) -> Iterator[SpokenShape]:
    for found in _BRACKETS.finditer(text):
        numbers = [int(number) for number in found.groups()]
        if max(numbers) <= GRID:
            yield SpokenShape(name="", ring=_scaled(numbers, size))


def _scaled(numbers: Sequence[int], size: tuple[int, int]) -> Ring:
    """Give the box of four numbers on the grid."""
    left, top, right, bottom = (
        number / GRID * length for number, length in zip(numbers, (*size, *size), strict=True)
    )
    return _box(left, top, right, bottom)


def _box(left: float, top: float, right: float, bottom: float) -> Ring:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)


def _turned(ring: Ring, degrees: float) -> Ring:
    """Turn a box about its middle, as the eye sees it counter-clockwise."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    middle = ring.mean(axis=0)
    # Rows count downwards, so this turns the other way round than in a book.
    turned: Ring = (ring - middle) @ np.array([[cosine, -sine], [sine, cosine]]) + middle
    return turned

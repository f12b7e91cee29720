"""A picture of objects for people: the scene, beside it with outlines in the colours of classes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from edgers.contract import ModelClass
from edgers.products.feature import Feature
from edgers.products.quicklook import (
    INK,
    MIN_SIDE_PX,
    Bytes,
    Colour,
    Preview,
    nodata_row,
    rgb,
    write_sheet,
)

SMALLEST_PX = 5.0
"""Sides of an outline in the picture below which a square of this size is drawn about it."""

FILL = 150
"""How much of its colour an object is filled with, of 255."""

SHOWN = 12
"""Classes that the legend lists before it counts the rest."""


def write_object_picture(
    path: Path, samples: npt.NDArray[np.generic], gone: npt.NDArray[np.bool_],
    features: Iterable[Feature], classes: Sequence[ModelClass], *, step: float, title: str,
    nodata_share: float, filled: bool = False,
) -> None:  # fmt: skip
    """Draw a thinned scene, (band, height, width), and the outlines on it, into a PNG.

    `gone` marks its pixels without data, (height, width); one of its pixels is `step` of those that
    outlines are in. Features tell their class by the property `class`, a class value, or where that
    is null by `class_name`; they may be `filled` with its colour, so that the scene shows through.
    """
    scene = Preview(classes=gone.astype(np.uint8), samples=samples, nodata=1).scene_picture()
    factor = max(1, MIN_SIDE_PX // max(gone.shape))
    scene = scene.repeat(factor, axis=0).repeat(factor, axis=1)
    colours = {key: rgb(one.colour) for one in classes for key in (one.value, one.name)}
    drawn, found = _drawn(scene, features, colours, factor / step, filled=filled)
    counts = {one.value: found[one.value] + found[one.name] for one in classes}
    rows = [(rgb(one.colour), f"{one.name}  {counts[one.value]:,}") for one in classes]
    if len(rows) > SHOWN:
        seen = [row for row, one in zip(rows, classes, strict=True) if counts[one.value]]
        more = len(rows) - len(seen[:SHOWN])
        rows = [*seen[:SHOWN], (INK, f"and {more} more classes")]
    write_sheet(path, [scene, drawn], [*rows, nodata_row(nodata_share)], title=title)


def _drawn(
    scene: Bytes, features: Iterable[Feature], colours: dict[int | str, Colour], scale: float, *,
    filled: bool,
) -> tuple[Bytes, Counter[object]]:  # fmt: skip
    """Draw outlines on a scene; count them by class."""
    image = Image.fromarray(scene)
    draw = ImageDraw.Draw(image)
    counts: Counter[object] = Counter()
    for feature in features:
        kind = feature.properties.get("class")
        kind = feature.properties.get("class_name") if kind is None else kind
        counts[kind] += 1
        if feature.geometry is None or not np.isfinite(feature.geometry).all():
            continue
        colour = colours.get(kind, INK) if isinstance(kind, int | str) else INK
        for shell, *holes in ((feature.geometry, *feature.holes), *feature.others):
            rings = [_visible(np.asarray(shell) * scale)]
            rings += [np.asarray(hole) * scale for hole in holes]
            if filled:
                _fill(image, rings, colour)
            for ring in rings:
                corners = [(x, y) for x, y in [*ring.tolist(), ring[0].tolist()]]
                # A dark line below lets every colour be seen on every ground.
                draw.line(corners, fill=INK, width=2 if filled else 4, joint="curve")
                if not filled:
                    draw.line(corners, fill=colour, width=2)
    return np.asarray(image), counts


def _fill(image: Image.Image, rings: Sequence[npt.NDArray[np.float64]], colour: Colour) -> None:
    """Tint a polygon, without its holes, in a picture."""
    left, top = np.floor(rings[0].min(axis=0)).astype(int).tolist()
    right, bottom = np.ceil(rings[0].max(axis=0)).astype(int).tolist()
    mask = Image.new("L", (max(1, right - left), max(1, bottom - top)))
    draw = ImageDraw.Draw(mask)
    for ring, share in zip(rings, (FILL, *[0] * (len(rings) - 1)), strict=True):
        draw.polygon([(x - left, y - top) for x, y in ring.tolist()], fill=share)
    image.paste(colour, (left, top), mask)


def _visible(ring: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Give a ring, or a square about it where it is too small to be seen."""
    low, high = ring.min(axis=0), ring.max(axis=0)
    if (high - low).max() >= SMALLEST_PX:
        return ring
    square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * SMALLEST_PX / 2
    found: npt.NDArray[np.float64] = (low + high) / 2 + square
    return found

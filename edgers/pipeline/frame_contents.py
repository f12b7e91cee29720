"""What the log says of the products of a frame, by kind of answer."""

from collections.abc import Sequence
from dataclasses import asdict

from edgers.contract import ModelOutput
from edgers.pipeline.frame_place import FramePlace
from edgers.pipeline.frame_work import FrameProducts
from edgers.products.areas import ClassArea
from edgers.tasks.kinds import kind_of

SHARE_DIGITS, AREA_DIGITS = 6, 4
"""Digits after the point of shares, and of areas in m²."""


def frame_contents(
    output: ModelOutput, made: FrameProducts, placed: FramePlace
) -> dict[str, object]:
    """Give classes, values, objects and rows, as far as there are any."""
    found = made.found
    contents: dict[str, object] = {}
    if classes := found.classes:
        is_map = "classes" in made.files
        layers = [(1, one.value) if is_map else (i, 1) for i, one in enumerate(classes, 1)]
        contents["classes"] = _areas(made, placed, "classes" if is_map else "labels",
                                     classes, layers)  # fmt: skip
    if found.values:
        reached = [one.found for one in found.values if one.found is not None]
        flags = [(i, 1) for i in range(1, len(reached) + 1)]
        areas = iter(_areas(made, placed, "found", reached, flags) if reached else [])
        contents["values"] = [
            {**asdict(one), "found": None if one.found is None else next(areas)}
            for one in found.values
        ]
    if kind_of(output) in ("objects", "instances"):
        contents["objects"] = [asdict(one) for one in found.objects]
    if found.spoken is not None:
        contents["texts"] = asdict(found.spoken)
    if found.rows is not None:
        contents["rows"] = list(made.rows)
    return contents


def _areas(
    made: FrameProducts, placed: FramePlace, role: str, found: Sequence[ClassArea],
    layers: Sequence[tuple[int, int]],
) -> list[dict[str, object]]:  # fmt: skip
    """Give pixels, share and ground of what is told by a layer of a product each."""
    areas = placed.areas_m2(made.files[role], layers, made.grid)
    return [
        {
            "value": one.value,
            "name": one.name,
            "pixels": one.pixels,
            "share": round(one.share, SHARE_DIGITS),
            "area_m2": None if areas is None else round(areas[i], AREA_DIGITS),
        }
        for i, one in enumerate(found)
    ]

"""Planes from above, with the shadow of their outline beside them."""

import numpy as np

from edgers.export.detector_demo.canvas import Canvas, Points, Stance, rectangle
from edgers.export.detector_demo.palette import BOXES, GLASS, WHITE


def draw_plane(
    canvas: Canvas, stance: Stance, length: float, span: float, random: np.random.Generator
) -> None:
    """Draw a plane with its nose along the first axis; sizes in metres."""
    is_small = length < 14
    body = _body(length, (0.13 if is_small else 0.105) * length)
    wings = _wings(length, span, swept=not is_small)
    tail = _tail(length, span * (0.34 if is_small else 0.38), swept=not is_small)
    engines = [] if is_small else _engines(length, span)
    outline = [body, *wings, *tail, *engines]
    height_m = 0.06 * length + 0.6
    for part in outline:
        canvas.shade(stance.px(part), height_m, stance.px_per_m)
    paint = WHITE * random.uniform(0.72, 1.05)
    livery = BOXES[random.integers(len(BOXES))]
    for part in (*wings, *tail):
        canvas.fill(stance.px(part), paint * random.uniform(0.82, 0.92))
    for part in engines:
        canvas.fill(stance.px(part), paint * 0.62)
    canvas.fill(stance.px(body), paint)
    # The fin seen from above, in the airline's colour, and the windscreen.
    canvas.fill(stance.px(rectangle(0.16 * length, 0.022 * length, -0.42 * length)), livery)
    canvas.fill(stance.px(rectangle(0.022 * length, 0.055 * length, 0.445 * length)), GLASS)
    if is_small and random.random() < 0.6:
        for part in wings:
            tip = part[1:3].mean(axis=0)
            canvas.fill(stance.px(rectangle(0.1 * length, 0.06 * span) + tip * 0.9), livery)


def _body(length: float, width: float) -> Points:
    half, w = length / 2, width / 2
    side = [
        (-half, 0.12 * w), (-0.30 * length, 0.85 * w), (-0.2 * length, w), (0.34 * length, w),
        (0.44 * length, 0.72 * w), (0.48 * length, 0.35 * w), (half, 0),
    ]  # fmt: skip
    return np.array(side + [(x, -y) for x, y in side[-2::-1]])


def _wings(length: float, span: float, *, swept: bool) -> list[Points]:
    back = 0.24 * length if swept else 0.02 * length
    root, tip = (0.24 * length, 0.075 * length) if swept else (0.17 * length, 0.12 * length)
    front = 0.14 * length
    one = [(front, 0), (front - back, span / 2), (front - back - tip, span / 2), (front - root, 0)]
    return [np.array(one), np.array(one) * [1, -1]]


def _tail(length: float, span: float, *, swept: bool) -> list[Points]:
    back = 0.08 * length if swept else 0.01 * length
    front, root, tip = -0.34 * length, 0.11 * length, 0.05 * length
    one = [(front, 0), (front - back, span / 2), (front - back - tip, span / 2), (front - root, 0)]
    return [np.array(one), np.array(one) * [1, -1]]


def _engines(length: float, span: float) -> list[Points]:
    places = [(0.085 * length, s * 0.17 * span) for s in (-1, 1)]
    return [rectangle(0.1 * length, 0.05 * length, x, y) for x, y in places]

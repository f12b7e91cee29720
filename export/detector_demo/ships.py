"""Ships from above: hulls of several sorts, and the wakes of those that move."""

import numpy as np

from edgers.export.detector_demo.canvas import Canvas, Stance, disc, rectangle
from edgers.export.detector_demo.palette import BOXES, DECKS, FOAM, GLASS, HULLS, WHITE, WOOD


def beam_of(length_m: float, random: np.random.Generator) -> float:
    """Give a width that goes with a length: boats are stout, freighters slender."""
    ratio = np.interp(length_m, [6, 20, 70], [2.9, 4.2, 5.6]) * random.uniform(0.9, 1.12)
    return float(length_m / ratio)


def draw_ship(
    canvas: Canvas, stance: Stance, length: float, beam: float, random: np.random.Generator,
    *, moves: bool,
) -> None:  # fmt: skip
    """Draw a ship with its bow along the first axis; sizes in metres."""
    scale = stance.px_per_m
    if moves:
        _wake(canvas, stance, length, beam, random)
    blunt = random.uniform(0.08, 0.30)
    hull = _hull(length, beam, blunt)
    canvas.shade(stance.px(hull), 1.5 + 0.03 * length, scale)
    if length < 16:
        _boat(canvas, stance, length, beam, random)
        return
    colour = HULLS[random.integers(len(HULLS))]
    canvas.fill(stance.px(hull), colour)
    deck = DECKS[random.integers(len(DECKS))]
    canvas.fill(stance.px(_hull(length * 0.965, beam * 0.84, blunt)), deck)
    sort = random.choice(["freighter", "tanker", "ferry", "trawler"])
    if sort == "ferry":
        canvas.fill(stance.px(rectangle(0.66 * length, 0.72 * beam, -0.06 * length)), WHITE * 0.95)
        for i in range(int(random.integers(2, 5))):
            along = (-0.28 + 0.13 * i) * length
            canvas.fill(stance.px(rectangle(0.05 * length, 0.4 * beam, along)), GLASS * 2.5)
        canvas.fill(stance.px(rectangle(0.02 * length, 0.7 * beam, 0.25 * length)), GLASS)
        return
    bridge = -0.36 * length if sort != "trawler" else random.choice([-0.2, 0.2]) * length
    if sort == "freighter":
        _hatches(canvas, stance, length, beam, random)
    elif sort == "tanker":
        canvas.fill(stance.px(rectangle(0.66 * length, 0.09 * beam, 0.02 * length)), WHITE * 0.7)
        for along in np.arange(-0.22, 0.36, 0.11) * length:
            canvas.fill(stance.px(rectangle(0.012 * length, 0.7 * beam, along)), WHITE * 0.6)
    house = stance.at(bridge, 0)
    canvas.block(house.px(rectangle(0.13 * length, 0.74 * beam)), WHITE * 0.93, 5, scale)
    canvas.fill(house.px(rectangle(0.02 * length, 0.7 * beam, 0.05 * length)), GLASS)
    canvas.fill(house.px(disc(0.09 * beam) - np.array([0.04 * length, 0])), HULLS[2])


def _hull(length: float, beam: float, blunt: float) -> np.ndarray:
    half, b = length / 2, beam / 2
    shoulder = half - length * (0.16 + blunt)
    side = [
        (-half, 0.78 * b), (-half + 0.06 * length, b), (shoulder, b),
        (half - 0.09 * length * (1 + blunt), 0.52 * b), (half - 0.02 * length, 0.15 * b), (half, 0),
    ]  # fmt: skip
    return np.array(side + [(x, -y) for x, y in side[-2::-1]])


def _boat(
    canvas: Canvas, stance: Stance, length: float, beam: float, random: np.random.Generator
) -> None:
    hull = _hull(length, beam, 0.2)
    canvas.fill(stance.px(hull), WHITE if random.random() < 0.75 else HULLS[random.integers(4)])
    inner = WOOD if random.random() < 0.4 else WHITE * 0.75
    canvas.fill(stance.px(rectangle(0.34 * length, 0.62 * beam, -0.26 * length)), inner)
    if random.random() < 0.4:
        # A sailing boat: the boom under its cover.
        canvas.fill(stance.px(rectangle(0.42 * length, 0.14 * beam, -0.1 * length)), HULLS[1])
    else:
        canvas.fill(stance.px(rectangle(0.22 * length, 0.6 * beam, 0.06 * length)), GLASS)
        canvas.fill(stance.px(rectangle(0.16 * length, 0.55 * beam, 0.02 * length)), WHITE)


def _hatches(
    canvas: Canvas, stance: Stance, length: float, beam: float, random: np.random.Generator
) -> None:
    """Draw hatches, or rows of containers in many colours."""
    loaded = random.random() < 0.5
    plain = DECKS[random.integers(len(DECKS))] * 0.8
    step = max(0.085 * length, 3.0)
    for along in np.arange(-0.25 * length, 0.30 * length, step):
        if not loaded:
            canvas.fill(stance.px(rectangle(0.8 * step, 0.62 * beam, along)), plain)
            continue
        rows = max(2, round(0.75 * beam / 2.5))
        wide = 0.75 * beam / rows
        for row in range(rows):
            across = (row - (rows - 1) / 2) * wide
            colour = BOXES[random.integers(len(BOXES))]
            canvas.fill(stance.px(rectangle(0.92 * step, 0.94 * wide, along, across)), colour)


def _wake(
    canvas: Canvas, stance: Stance, length: float, beam: float, random: np.random.Generator
) -> None:
    """Draw foam behind the stern and the two arms of the bow wave."""
    reach, spread = length * random.uniform(1.0, 2.2), random.uniform(0.10, 0.2)
    steps = 14
    for i in range(steps):
        near, far = -0.48 * length - reach * i / steps, -0.48 * length - reach * (i + 1) / steps
        fade = 0.75 * (1 - i / steps) ** 1.3
        wide = [beam * (0.55 + 0.5 * k / steps) / 2 for k in (i, i + 1)]
        trail = [(near, -wide[0]), (near, wide[0]), (far, wide[1]), (far, -wide[1])]
        canvas.fill(stance.px(trail), FOAM, fade * random.uniform(0.6, 1.0))
        for side in (-1, 1):
            begin, end = ((0.35 * length + near) * 0.6, (0.35 * length + far) * 0.6)
            a, b = (side * (0.42 * beam + spread * (0.35 * length - x)) for x in (begin, end))
            thick = side * 0.16 * beam
            arm = [(begin, a), (end, b), (end, b + thick), (begin, a + thick)]
            canvas.fill(stance.px(arm), FOAM, 0.45 * fade)

"""Ingest, gather and scores on tiles of usual size."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.bench.kernels.case import Case, by_thread
from edgers.kernels.cpu.gather import gather
from edgers.kernels.cpu.ingest import ingest
from edgers.kernels.cpu.scatter import scatter
from edgers.kernels.cpu.scores import decode, settle
from edgers.kernels.recipe import Quantizer, Step, make_recipe
from edgers.kernels.reference.gather import gather as plain_gather
from edgers.kernels.reference.ingest import ingest as plain_ingest
from edgers.kernels.reference.scatter import scatter as plain_scatter
from edgers.kernels.reference.scores import decode as plain_decode
from edgers.kernels.reference.scores import settle as plain_settle
from edgers.kernels.score_rule import ScoreRule

SIDE_PX, BANDS, CLASSES = 512, 13, 4
"""A tile of Sentinel-2, and the classes of a usual flood or cloud map."""
TILES = 2
"""Tiles, one a thread: in a run a tile is scaled just after it was read, so it lies
in the last cache where that is large enough."""

Array = npt.NDArray[Any]


def into_room(
    work: Callable[..., object], tiles: list[tuple[Any, ...]], like: Array
) -> Callable[[], object]:
    """Call `work` on a thread's own tile, with memory for a result that is like another."""
    rooms = [(np.zeros_like(like), *tile) for tile in tiles]
    return by_thread(lambda room, *tile: work(*tile, out=room), rooms)


def chain_by_hand(
    samples: Array, missing: Array, tags: tuple[Array, Array], mean: Array, stddev: Array
) -> Array:
    """Scale samples as one writes it in a script: each step gives a new array.

    The reference works in place, which few scripts do.
    """
    scale, offset = tags
    x: Array = np.clip(samples.astype(np.float32) * scale + offset, 0, 1)
    x = (x - mean) / stddev
    x[missing] = 0
    return x


def cases() -> Iterator[Case]:
    """Give the cases, made from a seed."""
    random = np.random.default_rng(0)
    yield from _ingests(random)
    yield from _mixes(random)
    image = random.integers(0, 10_000, (BANDS, 2 * SIDE_PX, 2 * SIDE_PX)).astype(np.uint16)
    windows: list[tuple[Any, ...]] = [
        (image, 64 * i - 9, 64 * i, (SIDE_PX, SIDE_PX), "reflect") for i in range(TILES)
    ]  # fmt: skip
    yield Case(
        name="gather uint16, halo beyond the edge",
        moved_bytes=2 * 2 * BANDS * SIDE_PX**2,
        fast=by_thread(gather, windows),
        plain=by_thread(plain_gather, windows),
        into=into_room(gather, windows, gather(*windows[0])),
    )


def _ingests(random: np.random.Generator) -> Iterator[Case]:
    shape = BANDS, SIDE_PX, SIDE_PX
    numbers = np.linspace(500, 2000, BANDS, dtype=np.float32).reshape(-1, 1, 1)
    spread = (numbers / 2).astype(np.float32)
    z_score: list[Step] = [("z-score", {"mean": numbers, "stddev": spread})]
    decibel: list[Step] = [("decibel", {"floor": np.ones_like(numbers)}), *z_score]
    clip: Step = ("clip", {"minimum": np.zeros_like(numbers), "maximum": np.ones_like(numbers)})
    tags = np.full_like(numbers, 1e-4), np.full_like(numbers, -0.1)
    fill = np.zeros((BANDS, 1, 1), np.float32)
    long = make_recipe([clip, *z_score], fill, "float32", tags=tags)
    quantizer = Quantizer(scale=0.02, zero_point=0)
    made: list[tuple[Any, ...]] = [
        (random.integers(0, 10_000, shape).astype(np.uint16), random.random(shape) < 0.02)
        for _ in range(TILES)
    ]
    by_pixel: list[tuple[Any, ...]] = [
        tuple(np.ascontiguousarray(one.transpose(1, 2, 0)).transpose(2, 0, 1) for one in pair)
        for pair in made
    ]
    short = make_recipe(z_score, fill, "float32")
    by_hand = partial(chain_by_hand, tags=tags, mean=numbers, stddev=spread)
    for name, tiles, recipe, rival in (
        ("uint16 to float32", made, short, None),
        ("uint16 to float32, tags, clip, z-score", made, long, None),
        ("the same, beside numpy by hand", made, long, by_hand),
        ("uint16 to float16", made, make_recipe(z_score, fill, "float16"), None),
        ("uint16 to int8", made, make_recipe(z_score, fill, "int8", quantizer=quantizer), None),
        ("uint16 to float32 dB", made, make_recipe(decibel, fill, "float32"), None),
        ("uint16 by pixel to float32", by_pixel, short, None),
    ):
        samples, work = tiles[0][0], partial(ingest, recipe=recipe)
        yield Case(
            name=f"ingest {name}",
            moved_bytes=samples.size * (samples.itemsize + 1 + recipe.data_type.itemsize),
            fast=by_thread(work, tiles),
            plain=by_thread(rival or partial(plain_ingest, recipe=recipe), tiles),
            rival="numpy by hand" if rival else "numpy in place",
            into=into_room(work, tiles, work(*tiles[0])),
        )


def _mixes(random: np.random.Generator) -> Iterator[Case]:
    values = np.arange(CLASSES).astype(np.uint8)
    rule = ScoreRule(values=values, activation="softmax", threshold=0.5)
    shape, pixels = (CLASSES, SIDE_PX, SIDE_PX), SIDE_PX**2
    row, column = (random.random(SIDE_PX).astype(np.float32) for _ in range(2))
    parts = [
        (np.zeros(shape, np.float32), random.standard_normal(shape).astype(np.float32), row, column)
        for _ in range(TILES)
    ]
    scores = [(part,) for _, part, *_ in parts]
    planes = 4 * CLASSES * pixels
    for name, moved, fast, plain, tiles in (
        ("scatter", 3 * planes, scatter, plain_scatter, parts),
        ("scatter + argmax", 3 * planes + 2 * pixels, partial(settle, rule=rule),
         partial(plain_settle, rule=rule), parts),
        ("argmax", planes + 2 * pixels, partial(decode, rule=rule),
         partial(plain_decode, rule=rule), scores),
        ("argmax and softmax", 2 * planes + 2 * pixels,
         partial(decode, rule=rule, with_probabilities=True),
         partial(plain_decode, rule=rule, with_probabilities=True), scores),
    ):  # fmt: skip
        yield Case(
            name=f"{name}, {CLASSES} classes",
            moved_bytes=moved,
            fast=by_thread(fast, tiles),
            plain=by_thread(plain, tiles),
            # What it changes in place is there.
            into=by_thread(fast, tiles) if tiles is parts else None,
        )

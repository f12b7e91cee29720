"""Areas of classes: whole numbers that hang on no order, with or without a place."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgers.contract import ModelClass
from edgers.products.areas import AreaCounter, block_pixels

CLASSES = tuple(
    ModelClass(value=value, name=name, colour="000000")
    for value, name in ((0, "land"), (3, "water"), (1000, "cloud"))
)
VALUES = np.array([0, 3, 1000, 65_535], np.uint16)


def block(seed: int, height: int = 5, width: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).choice(VALUES, (height, width))


def test_pixels_and_areas_of_a_block() -> None:
    found = np.array([[0, 3, 3], [65_535, 0, 1000]], np.uint16)
    pixels, areas = block_pixels(found, CLASSES, np.array([100.0, 50.5]))
    assert pixels == (2, 2, 1)
    assert areas == (150_500_000, 200_000_000, 50_500_000)


def test_without_a_place_there_are_pixels_alone() -> None:
    assert block_pixels(block(0), CLASSES, None)[1] is None


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0)])
def test_a_block_of_nothing_has_nothing(shape: tuple[int, int]) -> None:
    empty = np.empty(shape, np.uint16)
    assert block_pixels(empty, CLASSES, np.ones(shape[0]))[0] == (0, 0, 0)


def test_a_block_of_nothing_does_not_take_away_the_place_of_others() -> None:
    counter = AreaCounter(CLASSES)
    for found, rows in ((block(0), np.full(5, 100.0)), (np.empty((5, 0), np.uint16), None)):
        counter.add(*block_pixels(found, CLASSES, rows))
    assert all(area.area_km2 is not None for area in counter.areas())


@settings(deadline=None)
@given(seeds=st.lists(st.integers(0, 99), min_size=1, max_size=12), turn=st.integers(0, 99))
def test_sums_hang_on_no_order(seeds: list[int], turn: int) -> None:
    rows = np.random.default_rng(0).uniform(1e-3, 1e6, 5)
    counts = [block_pixels(block(seed), CLASSES, rows) for seed in seeds]
    shuffled = random.Random(turn).sample(counts, len(counts))
    found = []
    for order in (counts, shuffled):
        counter = AreaCounter(CLASSES)
        for one in order:
            counter.add(*one)
        found.append(counter.areas())
    assert found[0] == found[1]


def test_shares_are_of_what_is_no_nodata() -> None:
    counter = AreaCounter(CLASSES)
    counter.add((1, 0, 3), (10**12, 0, 3 * 10**12))
    land, water, cloud = counter.areas()
    assert (land.share, water.share, cloud.share) == (0.25, 0, 0.75)
    assert (land.area_km2, water.area_km2, cloud.area_km2) == (1, 0, 3)
    assert [area.name for area in counter.areas()] == ["land", "water", "cloud"]
    assert [area.value for area in counter.areas()] == [0, 3, 1000]


def test_one_block_without_a_place_takes_the_areas_away() -> None:
    counter = AreaCounter(CLASSES)
    counter.add((1, 0, 3), (10, 0, 30))
    counter.add((1, 0, 3), None)
    assert [area.area_km2 for area in counter.areas()] == [None] * 3
    assert [area.pixels for area in counter.areas()] == [2, 0, 6]


def test_nothing_counted_is_no_share_of_anything() -> None:
    assert [area.share for area in AreaCounter(CLASSES).areas()] == [0.0] * 3

"""Polygons of classes: whatever the blocks, the same as of the whole map."""

from collections import Counter

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rasterio.features import rasterize, shapes

from edgers.products.class_polygons import ClassPolygon, class_polygons

NODATA = 255


def found(classes: np.ndarray, rows: int) -> list[ClassPolygon]:
    """Give the polygons by blocks of so many rows."""
    read = lambda row, height: classes[row : row + height]  # noqa: E731
    width = max(classes.shape[1], 1)
    return list(class_polygons(read, classes.shape, NODATA, block_px=rows * width))


def shape_of(one: ClassPolygon) -> shapely.Polygon:
    return shapely.Polygon(one.rings[0], one.rings[1:])


def as_set(polygons: list[ClassPolygon]) -> Counter[tuple[int, bytes]]:
    return Counter(
        (one.value, shapely.normalize(shape_of(one)).wkb) for one in polygons
    )  # fmt: skip


def whole(classes: np.ndarray) -> Counter[tuple[int, bytes]]:
    """Give the polygons that GDAL makes of the whole map."""
    return Counter(
        (int(value), shapely.normalize(shapely.geometry.shape(document)).wkb)
        for document, value in shapes(classes, mask=classes != NODATA, connectivity=4)
    )


MAPS = arrays(
    np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)),
    elements=st.sampled_from([0, 0, 1, 1, 2, NODATA]),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(classes=MAPS, rows=st.integers(1, 12))
def test_any_map_in_any_blocks_has_the_polygons_of_the_whole(
    classes: np.ndarray, rows: int
) -> None:
    polygons = found(classes, rows)
    assert as_set(polygons) == whole(classes)
    assert all(shape_of(one).is_valid for one in polygons)


@settings(max_examples=50, deadline=None)
@given(classes=MAPS, rows=st.integers(1, 12))
def test_each_pixel_is_in_one_polygon_of_its_class(classes: np.ndarray, rows: int) -> None:
    polygons = found(classes, rows)
    burnt = np.full(classes.shape, NODATA, np.uint8)
    for one in polygons:
        mask = rasterize([(shape_of(one), 1)], out_shape=classes.shape).astype(bool)
        assert (burnt[mask] == NODATA).all()
        assert mask.sum() == one.pixels
        burnt[mask] = one.value
    assert (burnt == classes).all()


@pytest.mark.parametrize("rows", [1, 7, 64, 500])
@pytest.mark.parametrize("seed", range(3))
def test_a_large_map_of_blobs_and_noise(rows: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 4, (15, 20), dtype=np.uint8).repeat(12, 0).repeat(12, 1)
    noise = random.random(coarse.shape)
    coarse[noise < 0.05] = 9
    coarse[noise > 0.97] = NODATA
    assert as_set(found(coarse, rows)) == whole(coarse)


def test_a_spiral_is_one_polygon() -> None:
    """Its arms meet in the last row only, so that all of them are open until then."""
    classes = np.zeros((60, 61), np.uint8)
    classes[:, ::2] = 1
    classes[-1] = 1
    (comb,) = [one for one in found(classes, 4) if one.value == 1]
    assert comb.pixels == int((classes == 1).sum())
    assert as_set(found(classes, 4)) == whole(classes)


def test_the_order_is_the_same_each_time_and_blocks_are_let_go_of() -> None:
    classes = np.random.default_rng(0).integers(0, 3, (90, 40), dtype=np.uint8)
    once, again = found(classes, 8), found(classes, 8)
    assert [shape_of(one).wkb for one in once] == [shape_of(one).wkb for one in again]
    # What ends in the first block is given before the second is read.
    asked: list[int] = []

    def read(row: int, height: int) -> np.ndarray:
        asked.append(row)
        return classes[row : row + height]

    next(class_polygons(read, classes.shape, NODATA, block_px=320))
    assert asked == [0]


def test_wide_values_are_kept() -> None:
    classes = np.array([[300, 300], [65535, 7]], np.uint16)
    polygons = class_polygons(lambda row, height: classes[row : row + height], (2, 2), 65535)
    assert sorted((one.value, one.pixels) for one in polygons) == [(7, 1), (300, 2)]


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (3, 3)])
def test_a_map_without_data_has_no_polygons(shape: tuple[int, int]) -> None:
    assert found(np.full(shape, NODATA, np.uint8), 2) == []

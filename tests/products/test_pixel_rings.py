"""Outlines of masks: the polygons that GDAL makes of the same pixels."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.features import shapes

from edgers.products.pixel_rings import polygons_of
from edgers.tasks.pixel_runs import bounds_of, clipped, pixels_in, pixels_shared, runs_of, united


@st.composite
def masks(draw: st.DrawFn, height: int = 9, width: int = 11) -> np.ndarray:
    random = np.random.default_rng(draw(st.integers(0, 2**20)))
    found: np.ndarray = random.random((height, width)) < draw(st.sampled_from([0.2, 0.5, 0.8, 1]))
    return found


@settings(max_examples=150, deadline=None)
@given(masks())
def test_polygons_are_those_of_gdal(mask: np.ndarray) -> None:
    found = [shapely.Polygon(one[0], one[1:]) for one in polygons_of(runs_of(mask))]
    known = [
        shapely.geometry.shape(one)
        for one, _ in shapes(mask.astype(np.uint8), mask=mask, connectivity=4)
    ]
    assert all(one.is_valid for one in found)
    assert len(found) == len(known)
    for one in found:
        (same,) = [other for other in known if other.equals(one)]
        assert len(same.interiors) == len(one.interiors)
    # As all shells of pixels run: from columns to rows.
    assert all(one.exterior.is_ccw for one in found)


@settings(max_examples=100, deadline=None)
@given(masks(), masks(), st.data())
def test_runs_are_the_pixels_of_a_mask(
    one: np.ndarray, other: np.ndarray, data: st.DataObject
) -> None:
    runs, more = runs_of(one, 5, 3), runs_of(other, 5, 3)
    assert pixels_in(runs) == one.sum()
    assert pixels_shared(runs, more) == (one & other).sum()
    assert np.array_equal(united([runs, more]), runs_of(one | other, 5, 3))
    left, right = sorted(data.draw(st.tuples(st.integers(0, 16), st.integers(0, 16))))
    top, bottom = sorted(data.draw(st.tuples(st.integers(0, 16), st.integers(0, 16))))
    kept = np.pad(one, ((5, 10), (3, 10)))
    kept[:top] = kept[bottom:] = False
    kept[:, :left] = kept[:, right:] = False
    assert np.array_equal(clipped(runs, (left, top, right, bottom)), runs_of(kept))
    if kept.any():
        rows, columns = np.nonzero(kept)
        bounds = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        assert bounds_of(runs_of(kept)) == bounds

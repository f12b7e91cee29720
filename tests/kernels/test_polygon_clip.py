"""Polygons that are cut: what shapely leaves of them, and the same in every form."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import shapely
from builders.cuda_simulator import launch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgers.errors import BadInputError
from edgers.kernels.cpu import polygon_clip as fast
from edgers.kernels.cuda.polygon_clip import clip_quads as on_device
from edgers.kernels.polygons import ClippedQuads, Rectangle
from edgers.kernels.reference import polygon_clip as reference

FORMS = pytest.mark.parametrize("form", [reference, fast])
TILE = (0.0, 0.0, 4.0, 4.0)
SQUARE = np.array([[-2, 1], [2, 1], [2, 3], [-2, 3]])
FORK = np.array([[-1, 0], [5, 0], [5, 4], [3, 4], [3, 1], [1, 1], [1, 4], [-1, 4]])
ARROW = np.array([[0, 0], [8, 2], [0, 4], [6, 2]])

Points = npt.NDArray[np.float64]


@st.composite
def stars(draw: st.DrawFn, *, most: int = 9) -> Points:
    """Give a simple polygon, mostly concave: a corner in each direction around a centre."""
    count = draw(st.integers(3, most))
    # Steps of less than half a turn keep the centre inside.
    steps = np.array(draw(st.lists(st.floats(1, 1.9), min_size=count, max_size=count)))
    radii = np.array(draw(st.lists(st.floats(0.2, 8), min_size=count, max_size=count)))
    angles = np.cumsum(steps) / steps.sum() * 2 * np.pi
    around = np.column_stack([radii * np.cos(angles), radii * np.sin(angles)])
    center = [draw(st.floats(-6, 10)), draw(st.floats(-6, 10))]
    offset = draw(st.sampled_from([0.0, 1e5]))
    points = around + center + offset
    return points[::-1].copy() if draw(st.booleans()) else points


@st.composite
def rectangles_near(draw: st.DrawFn, points: Points) -> Rectangle:
    left, top = np.floor(points.mean(axis=0)) + [draw(st.integers(-9, 5)) for _ in "xy"]
    return (left, top, left + draw(st.floats(0.5, 12)), top + draw(st.floats(0.5, 12)))


@FORMS
def test_known_parts(form: Any) -> None:
    found = form.clip_polygon(SQUARE, TILE)
    assert sorted(found.tolist()) == [[0, 1], [0, 3], [2, 1], [2, 3]]
    assert form.polygon_area(found) == 4
    assert form.clip_polygon(SQUARE, (-9, -9, 9, 9)).tolist() == SQUARE.tolist()
    assert form.clip_polygon(SQUARE, (2, 0, 4, 4)).shape == (0, 2)
    assert form.clip_polygon(SQUARE, (5, 5, 9, 9)).shape == (0, 2)
    found = form.clip_polygon(SQUARE * 9, (0.0, 9.0, 1.0, 11.0))
    assert sorted(found.tolist()) == [[0, 9], [0, 11], [1, 9], [1, 11]]


@FORMS
def test_areas(form: Any) -> None:
    assert form.polygon_area(SQUARE) == 8
    assert form.polygon_area(SQUARE[::-1]) == 8
    assert form.polygon_area(FORK) == 24 - 6
    assert form.polygon_area(np.array([[0, 0], [2, 2], [2, 0], [0, 2]])) == 0
    assert form.polygon_area(np.array([[0, 0], [1, 1], [2, 2]])) == 0
    far = np.array([[0, 0], [1, 0], [0, 1]]) + 1e7
    assert form.polygon_area(far) == 0.5


@FORMS
def test_parts_that_fall_apart_are_joined_along_the_border(form: Any) -> None:
    found = form.clip_polygon(FORK, (0.0, 2.0, 4.0, 4.0))
    assert form.polygon_area(found) == 2 * 2
    joined = found[(found[:, 1] == 2)]
    assert sorted(joined[:, 0].tolist()) == [0, 1, 3, 4]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_rectangle_leaves_what_shapely_leaves(data: st.DataObject) -> None:
    points = data.draw(stars())
    rectangle = data.draw(rectangles_near(points))
    before = points.copy()
    found = reference.clip_polygon(points, rectangle)
    np.testing.assert_array_equal(fast.clip_polygon(points, rectangle), found)
    np.testing.assert_array_equal(points, before)
    expected = shapely.area(shapely.intersection(shapely.Polygon(points), shapely.box(*rectangle)))
    # Shapely rounds vertices near 1e5 to 1e-11, on sides of up to 30.
    area = reference.polygon_area(found) if len(found) else 0
    assert area == pytest.approx(expected, abs=1e-8)
    if len(found):
        left, top, right, bottom = rectangle
        assert (found >= (left, top)).all()
        assert (found <= (right, bottom)).all()
        assert fast.polygon_area(found) == area
        edge = shapely.Polygon(points).buffer(1e-6)
        at_border = (found == (left, top)).any(axis=1) | (found == (right, bottom)).any(axis=1)
        assert shapely.contains_xy(edge, found[~at_border]).all()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_convex_polygon_leaves_what_shapely_leaves(data: st.DataObject) -> None:
    points = data.draw(stars())
    hull = shapely.convex_hull(shapely.Polygon(data.draw(stars(most=7))))
    convex = shapely.get_coordinates(hull)[:-1]
    convex += np.round(points.mean(axis=0) - convex.mean(axis=0)) + data.draw(st.integers(-4, 4))
    if data.draw(st.booleans()):
        convex = convex[::-1]
    found = reference.clip_to_convex(points, convex)
    np.testing.assert_array_equal(fast.clip_to_convex(points, convex), found)
    expected = shapely.area(shapely.intersection(shapely.Polygon(points), shapely.Polygon(convex)))
    area = reference.polygon_area(found) if len(found) else 0
    assert area == pytest.approx(expected, abs=1e-8)
    if len(found):
        assert shapely.contains_xy(shapely.Polygon(convex).buffer(1e-6), found).all()


@FORMS
def test_a_rectangle_is_a_convex_polygon(form: Any) -> None:
    around = np.array([[0, 0], [4, 0], [4, 2], [4, 4], [0, 4], [0, 4]])
    for turned in (around, around[::-1]):
        found = form.clip_to_convex(FORK, turned)
        assert form.polygon_area(found) == 16 - 6


def same_quads(a: ClippedQuads, b: ClippedQuads) -> None:
    np.testing.assert_array_equal(a.vertices, b.vertices)
    np.testing.assert_array_equal(a.counts, b.counts)
    np.testing.assert_array_equal(a.areas, b.areas)


def quads_on_device(quads: Points, rectangle: Rectangle) -> ClippedQuads:
    n = len(quads)
    vertices, counts = np.zeros(32 * n, np.float32), np.full(n, -1, np.int32)
    areas = np.zeros(n, np.float32)
    flat, sides = quads.astype(np.float32).ravel(), map(np.float32, rectangle)
    launch(on_device, n, flat, *sides, vertices, counts, areas, n)
    return ClippedQuads(vertices=vertices.reshape(n, 16, 2), counts=counts, areas=areas)


@pytest.mark.parametrize("form", [reference.clip_quads, fast.clip_quads, quads_on_device])
def test_known_quads(form: Any) -> None:
    outside, touching = SQUARE + 9, SQUARE - [2, 0]
    missing = np.where(np.arange(8).reshape(4, 2) == 5, np.nan, SQUARE)
    endless = np.where(np.arange(8).reshape(4, 2) == 5, np.inf, SQUARE)
    line = np.array([[1, 1], [2, 2], [3, 3], [2, 2]])
    half_line = np.array([[1, 1], [np.inf, 1], [np.inf, 3], [1, 3]])
    quads = np.stack([SQUARE, outside, touching, missing, endless, half_line, line, ARROW])
    found = form(quads, TILE)
    assert found.counts.tolist()[:7] == [4, 0, 0, 0, 0, 0, 0]
    np.testing.assert_array_equal(found.areas[:7], [4, 0, 0, np.nan, np.nan, np.nan, 0])
    barbs = shapely.Polygon(ARROW).intersection(shapely.box(*TILE))
    assert len(barbs.geoms) == 2
    assert found.areas[7] == pytest.approx(barbs.area, rel=1e-6)
    assert sorted(found.vertices[0, :4].tolist()) == [[0, 1], [0, 3], [2, 1], [2, 3]]
    for vertices, count in zip(found.vertices, found.counts, strict=True):
        assert np.isfinite(vertices[:count]).all()
        assert np.isnan(vertices[count:]).all()


@pytest.mark.parametrize("form", [reference.clip_quads, fast.clip_quads, quads_on_device])
def test_quads_that_stand_out_on_one_side(form: Any) -> None:
    inside = np.array([[1, 1], [3, 1], [3, 3], [1, 3]])
    quads = np.stack([inside] * 5)
    quads[0, [0, 3], 0], quads[1, [1, 2], 0] = -9, 9
    quads[2, [0, 1], 1], quads[3, [2, 3], 1] = -9, 9
    assert form(quads, TILE).areas.tolist() == [6, 6, 6, 6, 4]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(-8, 12), min_size=8, max_size=80), st.sampled_from([0, 1e5]))
def test_quads_of_any_form_cut_alike(numbers: list[int], offset: float) -> None:
    """Concave ones, ones that cross themselves, and ones with corners on the border."""
    quads = np.array(numbers[: len(numbers) // 8 * 8], float).reshape(-1, 4, 2) + offset
    rectangle = (offset, offset, offset + 4, offset + 5)
    found = fast.clip_quads(quads, rectangle)
    same_quads(found, reference.clip_quads(quads, rectangle))
    for quad, vertices, count, area in zip(
        quads, found.vertices, found.counts, found.areas, strict=True
    ):
        alone = reference.clip_polygon(quad, rectangle)
        np.testing.assert_array_equal(vertices[:count], alone)
        if shapely.Polygon(quad).is_valid:
            expected = shapely.Polygon(quad).intersection(shapely.box(*rectangle)).area
            assert area == pytest.approx(expected, abs=1e-8)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-8, 12), min_size=8, max_size=40), st.sampled_from([0, 1e4]))
def test_quads_on_the_device(numbers: list[int], offset: float) -> None:
    quads = np.array(numbers[: len(numbers) // 8 * 8], float).reshape(-1, 4, 2) + offset
    rectangle = (offset, offset, offset + 4, offset + 5)
    found, expected = quads_on_device(quads, rectangle), reference.clip_quads(quads, rectangle)
    # float32 around the rectangle's centre: 1e-7 of coordinates up to 20, on sides up to 30.
    np.testing.assert_allclose(found.areas, expected.areas, atol=1e-4)
    for vertices, count, area in zip(found.vertices, found.counts, found.areas, strict=True):
        inside = vertices[:count].astype(np.float64)
        rounding = 2e-3 if offset else 1e-5
        assert (inside >= offset - rounding).all()
        assert (inside <= offset + np.array([4, 5]) + rounding).all()
        if count:
            assert reference.polygon_area(inside) == pytest.approx(area, abs=40 * rounding)


def test_no_quads() -> None:
    for form in (reference, fast):
        found = form.clip_quads(np.zeros((0, 4, 2)), TILE)
        assert found.vertices.shape == (0, 16, 2)
        assert found.counts.shape == found.areas.shape == (0,)


@FORMS
@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (lambda f: f.clip_polygon(SQUARE[:2], TILE), "three vertices"),
        (lambda f: f.clip_polygon(np.full((3, 2), np.nan), TILE), "finite vertices"),
        (lambda f: f.polygon_area(SQUARE.ravel()), "three vertices"),
        (lambda f: f.clip_polygon(SQUARE, (0, 0, 0, 4)), "no area"),
        (lambda f: f.clip_polygon(SQUARE, (0, 4, 4, 0)), "no area"),
        (lambda f: f.clip_quads(SQUARE[None], (0, 0, np.inf, 4)), "finite"),
        (lambda f: f.clip_quads(SQUARE, TILE), "\\(quad, 4, 2\\)"),
        (lambda f: f.clip_to_convex(SQUARE, FORK), "not convex"),
        (lambda f: f.clip_to_convex(SQUARE, SQUARE[[0, 2, 1, 3]]), "not convex"),
        (lambda f: f.clip_to_convex(SQUARE, SQUARE[[0, 1, 2, 3, 0, 1, 2, 3]]), "not convex"),
        (lambda f: f.clip_to_convex(SQUARE, np.array([[0, 0], [1, 1], [2, 2]])), "not convex"),
        (lambda f: f.clip_to_convex(SQUARE, np.zeros((3, 2))), "not convex"),
    ],
)
def test_what_cannot_be_cut_is_refused(form: Any, bad: Any, words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        bad(form)

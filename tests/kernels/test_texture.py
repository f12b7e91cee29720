"""Ratios of polarizations and grey-level texture."""

import numpy as np
import numpy.typing as npt
import pytest
from builders.cubes import same_holes
from builders.cuda_simulator import launch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edgers.errors import BadInputError
from edgers.kernels.cpu import texture as cpu
from edgers.kernels.cuda import texture as device
from edgers.kernels.reference import texture as reference
from edgers.kernels.spectra import Cube, Image
from edgers.kernels.texture_rules import NO_LEVEL, RATIOS, TEXTURES

FORMS = (reference, cpu)
SAMPLES = st.floats(width=32) | st.sampled_from([0.0, -0.0, 1.0, 2.5, np.nan])


def assert_ratios(found: Cube, wanted: Cube) -> None:
    """Divisions are the same to the bit; the logarithm is, within 2 units in its last place."""
    assert found.shape == wanted.shape
    for name, mine, theirs in zip(RATIOS, found, wanted, strict=True):
        if name == "log_ratio":
            np.testing.assert_allclose(mine, theirs, rtol=4e-7, atol=3e-6)
        else:
            assert np.array_equal(mine, theirs, equal_nan=True), name


@settings(max_examples=100, deadline=None, derandomize=True)
@given(x=hnp.arrays(np.float32, st.tuples(st.just(2), st.integers(0, 4), st.integers(0, 5)),
                    elements=SAMPLES))  # fmt: skip
def test_ratios_on_the_cpu_equal_the_reference(x: Cube) -> None:
    assert_ratios(cpu.radar_ratios(*x), reference.radar_ratios(*x))


@settings(max_examples=20, deadline=None, derandomize=True)
@given(x=hnp.arrays(np.float32, st.tuples(st.just(2), st.integers(1, 3), st.integers(1, 5)),
                    elements=SAMPLES))  # fmt: skip
def test_ratios_on_cuda_equal_the_reference(x: Cube) -> None:
    out, n = np.zeros((5, *x.shape[1:]), np.float32), x[0].size
    flat = out.reshape(-1)
    with np.errstate(all="ignore"):
        launch(device.radar_ratios, n, x[0].ravel(), x[1].ravel(), flat, n)
    assert_ratios(out, reference.radar_ratios(*x))


@pytest.mark.parametrize("form", FORMS)
def test_ratios_by_hand(form: object) -> None:
    co = np.array([[4, 0, 1, -1, np.nan, 1]], np.float32)
    cross = np.array([[1, 2, 0, 1, 1, 1e-3]], np.float32)
    found = dict(zip(RATIOS, form.radar_ratios(co, cross)[:, 0], strict=True))  # type: ignore[attr-defined]
    nan = np.nan
    np.testing.assert_allclose(found["ratio"], [4, 0, nan, -1, nan, 1000])
    np.testing.assert_allclose(found["log_ratio"], [6.0206, nan, nan, nan, nan, 30], rtol=1e-6)
    np.testing.assert_allclose(found["cross_ratio"], [0.25, nan, 0, -1, nan, 1e-3])
    np.testing.assert_allclose(found["rvi"], [0.8, 4, 0, nan, nan, 4 / 1001], rtol=1e-6)
    np.testing.assert_allclose(found["span"], [5, 2, 1, 0, nan, 1.001], rtol=1e-6)


def test_chunks_meet_without_a_gap() -> None:
    x = np.random.default_rng(0).exponential(1, (2, 3, 1111)).astype(np.float32)
    assert_ratios(cpu.radar_ratios(*x), reference.radar_ratios(*x))


LIMITS = st.sampled_from([(0.0, 1.0), (-1.5, 1.7), (-100.0, 1e4), (0.25, 0.26)])


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    x=hnp.arrays(np.float32, st.tuples(st.integers(0, 4), st.integers(0, 9)), elements=SAMPLES),
    levels=st.integers(2, 64), limits=LIMITS,
)  # fmt: skip
def test_levels_equal_the_reference(x: Image, levels: int, limits: tuple[float, float]) -> None:
    wanted = reference.quantize(x, levels, *limits)
    assert np.array_equal(cpu.quantize(x, levels, *limits), wanted)
    if 0 < x.size <= 20:
        out = np.zeros(x.size, np.uint8)
        scale = np.float32(levels / (limits[1] - limits[0]))
        with np.errstate(all="ignore"):
            launch(
                device.quantize, x.size, x.ravel(), out, np.float32(limits[0]), scale, levels,
                x.size,
            )  # fmt: skip
        assert np.array_equal(out.reshape(x.shape), wanted)


@pytest.mark.parametrize("form", FORMS)
def test_levels_by_hand(form: object) -> None:
    x = np.array([[-9, 0, 0.24, 0.25, 0.99, 1, 9, np.nan, np.inf, -np.inf]], np.float32)
    found = form.quantize(x, 4, 0, 1)  # type: ignore[attr-defined]
    assert found.tolist() == [[0, 0, 0, 1, 3, 3, 3, NO_LEVEL, 3, 0]]


@st.composite
def images(draw: st.DrawFn, most: int = 9) -> Image:
    """Small images of few or many grey levels, with holes and even parts."""
    random = np.random.default_rng(draw(st.integers(0, 999)))
    shape = draw(st.integers(1, most)), draw(st.integers(1, most))
    image = random.normal(0, draw(st.sampled_from([0.1, 1])), shape).astype(np.float32)
    image[random.random(shape) < draw(st.sampled_from([0, 0.2, 0.9]))] = np.nan
    if draw(st.booleans()):
        image[: shape[0] // 2] = 0.3
    return image


WINDOWS = st.sampled_from([(3, 1), (5, 1), (5, 3), (7, 2), (7, 6), (11, 1)])


def assert_textures(found: Cube, wanted: Cube) -> None:
    """Float64 sums in another order, then float32: one unit in the last place."""
    assert same_holes(found, wanted)
    np.testing.assert_allclose(found, wanted, rtol=3e-7, atol=1e-9)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(image=images(), window=WINDOWS, levels=st.sampled_from([2, 5, 16, 64]))
def test_texture_on_the_cpu_equals_the_reference(
    image: Image, window: tuple[int, int], levels: int
) -> None:
    how = {"window": window[0], "distance": window[1], "levels": levels}
    found = cpu.grey_level_texture(image, **how, lower=-1.5, upper=1.5)  # type: ignore[arg-type]
    wanted = reference.grey_level_texture(image, **how, lower=-1.5, upper=1.5)  # type: ignore[arg-type]
    assert_textures(found, wanted)


@pytest.mark.parametrize("distance", range(1, 7))
def test_the_window_slides_in_and_out_of_the_image(distance: int) -> None:
    image = np.random.default_rng(distance).normal(0, 1, (9, 15)).astype(np.float32)
    how = {"window": 7, "distance": distance, "levels": 6}
    found = cpu.grey_level_texture(image, **how, lower=-2, upper=2)
    assert_textures(found, reference.grey_level_texture(image, **how, lower=-2, upper=2))


@settings(max_examples=15, deadline=None, derandomize=True)
@given(image=images(most=5), window=WINDOWS, levels=st.sampled_from([2, 16]))
def test_texture_on_cuda_equals_the_reference(
    image: Image, window: tuple[int, int], levels: int
) -> None:
    rows, columns = image.shape
    grey = reference.quantize(image, levels, -1.5, 1.5)
    out, n = np.zeros((8, rows, columns), np.float32), image.size
    launch(
        device.grey_level_texture, n, grey.ravel(), out.reshape(-1), window[0] // 2, window[1],
        levels, rows, columns, n,
    )  # fmt: skip
    wanted = reference.grey_level_texture(
        image, window=window[0], distance=window[1], levels=levels, lower=-1.5, upper=1.5
    )
    assert_textures(out, wanted)


def test_a_long_row_gathers_no_error() -> None:
    image = np.random.default_rng(0).normal(0, 1, (5, 3000)).astype(np.float32)
    found = cpu.grey_level_texture(image, window=5, levels=8, lower=-2, upper=2)
    last = cpu.grey_level_texture(image[:, -9:], window=5, levels=8, lower=-2, upper=2)
    np.testing.assert_allclose(found[:, :, -5:], last[:, :, -5:], rtol=1e-6)


HARALICK = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [0, 2, 2, 2], [2, 2, 3, 3]], np.uint8)
"""The image by which the paper explains its tables."""
TABLES = {
    (0, 1): [[4, 2, 1, 0], [2, 4, 0, 0], [1, 0, 6, 1], [0, 0, 1, 2]],
    (1, 0): [[6, 0, 2, 0], [0, 4, 2, 0], [2, 2, 2, 2], [0, 0, 2, 0]],
    (1, -1): [[4, 1, 0, 0], [1, 2, 2, 0], [0, 2, 4, 1], [0, 0, 1, 0]],
    (1, 1): [[2, 1, 3, 0], [1, 2, 1, 0], [3, 1, 0, 2], [0, 0, 2, 0]],
}
"""Its tables for the four directions at distance 1, as printed there."""


def test_tables_are_those_of_the_paper() -> None:
    found = reference.co_occurrence(HARALICK, 1, 4)
    assert np.array_equal(found, sum(np.array(table) for table in TABLES.values()))


def by_hand(values: list[list[float]]) -> dict[str, npt.NDArray[np.float32]]:
    image = np.array(values, np.float32)
    found = cpu.grey_level_texture(image, window=3, levels=4, lower=0, upper=4)
    wanted = reference.grey_level_texture(image, window=3, levels=4, lower=0, upper=4)
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    return dict(zip(TEXTURES, found, strict=True))


def test_features_by_hand() -> None:
    # Pairs of the row: 0 2 and 2 2. In both orders the table has 0 2, 2 0 once and 2 2 twice.
    found = {name: plane[0, 1] for name, plane in by_hand([[0, 2, 2]]).items()}
    assert found["contrast"] == pytest.approx(4 / 2)
    assert found["dissimilarity"] == pytest.approx(2 / 2)
    assert found["homogeneity"] == pytest.approx((1 / 5 + 1) / 2)
    assert found["asm"] == pytest.approx((1 + 1 + 4) / 16)
    assert found["entropy"] == pytest.approx(0.5 * np.log(4) + 0.5 * np.log(2))
    assert found["mean"] == pytest.approx(6 / 4)
    assert found["variance"] == pytest.approx(3 / 4)
    # Σ p (i − 1.5)(j − 1.5) = 2 · ¼ · (−1.5 · 0.5) + ½ · ¼ = −¼.
    assert found["correlation"] == pytest.approx(-1 / 3)


def test_one_level_alone_has_no_texture() -> None:
    found = by_hand([[1, 1], [1, 1]])
    wanted = {
        "contrast": 0, "dissimilarity": 0, "homogeneity": 1, "asm": 1, "entropy": 0,
        "correlation": 1, "mean": 1, "variance": 0,
    }  # fmt: skip
    assert {name: plane.tolist() for name, plane in found.items()} == {
        name: [[value] * 2] * 2 for name, value in wanted.items()
    }


def test_missing_pixels_make_no_pairs() -> None:
    found = by_hand([[3, np.nan, 3, 2]])
    assert np.isnan(found["mean"]).tolist() == [[True, True, False, False]]
    assert found["mean"][0, 2] == 2.5


def test_what_is_out_of_range_is_refused() -> None:
    image = np.zeros((4, 4), np.float32)
    good = {"window": 5, "distance": 1, "levels": 8, "lower": 0.0, "upper": 1.0}
    wrong = [
        {"window": 4}, {"window": 1}, {"distance": 0}, {"distance": 5}, {"levels": 1},
        {"levels": 65}, {"upper": 0.0}, {"lower": np.nan}, {"upper": np.inf},
    ]  # fmt: skip
    for form in FORMS:
        for one in wrong:
            with pytest.raises(BadInputError, match="texture cannot be computed"):
                form.grey_level_texture(image, **{**good, **one})
        with pytest.raises(BadInputError, match="images of one size"):
            form.radar_ratios(image, image[:2])
        with pytest.raises(BadInputError, match="images of one size"):
            form.grey_level_texture(image.astype(float), **good)

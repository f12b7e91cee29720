"""Samples to tensors: the fast forms against plain numpy."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from builders.cuda_simulator import launch
from builders.recipes import SOURCES, TENSORS, recipes, stored
from hypothesis import given, settings
from hypothesis import strategies as st

from edgers.kernels.cpu.ingest import CHUNK, ingest
from edgers.kernels.cpu.pixel_order import GROUP, NEAR
from edgers.kernels.cuda.ingest import ENTRIES
from edgers.kernels.cuda.ingest import ingest as on_cuda
from edgers.kernels.recipe import Quantizer, Recipe, Step, make_recipe
from edgers.kernels.reference.ingest import ingest as plainly

Array = npt.NDArray[Any]
ONE = np.ones((1, 1, 1), np.float32)


def numbers(*values: float) -> npt.NDArray[np.float32]:
    return np.array(values, np.float32).reshape(-1, 1, 1)


def takes_logarithms(recipe: Recipe) -> bool:
    return any(kind == "decibel" for kind, _ in recipe.steps)


def assert_same(found: Array, wanted: Array, recipe: Recipe) -> None:
    """Bit for bit but for logarithms, which are a few units in the last place apart.

    What follows a logarithm can cut off at a whole number, or round a half, on either side.
    """
    assert found.shape == wanted.shape
    assert found.dtype == wanted.dtype == recipe.data_type
    is_whole = recipe.data_type.kind in "iu"
    if not takes_logarithms(recipe):
        assert np.array_equal(found, wanted, equal_nan=not is_whole)
        return
    with np.errstate(invalid="ignore"):
        if is_whole or any(kind == "cast" for kind, _ in recipe.steps):
            # A whole number more or less, in units of the narrowest step that may follow.
            apart = np.abs(found.astype(np.float64) - wanted.astype(np.float64))
            same = (apart <= 1) | (found == wanted) | (np.isnan(found) & np.isnan(wanted))
            assert (same.mean() > 0.9) if same.size else True
            return
        width = 1e-3 if recipe.data_type == np.float16 else 1e-5
        np.testing.assert_allclose(found, wanted, rtol=width, atol=1e-4)


def simulated(samples: Array, missing: Array | None, recipe: Recipe, channels_last: bool) -> Array:
    """Run the CUDA form on a copy by band."""
    layers, height, width = samples.shape
    pixels, segments = height * width, recipe.segments
    out = np.zeros(layers * pixels, recipe.data_type)
    mask = np.zeros(1, np.uint8) if missing is None else missing.astype(np.uint8).reshape(-1)
    with np.errstate(all="ignore"):
        launch(
            on_cuda, out.size, np.ascontiguousarray(samples).reshape(-1), mask,
            segments.numbers.reshape(-1), segments.endings, len(segments.endings), segments.fill,
            out, layers, pixels, pixels, 1, *((1, layers) if channels_last else (pixels, 1)),
            int(missing is not None), int(recipe.data_type.kind in "iu"),
        )  # fmt: skip
    shape = (height, width, layers) if channels_last else samples.shape
    return out.reshape(shape)


@st.composite
def jobs(draw: st.DrawFn, most: int) -> tuple[Array, Array | None, Recipe, bool]:
    layers = draw(st.integers(1, 3))
    samples = draw(stored(layers, most))
    missing = None
    if draw(st.booleans()):
        missing = np.random.default_rng(draw(st.integers(0, 99))).random(samples.shape) < 0.3
    return samples, missing, draw(recipes(layers)), draw(st.booleans())


@given(jobs(40))
@settings(max_examples=300, deadline=None)
def test_the_fast_form_equals_numpy(job: tuple[Array, Array | None, Recipe, bool]) -> None:
    samples, missing, recipe, last = job
    before = samples.copy()
    found = ingest(samples, missing, recipe, channels_last=last)
    assert_same(found, plainly(samples, missing, recipe, channels_last=last), recipe)
    assert found.flags.c_contiguous
    assert np.array_equal(samples, before, equal_nan=samples.dtype.kind == "f")


@given(jobs(4))
@settings(max_examples=40, deadline=None)
def test_the_cuda_form_equals_numpy(job: tuple[Array, Array | None, Recipe, bool]) -> None:
    samples, missing, recipe, last = job
    found = simulated(samples, missing, recipe, last)
    assert_same(found, plainly(samples, missing, recipe, channels_last=last), recipe)


@pytest.mark.parametrize("width", [CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7])
@pytest.mark.parametrize("ending", ["float32", "float16", "int8"])
def test_no_sample_is_left_out_where_chunks_meet(width: int, ending: str) -> None:
    samples = np.arange(2 * width, dtype=np.uint16).reshape(2, 1, width)
    missing = samples % 7 == 0
    recipe = make_recipe([("scale", {"value": numbers(3, 5)})], numbers(1, 2), ending)
    wanted = plainly(samples, missing, recipe)
    assert np.array_equal(ingest(samples, missing, recipe), wanted)
    by_pixel = np.ascontiguousarray(samples.transpose(1, 2, 0)).transpose(2, 0, 1)
    assert np.array_equal(ingest(by_pixel, missing, recipe), wanted)


@pytest.mark.parametrize("layers", [2, 13, GROUP + 1])
@pytest.mark.parametrize("tensor", ["float32", "float16", "int8"])
@pytest.mark.parametrize("last", [False, True])
def test_samples_by_pixel_are_taken_as_they_lie(layers: int, tensor: str, last: bool) -> None:
    width = 2 * (NEAR // layers) + 5
    image = np.random.default_rng(0).integers(0, 999, (3, width + 4, layers)).astype(np.uint16)
    # A window of a larger image, whose rows do not follow on each other.
    samples = image[:, 1:-3].transpose(2, 0, 1)
    marks = (image % 7 == 0)[:, 1:-3].transpose(2, 0, 1)
    every = np.linspace(1, 9, layers, dtype=np.float32).reshape(-1, 1, 1)
    chain: list[Step] = [
        ("z-score", {"mean": 50 * every, "stddev": 7 * every}),
        ("clip", {"minimum": -every, "maximum": 4 * every}),
        ("scale", {"value": every}),
    ]
    recipe = make_recipe(chain, -every, tensor)
    assert len(recipe.segments.endings) > 1
    for missing in (None, marks, np.ascontiguousarray(marks)):
        found = ingest(samples, missing, recipe, channels_last=last)
        assert np.array_equal(found, plainly(samples, missing, recipe, channels_last=last))


@pytest.mark.parametrize("tensor", ["float32", "float16", "int8"])
@pytest.mark.parametrize("last", [False, True])
def test_a_result_goes_into_memory_that_is_given(tensor: str, last: bool) -> None:
    samples = np.arange(60, dtype=np.uint16).reshape(3, 4, 5)
    recipe = make_recipe([("offset", {"value": ONE})], numbers(0, 0, 0), tensor)
    wanted = plainly(samples, None, recipe, channels_last=last)
    out = np.full(wanted.shape, 99, tensor)
    assert ingest(samples, None, recipe, channels_last=last, out=out) is out
    assert np.array_equal(out, wanted)
    for wrong in (out[:-1], out.astype(np.float64), out[..., ::-1]):
        with pytest.raises(ValueError, match="does not go into"):
            ingest(samples, None, recipe, channels_last=last, out=wrong)


def test_a_window_of_a_larger_image_is_read_where_it_lies() -> None:
    image = np.arange(4 * 30 * 40, dtype=np.int16).reshape(4, 30, 40)
    part, missing = image[1:3, 5:17, 3:31], (image % 5 == 0)[1:3, 5:17, 3:31]
    recipe = make_recipe([("offset", {"value": ONE})], numbers(0, 0), "float32")
    assert np.array_equal(ingest(part, missing, recipe), plainly(part, missing, recipe))
    # Steps that lead backward, or over half a sample, are taken too.
    assert np.array_equal(
        ingest(part[:, ::-1], missing[:, ::-1], recipe),
        plainly(part[:, ::-1], missing[:, ::-1], recipe),
    )
    swapped = part.astype(part.dtype.newbyteorder())
    assert np.array_equal(ingest(swapped, None, recipe), plainly(part, None, recipe))


def test_values_by_hand() -> None:
    samples = np.array([[[100, 200, 400]], [[0, 50, 255]]], np.uint16)
    missing = np.array([[[False, False, True]], [[True, False, False]]])
    chain: list[Step] = [
        ("clip-max", {"maximum": numbers(300, 200)}),
        ("z-score", {"mean": numbers(100), "stddev": numbers(50, 10)}),
    ]
    recipe = make_recipe(chain, numbers(-7, 9), "float32")
    wanted = [[[0, 2, -7]], [[9, -5, 10]]]
    assert ingest(samples, missing, recipe).tolist() == wanted
    quantizer = Quantizer(scale=0.5, zero_point=-2)
    whole = make_recipe(chain, numbers(-7, 9), "int8", quantizer=quantizer)
    assert ingest(samples, missing, whole).tolist() == [[[-2, 2, -16]], [[16, -12, 18]]]
    last = ingest(samples, missing, whole, channels_last=True)
    assert last.tolist() == [[[-2, 16], [2, -12], [-16, 18]]]


@pytest.mark.parametrize("has_mask", [False, True])
@pytest.mark.parametrize("tensor", ["float32", "float16"])
def test_every_number_of_a_long_chain_counts(has_mask: bool, tensor: str) -> None:
    samples = np.arange(0, 60_000, 7, dtype=np.uint16).reshape(1, 1, -1)
    chain: list[Step] = [
        ("clip", {"minimum": numbers(3), "maximum": numbers(45)}),
        ("z-score", {"mean": numbers(20), "stddev": numbers(4)}),
        ("clip", {"minimum": numbers(-3), "maximum": numbers(5)}),
    ]
    recipe = make_recipe(chain, numbers(9), tensor, tags=(numbers(1e-3), numbers(0.5)))
    assert len(recipe.segments.endings) == 1
    missing = samples % 3 == 0 if has_mask else None
    found = ingest(samples, missing, recipe)
    seen = np.ones(samples.shape, bool) if missing is None else ~missing
    stored = samples.astype(np.float64) * 1e-3 + 0.5
    wanted = np.clip((np.clip(stored, 3, 45) - 20) / 4, -3, 5)
    width = 1e-5 if tensor == "float32" else 4e-3
    np.testing.assert_allclose(found[seen], wanted[seen], rtol=width, atol=width)
    assert (found[~seen] == 9).all()
    # Each of the four limits is met.
    assert {found[seen].min(), found[seen].max()} == {-3, 5}
    assert (samples * 1e-3 + 0.5 < 3).any()


def test_a_half_is_rounded_to_the_even_number() -> None:
    samples = np.array([[[-1.5, -0.5, 0.5, 1.5, 2.5, 200, -200, np.nan]]], np.float32)
    quantizer = Quantizer(scale=1, zero_point=0)
    recipe = make_recipe([], numbers(0), "int8", quantizer=quantizer)
    wanted = [[[-2, 0, 0, 2, 2, 127, -128, 0]]]
    assert ingest(samples, None, recipe).tolist() == wanted
    assert simulated(samples, None, recipe, False).tolist() == wanted


def test_every_16_bit_float_comes_out_as_numpys() -> None:
    every = np.arange(2**16, dtype=np.uint16).view(np.float16).astype(np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        between = [np.nextafter(every, np.float32(end)) for end in (-np.inf, np.inf)]
        middle = (every[:-1] + every[1:]) / 2
    samples = np.concatenate([every, *between, middle])[np.newaxis, np.newaxis]
    recipe = make_recipe([], numbers(0), "float16")
    found, wanted = ingest(samples, None, recipe), plainly(samples, None, recipe)
    assert np.array_equal(found, wanted, equal_nan=True)
    finite = np.isfinite(wanted)
    assert np.array_equal(np.signbit(found[finite]), np.signbit(wanted[finite]))


def test_decibels_are_within_two_units_of_the_last_place() -> None:
    random = np.random.default_rng(1)
    power = np.exp(random.uniform(-87, 88, 200_000)).astype(np.float32)
    near_one = (1 + random.normal(0, 0.01, 50_000)).astype(np.float32)
    samples = np.concatenate([power, near_one, np.float32([1e-45, 1e-40, 1, 10, np.inf, np.nan])])
    floor = np.full((1, 1, 1), 1e-45, np.float32)
    recipe = make_recipe([("decibel", {"floor": floor})], numbers(0), "float32")
    found = ingest(samples[np.newaxis, np.newaxis], None, recipe).reshape(-1).astype(np.float64)
    true = 10 * np.log10(samples.astype(np.float64))
    seen = np.isfinite(true)
    # Near 0 dB the unit of the mantissa's logarithm counts, not that of a result close to zero.
    unit = np.maximum(np.spacing(np.abs(true[seen]).astype(np.float32)), 1.2e-7)
    assert (np.abs(found[seen] - true[seen]) / unit).max() < 2
    assert np.isinf(found[-2])
    assert np.isnan(found[-1])


def test_there_is_a_cuda_form_of_every_pair_of_types() -> None:
    names = {entry.name for entry in ENTRIES}
    assert names == {f"ingest_{source}_to_{tensor}" for source in SOURCES for tensor in TENSORS}
    assert all(len(entry.signature) == on_cuda.__code__.co_argcount for entry in ENTRIES)

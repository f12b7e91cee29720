"""Tiles cut from an image in memory, halo and all."""

import numpy as np
import numpy.typing as npt
import pytest
from builders.cuda_simulator import launch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgers.errors import BadInputError
from edgers.kernels.cpu.gather import gather
from edgers.kernels.cuda import gather as cuda_module
from edgers.kernels.extension import Extend, source_index
from edgers.kernels.reference.gather import gather as plainly

EXTENDS: tuple[Extend, ...] = ("reflect", "edge", "zero")
MODES = {"reflect": "reflect", "edge": "edge", "zero": "constant"}
Job = tuple[npt.NDArray[np.generic], int, int, tuple[int, int], Extend]


@st.composite
def jobs(draw: st.DrawFn, most: int) -> Job:
    sides = st.integers(1, most)
    shape = draw(st.integers(1, 3)), draw(sides), draw(sides)
    kind = draw(st.sampled_from(("uint8", "int16", "uint16", "float32")))
    image = np.random.default_rng(draw(st.integers(0, 999))).integers(0, 255, shape).astype(kind)
    order = draw(st.sampled_from(((0, 1, 2), (1, 0, 2), (1, 2, 0))))
    laid = np.ascontiguousarray(image.transpose(order)).transpose(np.argsort(order))
    starts = st.integers(-2 * most, 2 * most)
    return (
        laid,
        draw(starts),
        draw(starts),
        (draw(sides), draw(sides)),
        draw(st.sampled_from(EXTENDS)),
    )


@given(jobs(20))
@settings(max_examples=300, deadline=None)
def test_the_fast_form_equals_numpy(job: Job) -> None:
    found, wanted = gather(*job), plainly(*job)
    assert found.dtype == wanted.dtype
    assert found.flags.c_contiguous
    assert np.array_equal(found, wanted)


@given(jobs(5))
@settings(max_examples=40, deadline=None)
def test_the_cuda_form_equals_numpy(job: Job) -> None:
    image, row, column, shape, extend = job
    layers, height, width = image.shape
    tile = np.full((layers, *shape), 99, image.dtype)
    code = {"reflect": cuda_module.REFLECT, "edge": cuda_module.EDGE, "zero": cuda_module.ZERO}
    launch(
        cuda_module.gather, tile.size, np.ascontiguousarray(image).reshape(-1), height, width,
        height * width, width, 1, row, column, code[extend], tile.reshape(-1), layers, *shape,
    )  # fmt: skip
    assert np.array_equal(tile, plainly(*job))


@pytest.mark.parametrize("extend", EXTENDS)
def test_what_lies_beyond_is_what_numpys_pad_puts_there(extend: Extend) -> None:
    image = np.arange(2 * 4 * 5, dtype=np.float16).reshape(2, 4, 5)
    widths = [(0, 0), (9, 11), (13, 2)]
    padded = np.pad(image, widths, mode=MODES[extend])  # type: ignore[call-overload]
    assert np.array_equal(gather(image, -9, -13, (24, 20), extend), padded)
    assert np.array_equal(plainly(image, -9, -13, (24, 20), extend), padded)


def test_a_window_inside_is_cut_out_and_owned() -> None:
    image = np.arange(60, dtype=np.uint16).reshape(1, 6, 10)
    tile = gather(image, 1, 2, (3, 4), "reflect")
    assert np.array_equal(tile, image[:, 1:4, 2:6])
    tile[:] = 0
    assert image[0, 1, 2] == 12


def test_a_tile_goes_into_memory_that_is_given() -> None:
    image = np.arange(60, dtype=np.uint16).reshape(1, 6, 10)
    room = np.full((1, 3, 4), 99, np.uint16)
    assert gather(image, -1, 2, (3, 4), "zero", out=room) is room
    assert np.array_equal(room, plainly(image, -1, 2, (3, 4), "zero"))
    with pytest.raises(ValueError, match="does not go into"):
        gather(image, -1, 2, (4, 3), "zero", out=room)


def test_a_window_of_no_size_is_empty() -> None:
    image = np.zeros((2, 3, 3), np.uint8)
    assert gather(image, 0, 0, (0, 4), "edge").shape == (2, 0, 4)


def test_an_image_without_pixels_is_refused() -> None:
    with pytest.raises(BadInputError, match="without pixels"):
        source_index(0, 4, 0, "edge")
    with pytest.raises(BadInputError, match="without pixels"):
        gather(np.zeros((1, 0, 3), np.uint8), 0, 0, (2, 2), "edge")

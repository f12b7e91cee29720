"""Maps of classes halved by vote."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgers.kernels.cpu.votes import halve
from edgers.kernels.reference.votes import halve as plainly

NODATA = 9


@st.composite
def maps(draw: st.DrawFn) -> npt.NDArray[np.generic]:
    shape = draw(st.integers(0, 9)), draw(st.integers(0, 9))
    values = draw(st.sampled_from(((1, NODATA), (1, 2, NODATA), (1, 2, 3, 4), (0, 1, 2, NODATA))))
    random = np.random.default_rng(draw(st.integers(0, 9999)))
    classes = random.choice(values, shape).astype(draw(st.sampled_from(("uint8", "uint16"))))
    return classes.T if draw(st.booleans()) else classes


@given(maps())
@settings(max_examples=400, deadline=None)
def test_the_fast_form_equals_numpy(classes: npt.NDArray[np.generic]) -> None:
    found, wanted = halve(classes, NODATA), plainly(classes, NODATA)
    assert found.dtype == wanted.dtype == classes.dtype
    assert np.array_equal(found, wanted)


@pytest.mark.parametrize("form", [halve, plainly])
@pytest.mark.parametrize(
    ("square", "wanted"),
    [
        ([[1, 2], [2, 2]], 2),
        ([[1, 2], [3, 2]], 2),
        ([[1, 2], [3, 3]], 3),
        ([[2, 1], [1, 2]], 2),
        ([[4, 3], [2, 1]], 4),
        ([[9, 9], [9, 1]], 1),
        ([[9, 9], [2, 1]], 2),
        ([[9, 2], [1, 1]], 1),
        ([[9, 9], [9, 9]], 9),
        ([[1, 2]], 1),
        ([[9, 2]], 2),
        ([[9], [2]], 2),
        ([[1]], 1),
    ],
)
def test_most_votes_win_then_the_first_and_nodata_has_none(
    form: object, square: list[list[int]], wanted: int
) -> None:
    assert callable(form)
    assert form(np.array(square, "uint8"), NODATA).tolist() == [[wanted]]

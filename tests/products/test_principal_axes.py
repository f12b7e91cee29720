"""Axes found in passes over pieces, against those of the whole covariance."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest

from edgers.products.principal_axes import principal_axes


def vectors(rows: int, numbers: int, seed: int = 0) -> npt.NDArray[np.float32]:
    """Give vectors far from zero whose variances fall by a half from axis to axis."""
    random = np.random.default_rng(seed)
    turn = np.linalg.qr(random.normal(size=(numbers, numbers)))[0]
    apart = random.normal(size=(rows, numbers)) * 0.7 ** np.arange(numbers)
    return (apart @ turn + 100).astype(np.float32)


def in_pieces(given: npt.NDArray[np.float32], size: int) -> Iterator[npt.NDArray[np.float32]]:
    return (given[i : i + size] for i in range(0, len(given), size))


@pytest.mark.parametrize(("rows", "numbers"), [(400, 64), (50, 5), (30, 2), (10, 40)])
def test_axes_are_those_of_the_covariance(rows: int, numbers: int) -> None:
    given = vectors(rows, numbers)
    found = principal_axes(lambda: in_pieces(given, 37), numbers, 3)
    count = min(3, numbers)
    assert found.axes.shape == (count, numbers)
    centred = given.astype(np.float64) - given.mean(axis=0, dtype=np.float64)
    variances, axes = np.linalg.eigh(centred.T @ centred)
    for i in range(count):
        wanted = axes[:, -1 - i]
        wanted = wanted * np.sign(wanted[np.abs(wanted).argmax()])
        assert found.axes[i] == pytest.approx(wanted, abs=1e-3)
    assert found.share == pytest.approx(variances[::-1][:count].sum() / variances.sum(), rel=1e-6)
    assert found.along(given) == pytest.approx(centred @ found.axes.T, abs=1e-4)


def test_the_same_vectors_give_the_same_axes() -> None:
    given = vectors(300, 20)
    one, other = (principal_axes(lambda: in_pieces(given, 64), 20, 3) for _ in range(2))
    assert np.array_equal(one.axes, other.axes)


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_vectors_that_do_not_differ_have_no_variance(rows: int) -> None:
    given = np.full((rows, 4), 3, np.float32)
    found = principal_axes(lambda: in_pieces(given, 2), 4, 3)
    assert found.share == 0
    assert np.isfinite(found.axes).all()
    assert not found.along(given).any()

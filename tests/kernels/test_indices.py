"""Spectral indices: each by hand, from its formula as text, and in every form."""

import re

import numpy as np
import pytest
from builders.cuda_simulator import launch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgers.errors import BadInputError
from edgers.kernels.cpu import indices as cpu
from edgers.kernels.cuda import indices as device
from edgers.kernels.index_formulae import INDEX_FORMULAE, IndexFormula
from edgers.kernels.index_plan import Stored, make_index_plan
from edgers.kernels.reference import indices as reference

FORMS = (reference, cpu)
REFLECTANCE = {
    "blue": 0.05, "green": 0.1, "red": 0.08, "rededge071": 0.15, "nir": 0.4, "swir16": 0.2,
    "swir22": 0.12,
}  # fmt: skip
BANDS = tuple(REFLECTANCE)
BY_HAND = {
    "ndvi": 32 / 48, "gndvi": 30 / 50, "ndre": 25 / 55, "ndwi": -30 / 50, "mndwi": -10 / 30,
    "ndmi": 20 / 60, "lswi": 20 / 60, "nbr": 28 / 52, "ndsi": -10 / 30, "ndbi": -20 / 60,
    "savi": 0.48 / 0.98, "osavi": 0.32 / 0.64, "evi2": 0.8 / 1.592, "evi": 0.8 / 1.505,
    "bsi": -17 / 73, "awei_nsh": -0.83, "awei_sh": -0.63, "bai": 1 / 0.116,
}  # fmt: skip
"""Worked out from the table above, with pen and paper."""


def test_every_index_is_worked_out_here() -> None:
    assert set(BY_HAND) == set(INDEX_FORMULAE)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", INDEX_FORMULAE)
def test_an_index_by_hand(name: str, form: object) -> None:
    samples = np.array(list(REFLECTANCE.values()), np.float32).reshape(-1, 1, 1)
    found = form.compute_indices(samples, BANDS, (name,))  # type: ignore[attr-defined]
    assert found.shape == (1, 1, 1)
    assert found[0, 0, 0] == pytest.approx(BY_HAND[name], rel=2e-6)


@pytest.mark.parametrize("name", INDEX_FORMULAE)
def test_the_numbers_say_what_the_text_says(name: str) -> None:
    formula = INDEX_FORMULAE[name]
    values = np.random.default_rng(1).uniform(0.01, 0.6, (len(BANDS), 50))
    text = eval(formula.formula, {}, dict(zip(BANDS, values, strict=True)))
    found = cpu.compute_indices(values[:, None].astype(np.float32), BANDS, (formula,))
    np.testing.assert_allclose(found[0, 0], text, rtol=1e-4)
    assert set(formula.bands) == set(re.findall(r"[a-z]\w*", formula.formula))
    assert any(year in formula.source for year in map(str, range(1970, 2025)))


def stored(seed: int, kind: str, rows: int, columns: int) -> Stored:
    random = np.random.default_rng(seed)
    shape = (len(BANDS), rows, columns)
    if kind == "float32":
        samples = random.normal(500, 400, shape).astype(np.float32)
        samples[random.random(shape) < 0.1] = random.choice([np.nan, np.inf, 0, -1e30])
        return samples
    limits = np.iinfo(kind)
    samples = random.integers(limits.min, limits.max, shape, endpoint=True).astype(kind)
    samples[random.random(shape) < 0.1] = 7
    return samples


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    kind=st.sampled_from(["uint8", "int16", "uint16", "float32"]), rows=st.integers(0, 5),
    columns=st.sampled_from([1, 2, 7, 300]), seed=st.integers(0, 999),
    names=st.lists(st.sampled_from(list(INDEX_FORMULAE)), max_size=5),
    nodata=st.sampled_from([None, 7, 0.5, -1, np.nan]), scale=st.sampled_from([1.0, 1e-4, 0.0]),
)  # fmt: skip
def test_cpu_equals_the_reference_bit_by_bit(
    kind: str, rows: int, columns: int, seed: int, names: list[str], nodata: float | None,
    scale: float,
) -> None:  # fmt: skip
    samples = stored(seed, kind, rows, columns)
    offset = np.random.default_rng(seed).choice([0, -0.1], len(BANDS))
    given_ = {"scale": scale, "offset": offset, "nodata": nodata}
    found = cpu.compute_indices(samples, BANDS, names, **given_)
    wanted = reference.compute_indices(samples, BANDS, names, **given_)
    assert found.shape == (len(names), rows, columns)
    assert np.array_equal(found, wanted, equal_nan=True)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    kind=st.sampled_from(["uint8", "int16", "uint16", "float32"]), seed=st.integers(0, 99),
    has_missing=st.booleans(),
)  # fmt: skip
def test_cuda_equals_the_reference(kind: str, seed: int, has_missing: bool) -> None:
    samples = stored(seed, kind, 2, 3)
    names = ("ndvi", "evi", "bai", "awei_sh")
    plan = make_index_plan(samples, BANDS, names, 1e-3, 0.01)
    out = np.zeros(4 * 6, np.float32)
    with np.errstate(all="ignore"):
        launch(
            device.compute_indices, out.size, samples.ravel(), plan.picks, plan.scale, plan.offset,
            int(has_missing), np.array([7], kind), plan.above.ravel(), plan.below.ravel(),
            plan.centres.ravel(), out, len(plan.picks), 6, out.size,
        )  # fmt: skip
    wanted = reference.compute_indices(
        samples, BANDS, names, scale=1e-3, offset=0.01, nodata=7 if has_missing else None
    )
    np.testing.assert_allclose(out.reshape(wanted.shape), wanted, rtol=1e-6)


@pytest.mark.parametrize("form", FORMS)
def test_stored_samples_become_reflectance_first(form: object) -> None:
    samples = np.array([[[9, 2, 0, 20]], [[3, 2, 50, 0]]], np.int16)
    compute = form.compute_indices  # type: ignore[attr-defined]
    found = compute(samples, ("nir", "red"), ("ndvi",), scale=0.5, offset=-1, nodata=0)
    # 3.5 and 0.5; 0 and 0; then a missing sample in each band.
    np.testing.assert_allclose(found[0, 0], [0.75, np.nan, np.nan, np.nan], atol=1e-6)
    each = compute(samples, ("nir", "red"), ("ndvi",), scale=[1, 3], offset=[0, 0])
    np.testing.assert_allclose(each[0, 0], [0, -0.5, -1, 1], atol=1e-6)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("nodata", "holes"), [(0, [1, 0]), (0.5, [0, 0]), (-1, [0, 0]), (300, [0, 0]), (np.nan, [0, 0])]
)
def test_nodata_that_no_sample_can_have_masks_none(
    nodata: float, holes: list[int], form: object
) -> None:
    samples = np.array([[[0, 255]], [[44, 3]]], np.uint8)
    found = form.compute_indices(  # type: ignore[attr-defined]
        samples, ("nir", "red"), ("ndvi",), nodata=nodata
    )
    assert np.isnan(found[0, 0]).tolist() == holes


@pytest.mark.parametrize("form", FORMS)
def test_zero_below_the_line_is_no_number(form: object) -> None:
    samples = np.array([[[0, 1]], [[0, -1]]], np.float32)
    own = IndexFormula(
        formula="nir / red + 1", source="test 2024", numerator={"nir": 1.0},
        denominator={"red": 1.0}, below=1.0,
    )  # fmt: skip
    found = form.compute_indices(  # type: ignore[attr-defined]
        samples, ("nir", "red"), ("ndvi", own)
    )
    np.testing.assert_array_equal(found[:, 0], [[np.nan, np.nan], [0, np.nan]])


@pytest.mark.parametrize("kind", ["uint8", "int32", "float32"])
def test_bands_are_taken_by_name_from_any_array(kind: str) -> None:
    samples = np.random.default_rng(3).integers(1, 100, (4, 9, 8)).astype(kind)
    shuffled = samples[::-1, ::2].transpose(0, 2, 1)
    found = cpu.compute_indices(shuffled, ("x", "red", "y", "nir"), ("ndvi",))
    nir, red = shuffled[3].astype(float), shuffled[1].astype(float)
    np.testing.assert_allclose(found[0], (nir - red) / (nir + red), rtol=1e-6)


def test_what_does_not_fit_is_refused() -> None:
    samples = np.zeros((2, 3, 3), np.uint8)
    for form in FORMS:
        with pytest.raises(BadInputError, match="no index 'nvdi'"):
            form.compute_indices(samples, ("nir", "red"), ("nvdi",))
        with pytest.raises(BadInputError, match="needs band blue"):
            form.compute_indices(samples, ("nir", "red"), ("evi",))
        with pytest.raises(BadInputError, match="needs band nir"):
            form.compute_indices(np.zeros((3, 1, 1), np.uint8), ("nir", "red", "nir"), ("ndvi",))
        with pytest.raises(BadInputError, match="a name for each band"):
            form.compute_indices(samples, ("nir",), ("ndvi",))
        with pytest.raises(BadInputError, match="float64"):
            form.compute_indices(samples.astype(float), ("nir", "red"), ("ndvi",))

"""From stored samples to the tensor: scaling, fill, extension, layout and type."""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pytest

from edgers.contract import Band, ModelInput, NodataRule, ScalingStep
from edgers.pipeline.preprocess import Preprocessor
from edgers.scene.bands import SceneBand
from edgers.scene.raster import SceneWindow

NCHW = ("batch", "channel", "height", "width")


def model_input(count: int = 2, **fields: Any) -> ModelInput:
    values: dict[str, Any] = {
        "name": "x",
        "bands": tuple(Band(name=f"b{i}") for i in range(count)),
        "shape": (-1, count, -1, -1),
        "dim_order": NCHW,
        "data_type": "float32",
    }
    return ModelInput(**(values | fields))


def scene_bands(count: int, tags: tuple[tuple[float, float], ...] = ()) -> tuple[SceneBand, ...]:
    scales = tags or ((1.0, 0.0),) * count
    return tuple(
        SceneBand(
            index=i + 1, name=f"b{i}", common_name="", wavelength_um=None, data_type="uint16",
            unit="", scale=scales[i][0], offset=scales[i][1],
        )
        for i in range(count)
    )  # fmt: skip


def tensor_of(
    samples: npt.ArrayLike, *, missing: npt.ArrayLike | None = None,
    shape: tuple[int, int] | None = None, dtype: str = "uint16",
    tags: tuple[tuple[float, float], ...] = (), **fields: Any,
) -> npt.NDArray[Any]:  # fmt: skip
    stored = np.asarray(samples, dtype)
    gone = np.zeros(stored.shape, bool) if missing is None else np.asarray(missing, bool)
    window = SceneWindow(samples=stored, missing=gone, nodata=gone.all(axis=0))
    before = stored.copy()
    prepare = Preprocessor(
        model_input(len(stored), **fields), scene_bands(len(stored), tags), bool(tags)
    )
    tensor = prepare.tensor(window, shape or stored.shape[1:])
    assert np.array_equal(stored, before, equal_nan=dtype.startswith("float"))
    assert tensor.flags.c_contiguous
    return tensor


def z_score(mean: tuple[float, ...], stddev: tuple[float, ...]) -> ScalingStep:
    return ScalingStep(kind="z-score", parameters={"mean": mean, "stddev": stddev})


PICTURE = np.arange(1, 13).reshape(2, 2, 3)


def test_without_scaling_the_samples_are_the_tensor() -> None:
    tensor = tensor_of(PICTURE)
    assert tensor.dtype == np.float32
    assert np.array_equal(tensor, PICTURE[np.newaxis])


@pytest.mark.parametrize(
    "dtype", ["int8", "uint8", "uint16", "int16", "int32", "uint32", "float32", "float64"]
)
def test_every_sample_type_is_taken(dtype: str) -> None:
    assert np.array_equal(tensor_of(PICTURE, dtype=dtype), PICTURE[np.newaxis])


def test_scaling_is_by_band() -> None:
    tensor = tensor_of(PICTURE, scaling=(z_score((1, 7), (2, 4)),))
    assert np.array_equal(tensor[0, 0], (PICTURE[0] - 1) / 2)
    assert np.array_equal(tensor[0, 1], (PICTURE[1] - 7) / 4)


def test_physical_values_are_made_before_scaling() -> None:
    tensor = tensor_of(
        np.full((2, 1, 1), 3000),
        tags=((1e-4, -0.1), (2e-4, 0.0)),
        scaling=(z_score((0.1, 0.1), (0.1, 0.5)),),
    )
    np.testing.assert_allclose(tensor.ravel(), [1.0, 1.0], rtol=1e-5)


HOLE = np.array([[[1, 0, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 1]]])


def test_a_missing_sample_becomes_the_scaled_fill() -> None:
    scaling = (z_score((5, 10), (2, 4)),)
    tensor = tensor_of(PICTURE, missing=HOLE, scaling=scaling, nodata=NodataRule(fill=1.0))
    assert tensor[0, 0, 0, 0] == (1 - 5) / 2
    assert tensor[0, 1, 1, 2] == (1 - 10) / 4
    assert tensor[0, 0, 0, 1] == (2 - 5) / 2


def test_a_missing_sample_becomes_the_mean_which_scales_to_zero() -> None:
    tensor = tensor_of(
        PICTURE, missing=HOLE, scaling=(z_score((5, 10), (2, 4)),), nodata=NodataRule(fill="mean")
    )
    assert tensor[0, 0, 0, 0] == tensor[0, 1, 1, 2] == 0.0
    assert tensor[0, 0, 0, 1] == (2 - 5) / 2


def test_the_mean_is_that_of_its_step_and_later_steps_follow() -> None:
    steps = (
        ScalingStep(kind="scale", parameters={"value": (2.0,)}),
        z_score((5, 10), (2, 4)),
        ScalingStep(kind="offset", parameters={"value": (-7.0,)}),
    )
    tensor = tensor_of(PICTURE, missing=HOLE, scaling=steps, nodata=NodataRule(fill="mean"))
    assert tensor[0, 0, 0, 0] == tensor[0, 1, 1, 2] == 7.0


def test_the_fill_passes_through_a_cast() -> None:
    steps = (ScalingStep(kind="cast", data_type="uint8"),)
    tensor = tensor_of(PICTURE, missing=HOLE, scaling=steps, nodata=NodataRule(fill=-3.5))
    assert tensor[0, 0, 0, 0] == 0.0


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, np.finfo("float32").min])
@pytest.mark.parametrize(
    "step",
    [
        z_score((0.1, 0.2), (0.01, 0.01)),
        ScalingStep(kind="min-max", parameters={"minimum": (0.0,), "maximum": (0.5,)}),
        ScalingStep(kind="decibel", parameters={"floor": (1e-5,)}),
        ScalingStep(kind="cast", data_type="uint8"),
    ],
    ids=lambda step: step.kind,
)
def test_what_stands_in_a_missing_sample_is_no_matter(value: float, step: ScalingStep) -> None:
    samples = np.full((2, 1, 2), 0.25)
    samples[:, 0, 0] = value
    gone = np.zeros((2, 1, 2))
    gone[:, 0, 0] = 1
    fields: dict[str, Any] = {"scaling": (step,), "nodata": NodataRule(fill=0.25)}
    tensor = tensor_of(samples, missing=gone, dtype="float32", **fields)
    assert np.isfinite(tensor).all()
    assert np.array_equal(tensor[..., 0], tensor[..., 1])


def test_the_lowest_double_in_a_missing_sample_is_no_matter() -> None:
    samples = np.array([[[np.finfo("float64").min, 4.0]]])
    tensor = tensor_of(samples, missing=[[[1, 0]]], dtype="float64")
    assert tensor.ravel().tolist() == [0.0, 4.0]


ROW = np.array([[[1, 2, 3]]])


@pytest.mark.parametrize(
    ("extend", "wanted"),
    [
        ("reflect", [1, 2, 3, 2, 1]),
        ("edge", [1, 2, 3, 3, 3]),
        ("zero", [1, 2, 3, 0, 0]),
    ],
)
def test_a_window_is_extended_to_the_right_and_below(
    extend: Literal["reflect", "edge", "zero"], wanted: list[int]
) -> None:
    tensor = tensor_of(ROW, shape=(1, 5), extend=extend)
    assert tensor.ravel().tolist() == wanted
    down = tensor_of(ROW.transpose(0, 2, 1), shape=(5, 1), extend=extend)
    assert down.shape == (1, 1, 5, 1)
    assert down.ravel().tolist() == wanted


@pytest.mark.parametrize("extend", ["reflect", "edge", "zero"])
def test_one_pixel_can_be_extended(extend: Any) -> None:
    tensor = tensor_of([[[7]]], shape=(3, 4), extend=extend)
    assert tensor.shape == (1, 1, 3, 4)
    assert tensor[0, 0, 0, 0] == 7
    assert set(tensor.ravel()) == ({7.0} if extend != "zero" else {7.0, 0.0})


def test_extension_reflects_again_where_it_must() -> None:
    assert tensor_of(ROW, shape=(1, 9)).ravel().tolist() == [1, 2, 3, 2, 1, 2, 3, 2, 1]


def test_a_filled_sample_is_what_extension_repeats() -> None:
    tensor = tensor_of(
        ROW, missing=[[[0, 0, 1]]], shape=(1, 4), extend="edge", nodata=NodataRule(fill=9.0)
    )
    assert tensor.ravel().tolist() == [1, 2, 9, 9]


@pytest.mark.parametrize(
    ("axes", "shape"),
    [
        (("batch", "height", "width", "channel"), (1, 2, 3, 2)),
        (("height", "width", "channel", "batch"), (2, 3, 2, 1)),
        (("channel", "batch", "width", "height"), (2, 1, 3, 2)),
    ],
)
def test_axes_come_in_the_contracts_order(axes: tuple[str, ...], shape: tuple[int, ...]) -> None:
    tensor = tensor_of(PICTURE, dim_order=axes)
    assert tensor.shape == shape
    back = [axes.index(axis) for axis in NCHW]
    assert np.array_equal(tensor.transpose(back)[0], PICTURE)


@pytest.mark.parametrize("data_type", ["float16", "float64", "uint8", "int16", "int64"])
def test_the_tensor_has_the_contracts_type(data_type: str) -> None:
    tensor = tensor_of(PICTURE, data_type=data_type)
    assert tensor.dtype == data_type
    assert np.array_equal(tensor, PICTURE[np.newaxis])


def test_half_precision_is_the_nearest() -> None:
    scaling = (ScalingStep(kind="scale", parameters={"value": (3.0,)}),)
    tensor = tensor_of(PICTURE, data_type="float16", scaling=scaling)
    exact = (PICTURE / np.float32(3)).astype(np.float16)
    assert np.array_equal(tensor[0], exact)


@pytest.mark.parametrize(("value", "held"), [(300, 255), (65_535, 255), (0, 0)])
def test_a_whole_number_tensor_holds_its_range_and_does_not_wrap(value: int, held: int) -> None:
    assert tensor_of([[[value]]], data_type="uint8").item() == held


@pytest.mark.parametrize("data_type", ["int32", "int64"])
def test_a_wide_value_does_not_wrap(data_type: str) -> None:
    found = tensor_of([[[3e30, -3e30]]], dtype="float64", data_type=data_type).ravel().tolist()
    limits = np.iinfo(data_type)
    assert 0.99 * limits.max < found[0] <= limits.max
    assert found[1] == limits.min


def test_a_negative_value_does_not_wrap() -> None:
    assert tensor_of([[[-5]]], dtype="int16", data_type="uint8").item() == 0

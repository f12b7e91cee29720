"""Tensors of several inputs, of series of dates, and of inputs that were left out."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from builders.scenes import noise
from builders.stacks import (
    OPTICAL,
    SAR,
    SERIES_AXES,
    fusion_document,
    image,
    input_document,
    series_document,
    stack_document,
)

from edgers.contract import contract_from_document
from edgers.pipeline.preprocess import ScenePreprocessor, stand_in
from edgers.scene.open import environment
from edgers.scene.scene import Scene

SIDE = 12
Tensors = dict[str, Any]


def tensors_of(
    paths: dict[str, list[Path]], document: dict[str, Any], shape: tuple[int, int] = (SIDE, SIDE)
) -> Tensors:
    inputs = contract_from_document(document).inputs
    with environment(), Scene(paths, inputs, {}) as scene:
        window = scene.read(0, 0, scene.height_px, scene.width_px)
        return ScenePreprocessor(inputs, scene).tensors(window, shape)


def stored(path: Path) -> Any:
    with rasterio.open(path) as dataset:
        return dataset.read().astype(np.float32)


def scale(value: float) -> dict[str, Any]:
    return {"edgers:value_scaling": [{"type": "scale", "value": value}]}


def test_each_input_is_scaled_and_laid_out_by_its_own_rules(tmp_path: Path) -> None:
    optical, sar, dem = (
        image(tmp_path, name, bands, SIDE)
        for name, bands in (("optical", OPTICAL), ("sar", SAR), ("dem", ("elevation",)))
    )
    document = fusion_document(optical=scale(10_000), sar=scale(-25))
    document["mlm:input"][1]["input"] = {
        "shape": [-1, -1, -1, 2], "dim_order": ["batch", "height", "width", "channel"],
        "data_type": "float64",
    }  # fmt: skip
    document["mlm:input"][2]["input"]["data_type"] = "int16"
    paths = {"optical": [optical], "sar": [sar], "dem": [dem]}
    found = tensors_of(paths, document, (SIDE + 2, SIDE + 1))
    assert list(found) == ["optical", "sar", "dem"]
    assert {name: (t.shape, t.dtype.name) for name, t in found.items()} == {
        "optical": ((1, 3, 14, 13), "float32"),
        "sar": ((1, 14, 13, 2), "float64"),
        "dem": ((1, 1, 14, 13), "int16"),
    }
    here = (..., slice(SIDE), slice(SIDE))
    assert np.array_equal(found["optical"][here][0], stored(optical) / np.float32(10_000))
    assert np.array_equal(np.moveaxis(found["sar"], 3, 1)[here][0], stored(sar) / np.float32(-25))
    assert np.array_equal(found["dem"][here][0], stored(dem))


def test_missing_samples_are_filled_by_the_rule_of_their_input(tmp_path: Path) -> None:
    samples = noise(3, SIDE, SIDE, "float32")
    samples[:, 4] = np.nan
    optical = image(tmp_path, "optical", OPTICAL, samples=samples)
    dem = image(tmp_path, "dem", ("elevation",), samples=samples[:1])
    document = fusion_document(
        optical={"edgers:nodata": {"fill": 5}}, dem={"edgers:nodata": {"fill": -7}}
    )
    del document["mlm:input"][1]
    found = tensors_of({"optical": [optical], "dem": [dem]}, document)
    assert np.unique(found["optical"][:, :, 4]).tolist() == [5]
    assert np.unique(found["dem"][:, :, 4]).tolist() == [-7]


def test_an_input_that_is_left_out_is_its_stand_in_scaled(tmp_path: Path) -> None:
    optical = image(tmp_path, "optical", OPTICAL, SIDE)
    document = fusion_document(
        sar={"edgers:optional": {"fill": -20}, **scale(-10)}, dem={"edgers:optional": {"fill": 3}}
    )
    found = tensors_of({"optical": [optical]}, document, (16, 14))
    assert found["sar"].shape == (1, 2, 16, 14)
    assert np.unique(found["sar"]).tolist() == [2]
    assert np.unique(found["dem"]).tolist() == [3]


def test_the_stand_in_of_a_series_has_its_dates() -> None:
    past = input_document("past", ("B02",), SERIES_AXES, 4, **{"edgers:optional": {"fill": 9}})
    document = stack_document(input_document("x", ("B02",)), past)
    source = contract_from_document(document).inputs[1]
    tensor = stand_in(source, (5, 6))
    assert tensor.shape == (1, 4, 1, 5, 6)
    assert np.unique(tensor).tolist() == [9]


@pytest.mark.parametrize(
    "axes",
    [
        SERIES_AXES,
        ("batch", "channel", "time", "height", "width"),
        ("time", "height", "width", "channel", "batch"),
    ],
)
def test_dates_lie_along_their_axis(tmp_path: Path, axes: tuple[str, ...]) -> None:
    paths = [image(tmp_path, f"a_2020010{day}", OPTICAL, SIDE) for day in (1, 2, 3)]
    document = stack_document(input_document("x", OPTICAL, axes, **scale(2)))
    tensor = tensors_of({"x": paths}, document, (SIDE + 1, SIDE))["x"]
    places = [axes.index(axis) for axis in SERIES_AXES]
    found = tensor.transpose(places)
    assert found.shape == (1, 3, 3, SIDE + 1, SIDE)
    for date, path in zip(found[0], paths, strict=True):
        assert np.array_equal(date[:, :SIDE], stored(path) / 2)
        assert np.array_equal(date[:, SIDE], date[:, SIDE - 2])


def test_tags_of_each_date_are_applied_to_it(tmp_path: Path) -> None:
    paths = [image(tmp_path, f"a_2020010{day}", OPTICAL, SIDE) for day in (1, 2)]
    with rasterio.open(paths[1], "r+") as dataset:
        dataset.scales, dataset.offsets = (2.0, 3.0, 4.0), (0.0, 10.0, 0.0)
    found = tensors_of({"x": paths}, series_document(**{"edgers:values": "physical"}))["x"]
    assert np.array_equal(found[0, 0], stored(paths[0]))
    factors, summands = (np.array(n, np.float32).reshape(3, 1, 1) for n in ([2, 3, 4], [0, 10, 0]))
    assert np.array_equal(found[0, 1], stored(paths[1]) * factors + summands)


def test_a_gap_at_one_date_is_filled_there(tmp_path: Path) -> None:
    samples = noise(3, SIDE, SIDE)
    samples[:, 2] = 0
    paths = [
        image(tmp_path, "a_20200101", OPTICAL, samples=samples, nodata=0),
        image(tmp_path, "a_20200102", OPTICAL, samples=noise(3, SIDE, SIDE), nodata=0),
    ]
    found = tensors_of({"x": paths}, series_document(**{"edgers:nodata": {"fill": -1}}))["x"]
    assert np.unique(found[0, 0, :, 2]).tolist() == [-1]
    assert (found[0, 1] > 0).all()

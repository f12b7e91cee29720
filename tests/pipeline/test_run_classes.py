"""The class map and the probabilities that a run gives."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from builders.bundles import BAND_NAMES, contract_document, tiny_net
from builders.networks import (
    index_contract,
    index_net,
    one_score_net,
    plain_contract,
    two_class_contract,
)
from builders.runs import largest_band, read_product, run_on, run_on_file
from builders.scenes import noise, write_scene

from edgers.errors import ContractError


def distinct(height: int = 50, width: int = 70, dtype: str = "uint16") -> npt.NDArray[Any]:
    """Noise in which no two bands of a pixel are the same."""
    samples = noise(3, height, width, "uint32") * 3
    samples += np.arange(3, dtype="uint32").reshape(3, 1, 1)
    return (samples % 253 if dtype in ("uint8", "int8") else samples).astype(dtype)


def test_the_class_map_is_the_largest_score(tmp_path: Path) -> None:
    samples = distinct()
    report = run_on(tmp_path, samples, tile_px=32)
    found = read_product(report)
    assert found.dtype == np.uint8
    assert np.array_equal(found, largest_band(samples))
    assert report.tiles > 1


@pytest.mark.parametrize("tile_px", [16, 33, 500])
def test_the_class_map_does_not_hang_on_the_tiles(tmp_path: Path, tile_px: int) -> None:
    samples = distinct()
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    document = contract_document()
    one = run_on(tmp_path / "one", samples, net=tiny_net, document=document, workers=1)
    other = run_on(
        tmp_path / "other", samples, net=tiny_net, document=document, tile_px=tile_px, workers=3
    )
    assert len(np.unique(read_product(one))) > 1
    assert np.array_equal(read_product(one), read_product(other))
    assert [area.pixels for area in one.classes] == [area.pixels for area in other.classes]


def test_a_run_gives_the_same_files_again(tmp_path: Path) -> None:
    samples = distinct()
    first = [path.read_bytes() for path in run_on(tmp_path, samples, probabilities=True).products]
    again = run_on_file(tmp_path, tmp_path / "scene.tif", probabilities=True).products
    assert first == [path.read_bytes() for path in again]


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "uint32", "float32", "float64"])
def test_every_sample_type_is_run(tmp_path: Path, dtype: str) -> None:
    samples = distinct(dtype=dtype)
    assert np.array_equal(read_product(run_on(tmp_path, samples)), largest_band(samples))


def softmax(scores: npt.NDArray[Any]) -> npt.NDArray[Any]:
    powers = np.exp(scores - scores.max(axis=0))
    return powers / powers.sum(axis=0)


THOUSANDS = [{"type": "scale", "value": 1000}]


def test_probabilities_sum_to_one_and_the_largest_is_the_class(tmp_path: Path) -> None:
    samples = distinct()
    document = plain_contract(value_scaling=THOUSANDS)
    report = run_on(tmp_path, samples, document=document, probabilities=True, tile_px=32)
    found = read_product(report, 1)
    assert report.products[1].name == "scene_tiny-net_probabilities.tif"
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(axis=0), 1, atol=1e-6)
    assert np.array_equal(found.argmax(axis=0), read_product(report))
    np.testing.assert_allclose(found, softmax(samples / 1000.0), atol=1e-5)


def test_huge_scores_have_probabilities_too(tmp_path: Path) -> None:
    samples = distinct(dtype="float32") * 1e30
    found = read_product(run_on(tmp_path, samples, probabilities=True), 1)
    np.testing.assert_allclose(found.sum(axis=0), 1, atol=1e-6)


def test_probabilities_are_not_written_unasked(tmp_path: Path) -> None:
    names = [path.name for path in run_on(tmp_path, distinct()).products]
    assert names == ["scene_tiny-net.tif", "scene_tiny-net.png", "scene_tiny-net.json"]


def test_scores_that_are_probabilities_are_written_as_they_are(tmp_path: Path) -> None:
    samples = softmax(distinct() / 1000.0).astype("float32")
    document = plain_contract({"edgers:activation": "none"})
    report = run_on(tmp_path, samples, document=document, probabilities=True)
    assert np.array_equal(read_product(report, 1), samples)


def test_sigmoid_scores_are_taken_one_by_one(tmp_path: Path) -> None:
    document = plain_contract({"edgers:activation": "sigmoid"}, value_scaling=THOUSANDS)
    samples = distinct()
    report = run_on(tmp_path, samples, document=document, probabilities=True)
    exact = 1 / (1 + np.exp(-samples.astype(float) / 1000))
    np.testing.assert_allclose(read_product(report, 1), exact, atol=1e-5)
    assert np.array_equal(read_product(report), largest_band(samples))


@pytest.mark.parametrize("threshold", [0.5, 0.9])
def test_one_score_parts_two_classes_at_the_threshold(tmp_path: Path, threshold: float) -> None:
    samples = distinct()
    document = two_class_contract(**{"edgers:threshold": threshold})
    document["mlm:input"][0]["value_scaling"] = [{"type": "z-score", "mean": 6000, "stddev": 999}]
    report = run_on(tmp_path, samples, net=one_score_net, document=document, probabilities=True)
    wet = 1 / (1 + np.exp(-(samples[0].astype(float) - 6000) / 999))
    assert np.array_equal(read_product(report), wet >= threshold)
    np.testing.assert_allclose(read_product(report, 1), [1 - wet, wet], atol=1e-5)
    assert [area.name for area in report.classes] == ["dry", "wet"]


def test_one_score_may_be_a_probability_already(tmp_path: Path) -> None:
    samples = (distinct() / 13_000).astype("float32")
    document = two_class_contract(**{"edgers:activation": "none", "edgers:threshold": 0.25})
    report = run_on(tmp_path, samples, net=one_score_net, document=document)
    assert np.array_equal(read_product(report), samples[0] >= 0.25)


def test_a_graph_may_give_classes_itself(tmp_path: Path) -> None:
    samples = distinct()
    report = run_on(tmp_path, samples, net=index_net, document=index_contract(), tile_px=32)
    assert np.array_equal(read_product(report), largest_band(samples))


def test_a_graph_that_gives_classes_gives_their_values(tmp_path: Path) -> None:
    samples = distinct()
    document = index_contract()
    for entry in document["mlm:output"][0]["classification:classes"]:
        entry["value"] = 10 * entry["value"] + 5
    found = read_product(run_on(tmp_path, samples, net=index_net, document=document))
    assert np.array_equal(found, 10 * largest_band(samples) + 5)


def test_a_class_that_is_not_named_is_nodata(tmp_path: Path) -> None:
    samples = distinct()
    document = index_contract()
    del document["mlm:output"][0]["classification:classes"][2]
    report = run_on(tmp_path, samples, net=index_net, document=document)
    wanted = largest_band(samples)
    assert np.array_equal(read_product(report), np.where(wanted == 2, 255, wanted))
    assert report.not_finite_px == np.count_nonzero(wanted == 2)


def test_a_graph_that_gives_classes_has_no_probabilities(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="holds classes, not scores"):
        run_on(tmp_path, distinct(), net=index_net, document=index_contract(), probabilities=True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ((0, 1, 254), np.uint8),
        ((0, 1, 255), np.uint16),
        ((300, 7, 65_534), np.uint16),
        ((2, 0, 1), np.uint8),
    ],
)
def test_the_map_holds_the_values_of_the_classes(
    tmp_path: Path, values: tuple[int, ...], dtype: type[np.generic]
) -> None:
    document = plain_contract()
    for entry, value in zip(
        document["mlm:output"][0]["classification:classes"], values, strict=True
    ):
        entry["value"] = value
    samples = distinct()
    report = run_on(tmp_path, samples, document=document)
    found = read_product(report)
    assert found.dtype == dtype
    assert np.array_equal(found, np.array(values)[largest_band(samples)])
    assert [area.value for area in report.classes] == list(values)


def test_the_first_of_equal_scores_wins(tmp_path: Path) -> None:
    found = read_product(run_on(tmp_path, np.full((3, 9, 9), 5, np.uint16)))
    assert not found.any()


def test_bands_are_taken_by_name_whatever_their_place(tmp_path: Path) -> None:
    samples = distinct()
    path = write_scene(tmp_path / "scene.tif", samples[::-1], names=BAND_NAMES[::-1])
    assert np.array_equal(read_product(run_on_file(tmp_path, path)), largest_band(samples))


def test_bands_are_taken_as_they_are_mapped(tmp_path: Path) -> None:
    samples = distinct()
    renamed = {"B02": "3", "B04": "B02"}
    found = read_product(run_on(tmp_path, samples, renamed=renamed))
    assert np.array_equal(found, largest_band(samples[[2, 1, 0]]))


@pytest.mark.parametrize(("values", "first_wins"), [("physical", True), ("stored", False)])
def test_scale_tags_are_applied_where_the_contract_says_so(
    tmp_path: Path, values: str, first_wins: bool
) -> None:
    samples = distinct()
    path = write_scene(tmp_path / "scene.tif", samples, names=BAND_NAMES)
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets = (1.0, 1e-6, 1e-6), (100.0, 0.0, 0.0)
    document = plain_contract(**{"edgers:values": values})
    found = read_product(run_on_file(tmp_path, path, document=document))
    wanted = np.zeros_like(found) if first_wins else largest_band(samples)
    assert np.array_equal(found, wanted)

"""Several classes a pixel, ordered classes, and classes that are ignored."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from builders.networks import INF_AT, broken_net, index_contract, index_net, plain_contract
from builders.runs import largest_band, read_product, run_on
from builders.scenes import noise
from PIL import Image

from edgers.errors import ContractError

SEVERAL = {"edgers:class_rule": "several", "edgers:activation": "none"}


def chances(height: int = 60, width: int = 70) -> npt.NDArray[np.float32]:
    """Three bands of 0 to 1."""
    return (noise(3, height, width) / 4000).astype(np.float32)


def read(path: Path) -> npt.NDArray[Any]:
    with rasterio.open(path) as dataset:
        found: npt.NDArray[Any] = dataset.read()
    return found


@pytest.mark.parametrize("tile_px", [16, 33, 500])
def test_each_class_says_yes_or_no_by_itself_whatever_the_tile(
    tmp_path: Path, tile_px: int
) -> None:
    given = chances()
    given[:, 10:20, 30:40] = -1
    document = plain_contract({**SEVERAL, "edgers:threshold": 0.75})
    report = run_on(tmp_path, given, document=document, scene={"nodata": -1}, tile_px=tile_px)
    gone = given[0] < 0
    wanted = np.where(gone, 255, given >= np.float32(0.75))
    with rasterio.open(report.products[0]) as dataset:
        assert dataset.descriptions == ("land", "water", "cloud")
        assert (dataset.dtypes, dataset.nodata) == (("uint8",) * 3, 255)
    assert np.array_equal(read(report.products[0]), wanted)
    for band, area in zip(wanted, report.found.classes, strict=True):
        assert area.pixels == (band == 1).sum()
        assert area.share == (band == 1).sum() / (~gone).sum()
        assert area.area_km2 == pytest.approx(area.pixels * 1e-4, rel=0.01)


def test_scores_become_probabilities_by_sigmoid(tmp_path: Path) -> None:
    given = (chances() - 0.5) * 6
    document = plain_contract({"edgers:class_rule": "several"})
    report = run_on(tmp_path, given, document=document, probabilities=True, tile_px=32)
    labels, found = read(report.products[0]), read(report.products[1])
    assert report.products[1].name.endswith("_probabilities.tif")
    assert np.allclose(found, 1 / (1 + np.exp(-given.astype(np.float64))), atol=1e-6)
    assert np.array_equal(labels == 1, given >= 0)


def test_overlapping_tiles_of_labels_are_mixed_before_they_are_held_to_the_threshold(
    tmp_path: Path,
) -> None:
    given = chances()
    report = run_on(
        tmp_path, given, document=plain_contract(SEVERAL), tile_px=24, overlap_px=4, blend="hann"
    )
    wrong = (read(report.products[0]) == 1) != (given >= 0.5)
    assert np.abs(given[wrong] - 0.5).max(initial=0) < 1e-6


def test_a_class_of_several_that_is_ignored_has_no_band(tmp_path: Path) -> None:
    document = plain_contract({**SEVERAL, "edgers:ignore": [1]})
    report = run_on(tmp_path, chances(), document=document)
    with rasterio.open(report.products[0]) as dataset:
        assert dataset.descriptions == ("land", "cloud")
    assert [area.name for area in report.found.classes] == ["land", "cloud"]
    item = json.loads(report.products[-1].read_text())
    assert [band["name"] for band in item["assets"]["labels"]["bands"]] == ["land", "cloud"]


def test_the_picture_mixes_the_colours_of_a_pixels_classes(tmp_path: Path) -> None:
    given = np.zeros((3, 40, 40), np.float32)
    given[:2, :, :20] = 1
    given[:, 30:, 30:] = np.nan
    classes = [
        {"value": i, "name": name, "color_hint": colour}
        for i, (name, colour) in enumerate(
            (("red", "FF0000"), ("blue", "0000FF"), ("green", "00FF00"))
        )
    ]
    document = plain_contract({**SEVERAL, "classification:classes": classes})
    report = run_on(tmp_path, given, document=document)
    picture = np.asarray(Image.open(report.products[1]))
    colours = {tuple(int(v) for v in colour) for colour in picture.reshape(-1, 3)}
    assert {(127, 0, 127), (236, 238, 240), (104, 108, 114)} <= colours


@pytest.mark.parametrize("tile_px", [20, 500])
def test_ordered_classes_count_the_scores_that_are_reached(tmp_path: Path, tile_px: int) -> None:
    """Three scores, four classes: none, slight, heavy, destroyed."""
    given = chances()
    classes = [{"value": i * 10, "name": f"level {i}"} for i in range(4)]
    rule = {"edgers:class_rule": "ordered", "edgers:activation": "none"}
    document = plain_contract({**rule, "classification:classes": classes})
    report = run_on(tmp_path, given, document=document, probabilities=True, tile_px=tile_px)
    assert np.array_equal(read_product(report), 10 * (given >= 0.5).sum(axis=0))
    found = read(report.products[1])
    assert found.shape == (4, *given.shape[1:])
    assert np.allclose(found.sum(axis=0), 1, atol=1e-6)
    assert found.min() >= 0
    falling = np.minimum.accumulate(given)
    assert np.allclose(found[0], 1 - given[0], atol=1e-6)
    assert np.allclose(found[3], falling[2], atol=1e-6)


def test_an_infinity_among_ordered_scores_is_nodata(tmp_path: Path) -> None:
    given = chances()
    given[1, 5, 5] = INF_AT
    classes = [{"value": i, "name": f"level {i}"} for i in range(4)]
    document = plain_contract({"edgers:class_rule": "ordered", "classification:classes": classes})
    report = run_on(tmp_path, given, document=document, net=broken_net)
    assert report.not_finite_px == 1
    assert read_product(report)[5, 5] == 255


@pytest.mark.parametrize("chosen", [False, True])
def test_ignored_classes_are_nodata_and_are_not_counted(tmp_path: Path, chosen: bool) -> None:
    given = noise(3, 60, 70)
    document, net = (index_contract(), {"net": index_net}) if chosen else (plain_contract(), {})
    document["mlm:output"][0]["edgers:ignore"] = [2]
    report = run_on(tmp_path, given, document=document, tile_px=25, **net)
    largest = largest_band(given)
    assert np.array_equal(read_product(report), np.where(largest == 2, 255, largest))
    assert report.nodata_share == (largest == 2).mean()
    assert report.not_finite_px == 0
    assert [area.name for area in report.found.classes] == ["land", "water"]
    assert sum(area.share for area in report.found.classes) == pytest.approx(1)
    item = json.loads(report.products[-1].read_text())
    assert len(item["assets"]["classes"]["classification:classes"]) == 2


def test_a_scene_of_an_ignored_class_alone_is_an_answer(tmp_path: Path) -> None:
    given = np.zeros((3, 20, 20), np.uint16)
    given[2] = 7
    document = plain_contract({"edgers:ignore": [2]})
    report = run_on(tmp_path, given, document=document)
    assert report.nodata_share == 1.0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"edgers:class_rule": "many"}, "one of: one, several, ordered"),
        ({**SEVERAL, "edgers:activation": "softmax"}, "one of: sigmoid, none"),
        ({"edgers:class_rule": "ordered"}, "3 scores a pixel and 3 ordered classes"),
        ({"edgers:ignore": [9]}, "values of some of the classes"),
        ({"edgers:ignore": [0, 1, 2]}, "not of all"),
        ({"edgers:ignore": []}, "list of whole numbers"),
    ],
)
def test_a_contract_that_cannot_be_is_refused(
    tmp_path: Path, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        run_on(tmp_path, chances(), document=plain_contract(fields))

"""Objects of a candidate are held against FP32's, or true ones, in pixels of the scene."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import shapely
from builders.detectors import (
    BANDS,
    detector_contract,
    painted_net,
    painted_objects,
    painted_scene,
)
from builders.judging import Judging, damaged
from builders.scenes import place_by_points, write_scene

from edgers.bundle import canonical_json
from edgers.calibration.verdict_document import verdict_document, verdict_from_document
from edgers.calibration.verdict_lines import verdict_lines
from edgers.errors import SceneError
from edgers.kernels.boxes import corners_from_boxes

HEIGHT, WIDTH = 150, 200
LEVELS = [0.5 + 0.05 * i for i in range(10)]


def scene(folder: Path, **how: Any) -> Path:
    boxes, kinds = painted_objects()
    samples = painted_scene(boxes, kinds, HEIGHT, WIDTH)
    return write_scene(folder / "scene.tif", samples, names=BANDS, **how)


@pytest.fixture(scope="module")
def against_fp32(tmp_path_factory: pytest.TempPathFactory) -> Judging:
    folder = tmp_path_factory.mktemp("objects")
    return Judging(folder, detector_contract(), painted_net(), scene(folder, crs=None))


def read(judging: Judging, which: str) -> list[tuple[int, float, Any]]:
    """Give class, score and outline in pixels of all objects of the products."""
    (judged,) = getattr(judging, which)
    features = json.loads(judged.product.read_text())["features"]
    return [
        (one["properties"]["class"], one["properties"]["score"],
         shapely.from_wkt(one["properties"]["pixel_wkt"]))
        for one in features
    ]  # fmt: skip


def plain_ap(truth: list[Any], found: list[tuple[float, Any]], level: float) -> float:
    """Work out the average precision as COCO does, on outlines; of one score, all at once."""
    assert len({score for score, _ in found}) == 1
    free, right = list(truth), []
    for _, outline in found:
        overlaps = [
            outline.intersection(one).area / outline.union(one).area if one is not None else 0.0
            for one in free
        ]
        best = int(np.argmax(overlaps)) if overlaps else 0
        right.append(bool(overlaps) and overlaps[best] >= level)
        if right[-1]:
            free[best] = None
    precision, recall = sum(right) / len(right), sum(right) / len(truth)
    return float(np.mean([precision * (recall >= at) for at in np.linspace(0, 1, 101)]))


def of_class(objects: list[tuple[int, float, Any]], value: int) -> list[tuple[float, Any]]:
    return [(score, outline) for kind, score, outline in objects if kind == value]


def test_the_same_objects_lose_nothing(against_fp32: Judging) -> None:
    verdict = against_fp32.verdict(painted_net())
    assert (verdict.metric.name, verdict.fp32, verdict.drop) == ("mAP50", 1.0, 0.0)
    assert verdict.passes(0)
    assert verdict.scenes[0].counted == len(read(against_fp32, "fp32"))
    ships = verdict.pooled[0].parts[0]
    assert ships.name == "ship"
    assert [one.name for one in ships.fp32.told] == ["AP50:95"]


def shifting_net() -> onnx.ModelProto:
    """Give the detector with boxes that are 3 px off: too far for some of them, and not for all."""
    offset = np.zeros(7)
    offset[:2] = 3
    return damaged(painted_net(), 1.0, offset)


def test_boxes_that_moved_cost_what_plain_numpy_says(against_fp32: Judging) -> None:
    verdict = against_fp32.verdict(shifting_net())
    truth, found = read(against_fp32, "fp32"), read(against_fp32, "shown")
    for part, value in zip(verdict.pooled[0].parts, (3, 7), strict=True):
        outlines = [one for _, one in of_class(truth, value)]
        aps = [plain_ap(outlines, of_class(found, value), level) for level in LEVELS]
        assert part.candidate.value == pytest.approx(aps[0], abs=1e-6)
        assert part.candidate.told[0].value == pytest.approx(np.mean(aps), abs=1e-6)
    assert 0.05 < verdict.drop < 0.95
    assert any(rule.startswith("mAP50 drops by") for rule in verdict.broken_rules(0.01))


def test_a_class_that_is_taken_for_another_has_vanished(against_fp32: Judging) -> None:
    factor = np.ones(7)
    factor[5] = 0
    verdict = against_fp32.verdict(damaged(painted_net(), factor))
    rules = verdict.broken_rules(0.9)
    count = sum(kind == 7 for kind, _, _ in read(against_fp32, "fp32"))
    assert rules == (
        f"class plane (only {count} objects of truth) has vanished: AP50 1.000 → 0.000",
    )


def test_a_candidate_without_numbers_missed_everything(against_fp32: Judging) -> None:
    verdict = against_fp32.verdict(damaged(painted_net(), np.nan))
    assert (verdict.candidate, verdict.drop) == (0.0, 1.0)
    assert not verdict.passes(0.99)


def test_a_verdict_on_objects_comes_back_from_json(against_fp32: Judging) -> None:
    verdict = against_fp32.verdict(shifting_net())
    document = json.loads(canonical_json(verdict_document(verdict)))
    assert verdict_from_document(document) == verdict
    assert document["scenes"][0]["counted_objects"] == verdict.scenes[0].counted
    assert "area_error_ha" not in document["pooled"][0]["classes"][0]
    lines = verdict_lines(verdict)
    assert "AP50 1.000 → " in lines[1][1]
    assert "AP50:95 1.000 → " in lines[1][1]
    assert "IoU" not in str(lines)


def test_what_the_truth_has_not_may_not_be_found(tmp_path: Path) -> None:
    boxes, kinds = painted_objects()
    samples = painted_scene(boxes, np.zeros_like(kinds), HEIGHT, WIDTH)
    path = write_scene(tmp_path / "ships.tif", samples, names=BANDS)
    judging = Judging(tmp_path, detector_contract(), painted_net(), path)
    offset = np.zeros(7)
    offset[5] = 1
    verdict = judging.verdict(damaged(painted_net(), 1.0, offset))
    assert any(
        rule == f"class plane is not in the truth: {len(boxes)} objects found, fp32 finds 0"
        for rule in verdict.broken_rules(0.9)
    )


def test_without_an_object_nothing_can_be_judged(tmp_path: Path) -> None:
    samples = np.zeros((len(BANDS), 40, 40), np.float32)
    path = write_scene(tmp_path / "sea.tif", samples, names=BANDS)
    judging = Judging(tmp_path, detector_contract(), painted_net(), path)
    with pytest.raises(SceneError, match="no object of the scenes can be judged"):
        judging.verdict(painted_net())


def write_label(path: Path, objects: list[dict[str, Any]]) -> Path:
    document = {"type": "FeatureCollection", "features": [
        {"type": "Feature", **one} for one in objects]}  # fmt: skip
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize("placed", ["map", "map's own", "points", "nowhere"])
def test_true_objects_are_found_wherever_their_file_puts_them(
    tmp_path: Path, placed: str
) -> None:  # fmt: skip
    path = scene(tmp_path, **({} if placed.startswith("map") else {"crs": None}))
    if placed == "points":
        place_by_points(path)
    judging = Judging(tmp_path, detector_contract(), painted_net(), path)
    document = json.loads(judging.fp32[0].product.read_text())  # type: ignore[union-attr]
    truth = [
        {"properties": {"class_name": one["properties"]["class_name"]},
         "geometry": one["geometry"]} for one in document["features"]
    ]  # fmt: skip
    label = tmp_path / "label.geojson"
    if placed in ("map's own", "nowhere"):
        boxes, kinds = painted_objects()
        corners = corners_from_boxes(boxes)
        if placed == "map's own":
            corners = corners * (10, -10) + (600_000, 4_200_000)
        truth = [
            {"properties": {"class": [3, 7][kind]},
             "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}}
            for ring, kind in zip(corners.tolist(), kinds, strict=True)
        ]  # fmt: skip
    write_label(label, truth)
    if placed == "map's own":
        crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32630"}}
        label.write_text(json.dumps({**json.loads(label.read_text()), "crs": crs}))
    labelled = Judging(tmp_path, detector_contract(), painted_net(), path, labels=(label,))
    verdict = labelled.verdict(painted_net())
    assert verdict.pooled[0].truth == "labels"
    assert verdict.scenes[0].counted == len(truth)
    assert verdict.fp32 == 1.0
    # Half a pixel is seen: the places agree to a small part of one.
    assert [part.fp32.told[0].value for part in verdict.pooled[0].parts] == [1.0, 1.0]


def test_labels_that_say_more_than_fp32_finds_lower_both(tmp_path: Path) -> None:
    path, label = scene(tmp_path, crs=None), tmp_path / "label.geojson"
    boxes, kinds = painted_objects()
    more = np.array([[100.5, 75.5, 20, 8, 0], [20, 60, 9, 9, 0]], np.float32)
    rings = corners_from_boxes(np.concatenate([boxes, more])).tolist()
    values = [*[[3, 7][kind] for kind in kinds], 3, 9]
    write_label(
        label,
        [{"properties": {"class": value},
          "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}}
         for ring, value in zip(rings, values, strict=True)],
    )  # fmt: skip
    with pytest.raises(SceneError, match="class 9"):
        Judging(tmp_path, detector_contract(), painted_net(), path, labels=(label,))
    judging = Judging(
        tmp_path, detector_contract(), painted_net(), path, labels=(label,), words=("9=ignore",)
    )
    verdict = judging.verdict(painted_net())
    ship, plane = verdict.pooled[0].parts
    count = int((kinds == 0).sum())
    # All that is found is right, up to the recall that is reached.
    read_at = np.count_nonzero(np.linspace(0, 1, 101) <= count / (count + 1)) / 101
    assert ship.fp32.counts == (count + 1, count)
    assert ship.fp32.value == pytest.approx(read_at)
    assert plane.fp32.value == 1.0
    assert (verdict.drop, verdict.passes(0)) == (0.0, True)


def test_a_file_without_an_object_in_the_scene_is_refused(tmp_path: Path) -> None:
    path, label = scene(tmp_path, crs=None), write_label(tmp_path / "label.geojson", [])
    with pytest.raises(SceneError, match="no object in the scene"):
        Judging(tmp_path, detector_contract(), painted_net(), path, labels=(label,))

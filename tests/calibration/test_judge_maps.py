"""Maps of values, and of several classes a pixel, held against FP32's or a truth."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from builders.bundles import BAND_NAMES
from builders.judging import Judging, damaged
from builders.networks import band_net, plain_contract
from builders.scenes import write_scene
from scipy.ndimage import gaussian_filter
from sklearn.metrics import f1_score, r2_score

from edgers.bundle import canonical_json
from edgers.calibration.refusal import refusal
from edgers.calibration.verdict import Verdict
from edgers.calibration.verdict_document import verdict_document, verdict_from_document
from edgers.calibration.verdict_lines import verdict_lines
from edgers.errors import BadInputError, SceneError

HEIGHT, WIDTH = 70, 90
Reals = npt.NDArray[np.float64]
PLAIN = [{"name": "height", "unit": "m"}, {"name": "mass"}, {"name": "cover"}]
SOUGHT = [{**PLAIN[0], "threshold": 0.6}, *PLAIN[1:]]


def bands(seed: int = 0) -> npt.NDArray[np.float32]:
    """Give three bands of smooth ground about 0, 5 and 300."""
    random = np.random.default_rng(seed)
    made = np.stack([gaussian_filter(random.standard_normal((HEIGHT, WIDTH)), 3) for _ in range(3)])
    made = made / made.std(axis=(1, 2), keepdims=True) + np.array([0, 5, 300])[:, None, None]
    made[:, :10, :20] = -999
    return made.astype(np.float32)


def value_contract(values: list[dict[str, Any]], task: str = "regression") -> dict[str, Any]:
    output = {"tasks": [task], "edgers:values": values, "classification:classes": []}
    document = plain_contract(output)
    del document["mlm:output"][0]["classification:classes"]
    return document


def label_contract() -> dict[str, Any]:
    return plain_contract({"edgers:class_rule": "several", "edgers:activation": "none",
                           "edgers:threshold": 0.6})  # fmt: skip


def scene(folder: Path, given: npt.NDArray[Any], name: str = "scene.tif") -> Path:
    return write_scene(folder / name, given, names=BAND_NAMES, nodata=-999)


def product(judging: Judging, which: str, at: int = 0) -> Reals:
    """Read a product, (band, height, width), NaN where there is nothing."""
    path = getattr(judging, which)[at].product
    with rasterio.open(path) as dataset:
        found: Reals = dataset.read(masked=True).astype(np.float64).filled(np.nan)
    return found


def back(verdict: Verdict) -> None:
    """Check that a verdict comes back from JSON."""
    document = json.loads(canonical_json(verdict_document(verdict)))
    assert verdict_from_document(document) == verdict


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> Judging:
    folder = tmp_path_factory.mktemp("values")
    paths = scene(folder, bands(1), "a.tif"), scene(folder, bands(2), "b.tif")
    return Judging(folder, value_contract(SOUGHT), band_net(), *paths)


def test_the_same_values_lose_nothing(values: Judging) -> None:
    verdict = values.verdict(band_net())
    assert (verdict.metric.name, verdict.fp32, verdict.drop) == ("R² and F1", 1.0, 0.0)
    assert verdict.passes(0)
    assert [one.counted for one in verdict.scenes] == [HEIGHT * WIDTH - 200] * 2
    assert [one.name for one in verdict.pooled[0].parts] == [
        "height", "mass", "cover", "height found",
    ]  # fmt: skip
    back(verdict)


def test_values_that_are_off_cost_what_plain_numpy_says(values: Judging) -> None:
    verdict = values.verdict(damaged(band_net(), [[[0.8]], [[1]], [[1]]], [[[0]], [[0.3]], [[0]]]))
    truth, found = (
        np.concatenate([product(values, which, i).reshape(3, -1) for i in (0, 1)], axis=1)
        for which in ("fp32", "shown")
    )
    known = np.isfinite(truth[0])
    truth, found = truth[:, known], found[:, known]
    *parts, flags = verdict.pooled[0].parts
    for part, one, other in zip(parts, truth, found, strict=True):
        assert part.candidate.value == pytest.approx(r2_score(one, other), abs=1e-9)
        rmse = np.sqrt(np.mean((other - one) ** 2))
        assert part.candidate.told[0].value == pytest.approx(rmse, rel=1e-6, abs=1e-9)
    wanted = f1_score(truth[0] >= 0.6, found[0] >= 0.6)
    assert flags.candidate.value == pytest.approx(wanted)
    assert flags.drop is not None
    assert flags.drop > 0.05
    mean = np.mean([part.candidate.value or 0 for part in verdict.pooled[0].parts])
    assert verdict.candidate == pytest.approx(mean)
    rules = verdict.broken_rules(0.01)
    assert rules[0].startswith("R² and F1 drops by")
    assert rules[-1] == f"value height found drops by {flags.drop:.4f}, 5 × 0.01 is allowed"
    error = str(refusal("onnxruntime int8", verdict, 0.01))
    assert "R² and F1 is " in error
    assert f"Worst value: height found, F1 1.0000 → {wanted:.4f}." in error
    lines = dict(verdict_lines(verdict)[:2])
    assert lines["value"].startswith("height R² 1.000 → ")
    assert "RMSE 0 → " in lines["value"]
    assert lines["value"].endswith(" m")
    back(verdict)


def test_a_candidate_without_numbers_explains_nothing(values: Judging) -> None:
    verdict = values.verdict(damaged(band_net(), np.nan))
    assert [part.candidate.value for part in verdict.pooled[0].parts] == [0.0] * 4
    assert "value height has vanished: R² 1.000 → 0.000" in verdict.broken_rules(0.99)


def test_a_value_that_is_the_same_everywhere_has_no_score_and_may_not_move(tmp_path: Path) -> None:
    given = bands(1)
    given[1] = np.where(given[1] == -999, -999, 4)
    judging = Judging(tmp_path, value_contract(PLAIN), band_net(), scene(tmp_path, given))
    same = judging.verdict(band_net())
    assert [part.fp32.value for part in same.pooled[0].parts] == [1.0, None, 1.0]
    assert (same.fp32, same.passes(0)) == (1.0, True)
    assert "mass is 4 everywhere in the truth" in str(verdict_lines(same))
    back(same)
    offset = np.array([0, 0.05, 0]).reshape(3, 1, 1)
    moved = judging.verdict(damaged(band_net(), 1.0, offset))
    assert moved.drop == 0
    assert moved.broken_rules(0.01) == (
        "value mass is 4 everywhere, and off by 0.05: 0.01 of it is allowed beyond fp32's 0",
    )
    assert moved.passes(0.02)
    given[[0, 2]] = given[1]
    flat = Judging(tmp_path, value_contract(PLAIN), band_net(), scene(tmp_path, given, "f.tif"))
    with pytest.raises(SceneError, match="no pixel of the scenes can be judged"):
        flat.verdict(band_net())


def test_both_are_held_against_a_truth_where_there_is_one(tmp_path: Path) -> None:
    given, random = bands(1), np.random.default_rng(3)
    truth = given + random.normal(0, 0.3, given.shape).astype(np.float32)
    # A nodata value that the file does not call so, and pixels that the scene has no data at.
    truth[:, 60:] = -3.4028234663852886e38 * 1
    truth[:, 50:60] = np.nan
    path, label = (
        scene(tmp_path, given),
        write_scene(tmp_path / "truth.tif", truth, nodata=-3.4028234663852886e38),
    )
    judging = Judging(tmp_path, value_contract(PLAIN), band_net(), path, labels=(label,))
    verdict = judging.verdict(damaged(band_net(), 1.0, 0.2))
    known = np.isfinite(product(judging, "fp32")[0])
    known[50:] = False
    for part, one, other in zip(verdict.pooled[0].parts, truth, given, strict=True):
        assert part.fp32.value == pytest.approx(r2_score(one[known], other[known]), abs=1e-6)
        moved = (other[known] + np.float32(0.2)).astype(np.float32)
        assert part.candidate.value == pytest.approx(r2_score(one[known], moved), abs=1e-6)
    assert verdict.pooled[0].truth == "labels"
    assert verdict.scenes[0].counted == known.sum()
    write_scene(label, truth[:2])
    with pytest.raises(SceneError, match=r"has 2 bands"):
        Judging(tmp_path, value_contract(PLAIN), band_net(), path, labels=(label,))
    write_scene(label, truth[:, :9])
    with pytest.raises(SceneError, match="another grid"):
        Judging(tmp_path, value_contract(PLAIN), band_net(), path, labels=(label,))
    write_scene(label, np.full_like(truth, np.nan))
    with pytest.raises(SceneError, match="no truth in it"):
        Judging(tmp_path, value_contract(PLAIN), band_net(), path, labels=(label,))


def test_the_truth_of_a_search_says_yes_or_no(tmp_path: Path) -> None:
    given = bands(1)
    mask = (given > 1).astype(np.uint8)
    label = write_scene(tmp_path / "mask.tif", mask)
    sought = [{**one, "threshold": 0.6} for one in PLAIN]
    document = value_contract(sought, "anomaly-detection")
    judging = Judging(tmp_path, document, band_net(), scene(tmp_path, given), labels=(label,))
    parts = judging.verdict(band_net()).pooled[0].parts
    assert [part.name for part in parts] == [f"{one['name']} found" for one in PLAIN]
    known = given[0] != -999
    for part, one, other in zip(parts, mask, given, strict=True):
        assert part.fp32.value == pytest.approx(f1_score(one[known], other[known] >= 0.6))


def test_cubes_tell_psnr_and_the_spectral_angle(tmp_path: Path) -> None:
    spectral = [{**one, "center_wavelength": 0.5 + 0.1 * i} for i, one in enumerate(PLAIN)]
    judging = Judging(tmp_path, value_contract(spectral), band_net(), scene(tmp_path, bands(1)))
    verdict = judging.verdict(damaged(band_net(), [[[1]], [[1.1]], [[1]]]))
    truth, found = (product(judging, which) for which in ("fp32", "shown"))
    known = np.isfinite(truth[0])
    truth, found = truth[:, known], found[:, known]
    psnr_db = 20 * math.log10(truth.max() / np.sqrt(np.mean((found - truth) ** 2)))
    norms = np.linalg.norm(truth, axis=0) * np.linalg.norm(found, axis=0)
    angle = np.degrees(np.arccos(np.clip((truth * found).sum(axis=0) / norms, -1, 1))).mean()
    (fp32_psnr, psnr), (_, sam) = verdict.pooled[0].told
    assert (fp32_psnr.value, psnr.name, sam.name) == (None, "PSNR", "SAM")
    assert psnr.value == pytest.approx(psnr_db, abs=1e-4)
    assert sam.value == pytest.approx(angle, rel=1e-3)
    assert f"PSNR equal → {psnr_db:.2f} dB" in verdict_lines(verdict)[0][1]
    back(verdict)
    lost = judging.verdict(damaged(band_net(), np.nan)).pooled[0].told
    assert [pair[1].value for pair in lost] == [None, None]
    assert lost[0][1].absent == "none"


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Judging:
    folder = tmp_path_factory.mktemp("labels")
    given = bands(1)
    given[1:] = np.where(given[1:] == -999, -999, given[1:] - np.array([5, 300])[:, None, None])
    return Judging(folder, label_contract(), band_net(), scene(folder, given))


def test_several_classes_a_pixel_are_judged_by_f1(labels: Judging) -> None:
    same = labels.verdict(band_net())
    assert (same.metric.name, same.fp32, same.drop) == ("mean F1", 1.0, 0.0)
    assert same.passes(0)
    verdict = labels.verdict(damaged(band_net(), 1.0, [[[0.1]], [[0]], [[-1e6]]]))
    truth, found = (product(labels, which) for which in ("fp32", "shown"))
    known = np.isfinite(truth[0])
    for part, one, other in zip(verdict.pooled[0].parts, truth, found, strict=True):
        wanted = f1_score(one[known], other[known], zero_division=0.0)
        assert part.candidate.value == pytest.approx(wanted)
    assert verdict.pooled[0].parts[1].drop == 0
    rules = verdict.broken_rules(0.9)
    assert rules == ("class cloud has vanished: F1 1.000 → 0.000",)
    assert "F1 1.000 → " in verdict_lines(verdict)[1][1]
    assert " ha" not in str(verdict_lines(verdict))
    back(verdict)


def test_a_class_that_the_truth_has_not_may_not_be_found(tmp_path: Path) -> None:
    given = bands(1)
    given[2] = np.where(given[2] == -999, -999, 0)
    judging = Judging(tmp_path, label_contract(), band_net(), scene(tmp_path, given))
    verdict = judging.verdict(damaged(band_net(), 1.0, [[[0]], [[0]], [[1]]]))
    known = HEIGHT * WIDTH - 200
    assert verdict.drop == 0
    assert verdict.broken_rules(0.5) == (
        f"class cloud is not in the truth: {known} px found, fp32 finds 0",
    )


def test_labels_of_several_classes_have_a_band_for_each(tmp_path: Path) -> None:
    given = bands(1)
    truth = (given > 0.7).astype(np.uint8)
    truth[:, 50:] = 255
    path, label = scene(tmp_path, given), write_scene(tmp_path / "t.tif", truth, nodata=255)
    judging = Judging(tmp_path, label_contract(), band_net(), path, labels=(label,))
    parts = judging.verdict(band_net()).pooled[0].parts
    known = given[0] != -999
    known[50:] = False
    for part, one, other in zip(parts, truth, given, strict=True):
        assert part.fp32.value == pytest.approx(f1_score(one[known], other[known] >= 0.6))
    with pytest.raises(BadInputError, match="no class values"):
        Judging(tmp_path, label_contract(), band_net(), path, words=("1=land",))

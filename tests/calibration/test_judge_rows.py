"""Answers of whole tiles, held against FP32's."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from builders.bundles import BAND_NAMES
from builders.judging import Judging, damaged
from builders.row_nets import embedding_contract, means_net, row_contract
from builders.scenes import write_scene
from sklearn.metrics import accuracy_score, f1_score, r2_score, recall_score

from edgers.bundle import canonical_json
from edgers.calibration.juries import jury_of
from edgers.calibration.verdict import Verdict
from edgers.calibration.verdict_document import verdict_document, verdict_from_document
from edgers.calibration.verdict_lines import verdict_lines
from edgers.contract import contract_from_document
from edgers.errors import BadInputError

TILE_PX, SIDE_PX = 64, 384
NAMES = ["land", "water", "cloud"]
SEVERAL = {"edgers:class_rule": "several", "edgers:activation": "none", "edgers:threshold": 0.5}
NUMBERS = row_contract("channel", 3, (), "regression", **{
    "edgers:values": [{"name": "a"}, {"name": "b"}, {"name": "c"}]})  # fmt: skip


def scene(folder: Path) -> Path:
    """Write 36 tiles, each of one value a band from 0 to 1."""
    levels = np.random.default_rng(5).random((3, SIDE_PX // TILE_PX, SIDE_PX // TILE_PX))
    samples = levels.repeat(TILE_PX, axis=1).repeat(TILE_PX, axis=2).astype(np.float32)
    return write_scene(folder / "scene.tif", samples, names=BAND_NAMES)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scene(tmp_path_factory.mktemp("rows"))


def judged(folder: Path, path: Path, document: dict[str, Any], net: onnx.ModelProto) -> Any:
    judging = Judging(folder, document, means_net()(), path)
    same = judging.verdict(means_net()())
    assert (same.fp32, same.drop) == (pytest.approx(1.0), pytest.approx(0.0, abs=1e-12))
    assert same.passes(0)
    verdict = judging.verdict(net)
    back = verdict_from_document(json.loads(canonical_json(verdict_document(verdict))))
    assert back == verdict
    assert verdict.scenes[0].counted == (SIDE_PX // TILE_PX) ** 2
    return judging, verdict


def cells(judging: Judging, which: str) -> list[dict[str, str]]:
    with getattr(judging, which)[0].product.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def column(judging: Judging, which: str, name: str) -> npt.NDArray[np.float64]:
    return np.array([float(row[name]) for row in cells(judging, which)])


def parts(verdict: Verdict) -> list[float | None]:
    return [part.candidate.value for part in verdict.pooled[0].parts]


def test_one_class_a_tile_is_judged_by_accuracy(tmp_path: Path, path: Path) -> None:
    net = damaged(means_net()(), 1.0, [[0.0, 0.25, 0.0]])
    judging, verdict = judged(tmp_path, path, row_contract(), net)
    truth, found = (column(judging, which, "class") for which in ("fp32", "shown"))
    assert verdict.metric.name == "accuracy"
    assert verdict.candidate == pytest.approx(accuracy_score(truth, found))
    assert parts(verdict) == pytest.approx(list(recall_score(truth, found, average=None)))
    told = [part.candidate.told[0].value for part in verdict.pooled[0].parts]
    assert told == pytest.approx(list(f1_score(truth, found, average=None)))
    assert verdict.broken_rules(0.01)[0].startswith("accuracy drops by")
    assert "land (only" in verdict_lines(verdict)[1][1]
    assert "rows of truth) recall 1.000 → " in verdict_lines(verdict)[1][1]


def test_several_classes_a_tile_are_judged_by_f1(tmp_path: Path, path: Path) -> None:
    net = damaged(means_net()(), [[1.0, 0.8, 0.0]])
    judging, verdict = judged(tmp_path, path, row_contract(**SEVERAL), net)
    for part, name in zip(verdict.pooled[0].parts, NAMES, strict=True):
        truth, found = (column(judging, w, f"p_{name}") >= 0.5 for w in ("fp32", "shown"))
        wanted = f1_score(truth, found, zero_division=0.0)
        assert part.candidate.value == pytest.approx(wanted)
    assert any("class cloud" in rule and "vanished" in rule for rule in verdict.broken_rules(0.9))


def test_numbers_of_a_tile_are_judged_by_r2(tmp_path: Path, path: Path) -> None:
    net = damaged(means_net()(), [[1.0, 0.9, 1.0]], [[0, 0, 0.2]])
    judging, verdict = judged(tmp_path, path, NUMBERS, net)
    wanted = [
        r2_score(*(column(judging, which, name) for which in ("fp32", "shown"))) for name in "abc"
    ]
    assert parts(verdict) == pytest.approx(wanted)
    assert verdict.metric.name == "R² of rows"


def test_embeddings_are_judged_by_where_they_point(tmp_path: Path, path: Path) -> None:
    net = damaged(means_net()(), [[1.0, 0.3, 1.0]])
    judging, verdict = judged(tmp_path, path, embedding_contract(), net)
    truth, found = (
        np.load(next(one for one in getattr(judging, which)[0].products if one.suffix == ".npy"))
        for which in ("fp32", "shown")
    )
    cosines = (truth * found).sum(axis=1)
    cosines /= np.linalg.norm(truth, axis=1) * np.linalg.norm(found, axis=1)
    (part,) = verdict.pooled[0].parts
    assert part.candidate.value == pytest.approx(cosines.mean(), abs=1e-6)
    assert part.candidate.told[0].value == pytest.approx(cosines.min(), abs=1e-6)
    assert verdict_lines(verdict)[1][0] == "vector"


def test_a_candidate_without_numbers_missed_every_row(tmp_path: Path, path: Path) -> None:
    judging = Judging(tmp_path, NUMBERS, means_net()(), path)
    verdict = judging.verdict(damaged(means_net()(), np.nan))
    assert parts(verdict) == [0.0] * 3
    assert not verdict.passes(0.99)


def test_words_are_not_judged() -> None:
    document = row_contract("token", 8, (), "visual-question-answering")
    with pytest.raises(BadInputError, match="answers in words") as error:
        jury_of(contract_from_document(document).outputs[0])
    assert "one word may change it all" in str(error.value)

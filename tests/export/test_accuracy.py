"""INT8 ships only where it loses little on scenes; what breaks it is found, kept, or named."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import rasterio
from builders.bundles import contract_document
from builders.calibrated import sampled
from builders.judged import (
    SIDE_PX,
    WILD_LAYER,
    Given,
    calm_net,
    given,
    scenes,
    smooth_samples,
    wild_net,
)
from builders.runs import edgers
from builders.scenes import write_scene
from PIL import Image

from edgers.bundle import Bundle, open_bundle
from edgers.calibration.labels import scheme_from_words
from edgers.contract import contract_from_document
from edgers.errors import AccuracyError, BadInputError, OutputError
from edgers.export import report
from edgers.export.accuracy import AccuracyDemand, share_out
from edgers.export.compile import compile_bundle
from edgers.export.quantized_form import _spread
from edgers.pipeline.model import load_model
from edgers.pipeline.run import run_scene

LOOSE = 0.05
"""What networks of three layers with random weights may lose."""


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Given:
    return given(tmp_path_factory.mktemp("calm"))


@pytest.fixture(scope="module")
def wild(tmp_path_factory: pytest.TempPathFactory) -> Given:
    return given(tmp_path_factory.mktemp("wild"), wild_net())


@pytest.fixture(scope="module")
def shipped(calm: Given) -> Bundle:
    return calm.compiled(max_drop=LOOSE)


@pytest.fixture(scope="module")
def mended(wild: Given) -> Bundle:
    return wild.compiled(max_drop=LOOSE)


def certificate(bundle: Bundle) -> dict[str, Any]:
    found = bundle.measured["certificate"]
    assert isinstance(found, dict)
    return found


def test_int8_ships_with_its_own_golden_answer_and_without_the_graph_in_fp32(
    shipped: Bundle, calm: Given
) -> None:
    (choice,) = shipped.engines
    assert (choice.precision, choice.graph) == ("int8", "graph/int8.onnx")
    assert choice.golden == "golden/output-int8.npy"
    assert "graph/fp32.onnx" not in shipped.entries
    answers = [np.load(io.BytesIO(shipped.entries[name])) for name in
               (choice.golden, "golden/output.npy")]  # fmt: skip
    apart = np.abs(answers[0] - answers[1]).max() / np.abs(answers[1]).max()
    assert 0 < apart < 0.3
    operators = {node.op_type for node in onnx.load_from_string(shipped.entries[choice.graph])
                 .graph.node}  # fmt: skip
    assert {"QuantizeLinear", "DequantizeLinear"} <= operators
    with load_model(shipped) as model:
        assert model.golden_error == 0


def test_the_certificate_says_what_was_calibrated_judged_and_lost(shipped: Bundle) -> None:
    found = certificate(shipped)
    assert (found["precision"], found["max_drop"]) == ("int8", LOOSE)
    assert found["engine"].startswith("onnxruntime ")
    verdict = found["verdict"]
    assert 0 < verdict["drop"] <= LOOSE
    assert [one["scene"] for one in verdict["scenes"]] == ["scene2.tif"]
    quantized = found["quantized"]
    assert [one["name"] for one in quantized["scenes"]] == ["scene0.tif", "scene1.tif"]
    assert all(len(one["sha256"]) == 64 for one in quantized["scenes"])
    assert {one["precision"] for one in quantized["layers"]} == {"int8"}
    assert sum(one["chosen"] for one in quantized["variants"]) == 1
    assert found["judged_on_calibration_scenes"] == []
    assert found["measured_on"]["processor"]
    # What it lost is what the products say.
    assert verdict["metric"] == "mIoU"


def test_the_verdict_is_that_of_the_products(shipped: Bundle, calm: Given, tmp_path: Path) -> None:
    compile_bundle(calm.graph, calm.contract, tmp_path / "f.edgers", engine="onnxruntime")
    maps = []
    for bundle, name in ((shipped, "int8"), (open_bundle(tmp_path / "f.edgers"), "fp32")):
        with load_model(bundle) as model:
            done = run_scene(model, calm.folder / "scene2.tif", tmp_path / name)
        with rasterio.open(done.products[0]) as dataset:
            maps.append(dataset.read(1))
            assert dataset.tags()["EDGERS_PRECISION"] == name
    found, truth = maps
    ious = [np.mean((found == v)[(found == v) | (truth == v)] & (truth == v)[(found == v) |
            (truth == v)]) for v in range(3)]  # fmt: skip
    assert certificate(shipped)["verdict"]["candidate"] == pytest.approx(np.mean(ious))


def test_the_same_seed_and_scenes_give_the_same_bytes(shipped: Bundle, calm: Given) -> None:
    again = calm.compiled("again.edgers", max_drop=LOOSE)
    assert again.bundle_id == shipped.bundle_id
    first, second = (calm.folder / name for name in ("b.edgers", "again.edgers"))
    assert first.read_bytes() == second.read_bytes()


def test_the_layer_that_breaks_int8_is_found_and_kept(mended: Bundle) -> None:
    found = certificate(mended)
    layers = {one["name"]: one["precision"] for one in found["quantized"]["layers"]}
    assert layers.pop(WILD_LAYER) == "fp32"
    assert set(layers.values()) == {"int8"}
    first, last = (found["quantized"]["search"]["attempts"][i] for i in (0, -1))
    assert (first["kept"], first["passes"]) == ([], False)
    assert first["drop"] > 2 * LOOSE
    assert (last["kept"], last["passes"]) == ([WILD_LAYER], True)
    assert found["verdict"]["drop"] == last["drop"] <= LOOSE
    assert found["quantized"]["sensitivity"]["layers"][0]["name"] == WILD_LAYER


def test_without_a_search_the_build_is_refused_and_the_layer_named(
    wild: Given, tmp_path: Path
) -> None:
    scenes(wild.folder, 3)
    done = edgers(
        "compile", wild.graph, "--contract", wild.contract, "-o", tmp_path / "no.edgers",
        "--engine", "onnxruntime", "--precision", "int8", "--max-drop", LOOSE, "--no-search",
        "--calibrate", wild.folder / "scene0.tif", "--calibrate", wild.folder / "scene1.tif",
        "--judge", wild.folder / "scene2.tif", "--tiles", 8,
    )  # fmt: skip
    assert (done.code, done.out) == (3, "")
    assert "onnxruntime int8 loses more accuracy than is allowed" in done.err
    assert f"Most sensitive layers: {WILD_LAYER} " in done.err
    assert "a drop of 0." in done.err
    assert "Worst class:" in done.err
    assert list(tmp_path.iterdir()) == []


def test_where_others_may_ship_they_do_and_the_reason_is_kept(wild: Given) -> None:
    found = wild.compiled(
        "auto.edgers", precisions=("fp32", "int8"), engine=None, max_drop=LOOSE, search=False
    )
    assert {one.precision for one in found.engines} == {"fp32"}
    left_out = found.measured["left_out"]
    assert isinstance(left_out, dict)
    assert WILD_LAYER in left_out["int8"]
    assert "golden/output-int8.npy" not in found.entries
    assert "certificate" not in found.measured


def test_scenes_it_was_calibrated_on_are_told(calm: Given) -> None:
    one = scenes(calm.folder, 1)
    found = certificate(calm.compiled("same.edgers", calibrate=one, judge=(), max_drop=0.5))
    assert found["judged_on_calibration_scenes"] == ["scene0.tif"]
    done = edgers("inspect", calm.folder / "same.edgers")
    assert "judged on scenes it was calibrated on: scene0.tif" in done.out


def test_inspect_prints_the_certificate(mended: Bundle, wild: Given) -> None:
    done = edgers("inspect", wild.folder / "b.edgers")
    lines = {line[:12].strip(): line[12:] for line in done.out.splitlines()}
    assert lines["certificate"].startswith("int8 on onnxruntime ")
    assert "on 1 scene against fp32" in lines["mIoU"]
    assert lines["layers"] == f"2 of 3 in int8 · {WILD_LAYER} fp32"
    assert lines["tried"] == "1 layers kept in higher precision: " + lines["tried"].split(": ")[1]
    assert "8 tiles of" in lines["calibrated"] or "2 tiles of" in lines["calibrated"]
    assert "measured" not in {
        line.split("=")[0] for line in done.out.splitlines() if "cert" in line
    }


def test_labels_are_the_truth_and_groups_of_classes_count_as_one(
    calm: Given, tmp_path: Path
) -> None:
    labels = (smooth_samples(2)[:1] > 2000).astype(np.int16)
    labels[0, :8] = -1
    path = write_scene(tmp_path / "scene2.tif", labels)
    contract = contract_from_document(contract_document())
    scheme = scheme_from_words(("0=land+cloud", "1=water", "-1=ignore"), contract.outputs[0])
    found = certificate(
        calm.compiled("l.edgers", labels=(path,), scheme=scheme, max_drop=LOOSE)
    )  # fmt: skip
    (pooled,) = found["verdict"]["pooled"]
    assert pooled["truth"] == "labels"
    assert [one["name"] for one in pooled["classes"]] == ["land+cloud", "water"]
    assert found["verdict"]["scenes"][0]["counted_px"] == SIDE_PX * (SIDE_PX - 8)
    assert found["labels"] == {"scene2.tif": "scene2.tif"}


def test_ranges_that_were_measured_before_serve_again(
    shipped: Bundle, calm: Given, tmp_path: Path
) -> None:
    three, ranges = scenes(calm.folder, 3), tmp_path / "ranges.json"
    done = edgers(
        "calibrate", calm.graph, "--contract", calm.contract, *three[:2], "-o", ranges,
        "--tiles", 8, "--quiet",
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    again = calm.compiled("r.edgers", ranges=ranges, max_drop=LOOSE)
    assert again.bundle_id == shipped.bundle_id
    other = given(tmp_path, wild_net())
    with pytest.raises(BadInputError, match="ranges of another graph"):
        other.compiled(ranges=ranges)


def test_a_report_has_its_pictures(wild: Given, tmp_path: Path) -> None:
    found = wild.compiled("p.edgers", max_drop=LOOSE, report=tmp_path / "there" / "report")
    folder = tmp_path / "there" / "report"
    page = (folder / "report.md").read_text()
    pictures = sorted(path.name for path in folder.glob("*.png"))
    assert pictures == ["bands.png", "layers.png", "sampled.png", "scene-1.png"]
    for name in pictures:
        assert f"({name})" in page
        with Image.open(folder / name) as picture:
            assert min(picture.size) > 100
    assert WILD_LAYER in page
    assert "| water | 1.0000 |" in page
    assert certificate(found)["quantized"]["sensitivity"]


def test_a_report_that_cannot_be_made_is_told_before_the_work(
    calm: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(OutputError, match="cannot be made"):
        calm.compiled("no.edgers", report=blocked / "report")
    monkeypatch.setattr(report, "find_spec", lambda _: None)
    with pytest.raises(BadInputError, match="needs Matplotlib"):
        calm.compiled("no.edgers", report=tmp_path / "report")
    assert not (calm.folder / "no.edgers").exists()


@pytest.mark.parametrize(
    ("precisions", "demand", "words"),
    [
        (("int8",), None, "int8 needs scenes to calibrate on"),
        (("fp32",), {}, "there is nothing to calibrate or to judge"),
        (("int8",), {"labels": ("elsewhere.tif",)}, "elsewhere.tif"),
    ],
)
def test_what_does_not_fit_is_refused(
    calm: Given, precisions: tuple[str, ...], demand: dict[str, Any] | None, words: str
) -> None:
    out = calm.folder / "refused.edgers"
    two = scenes(calm.folder, 2)
    asked = None
    if demand is not None:
        labels = tuple(calm.folder / name for name in demand.get("labels", ()))
        asked = AccuracyDemand(calibrate=two, labels=labels)
    with pytest.raises(BadInputError, match=words):
        compile_bundle(
            calm.graph, calm.contract, out, engine="onnxruntime", precisions=precisions,
            demand=asked,
        )  # fmt: skip
    assert not out.exists()


def test_auto_without_scenes_leaves_int8_out(calm: Given) -> None:
    done = compile_bundle(
        calm.graph, calm.contract, calm.folder / "n.edgers", engine="onnxruntime",
        precisions=("fp32", "int8"),
    )  # fmt: skip
    assert [one.precision for one in done.bundle.engines] == ["fp32"]
    assert "--calibrate" in str(done.bundle.measured["left_out"])


def test_scenes_to_judge_on_are_not_calibrated_on(calm: Given) -> None:
    found = calm.compiled(
        "j.edgers", precisions=("fp32", "int8"), engine=None, calibrate=(), max_drop=LOOSE
    )
    assert {one.precision for one in found.engines} == {"fp32"}
    assert "--calibrate" in str(found.measured["left_out"])


def test_what_is_measured_comes_from_all_scenes(calm: Given) -> None:
    three = scenes(calm.folder, 3)
    tiles = sampled(three, net=calm_net(), document=contract_document(), count=60)
    some = _spread(tiles, 8)
    assert len(some) == 8
    assert {one.source.name for one in some.taken} == {"scene0.tif", "scene1.tif", "scene2.tif"}
    assert len(_spread(some, 9)) == 8


def paths(*names: str) -> tuple[Path, ...]:
    return tuple(map(Path, names))


@pytest.mark.parametrize(
    ("calibrate", "judge", "wanted"),
    [
        (paths("b", "a", "c"), (), (paths("a", "b"), paths("c"))),
        (paths("b", "a"), (), (paths("a"), paths("b"))),
        (paths("a"), (), (paths("a"), paths("a"))),
        (paths(*"gfedcba"), (), (paths(*"abdeg"), paths("c", "f"))),
        (paths("a", "b"), paths("z", "y"), (paths("a", "b"), paths("y", "z"))),
    ],
)
def test_scenes_are_held_back_to_judge_on(
    calibrate: tuple[Path, ...], judge: tuple[Path, ...], wanted: object
) -> None:
    assert share_out(AccuracyDemand(calibrate=calibrate, judge=judge)) == wanted


def test_ranges_alone_need_scenes_to_judge_on() -> None:
    with pytest.raises(BadInputError, match="no scene to judge on"):
        share_out(AccuracyDemand(ranges=Path("r.json")))


def test_an_accuracy_error_is_no_bad_input() -> None:
    assert AccuracyError.exit_code == 3
    assert not issubclass(AccuracyError, BadInputError)


def test_labels_without_scenes_are_refused(calm: Given) -> None:
    done = edgers(
        "compile", calm.graph, "--contract", calm.contract, "-o", calm.folder / "x.edgers",
        "--labels", calm.folder,
    )  # fmt: skip
    assert done.code == 2
    assert "labels and reports are of scenes" in done.err
    json.dumps(done.err)

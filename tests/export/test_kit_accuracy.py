"""Lower precisions get into a kit only where the reference runtime shows that they lose little."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from builders.judged import WILD_LAYER, calm_net, scenes, wild_net
from builders.kits import KitMaker, kit_maker
from onnx import numpy_helper

from edgers.build_kit import Attempt
from edgers.bundle import Bundle
from edgers.calibration.half_rounding import rounded_between
from edgers.engines import ENGINES
from edgers.errors import AccuracyError, BadInputError
from edgers.export.kit_accuracy import reference


def loud_net() -> onnx.ModelProto:
    """Give `calm_net`, but for numbers of a million between the first two layers.

    A factor goes into one layer and out of the next: in FP32 nothing changes, and FP16 ends at
    65 504.
    """
    model = calm_net()
    first, second = (entry for entry in model.graph.initializer if len(entry.dims) == 4 and
                     entry.dims[0] == 8)  # fmt: skip
    bias = next(entry for entry in model.graph.initializer if len(entry.dims) == 1)
    for entry, factor in ((first, 2.0**20), (bias, 2.0**20), (second, 2.0**-20)):
        values = numpy_helper.to_array(entry) * np.float32(factor)
        entry.CopyFrom(numpy_helper.from_array(values, entry.name))
    return model


def attempts(bundle: Bundle, band: str) -> list[Attempt]:
    assert bundle.kit is not None
    (found,) = (one.attempts for one in bundle.kit.bands if one.name == band)
    return list(found)


def left_out(bundle: Bundle) -> dict[str, str]:
    found: Any = bundle.measured["left_out"]
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def wild(tmp_path_factory: pytest.TempPathFactory) -> KitMaker:
    return kit_maker(tmp_path_factory.mktemp("wild"), wild_net())


@pytest.fixture(scope="module")
def loud(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return kit_maker(tmp_path_factory.mktemp("loud"), loud_net()).judged()


def test_the_layer_that_breaks_int8_is_kept_in_higher_precision(wild: KitMaker) -> None:
    bundle = wild.judged()
    certificates: Any = bundle.measured["certificates"]
    layers = {one["name"]: one["precision"] for one in certificates[0]["quantized"]["layers"]}
    assert layers[WILD_LAYER] == "fp32"
    graph = onnx.load_from_string(bundle.entries["graph/int8-s8s8-fp16.onnx"]).graph
    made_by = {name: node.op_type for node in graph.node for name in node.output}
    (wild_node,) = (node for node in graph.node if node.name == WILD_LAYER)
    assert made_by.get(wild_node.input[1], "a constant") == "a constant"
    again = wild.judged(name="again.edgers")
    first, second = (wild.folder / name for name in ("kit.edgers", "again.edgers"))
    assert (again.bundle_id, first.read_bytes()) == (bundle.bundle_id, second.read_bytes())


def test_int8_that_loses_too_much_is_left_out_or_refused(wild: KitMaker) -> None:
    bundle = wild.judged(search=False)
    assert {one.precision for one in attempts(bundle, "8.5")} == {"fp16", "fp32"}
    assert WILD_LAYER in left_out(bundle)["int8"]
    assert "calibration/ranges.json" not in bundle.entries
    with pytest.raises(AccuracyError, match=WILD_LAYER):
        wild.judged(name="no.edgers", search=False, precisions=("int8",))
    assert not (wild.folder / "no.edgers").exists()


def test_a_search_that_is_not_finished_is_no_base_for_a_kit(wild: KitMaker) -> None:
    # What a slower machine finds within the same time is another kit.
    bundle = wild.judged(name="short.edgers", search_s=0.0)
    assert "int8" not in {one.precision for one in attempts(bundle, "8.5")}
    assert "time" in left_out(bundle)["int8"]


def test_numbers_that_fp16_does_not_hold_are_kept_from_the_builder(loud: Bundle) -> None:
    assert [(one.precision, one.flags) for one in attempts(loud, "8.5")][-1] == ("fp32", ())
    assert "fp16" not in {one.precision for one in attempts(loud, "8.5")}
    assert "FP16 holds 65504" in left_out(loud)["TensorRT 8.5 fp16 (fp32)"]
    # ONNX Runtime's provider leaves FP16 to the builder too.
    assert all(one.precision != "fp16" for one in loud.engines)


def test_a_graph_in_fp16_keeps_them_in_fp32_itself(loud: Bundle) -> None:
    assert [one.precision for one in attempts(loud, "10.15–10.16")][-2:] == ["fp16", "fp32"]
    fp16 = loud.entries["graph/fp16.onnx"]
    weights = {one.name: one.data_type for one in onnx.load_from_string(fp16).graph.initializer}
    assert set(weights.values()) >= {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16}
    image = np.random.default_rng(3).normal(size=(1, 3, 32, 32)).astype(np.float32)
    found = []
    for graph, precision in ((rounded_between(fp16), "fp16"), (loud.entries["graph/fp32.onnx"],
                                                               "fp32")):  # fmt: skip
        candidate = reference(precision)
        engine = ENGINES[candidate.engine](graph, precision, candidate.settings)
        found.append(engine.infer({"x": image})["y"])
    assert np.abs(found[0] - found[1]).max() < 0.01 * np.abs(found[1]).max()


def test_fp16_that_changes_classes_is_left_out_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without the ranges nobody knows that the numbers are too large: the scenes show it.
    made = kit_maker(tmp_path, loud_net())
    monkeypatch.setattr("edgers.export.kit_accuracy.overflows", lambda *_: ())
    three = scenes(tmp_path, 3)
    bundle = made.kit(precisions=("fp32", "fp16"), judge=three[2:], calibrate=three[:2])
    for band in ("8.5", "10.15–10.16"):
        assert [one.precision for one in attempts(bundle, band)] == ["fp32"]
    assert "fp16" in left_out(bundle)
    with pytest.raises(AccuracyError, match="fp16 does not pass"):
        made.kit(name="no.edgers", precisions=("fp16",), judge=three[2:], calibrate=three[:2])
    unjudged = made.kit(name="blind.edgers", precisions=("fp32", "fp16"))
    assert "apart from fp32" in left_out(unjudged)["fp16"]


def test_ranges_measured_before_serve(tmp_path: Path) -> None:
    made = kit_maker(tmp_path)
    first = made.judged()
    ranges = tmp_path / "ranges.json"
    ranges.write_bytes(first.entries["calibration/ranges.json"])
    again = made.judged(name="again.edgers", ranges=ranges)
    assert again.bundle_id == first.bundle_id


def test_scenes_without_anything_to_judge_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="nothing to calibrate"):
        kit_maker(tmp_path).judged(precisions=("fp32",))


def test_scenes_to_judge_on_are_not_calibrated_on(tmp_path: Path) -> None:
    bundle = kit_maker(tmp_path).judged(calibrate=())
    assert {one.precision for one in attempts(bundle, "8.5")} == {"fp16", "fp32"}
    assert "--calibrate" in left_out(bundle)["int8"]
    certificates: Any = bundle.measured["certificates"]
    assert [one["form"] for one in certificates] == ["fp16"]

"""Layers are measured one at a time, the harmful ones found, and time is kept."""

from functools import partial

import numpy as np
import onnx
import pytest
from builders.wild_net import WILD, NoiseTiles, layers_of, quantized_only, wild_net

from edgers.calibration.ranges import Ranges
from edgers.calibration.sensitivity import (
    MOST_DB,
    Layer,
    Sensitivity,
    measure_layers,
    with_output,
)
from edgers.calibration.suspicion import suspicions
from edgers.contract import ModelClass, ModelOutput
from edgers.engines.onnxruntime import OnnxRuntimeEngine

CLASSES = tuple(ModelClass(value=i, name=f"c{i}", colour="000000") for i in range(3))
OUTPUT = ModelOutput(
    name="y", task="semantic-segmentation", shape=(-1, 3, -1, -1),
    dim_order=("batch", "class", "height", "width"), data_type="float32", classes=CLASSES,
)  # fmt: skip
MODEL = wild_net()
GRAPH: bytes = MODEL.SerializeToString()
LAYERS: list[Layer] = [*layers_of(MODEL)]
NAMES = [layer.name for layer in LAYERS]


def measured(**options: object) -> Sensitivity:
    keywords: dict[str, object] = {
        "output": OUTPUT, "fp32": OnnxRuntimeEngine, "lowered": OnnxRuntimeEngine, **options,
    }  # fmt: skip
    only = keywords.pop("only", partial(quantized_only, MODEL))
    tiles = keywords.pop("tiles", NoiseTiles())
    found: Sensitivity = measure_layers(GRAPH, LAYERS, only, tiles, **keywords)  # type: ignore[arg-type]
    return found


@pytest.fixture(scope="module")
def whole() -> Sensitivity:
    return measured()


def test_the_layer_of_wild_weights_comes_first(whole: Sensitivity) -> None:
    first = whole.measured[0]
    assert first.layer == NAMES[WILD - 1]
    assert first.changed_share > 3 * whole.measured[1].changed_share
    assert first.output_sqnr_db < min(one.output_sqnr_db for one in whole.measured[1:]) - 10
    assert first.own_sqnr_db < 10
    assert set(whole.order) == set(NAMES)
    assert (whole.unmeasured, whole.tiles) == ((), 2)


def test_numbers_are_those_of_plain_numpy(whole: Sensitivity) -> None:
    name, tensor = LAYERS[1].name, LAYERS[1].output
    one = OnnxRuntimeEngine(with_output(GRAPH, tensor))
    other = OnnxRuntimeEngine(with_output(quantized_only(MODEL, name), tensor))
    pairs = [(one.infer(tile), other.infer(tile)) for tile in NoiseTiles()]
    found = next(effect for effect in whole.measured if effect.layer == name)
    for key, value in ((tensor, found.own_sqnr_db), ("y", found.output_sqnr_db)):
        a, b = (np.concatenate([pair[i][key] for pair in pairs]).astype(float) for i in (0, 1))
        assert value == pytest.approx(10 * np.log10((a**2).sum() / ((a - b) ** 2).sum()))
    changed = [(a["y"].argmax(1) != b["y"].argmax(1)).mean() for a, b in pairs]
    assert found.changed_share == pytest.approx(np.mean(changed))


def test_a_layer_that_changes_nothing_is_silent_and_equals_stay_in_order() -> None:
    found = measured(only=lambda _: GRAPH)
    assert [one.layer for one in found.measured] == NAMES
    assert {one.output_sqnr_db for one in found.measured} == {MOST_DB}
    assert {one.changed_share for one in found.measured} == {0.0}


def test_an_answer_without_numbers_is_as_bad_as_can_be() -> None:
    broken = onnx.ModelProto()
    broken.CopyFrom(MODEL)
    weight = broken.graph.initializer[0]
    weight.CopyFrom(
        onnx.numpy_helper.from_array(
            np.full(tuple(weight.dims), np.inf, np.float32), weight.name
        )
    )  # fmt: skip
    data = broken.SerializeToString()
    found = measured(only=lambda name: data if name == NAMES[2] else GRAPH)
    assert found.measured[0].layer == NAMES[2]
    assert found.measured[0].output_sqnr_db == -MOST_DB
    assert found.measured[0].changed_share == 1.0


def test_other_tasks_are_measured_by_the_error_of_the_output() -> None:
    output = ModelOutput(
        name="y", task="regression", shape=OUTPUT.shape, dim_order=OUTPUT.dim_order,
        data_type="float32",
    )  # fmt: skip
    found = measured(output=output).measured[0]
    assert found.layer == NAMES[WILD - 1]
    assert found.changed_share == pytest.approx(10 ** (-found.output_sqnr_db / 20))


def test_with_little_time_the_suspicious_are_measured_and_the_rest_is_named() -> None:
    now = iter(range(10_000))
    rank = {NAMES[3]: 9.0, NAMES[1]: 5.0}
    # Each look at the clock is a second: a layer takes one, and one passes between layers.
    found = measured(
        only=lambda _: GRAPH, suspicion=rank, budget_s=4, clock=lambda: float(next(now))
    )
    assert {one.layer for one in found.measured} == {NAMES[3], NAMES[1]}
    assert found.unmeasured == (NAMES[0], NAMES[2], NAMES[4])
    assert found.order[-3:] == found.unmeasured


def test_tiles_are_gone_through_once_a_layer() -> None:
    tiles = NoiseTiles(count=3)
    measured(only=lambda _: GRAPH, tiles=tiles)
    assert tiles.read == 3 * len(LAYERS)


def test_weights_and_ranges_that_spread_are_suspicious() -> None:
    plain = suspicions(GRAPH, LAYERS)
    assert max(plain, key=lambda name: plain[name]) == NAMES[WILD - 1]
    tail = MODEL.graph.node[2].input[0]
    spans = {tail: {"min-max": (0.0, 1000.0), "percentile": (0.0, 1.0)}}
    ranges = Ranges(graph_sha256="", seed=0, tile_px=(8, 8), scenes=(), spans=spans)
    wide = suspicions(GRAPH, LAYERS, ranges)
    assert wide[NAMES[1]] == pytest.approx(plain[NAMES[1]] + 60)

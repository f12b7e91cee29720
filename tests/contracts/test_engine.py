"""What every engine must do, shown on each that is installed, and on TensorRT's fake."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from builders.bundles import tiny_net
from builders.graphs import GraphBuilder
from builders.networks import attention_net, band_net, fixed_net, index_net, patch_net, unet
from builders.plans import board
from google.protobuf.message import DecodeError

from edgers.engines import ENGINES, KNOWN, Engine, EngineMaker, Settings
from edgers.errors import EngineError

NETS: list[Callable[[], onnx.ModelProto]] = [
    tiny_net, band_net, patch_net, unet, index_net, attention_net,
]  # fmt: skip


GRAPH_ENGINES = sorted(set(ENGINES) - {"tensorrt"})
"""Engines that take ONNX graphs."""

MAKERS: dict[str, EngineMaker] = {name: ENGINES[name] for name in GRAPH_ENGINES}


@pytest.fixture(params=[*GRAPH_ENGINES, "tensorrt"])
def name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    key: str = request.param
    if key == "tensorrt":
        gpu = board(monkeypatch)

        def make(graph: bytes, precision: str = "fp32", settings: Settings | None = None) -> Engine:
            try:
                plan = gpu.plan(onnx.load_from_string(graph)) if graph else graph
            except DecodeError:
                plan = graph
            return KNOWN["tensorrt"](plan, precision, settings)

        monkeypatch.setitem(MAKERS, key, make)
    return key


def load(name: str, net: Callable[[], onnx.ModelProto] = tiny_net) -> Engine:
    return MAKERS[name](net().SerializeToString())


def tile(seed: int = 0, height: int = 64, width: int = 64) -> npt.NDArray[np.float32]:
    noise = np.random.default_rng(seed).standard_normal((1, 3, height, width))
    return noise.astype(np.float32)


def answer(engine: Engine, pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return engine.infer({"x": pixels})["y"]


def test_it_says_who_it_is(name: str) -> None:
    info = load(name).info
    assert info.name == name
    assert info.version[0].isdigit()
    assert info.device


def test_outputs_come_by_name_as_arrays(name: str) -> None:
    outputs = load(name).infer({"x": tile()})
    assert list(outputs) == ["y"]
    assert isinstance(outputs["y"], np.ndarray)
    assert outputs["y"].dtype == np.float32
    assert outputs["y"].shape == (1, 3, 64, 64)


def test_it_computes_what_the_graph_says(name: str) -> None:
    assert np.array_equal(answer(load(name, band_net), tile()), tile())
    means = tile().reshape(1, 3, 16, 4, 16, 4).mean(axis=(3, 5))
    np.testing.assert_allclose(answer(load(name, patch_net), tile()), means, atol=1e-6)
    assert np.array_equal(answer(load(name, index_net), tile()), tile().argmax(axis=1))


@pytest.mark.parametrize("net", NETS)
def test_the_same_input_gives_the_same_output(
    name: str, net: Callable[[], onnx.ModelProto]
) -> None:
    first, second = load(name, net), load(name, net)
    wanted = answer(first, tile())
    assert np.array_equal(answer(first, tile()), wanted)
    assert np.array_equal(answer(second, tile()), wanted)


@pytest.mark.parametrize("net", NETS)
def test_a_result_does_not_hang_on_the_thread_or_what_runs_beside(
    name: str, net: Callable[[], onnx.ModelProto]
) -> None:
    engine = load(name, net)
    tiles = [tile(seed, *((64, 64) if seed % 3 else (32, 96))) for seed in range(24)]
    alone = [answer(engine, pixels) for pixels in tiles]
    with ThreadPoolExecutor(4) as pool:
        beside = list(pool.map(lambda pixels: answer(engine, pixels), tiles))
    assert all(np.array_equal(a, b) for a, b in zip(alone, beside, strict=True))


def test_a_result_does_not_hang_on_what_ran_before(name: str) -> None:
    engine = load(name)
    wanted = answer(engine, tile())
    answer(engine, np.full_like(tile(), np.nan))
    answer(engine, tile(1, 128, 32))
    assert np.array_equal(answer(engine, tile()), wanted)


def test_the_input_is_left_as_it_is_and_the_output_is_the_callers(name: str) -> None:
    engine = load(name)
    pixels = tile()
    first = answer(engine, pixels)
    kept = first.copy()
    answer(engine, tile(1))
    assert np.array_equal(pixels, tile())
    assert np.array_equal(first, kept)


def test_nan_goes_in_and_comes_out(name: str) -> None:
    pixels = tile()
    pixels[0, 1, 5, 6] = np.nan
    assert np.array_equal(answer(load(name, band_net), pixels), pixels, equal_nan=True)


@pytest.mark.parametrize(
    "inputs",
    [
        {"x": np.zeros((1, 4, 64, 64), np.float32)},
        {"x": np.zeros((1, 3, 63, 64), np.float32)},
        {"x": np.zeros((3, 64, 64), np.float32)},
        {"x": np.zeros((1, 3, 64, 64), np.float64)},
        {"x": np.zeros((1, 3, 64, 64), np.uint8)},
        {"z": np.zeros((1, 3, 64, 64), np.float32)},
        {},
    ],
    ids=["channels", "height", "rank", "double", "bytes", "name", "nothing"],
)
def test_a_wrong_input_is_an_engine_error(name: str, inputs: dict[str, Any]) -> None:
    engine = load(name, fixed_net)
    with pytest.raises(EngineError):
        engine.infer(inputs)
    pixels = tile()
    assert np.array_equal(answer(engine, pixels), pixels)


@pytest.mark.parametrize(
    "graph",
    [
        b"",
        b"no graph at all",
        tiny_net().SerializeToString()[:500],
        bytes(reversed(tiny_net().SerializeToString())),
    ],
    ids=["empty", "text", "cut", "backwards"],
)
def test_a_broken_graph_is_an_engine_error(name: str, graph: bytes) -> None:
    with pytest.raises(EngineError, match=r"cannot load the (graph|plan)"):
        MAKERS[name](graph)


@pytest.mark.parametrize("name", GRAPH_ENGINES)
def test_an_unknown_operator_is_an_engine_error(name: str) -> None:
    model = tiny_net()
    model.graph.node[0].op_type = "NoSuchOperator"
    with pytest.raises(EngineError, match="NoSuchOperator"):
        MAKERS[name](model.SerializeToString())


@pytest.mark.parametrize("name", GRAPH_ENGINES)
def test_weights_in_other_files_are_not_read(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    onnx.save(
        tiny_net(), tmp_path / "m.onnx", save_as_external_data=True, location="w.bin",
        size_threshold=0,
    )  # fmt: skip
    assert (tmp_path / "w.bin").exists()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    with pytest.raises(EngineError):
        MAKERS[name]((tmp_path / "m.onnx").read_bytes())


def test_a_closed_engine_is_an_engine_error_and_may_be_closed_again(name: str) -> None:
    engine = load(name)
    engine.close()
    with pytest.raises(EngineError, match="closed"):
        engine.infer({"x": tile()})
    engine.close()


def test_one_engine_does_not_close_another(name: str) -> None:
    first, second = load(name), load(name)
    first.close()
    assert answer(second, tile()).shape == (1, 3, 64, 64)


def two_inputs() -> onnx.ModelProto:
    """Differences of two inputs, and their sum as a second output; each touches its input."""
    made = GraphBuilder()
    made.channels["z"] = 3
    made.node("Relu", ["x"])
    model = made.model(made.node("Sub", [made.node("Relu", ["x"]), "z"]))
    model.graph.input.add().CopyFrom(model.graph.input[0])
    model.graph.input[1].name = "z"
    model.graph.node.add(op_type="Add", input=["x", "z"], output=["total"])
    model.graph.output.add().CopyFrom(model.graph.output[0])
    model.graph.output[1].name = "total"
    return model


def test_several_inputs_and_outputs_come_by_name(name: str) -> None:
    engine = load(name, two_inputs)
    x, z = tile(1), tile(2)
    for inputs in ({"x": x, "z": z}, {"z": z, "x": x}):
        found = engine.infer(inputs)
        assert list(found) == ["y", "total"]
        assert np.array_equal(found["y"], np.maximum(x, 0) - z)
        assert np.array_equal(found["total"], x + z)
    assert np.array_equal(x, tile(1))
    assert np.array_equal(z, tile(2))


def test_an_input_of_an_earlier_tile_never_stands_in_for_a_missing_one(name: str) -> None:
    engine = load(name, two_inputs)
    engine.infer({"x": tile(1), "z": tile(2)})
    with pytest.raises(EngineError):
        engine.infer({"x": tile(1)})


def test_inputs_that_do_not_lie_in_one_piece_are_read_as_they_are(name: str) -> None:
    whole = tile(0, 128, 128)
    assert np.array_equal(
        answer(load(name), whole[..., ::2, ::2]), answer(load(name), whole[..., ::2, ::2].copy())
    )


def test_tiles_of_a_batch_do_not_touch_one_another(name: str) -> None:
    engine = load(name)
    both = answer(engine, np.concatenate([tile(1), tile(2)]))
    assert np.array_equal(both[:1], answer(engine, tile(1)))
    assert np.array_equal(both[1:], answer(engine, tile(2)))


def test_shapes_in_any_order_give_what_a_fresh_engine_gives(name: str) -> None:
    engine = load(name, unet)
    for height, width in [(64, 64), (32, 96), (64, 64), (128, 4), (8, 8), (32, 96)]:
        pixels = tile(height, height, width)
        assert np.array_equal(answer(engine, pixels), answer(load(name, unet), pixels))


def test_fp32_is_computed_in_float32(name: str) -> None:
    # 1 + 2^-20 is one in bfloat16, in float16 and in TF32.
    pixels = np.full((1, 3, 8, 8), 1 + 2**-20, np.float32)
    graph = GraphBuilder()
    eye = graph.constant(np.eye(3).reshape(3, 3, 1, 1))
    model = graph.model(graph.node("Conv", ["x", eye], channels=3))
    assert np.array_equal(answer(load(name, lambda: model), pixels), pixels)


@pytest.mark.parametrize("number", [0, 1])
def test_a_result_does_not_hang_on_how_many_tiles_run_at_once(name: str, number: int) -> None:
    graph = tiny_net().SerializeToString()
    streams = import_module(f"edgers.engines.{name}").SETTINGS["streams"][number]
    engine = MAKERS[name](graph, "fp32", {"streams": streams})
    tiles = [tile(seed) for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda pixels: answer(engine, pixels), tiles))
    wanted = [answer(load(name), pixels) for pixels in tiles]
    assert all(np.array_equal(a, b) for a, b in zip(found, wanted, strict=True))


def test_a_setting_or_precision_it_does_not_know_is_an_engine_error(name: str) -> None:
    graph = tiny_net().SerializeToString()
    with pytest.raises(EngineError, match="does not know the setting colour=red"):
        MAKERS[name](graph, "fp32", {"colour": "red"})
    with pytest.raises(EngineError, match="int2"):
        MAKERS[name](graph, "int2")

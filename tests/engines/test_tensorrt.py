"""TensorRT plans run through the real bindings' API of four versions; no GPU is there."""

import gc
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from builders.bundles import tiny_net
from builders.graphs import GraphBuilder
from builders.networks import fixed_net, unet
from builders.plans import VERSIONS, Board, board
from onnx import TensorProto

from edgers.engines import KNOWN, tensorrt
from edgers.engines.onnxruntime import OnnxRuntimeEngine
from edgers.engines.tensorrt import TensorRtEngine
from edgers.errors import EngineError


@pytest.fixture(params=VERSIONS)
def gpu(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Board]:
    """A board with each TensorRT; all that was taken of its device is given back at the end."""
    made = board(monkeypatch, request.param)
    yield made
    gc.collect()
    assert made.driver.memory == {}
    assert made.driver.memory.reserved_bytes == 0
    assert made.driver.depth == made.driver.retained == 0


def tile(seed: int = 0, height: int = 16, width: int = 16) -> npt.NDArray[np.float32]:
    noise = np.random.default_rng(seed).standard_normal((1, 3, height, width))
    return noise.astype(np.float32)


def reference(model: onnx.ModelProto) -> OnnxRuntimeEngine:
    return OnnxRuntimeEngine(model.SerializeToString(), "fp32", {"layout": "reference"})


def test_tiles_of_any_size_give_what_the_graph_says(gpu: Board) -> None:
    engine, wanted = gpu.engine(unet()), reference(unet())
    # Small, larger, small again: memory grows, and nothing of an earlier tile is left in a later.
    for height, width in ((8, 8), (32, 48), (8, 8), (16, 64)):
        pixels = tile(height, height, width)
        found = engine.infer({"x": pixels})
        assert np.array_equal(found["y"], wanted.infer({"x": pixels})["y"])
    engine.close()


def test_it_says_who_it_is(gpu: Board) -> None:
    engine = gpu.engine(tiny_net())
    assert (engine.info.name, engine.info.device) == ("tensorrt", "simulated GPU")
    assert engine.info.version == gpu.trt.__version__
    engine.close()
    # While somebody still holds the engine.
    assert gpu.driver.memory.used_bytes() == gpu.driver.retained == 0
    assert engine.info.device == "simulated GPU"


@pytest.mark.parametrize("streams", ["1", "2", "3"])
def test_threads_take_turns_and_each_gets_its_own_answer(gpu: Board, streams: str) -> None:
    engine, wanted = gpu.engine(tiny_net(), {"streams": streams}), reference(tiny_net())
    tiles = [tile(seed, 8 + seed % 5, 8 + seed % 3) for seed in range(24)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda pixels: engine.infer({"x": pixels})["y"], tiles))
    for pixels, array in zip(tiles, found, strict=True):
        assert np.array_equal(array, wanted.infer({"x": pixels})["y"])
    engine.close()


def test_lanes_are_made_for_tiles_that_meet_and_then_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = board(monkeypatch)
    engine = gpu.engine(tiny_net(), {"streams": "3"})
    for _ in range(4):
        engine.infer({"x": tile()})
    # The first is the device's own.
    assert len(gpu.driver.queues.made) == 1 + 1
    assert engine._lanes is not None
    with engine._lanes.one(), engine._lanes.one():
        pass
    engine.infer({"x": tile()})
    assert len(gpu.driver.queues.made) == 1 + 2
    engine.close()


def test_the_fixed_profile_runs_tiles_of_its_size_where_it_was_faster(gpu: Board) -> None:
    plan, chosen = gpu.plan(tiny_net(), usual=(16, 16)), []
    kind = (
        type(gpu.trt.world.maker.classes["IExecutionContext"]).__name__
        and (gpu.trt.world.maker.classes["IExecutionContext"])
    )
    run = kind.execute_async_v3  # type: ignore[attr-defined]

    def noted(context: Any, stream_handle: int) -> bool:
        chosen.append(context.active_optimization_profile)
        return bool(run(context, stream_handle))

    kind.execute_async_v3 = noted
    wanted = reference(tiny_net())
    for profile, numbers in (("fixed", [1, 0, 1]), ("dynamic", [0, 0, 0])):
        engine = TensorRtEngine(plan, "fp32", {"profile": profile, "streams": "1"})
        chosen.clear()
        for height, width in ((16, 16), (16, 12), (16, 16)):
            pixels = tile(width, height, width)
            found = engine.infer({"x": pixels})["y"]
            assert np.array_equal(found, wanted.infer({"x": pixels})["y"])
        assert chosen == numbers
        engine.close()


def test_a_plan_without_a_second_profile_runs_by_the_first(gpu: Board) -> None:
    engine = gpu.engine(fixed_net(), {"profile": "fixed"})
    assert engine.infer({"x": tile(0, 64, 64)})["y"].shape[-2:] == (64, 64)
    engine.close()


def test_a_tile_that_the_plan_was_not_built_for_is_told(gpu: Board) -> None:
    engine = gpu.engine(tiny_net(), sides=(8, 32), batch=1)
    with pytest.raises(EngineError, match="failed on a tile") as caught:
        engine.infer({"x": tile(0, 40, 16)})
    assert "x (1, 3, 40, 16)" in caught.value.seen
    assert caught.value.rule == "It takes (1, 3, 8, 8) to (1, 3, 32, 32)."
    with pytest.raises(EngineError, match="float64"):
        engine.infer({"x": tile().astype(np.float64)})
    with pytest.raises(EngineError, match="takes x"):
        engine.infer({"z": tile()})
    assert engine.infer({"x": tile()})["y"].shape == (1, 3, 16, 16)
    engine.close()


def test_a_plan_of_another_version_or_device_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    old = board(monkeypatch, "8.6.1").plan(tiny_net())
    gpu = board(monkeypatch, "10.3.0")
    with pytest.raises(EngineError, match="cannot load the plan") as caught:
        TensorRtEngine(old)
    assert "expecting library version 8.6.1" in caught.value.seen
    assert "edgers build" in caught.value.fix
    gpu.driver.cc = (7, 2)
    plan = gpu.plan(tiny_net())
    gpu.driver.cc = (8, 7)
    with pytest.raises(EngineError, match=r"expecting compute 8\.7 got compute 7\.2"):
        TensorRtEngine(plan)
    for damaged in (b"", b"ftrt", plan[: len(plan) // 2]):
        with pytest.raises(EngineError, match="magicTag"):
            TensorRtEngine(damaged)
    assert gpu.driver.memory == {}
    assert gpu.driver.retained == gpu.driver.depth == 0


@pytest.mark.parametrize(
    "problem", ["libcuda.so.1 is not installed", "cuInit failed with error 100"]
)
def test_without_cuda_the_reason_is_told_and_tensorrt_is_never_imported(
    monkeypatch: pytest.MonkeyPatch, problem: str
) -> None:
    class Poison:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError("TensorRT was touched without a driver")

    for name in ("tensorrt", "tensorrt_lean", "pycuda", "pycuda.driver"):
        monkeypatch.setitem(sys.modules, name, Poison())
    monkeypatch.setattr(tensorrt, "import_tensorrt", Poison().__getattr__)
    monkeypatch.setattr(tensorrt, "cuda_problem", lambda: problem)
    with pytest.raises(EngineError, match="no GPU for TensorRT") as caught:
        KNOWN["tensorrt"](b"plan", "int8")
    assert caught.value.seen == f"{problem}."
    assert caught.value.exit_code == 1


def test_a_device_short_of_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = board(monkeypatch)
    engine, memory = gpu.engine(tiny_net(), {"streams": "1"}), gpu.driver.memory
    whole, memory.limit_bytes = memory.limit_bytes, memory.used_bytes() + 1000
    with pytest.raises(EngineError, match="too little free memory") as caught:
        engine.infer({"x": tile(0, 64, 64)})
    assert "smaller tiles" in caught.value.fix
    memory.limit_bytes = whole
    assert np.array_equal(
        engine.infer({"x": tile()})["y"], reference(tiny_net()).infer({"x": tile()})["y"]
    )
    engine.close()


@pytest.mark.parametrize(
    ("kind", "call", "answer"),
    [
        ("ICudaEngine", "create_execution_context", None),
        # A plan whose profile serves one context at a time: TensorRT 8.
        ("IExecutionContext", "set_optimization_profile_async", False),
    ],
)
def test_a_lane_that_there_is_no_room_for_is_done_without(
    monkeypatch: pytest.MonkeyPatch, kind: str, call: str, answer: object
) -> None:
    gpu = board(monkeypatch)
    engine = gpu.engine(tiny_net(), {"streams": "4"})
    monkeypatch.setattr(gpu.trt.world.maker.classes[kind], call, lambda *_: answer)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda seed: engine.infer({"x": tile(seed)})["y"], range(8)))
    wanted = reference(tiny_net())
    for seed, array in enumerate(found):
        assert np.array_equal(array, wanted.infer({"x": tile(seed)})["y"])
    assert len(gpu.driver.queues.made) < 1 + 4
    engine.close()


def test_what_tensorrt_logs_is_in_the_error(gpu: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = gpu.engine(tiny_net(), {"streams": "1"})
    kind = gpu.trt.world.maker.classes["IExecutionContext"]

    def fails(context: Any, stream_handle: int) -> bool:
        return bool(context._fails("a layer ran out of luck"))

    monkeypatch.setattr(kind, "execute_async_v3", fails)
    with pytest.raises(EngineError, match="a layer ran out of luck"):
        engine.infer({"x": tile()})
    monkeypatch.undo()
    engine.close()


def half_ends() -> onnx.ModelProto:
    model = GraphBuilder()
    made = model.model(model.relu("x"))
    for value in (*made.graph.input, *made.graph.output):
        value.type.tensor_type.elem_type = TensorProto.FLOAT16
    return made


def test_ends_in_halves_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = board(monkeypatch)
    with pytest.raises(EngineError, match="tensor x of the plan is of type") as caught:
        gpu.engine(half_ends())
    assert "float32" in caught.value.rule
    assert gpu.driver.retained == 0


def test_closing_waits_for_the_tiles_under_way(gpu: Board) -> None:
    engine = gpu.engine(tiny_net(), {"streams": "2"})
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(engine.infer, {"x": tile(seed)}) for seed in range(12)]
        engine.close()
        for answer in answers:
            try:
                assert answer.result()["y"].shape == (1, 3, 16, 16)
            except EngineError as error:
                assert "closed before this tile" in str(error)  # noqa: PT017
    engine.close()


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"streams": "9"}, "streams=9"), ({"layout": "plain"}, "layout=plain")],
)
def test_settings_it_does_not_know_are_refused(settings: dict[str, str], said: str) -> None:
    with pytest.raises(EngineError, match=said):
        TensorRtEngine(b"", "fp32", settings)
    with pytest.raises(EngineError, match="not used at bf16"):
        TensorRtEngine(b"", "bf16")

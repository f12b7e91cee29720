"""The fake TensorRT runs its plans on the fake GPU, and does not forgive misuse."""

import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import onnxruntime
import pytest
from builders.bundles import tiny_net
from builders.cuda_fake import FakeDriver, fake_pycuda
from builders.networks import unet
from builders.tensorrt_basics import MisuseError
from builders.tensorrt_fake import fake_tensorrt
from builders.tensorrt_plan import plan_from
from builders.tensorrt_plans import log_of, plan_of, tile
from builders.tensorrt_table import VERSIONS


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """PyCUDA without a GPU, with its context current in this thread."""
    modules = fake_pycuda()
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    driver: Any = modules["pycuda.driver"]
    driver.init()
    context = driver.Device(0).retain_primary_context()
    context.push()
    yield driver
    context.detach()
    assert driver.stack() == []


@pytest.fixture(params=VERSIONS)
def trt(request: pytest.FixtureRequest, cuda: FakeDriver) -> Any:
    return fake_tensorrt(request.param)


class Run:
    """One plan with memory for one tile."""

    def __init__(self, trt: Any, cuda: Any, plan: bytes, side: int = 64) -> None:
        self.cuda, self.log = cuda, log_of(trt)
        self.engine = trt.Runtime(self.log).deserialize_cuda_engine(plan)
        self.context = self.engine.create_execution_context()
        self.stream = cuda.Stream()
        self.pixels = cuda.pagelocked_empty((1, 3, side, side), np.float32)
        self.given = cuda.mem_alloc(self.pixels.nbytes)
        self.scores = cuda.pagelocked_empty((1, 3, side, side), np.float32)
        self.made = cuda.mem_alloc(self.scores.nbytes)

    def bound(self) -> "Run":
        assert self.context.set_input_shape("x", self.pixels.shape)
        assert self.context.set_tensor_address("x", int(self.given))
        assert self.context.set_tensor_address("y", int(self.made))
        return self

    def enqueue(self, pixels: np.ndarray[Any, Any], stream: Any = None) -> None:
        """Copy in, run, copy out; nothing waits."""
        stream = stream or self.stream
        self.pixels[:] = pixels
        self.cuda.memcpy_htod_async(self.given, self.pixels, stream)
        assert self.context.execute_async_v3(stream.handle)
        self.cuda.memcpy_dtoh_async(self.scores, self.made, stream)


def wanted(pixels: np.ndarray[Any, Any], model: Any = None) -> np.ndarray[Any, Any]:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession((model or tiny_net()).SerializeToString(), options)
    return session.run(None, {"x": pixels})[0]  # type: ignore[no-any-return]


def test_a_run_gives_what_the_graph_says_once_it_is_waited_for(trt: Any, cuda: Any) -> None:
    run = Run(trt, cuda, plan_of(trt, unet())).bound()
    run.enqueue(tile())
    assert np.isnan(run.scores).all()
    run.stream.synchronize()
    assert np.array_equal(run.scores, wanted(tile(), unet()))


def test_an_input_that_is_written_over_too_early_is_what_is_computed(trt: Any, cuda: Any) -> None:
    run = Run(trt, cuda, plan_of(trt, tiny_net())).bound()
    run.enqueue(tile(0))
    run.pixels[:] = tile(1)
    run.stream.synchronize()
    assert np.array_equal(run.scores, wanted(tile(1)))


def test_an_engine_tells_of_its_tensors(trt: Any, cuda: Any) -> None:
    run = Run(trt, cuda, plan_of(trt, tiny_net(), profiles=2))
    engine = run.engine
    names = [engine.get_tensor_name(number) for number in range(engine.num_io_tensors)]
    assert names == ["x", "y"]
    modes = [engine.get_tensor_mode(name) for name in names]
    assert modes == [trt.TensorIOMode.INPUT, trt.TensorIOMode.OUTPUT]
    assert tuple(engine.get_tensor_shape("x")) == (-1, 3, -1, -1)
    assert trt.nptype(engine.get_tensor_dtype("x")) is np.float32
    least, usual, most = map(tuple, engine.get_tensor_profile_shape("x", 1))
    assert (least, usual, most) == ((1, 3, 32, 32), (1, 3, 64, 64), (1, 3, 96, 96))
    assert engine.num_optimization_profiles == 2
    assert tuple(run.bound().context.get_tensor_shape("y")) == (1, 3, 64, 64)
    assert not engine.get_tensor_profile_shape("y", 0)


def test_what_is_not_set_is_told_and_not_run(trt: Any, cuda: Any) -> None:
    run = Run(trt, cuda, plan_of(trt, tiny_net()))
    context, handle = run.context, run.stream.handle
    assert context.infer_shapes() == ["x"]
    assert not context.execute_async_v3(handle)
    assert "shape of x is not set" in run.log.errors[-1]
    for shape in ((1, 3, 16, 64), (1, 3, 64, 97), (1, 4, 64, 64), (3, 64, 64)):
        assert not context.set_input_shape("x", shape)
    assert not context.set_input_shape("z", (1, 3, 64, 64))
    assert context.set_input_shape("x", (1, 3, 64, 64))
    assert not context.execute_async_v3(handle)
    assert "address of x, y is not set" in run.log.errors[-1]
    assert not context.set_tensor_address("z", int(run.given))
    assert not context.set_tensor_address("x", int(run.given) + 1)


def test_an_output_that_is_too_small_is_misuse(trt: Any, cuda: Any) -> None:
    run = Run(trt, cuda, plan_of(trt, tiny_net())).bound()
    small = cuda.mem_alloc(run.scores.nbytes - 4)
    run.context.set_tensor_address("y", int(small))
    assert run.context.execute_async_v3(run.stream.handle)
    with pytest.raises(MisuseError, match="49152 bytes are wanted"):
        run.stream.synchronize()


def test_memory_that_was_freed_is_misuse(trt: Any, cuda: Any) -> None:
    run = Run(trt, cuda, plan_of(trt, tiny_net())).bound()
    assert run.context.execute_async_v3(run.stream.handle)
    run.made.free()
    with pytest.raises(MisuseError, match="was freed"):
        run.stream.synchronize()


def test_a_context_on_two_streams_at_once_is_misuse(trt: Any, cuda: Any) -> None:
    run = Run(trt, cuda, plan_of(trt, tiny_net())).bound()
    other = cuda.Stream()
    run.enqueue(tile())
    with pytest.raises(MisuseError, match="second stream"):
        run.context.execute_async_v3(other.handle)
    run.stream.synchronize()
    run.enqueue(tile(), other)
    other.synchronize()
    with pytest.raises(cuda.LogicError, match="no stream"):
        run.context.execute_async_v3(12345)


def test_a_context_in_two_threads_at_once_is_misuse(trt: Any, cuda: Any) -> None:
    run = Run(trt, cuda, plan_of(trt, tiny_net())).bound()
    caught = []
    together = threading.Barrier(2)

    def use() -> None:
        together.wait()
        for _ in range(200):
            try:
                run.context.set_input_shape("x", (1, 3, 64, 64))
            except MisuseError as error:
                caught.append(error)
                return

    threads = [threading.Thread(target=use) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert caught


def test_before_10_a_profile_serves_one_context_at_a_time(trt: Any, cuda: Any) -> None:
    run = Run(trt, cuda, plan_of(trt, tiny_net(), profiles=2))
    handle = run.stream.handle
    second = run.engine.create_execution_context()
    shares = not trt.__version__.startswith("8")
    assert second.set_input_shape("x", (1, 3, 64, 64)) == shares
    assert second.set_optimization_profile_async(0, handle) == shares
    assert second.set_optimization_profile_async(1, handle)
    assert not second.set_optimization_profile_async(2, handle)
    del run.context
    assert second.set_optimization_profile_async(0, handle)


def test_a_plan_of_another_version_or_device_is_refused(trt: Any, cuda: Any) -> None:
    plan = plan_of(trt, tiny_net())
    log = log_of(trt)
    runtime = trt.Runtime(log)
    read = plan_from(plan)
    assert read is not None
    for change, message in (
        ({"version": "10.7.0"}, "expecting library version 10.7.0 got"),
        ({"cc": (7, 2)}, "expecting compute 8.7 got compute 7.2"),
        ({"dla_core": 0}, "DLA"),
    ):
        assert runtime.deserialize_cuda_engine(replace(read, **change).to_bytes()) is None
        assert message in log.errors[-1]
    for broken in (b"", b"ftrt", plan[:40], bytes(reversed(plan)), b"PK" + plan):
        assert runtime.deserialize_cuda_engine(broken) is None
        assert "magicTag" in log.errors[-1]


def test_a_version_compatible_plan_runs_on_a_later_version_that_allows_its_code(cuda: Any) -> None:
    plan = plan_of(fake_tensorrt("8.6.1"), tiny_net(), ["VERSION_COMPATIBLE"])
    for version, runs in (("10.3.0", True), ("11.4.0", False)):
        trt = fake_tensorrt(version)
        runtime = trt.Runtime(log_of(trt))
        assert runtime.deserialize_cuda_engine(plan) is None
        runtime.engine_host_code_allowed = True
        assert (runtime.deserialize_cuda_engine(plan) is not None) == runs


def test_memory_of_engine_and_contexts_counts_and_comes_back(trt: Any, cuda: Any) -> None:
    before = cuda.mem_get_info()[0]
    run = Run(trt, cuda, plan_of(trt, tiny_net()))
    taken = before - cuda.mem_get_info()[0]
    size = run.engine.device_memory_size if trt.__version__ < "10" else 0
    assert taken > run.pixels.nbytes + run.scores.nbytes + size
    del run
    assert cuda.mem_get_info()[0] == before


def test_weights_that_were_left_out_have_to_be_put_back(cuda: Any) -> None:
    trt = fake_tensorrt("10.3.0")
    plan = plan_of(trt, tiny_net(), ["STRIP_PLAN", "REFIT_IDENTICAL"])
    run = Run(trt, cuda, plan).bound()
    assert not run.context.execute_async_v3(run.stream.handle)
    assert "not refitted" in run.log.errors[-1]
    refitter = trt.Refitter(run.engine, run.log)
    assert refitter.get_missing_weights()
    assert not refitter.refit_cuda_engine()
    other = tiny_net()
    other.graph.initializer[0].raw_data = b"\0" * len(other.graph.initializer[0].raw_data)
    parser = trt.OnnxParserRefitter(refitter, run.log)
    assert parser.refit_from_bytes(other.SerializeToString())
    with pytest.raises(MisuseError, match="weights are others"):
        refitter.refit_cuda_engine()
    assert parser.refit_from_bytes(tiny_net().SerializeToString())
    assert refitter.refit_cuda_engine()
    run.enqueue(tile())
    run.stream.synchronize()
    assert np.array_equal(run.scores, wanted(tile()))


def test_execute_v2_waits(trt: Any, cuda: Any) -> None:
    run = Run(trt, cuda, plan_of(trt, tiny_net())).bound()
    cuda.memcpy_htod(run.given, tile())
    assert run.context.execute_v2([int(run.given), int(run.made)])
    cuda.memcpy_dtoh(run.scores, run.made)
    assert np.array_equal(run.scores, wanted(tile()))

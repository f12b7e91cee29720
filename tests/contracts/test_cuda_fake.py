"""The fake GPU does late what a real one may do late, and does not forgive misuse."""

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from builders.cuda_fake import fake_pycuda
from builders.cuda_simulator import launch
from builders.kernel_on_cpu import loop, run_on_cpu

from edgers.bench.gpu_check.case import THREADS, difference
from edgers.bench.gpu_check.scene import SMALL, made_scene
from edgers.bench.gpu_check.table import CASES
from edgers.kernels.cuda.registry import entries
from edgers.kernels.launch import struct_format


def started(**about: Any) -> Any:
    driver: Any = fake_pycuda(**about)["pycuda.driver"]
    driver.init()
    driver.Device(0).retain_primary_context().push()
    return driver


@pytest.fixture
def cuda() -> Iterator[Any]:
    driver = started()
    yield driver
    driver.stack()[-1].detach()


def host(cuda: Any, values: Any) -> np.ndarray[Any, Any]:
    array: np.ndarray[Any, Any] = cuda.pagelocked_empty(len(values), np.float32)
    array[:] = values
    return array


def test_copies_come_back_when_the_stream_is_waited_for(cuda: Any) -> None:
    stream, memory = cuda.Stream(), cuda.mem_alloc(12)
    there, back = host(cuda, [1, 2, 3]), host(cuda, [7, 7, 7])
    cuda.memcpy_htod_async(memory, there, stream)
    cuda.memcpy_dtoh_async(back, memory, stream)
    assert np.isnan(back).all()
    assert stream.synchronize() is stream
    assert np.array_equal(back, [1, 2, 3])


def test_streams_do_not_wait_for_one_another_unless_told(cuda: Any) -> None:
    def copied(waits: bool) -> np.ndarray[Any, Any]:
        first, second, memory = cuda.Stream(), cuda.Stream(), cuda.mem_alloc(12)
        there, back, event = host(cuda, [1, 2, 3]), host(cuda, [0, 0, 0]), cuda.Event()
        cuda.memcpy_htod_async(memory, there, first)
        event.record(first)
        if waits:
            second.wait_for_event(event)
        cuda.memcpy_dtoh_async(back, memory, second)
        second.synchronize()
        return back

    assert np.array_equal(copied(waits=True), [1, 2, 3])
    assert not np.array_equal(copied(waits=False), [1, 2, 3])


def test_events_end_what_is_before_them_and_have_times(cuda: Any) -> None:
    stream, memory = cuda.Stream(), cuda.mem_alloc(12)
    start, end = cuda.Event(), cuda.Event()
    back = host(cuda, [0, 0, 0])
    start.record(stream)
    cuda.memcpy_htod_async(memory, host(cuda, [1, 2, 3]), stream)
    cuda.memcpy_dtoh_async(back, memory, stream)
    end.record(stream)
    with pytest.raises(cuda.LogicError, match="not ready"):
        start.time_till(end)
    # Polling gets on, a step at a time.
    assert [end.query() for _ in range(4)] == [False, False, False, True]
    assert np.array_equal(back, [1, 2, 3])
    assert start.time_till(end) == end.time_since(start) > 0


def test_the_default_stream_and_plain_copies_wait_for_all(cuda: Any) -> None:
    stream, memory = cuda.Stream(), cuda.mem_alloc(12)
    back = np.zeros(3, np.float32)
    cuda.memcpy_htod_async(memory, host(cuda, [1, 2, 3]), stream)
    cuda.memcpy_dtoh(back, memory)
    assert np.array_equal(back, [1, 2, 3])
    cuda.memset_d8_async(memory, 0, 12, stream)
    later = host(cuda, [5, 5, 5])
    cuda.memcpy_dtoh_async(later, memory)
    assert np.isnan(later).all()
    cuda.Context.synchronize(cuda.stack()[-1])
    assert not later.any()


def test_host_memory_has_to_be_page_locked_for_late_copies(cuda: Any) -> None:
    stream, memory = cuda.Stream(), cuda.mem_alloc(12)
    with pytest.raises(AssertionError, match="not page-locked"):
        cuda.memcpy_htod_async(memory, np.zeros(3, np.float32), stream)
    locked = cuda.pagelocked_empty((4, 3), np.float32)
    cuda.memcpy_htod_async(memory, locked[2], stream)
    with pytest.raises(ValueError, match="contiguous"):
        cuda.memcpy_htod_async(memory, locked[:, 1], stream)


def test_a_place_without_memory_fails_where_it_is_waited_for(cuda: Any) -> None:
    stream, memory = cuda.Stream(), cuda.mem_alloc(8)
    cuda.memcpy_htod_async(memory, host(cuda, [1, 2, 3]), stream)
    with pytest.raises(cuda.LaunchError, match="12 bytes are wanted"):
        stream.synchronize()
    cuda.memcpy_htod_async(int(memory) + 4, host(cuda, [1]), stream)
    stream.synchronize()
    address = int(memory)
    memory.free()
    cuda.memcpy_htod_async(address, host(cuda, [1]), stream)
    with pytest.raises(cuda.LaunchError, match="was freed"):
        stream.synchronize()
    with pytest.raises(cuda.LogicError, match="freed before"):
        memory.free()


def test_memory_goes_with_the_last_reference_to_it(cuda: Any) -> None:
    before = cuda.mem_get_info()[0]
    memory = cuda.mem_alloc(1000)
    assert cuda.mem_get_info()[0] == before - 1000
    del memory
    assert cuda.mem_get_info()[0] == before


def test_there_is_as_much_memory_as_was_said() -> None:
    cuda = started(memory_bytes=1000)
    held = cuda.mem_alloc(600)
    with pytest.raises(cuda.MemoryError, match="out of memory"):
        cuda.mem_alloc(401)
    held.free()
    assert cuda.mem_alloc(1000)


def test_a_thread_needs_the_context(cuda: Any) -> None:
    stream, caught = cuda.Stream(), []

    def use() -> None:
        for call in (lambda: cuda.mem_alloc(4), stream.synchronize, cuda.mem_get_info):
            try:
                call()
            except cuda.LogicError as error:
                caught.append(str(error))

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert len(caught) == 3
    assert "invalid device context" in caught[0]


def test_no_device_is_an_error() -> None:
    cuda: Any = fake_pycuda(devices=0)["pycuda.driver"]
    with pytest.raises(cuda.Error, match="no CUDA-capable device"):
        cuda.init()
    other: Any = fake_pycuda()["pycuda.driver"]
    with pytest.raises(cuda.LogicError, match="initialization"):
        other.Device(0)


@pytest.mark.parametrize("simulate", [False, True], ids=["compiled", "simulated"])
@pytest.mark.parametrize(
    "name", ["ingest_uint16_to_float32", "gather_uint16", "count_values_uint16"]
)
def test_kernels_are_launched_with_what_they_take(name: str, simulate: bool) -> None:
    cuda = started(simulate=simulate)
    case, signature = CASES[name](made_scene(SMALL)), entries()[name].signature
    image = f".version 7.4\n.target sm_87\n.entry {name}()\n".encode() + b"\0"
    function = cuda.module_from_buffer(image).get_function(name)
    function.prepare(struct_format(signature))
    held, arguments = {}, []
    for place, argument in enumerate(case.arguments):
        if isinstance(argument, np.ndarray):
            held[place] = cuda.mem_alloc(max(argument.nbytes, 1))
            cuda.memcpy_htod(held[place], np.ascontiguousarray(argument))
            arguments.append(int(held[place]))
        else:
            arguments.append(argument)
    stream = cuda.Stream()
    function.prepared_async_call((case.blocks(), 1), (THREADS, 1, 1), stream, *arguments)
    assert cuda.launches == []
    stream.synchronize()
    assert cuda.launches == [name]
    found = {}
    for place, result in case.results.items():
        found[place] = np.empty(result.size, case.arguments[place].dtype)  # type: ignore[union-attr]
        cuda.memcpy_dtoh(found[place], held[place])
    assert difference(case, found).wrong == 0


def test_a_launch_of_too_many_threads_or_without_memory_fails(cuda: Any) -> None:
    name = "apply_gains"
    image = f".version 7.4\n.target sm_87\n.entry {name}()\n".encode() + b"\0"
    function = cuda.module_from_buffer(image).get_function(name)
    function.prepare(struct_format(entries()[name].signature))
    pointers = [1] * len(entries()[name].signature)
    stream = cuda.Stream()
    with pytest.raises(cuda.LogicError, match="invalid argument"):
        function.prepared_async_call((1, 1), (2048, 1, 1), stream, *pointers)
    function.prepared_async_call((1, 1), (32, 1, 1), stream, *pointers)
    with pytest.raises(cuda.LaunchError, match="no memory is allocated"):
        stream.synchronize()


def test_half_precision_is_rounded_as_the_simulator_rounds_it() -> None:
    entry = entries()["ingest_uint16_to_float16"]
    case = CASES["ingest_uint16_to_float32"](made_scene(SMALL))
    found = []
    for run in (
        lambda given: run_on_cpu(loop(entry.function), entry.signature, case.items, given),
        lambda given: launch(entry.function, case.items - 1, *given),
    ):
        given = [
            np.ascontiguousarray(one).reshape(-1) if isinstance(one, np.ndarray) else one
            for one in case.arguments
        ]
        place = next(iter(case.results))
        given[place] = np.zeros(case.results[place].size, np.float16)
        run(given)
        found.append(given[place])
    assert np.array_equal(*found, equal_nan=True)
    assert len(np.unique(found[0])) > 5

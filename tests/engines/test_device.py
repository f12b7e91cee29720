"""The GPU through PyCUDA: contexts of threads, memory that grows, copies, kernels, and failures."""

import gc
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from builders.built import kernel_text
from builders.cuda_fake import FakeDriver, fake_pycuda

import edgers
from edgers.engines.device import Device
from edgers.errors import EngineError
from edgers.kernels.cuda.registry import entries


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDriver]:
    """A fake of PyCUDA; all that was taken is given back at the end."""
    modules = fake_pycuda()
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    found = cast(FakeDriver, modules["pycuda.driver"])
    yield found
    gc.collect()
    assert found.memory == found.host.held == {}
    assert found.depth == found.retained == 0


def test_it_says_what_it_is(driver: FakeDriver) -> None:
    device = Device()
    assert (device.name, device.cc, device.cuda) == ("simulated GPU", (8, 7), (12, 6))
    device.close()
    device.close()


def test_without_pycuda_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pycuda", None)
    monkeypatch.setitem(sys.modules, "pycuda.driver", None)
    with pytest.raises(EngineError, match="no GPU can be reached") as caught:
        Device()
    assert "pip install pycuda" in caught.value.fix


def test_without_a_gpu_it_says_so(driver: FakeDriver) -> None:
    driver.devices = 0
    with pytest.raises(EngineError, match="no GPU was found") as caught:
        Device()
    assert "no CUDA-capable device" in caught.value.seen


def test_any_thread_makes_it_current_and_leaves_nothing_behind(driver: FakeDriver) -> None:
    device, found = Device(), []

    def work() -> None:
        with device.current(), device.current():
            room = device.room()
            found.append(room.address(10))
            room.free()
        found.append(len(driver.stack()))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert found.count(0) == 4
    thread = threading.Thread(target=device.close)
    thread.start()
    thread.join()


def test_after_closing_it_cannot_be_made_current(driver: FakeDriver) -> None:
    device = Device()
    device.close()
    with pytest.raises(EngineError, match="given back"), device.current():
        pass


def test_memory_grows_and_is_kept(driver: FakeDriver) -> None:
    device = Device()
    with device.current():
        room, stream = device.room(), device.stream()
        first = room.address(100)
        assert room.address(40) == first
        assert room.host(40).size == 40
        assert [len(held) for held in driver.memory.values()] == [100]
        room.address(101)
        assert [len(held) for held in driver.memory.values()] == [101]
        assert room.host(0).size == 0
        room.host(7)[:] = np.arange(7, dtype=np.uint8)
        room.copy_in(7, stream)
        stream.synchronize()
        room.host(7)[:] = 0
        room.copy_out(7, stream)
        stream.synchronize()
        assert room.host(7).tolist() == list(range(7))
        room.free()
        room.free()
        assert driver.memory == {}
    device.close()


def test_what_the_device_refuses_is_told_and_leaves_the_thread_as_it_was(
    driver: FakeDriver,
) -> None:
    device = Device()
    driver.memory.limit_bytes = 1000
    with pytest.raises(EngineError, match="too little free memory"), device.current():
        device.room().address(1001)
    with device.current():
        stream = device.stream()
        device.copy(1, 2, 3, stream)
    with pytest.raises(EngineError, match="the GPU failed") as caught, device.current():
        stream.synchronize()
    assert "illegal memory access" in caught.value.seen
    assert driver.stack() == []
    device.close()


def test_other_errors_pass_and_leave_the_thread_as_it_was(driver: FakeDriver) -> None:
    device = Device()
    with pytest.raises(ZeroDivisionError), device.current():
        raise ZeroDivisionError
    assert driver.stack() == []
    device.close()


def test_a_kernel_is_launched_with_addresses_and_numbers(driver: FakeDriver) -> None:
    device = Device()
    with device.current():
        signature = entries()["apply_gains"].signature
        kernel = device.kernel("apply_gains", "ptx", kernel_text("apply_gains"), signature)
        rooms = [device.room() for kind in signature if kind.endswith("*")]
        stream = device.stream()
        addresses = [room.address(4096) for room in rooms]
        numbers = [1 for kind in signature if not kind.endswith("*")]
        kernel.launch(1, stream, [*addresses, *numbers])
        stream.synchronize()
        assert driver.launches == ["apply_gains"]
        for room in rooms:
            room.free()
    device.close()


def test_machine_code_for_another_device_is_told(driver: FakeDriver) -> None:
    device = Device()
    with pytest.raises(EngineError, match="the GPU failed"), device.current():
        device.kernel("project", "cubin", b"\x7fELF" + bytes(60), ("float32*",))
    device.close()


def test_nothing_else_imports_pycuda() -> None:
    root = Path(edgers.__file__).parent
    sources = (Path(folder, name) for folder, _, names in os.walk(root, followlinks=True)
               for name in names if name.endswith(".py"))  # fmt: skip
    users = {path.relative_to(root) for path in sources if "import pycuda" in path.read_text()}
    assert users == {Path("engines/device.py")}

"""Execution contexts of the fake TensorRT: plans run when their turn in the stream comes.

What a real TensorRT reports is reported in the same way (None, False, a log); what has undefined
behaviour there raises MisuseError here.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from builders.tensorrt_basics import MisuseError, Part, say


class IExecutionContext(Part):
    """One way through an engine, for one thread and one stream at a time."""

    _STARTS = {  # noqa: RUF012
        "name": "", "debug_sync": False, "error_recorder": None, "enqueue_emits_profile": True,
        "profiler": None, "nvtx_verbosity": "ProfilingVerbosity.LAYER_NAMES_ONLY",
    }  # fmt: skip

    def _begin(self, engine: Any, with_memory: bool) -> None:
        self._engine, self._logger = engine, engine._logger
        # The first context has profile 0 unasked.
        self._profile = 0 if self._is_free(0) else -1
        engine._contexts.add(self)
        self._shapes = self._fixed_shapes()
        self._addresses: dict[str, int] = {}
        self._allocators: dict[str, Any] = {}
        self._lock, self._pending = threading.Lock(), {}  # type: ignore[var-annotated]
        size = engine._memory_bytes()
        self._memory = size if with_memory else 0
        self._held = self.world.reserve(size) if with_memory else None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Raise MisuseError where another thread is in this context."""
        if not self._lock.acquire(blocking=False):
            raise MisuseError("two threads use one execution context at the same time")
        try:
            # Long enough that another thread which does not wait is caught.
            time.sleep(2e-4)
            yield
        finally:
            self._lock.release()

    def _fixed_shapes(self) -> dict[str, tuple[int, ...]]:
        inputs = self._engine._model.inputs
        return {name: one.shape for name, one in inputs.items() if -1 not in one.shape}

    def _is_free(self, profile: int) -> bool:
        """Tell whether no other context keeps this one from using a profile."""
        others = [one for one in self._engine._contexts if one is not self]
        shares = self._engine._plan.shares_profiles
        return shares or all(one._profile != profile for one in others)

    def _fails(self, message: str) -> bool:
        say(self._logger, "ERROR", f"IExecutionContext: Error Code 3: API Usage Error ({message})")
        return False

    @property
    def engine(self) -> Any:
        return self._engine

    @property
    def active_optimization_profile(self) -> int:
        return self._profile

    def set_optimization_profile_async(self, profile_index: int, stream_handle: int) -> bool:
        if not 0 <= profile_index < self._engine.num_optimization_profiles:
            return self._fails(f"there is no optimization profile {profile_index}")
        self.world.driver().queue_of(int(stream_handle))
        if not self._is_free(int(profile_index)):
            return self._fails(
                f"profile {profile_index} has been chosen by another IExecutionContext."
            )
        self._profile = int(profile_index)
        self._shapes = self._fixed_shapes()
        return True

    @property
    def device_memory(self) -> int:
        return self._memory

    @device_memory.setter
    def device_memory(self, value: int) -> None:
        self._given(int(value), self._engine._memory_bytes())

    def set_device_memory(self, memory: int, size: int) -> None:
        if int(size) < self._engine._memory_bytes():
            self._fails(f"{size} bytes of memory are too few")
            return
        self._given(int(memory), int(size))

    def _given(self, address: int, size: int) -> None:
        self.world.driver().memory.at(address, size)
        self._memory = address

    def set_input_shape(self, name: str, shape: Any) -> bool:
        with self._alone():
            inputs, sides = self._engine._model.inputs, tuple(map(int, shape))
            if name not in inputs:
                return self._fails(f"{name} is no input")
            declared = inputs[name].shape
            if len(sides) != len(declared) or any(
                of not in (-1, side) for of, side in zip(declared, sides, strict=True)
            ):
                return self._fails(f"{name}: {sides} does not fit {declared}")
            profiles = self._engine._plan.profiles
            if profiles and self._profile < 0:
                return self._fails("no optimization profile is chosen")
            if profiles and name in profiles[self._profile]:
                least, _, most = profiles[self._profile][name]
                if any(not a <= b <= c for a, b, c in zip(least, sides, most, strict=True)):
                    return self._fails(
                        f"{name}: {sides} is not in the optimization profile, {least} to {most}"
                    )
            self._shapes[name] = sides
            return True

    @property
    def all_binding_shapes_specified(self) -> bool:
        return set(self._shapes) == set(self._engine._model.inputs)

    def infer_shapes(self) -> list[str]:
        return [name for name in self._engine._model.inputs if name not in self._shapes]

    def get_tensor_shape(self, name: str) -> Any:
        model = self._engine._model
        one = self._engine._tensor(name)
        if name in model.inputs:
            shape = self._shapes.get(name, one.shape)
        elif name in model.outputs:
            shape = (
                model.output_shapes(self._shapes)[name] if self.all_binding_shapes_specified
                else one.shape
            )  # fmt: skip
        else:
            shape = ()
        return self.world.maker.new("Dims", shape=shape)

    def get_max_output_size(self, name: str) -> int:
        one = self._engine._model.outputs[name]
        return int(np.prod(tuple(self.get_tensor_shape(name)))) * int(one.kind.itemsize)

    def set_tensor_address(self, name: str, memory: int) -> bool:
        with self._alone():
            if name not in self._engine._names:
                return self._fails(f"no tensor is called {name}")
            if int(memory) % 16:
                return self._fails(f"{name}: the address is not a multiple of 16")
            self._addresses[name] = int(memory)
            return True

    def get_tensor_address(self, name: str) -> int:
        return self._addresses.get(name, 0)

    def set_output_allocator(self, name: str, output_allocator: Any) -> bool:
        if name not in self._engine._model.outputs:
            return self._fails(f"{name} is no output")
        self._allocators[name] = output_allocator
        return True

    def get_output_allocator(self, name: str) -> Any:
        return self._allocators.get(name)

    def set_all_tensors_debug_state(self, flag: bool) -> bool:
        return True

    def set_debug_listener(self, listener: Any) -> bool:
        return True

    def execute_async_v3(self, stream_handle: int) -> bool:
        with self._alone():
            return self._enqueue(int(stream_handle))

    def _enqueue(self, handle: int) -> bool:
        model, driver = self._engine._model, self.world.driver()
        if missing := self.infer_shapes():
            return self._fails(f"the shape of {', '.join(missing)} is not set")
        if not self._memory:
            return self._fails("the context has no device memory")
        if not self._engine._is_refitted:
            return self._fails("the weights of the engine were not refitted")
        shapes = {**self._shapes, **model.output_shapes(self._shapes)}
        for name, allocator in self._allocators.items():
            self._addresses[name] = _allocated(allocator, name, shapes[name], model.outputs[name])
        if unset := [name for name in self._engine._names if not self._addresses.get(name)]:
            return self._fails(f"the address of {', '.join(unset)} is not set")
        queue = driver.queue_of(handle)
        if any(count for other, count in self._pending.items() if other != handle):
            raise MisuseError("a context is used on a second stream before the first is done")
        places = dict(self._addresses)

        def work() -> None:
            self._pending[handle] -= 1
            model.run_at(driver.memory, places, shapes)

        self._pending[handle] = self._pending.get(handle, 0) + 1
        driver.put_off_in(queue, work)
        return True

    def execute_v2(self, bindings: Any) -> bool:
        with self._alone():
            if len(bindings) != len(self._engine._names):
                return self._fails(f"{len(bindings)} addresses for {len(self._engine._names)}")
            self._addresses = dict(zip(self._engine._names, map(int, bindings), strict=True))
            done = self._enqueue(0)
        self.world.driver().queues.drain()
        return done


def _allocated(allocator: Any, name: str, shape: tuple[int, ...], about: Any) -> int:
    """Ask an output allocator for memory, and tell it the shape."""
    size = int(np.prod(shape)) * about.kind.itemsize
    ask = getattr(allocator, "reallocate_output_async", None)
    place = ask(name, 0, size, 256, 0) if ask else allocator.reallocate_output(name, 0, size, 256)
    allocator.notify_shape(name, shape)
    return int(place)


BEHAVIOURS = (IExecutionContext,)

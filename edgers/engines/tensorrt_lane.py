"""What one tile at a time needs of a TensorRT plan: contexts, a stream, and memory for its ends."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.engines.device import Device, Kernel
from edgers.engines.device_ingest import ingest_on_device
from edgers.engines.raw import Inputs, RawInput
from edgers.engines.tensorrt_ends import End, Shape
from edgers.errors import EngineError

Arrays = dict[str, npt.NDArray[np.generic]]


class Lane:
    """Copies in, kernels, the network and copies out, one after another on a stream of its own.

    Two lanes overlap: one computes while copies of the other are under way. All of it is to be used
    where the device is current.
    """

    def __init__(
        self, device: Device, engine: Any, ends: tuple[Sequence[End], Sequence[End]],
        reason: Callable[[], str],
    ) -> None:  # fmt: skip
        """Prepare; `reason` gives what TensorRT said last. Raises EngineError where it refuses."""
        self._inputs, self._outputs = ends
        self._engine, self._reason = engine, reason
        self._stream = device.stream()
        self._rooms = {end.name: device.room() for end in (*self._inputs, *self._outputs)}
        self._raw = {end.name: device.room() for end in self._inputs}
        self._contexts: dict[int, Any] = {}
        # Taken now, so that what is short of memory is short of it before the first tile.
        self._context(0)

    def infer(self, inputs: Inputs, profile: int, kernels: Mapping[str, Kernel]) -> Arrays:
        """Run the network once; shapes are ones that the profile takes."""
        try:
            context = self._context(profile)
            for end in self._inputs:
                given = inputs[end.name]
                self._put(end.name, given, kernels)
                self._need(context.set_input_shape(end.name, given.shape), f"input {end.name}")
            found = [(end, self._output(context, end)) for end in self._outputs]
            for end in (*self._inputs, *self._outputs):
                address = self._rooms[end.name].address(0)
                self._need(context.set_tensor_address(end.name, address), f"tensor {end.name}")
            self._need(context.execute_async_v3(self._stream.handle), "the run")
            for end, shape in found:
                self._rooms[end.name].copy_out(_bytes(end, shape), self._stream)
            self._stream.synchronize()
            return {end.name: self._taken(end, shape) for end, shape in found}
        except BaseException:
            # The next tile must not find copies of this one under way.
            self._stream.synchronize()
            raise

    def ingest(self, given: RawInput, kernels: Mapping[str, Kernel]) -> npt.NDArray[np.generic]:
        """Give the tensor that a kernel makes of samples, in the memory of the first input."""
        end = End(name=self._inputs[0].name, data_type=given.recipe.data_type, profiles=())
        try:
            self._put(end.name, given, kernels)
            self._rooms[end.name].copy_out(_bytes(end, given.shape), self._stream)
        finally:
            self._stream.synchronize()
        return self._taken(end, given.shape)

    def close(self) -> None:
        """Give everything back; contexts first, as they use the memory."""
        self._stream.synchronize()
        self._contexts.clear()
        self._engine = None
        for room in (*self._rooms.values(), *self._raw.values()):
            room.free()
        del self._stream

    def _context(self, profile: int) -> Any:
        """Give the context of a profile, made when it is first asked for."""
        if profile not in self._contexts:
            context = self._engine.create_execution_context()
            self._need(context is not None, "a context")
            # Before 10, and in 8.6 unless the plan was built to share them, a profile serves one
            # context at a time.
            chosen = context.set_optimization_profile_async(profile, self._stream.handle)
            self._need(chosen, f"profile {profile}")
            self._stream.synchronize()
            self._contexts[profile] = context
        return self._contexts[profile]

    def _put(
        self, name: str, given: npt.NDArray[np.generic] | RawInput, kernels: Mapping[str, Kernel]
    ) -> None:
        """Bring an input to the device."""
        room = self._rooms[name]
        if isinstance(given, RawInput):
            tensor = room.address(math.prod(given.shape) * given.recipe.data_type.itemsize)
            ingest_on_device(given, kernels[given.kernel], self._raw[name], tensor, self._stream)
            return
        np.copyto(room.host(given.nbytes).view(given.dtype).reshape(given.shape), given)
        room.copy_in(given.nbytes, self._stream)

    def _output(self, context: Any, end: End) -> Shape:
        """Make room for an output and give its shape."""
        shape = tuple(context.get_tensor_shape(end.name))
        self._need(all(side >= 0 for side in shape), f"output {end.name}, of shape {shape},")
        self._rooms[end.name].address(_bytes(end, shape))
        return shape

    def _taken(self, end: End, shape: Shape) -> npt.NDArray[np.generic]:
        """Copy a result out of memory that the next tile writes to."""
        host = self._rooms[end.name].host(_bytes(end, shape))
        return host.view(end.data_type).reshape(shape).copy()

    def _need(self, is_right: bool, what: str) -> None:
        if not is_right:
            raise EngineError(f"TensorRT refuses {what}.", seen=self._reason())


def _bytes(end: End, shape: Shape) -> int:
    return math.prod(shape) * end.data_type.itemsize

"""The GPU, asked of NVIDIA's driver library with ctypes alone.

TensorRT ends the process where there is no driver, so this is asked before it is touched. Nothing
here raises: what is in the way is told in words. A driver that hangs in `cuInit` hangs this too.
"""

import ctypes
import platform
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edgers.targets.device_facts import GpuFacts
from edgers.targets.nvml import card_state

Load = Callable[[str], Any]
"""Loads a library by its name; raises OSError where it cannot."""

LIBRARIES = {"Linux": "libcuda.so.1", "Windows": "nvcuda.dll"}
"""Driver library by operating system, in Python's words (`platform.system`)."""

MAJOR, MINOR, INTEGRATED = 75, 76, 18
"""CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, _MINOR and _INTEGRATED of cuda.h."""

ERRORS = {
    3: "the driver is not initialised",
    34: "this is the stand-in library of a CUDA toolkit, not a driver",
    100: "no CUDA-capable device",
    802: "the system is not ready yet",
    803: "the driver and the library do not match",
    804: "this library does not work with the driver",
    999: "unknown error",
}
"""CUresult values of cuda.h that are met before a device is opened."""

NAME_BYTES = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class CudaFound:
    """What came of the probe."""

    gpu: GpuFacts | None
    """The first GPU; None where none can be used."""
    reason: str
    """Why none can be used; empty where one can."""


class DriverFailureError(Exception):
    """A call of the driver that failed, in words."""


def probe_cuda(
    available_bytes: int, *, load: Load = ctypes.CDLL, system: str | None = None
) -> CudaFound:
    """Look for the first GPU.

    `available_bytes` is the machine's available memory, which is what a GPU has that shares it.
    """
    name = LIBRARIES.get(system or platform.system())
    if name is None:
        return _none(f"NVIDIA has no CUDA driver for {system or platform.system()}")
    try:
        library = load(name)
    except OSError as error:
        return _none(_load_reason(name, error))
    try:
        return CudaFound(gpu=_first_gpu(library, available_bytes, load, system), reason="")
    except DriverFailureError as error:
        return _none(str(error))
    except AttributeError as error:
        return _none(f"{name} is not a usable driver library: {error}")


def cuda_problem() -> str:
    """Give the reason why CUDA cannot be used here, in words; empty where it can."""
    return probe_cuda(0).reason


def _first_gpu(library: Any, available_bytes: int, load: Load, system: str | None) -> GpuFacts:
    _call(library, "cuInit", 0)
    count = _whole(library, "cuDeviceGetCount")
    if count < 1:
        raise DriverFailureError("the driver reports no GPU")
    device = _whole(library, "cuDeviceGet", 0)
    version = _whole(library, "cuDriverGetVersion")
    total = ctypes.c_size_t()
    _call(library, "cuDeviceTotalMem_v2", ctypes.pointer(total), device)
    state = card_state(_bus_id(library, device), load=load, system=system)
    if _whole(library, "cuDeviceGetAttribute", INTEGRATED, device):
        free = available_bytes
    elif state.free_bytes is not None:
        free = state.free_bytes
    else:
        free = _free_bytes(library, device)
    return GpuFacts(
        name=_name(library, device),
        cc=(
            _whole(library, "cuDeviceGetAttribute", MAJOR, device),
            _whole(library, "cuDeviceGetAttribute", MINOR, device),
        ),
        total_bytes=total.value,
        # NVML tells of the whole card, of which this device may be a part.
        free_bytes=min(free, total.value),
        cuda=(version // 1000, version % 1000 // 10),
        driver=state.driver,
    )


def _free_bytes(library: Any, device: int) -> int:
    """Ask for the free memory, which takes a context: the primary one, as all share it."""
    context = ctypes.c_void_p()
    _call(library, "cuDevicePrimaryCtxRetain", ctypes.pointer(context), device)
    try:
        _call(library, "cuCtxPushCurrent_v2", context)
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        try:
            _call(library, "cuMemGetInfo_v2", ctypes.pointer(free), ctypes.pointer(total))
        finally:
            _call(library, "cuCtxPopCurrent_v2", ctypes.pointer(ctypes.c_void_p()))
    finally:
        _call(library, "cuDevicePrimaryCtxRelease_v2", device)
    return free.value


def _name(library: Any, device: int) -> str:
    buffer = ctypes.create_string_buffer(NAME_BYTES)
    _call(library, "cuDeviceGetName", buffer, NAME_BYTES, device)
    found = buffer.value.decode("utf-8", errors="replace")
    return "".join(c for c in found if c.isprintable()).strip()


def _bus_id(library: Any, device: int) -> bytes:
    """Give the address on the bus, by which NVML knows the card; empty where it has none."""
    buffer = ctypes.create_string_buffer(NAME_BYTES)
    try:
        _call(library, "cuDeviceGetPCIBusId", buffer, NAME_BYTES, device)
    except DriverFailureError:
        return b""
    return buffer.value


def _whole(library: Any, name: str, *arguments: int) -> int:
    """Call a function that writes a whole number where its first argument points."""
    found = ctypes.c_int()
    _call(library, name, ctypes.pointer(found), *arguments)
    return found.value


def _call(library: Any, name: str, *arguments: Any) -> None:
    code = getattr(library, name)(*arguments)
    if code:
        words = ERRORS.get(code) or _words(library, code)
        raise DriverFailureError(f"{name} failed with error {code}: {words}")


def _words(library: Any, code: int) -> str:
    """Ask the driver what an error means."""
    found = ctypes.c_char_p()
    try:
        library.cuGetErrorString(code, ctypes.pointer(found))
    except AttributeError:
        return "unknown error"
    return (found.value or b"unknown error").decode("utf-8", errors="replace")


def _load_reason(name: str, error: OSError) -> str:
    # dlopen's words on Linux, and LoadLibrary's on Windows.
    if "No such file" in str(error) or "Could not find" in str(error):
        return f"NVIDIA's driver library {name} is not installed"
    return f"NVIDIA's driver library {name} cannot be loaded: {error}"


def _none(reason: str) -> CudaFound:
    return CudaFound(gpu=None, reason=reason)

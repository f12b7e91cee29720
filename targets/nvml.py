"""What NVIDIA's management library says of a card; on a Jetson there is little or nothing of it."""

import ctypes
import platform
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LIBRARIES = {"Linux": "libnvidia-ml.so.1", "Windows": "nvml.dll"}
"""The library by operating system, in Python's words (`platform.system`)."""

VERSION_BYTES = 80
"""NVML_SYSTEM_DRIVER_VERSION_BUFFER_SIZE of nvml.h."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardState:
    """What NVML says. None or empty: it does not."""

    free_bytes: int | None
    """Memory that is free now."""
    driver: str
    """Version of the driver."""


class Memory(ctypes.Structure):
    """nvmlMemory_t of nvml.h."""

    _fields_ = (
        ("total", ctypes.c_ulonglong),
        ("free", ctypes.c_ulonglong),
        ("used", ctypes.c_ulonglong),
    )


def card_state(
    bus_id: bytes, *, load: Callable[[str], Any] = ctypes.CDLL, system: str | None = None
) -> CardState:
    """Ask of the card at an address on the bus; never raises."""
    nothing = CardState(free_bytes=None, driver="")
    name = LIBRARIES.get(system or platform.system())
    if name is None:
        return nothing
    try:
        library = load(name)
        if library.nvmlInit_v2():
            return nothing
        try:
            return CardState(free_bytes=_free_bytes(library, bus_id), driver=_driver(library))
        finally:
            library.nvmlShutdown()
    # A missing library, or one without these functions.
    except (OSError, AttributeError):
        return nothing


def _free_bytes(library: Any, bus_id: bytes) -> int | None:
    handle, memory = ctypes.c_void_p(), Memory()
    if not bus_id or library.nvmlDeviceGetHandleByPciBusId_v2(bus_id, ctypes.pointer(handle)):
        return None
    if library.nvmlDeviceGetMemoryInfo(handle, ctypes.pointer(memory)):
        return None
    return int(memory.free)


def _driver(library: Any) -> str:
    buffer = ctypes.create_string_buffer(VERSION_BYTES)
    if library.nvmlSystemGetDriverVersion(buffer, VERSION_BYTES):
        return ""
    return buffer.value.decode("ascii", errors="replace")

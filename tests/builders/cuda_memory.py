"""Memory of a device that is not there: bytes at addresses, and host memory that is page-locked."""

import weakref
from typing import Any

import numpy as np

Bytes = np.ndarray[Any, np.dtype[np.uint8]]

FIRST = 1 << 33
"""Address of the first allocation: more than 32 bits hold."""

FRESH, POISON = 0xAA, 0xFF
"""What new device memory holds, and host memory into which a copy is on its way: NaN as floats."""


class AddressError(Exception):
    """Memory that is not there, or not any more."""


class DeviceMemory(dict[int, Bytes]):
    """Allocations by address."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__()
        self.limit_bytes, self.next, self.reserved_bytes = limit_bytes, FIRST, 0
        self.freed: dict[int, int] = {}

    def used_bytes(self) -> int:
        """Count what is allocated, and what libraries have taken for themselves."""
        return self.reserved_bytes + sum(len(held) for held in self.values())

    def take(self, size: int) -> int | None:
        """Allocate and give the address; None where that is too much."""
        if self.used_bytes() + size > self.limit_bytes:
            return None
        place = self.next
        # Room between two, so that nothing written past an end lands in the next.
        self.next += size + 1024 - size % 512
        self[place] = np.full(size, FRESH, np.uint8)
        return place

    def give_back(self, place: int) -> None:
        """Free an allocation; raises AddressError where there is none."""
        if place not in self:
            raise AddressError(self.about(place))
        self.freed[place] = len(self.pop(place))

    def at(self, address: int, size: int | None = None) -> Bytes:
        """Give the bytes from an address on, which may lie inside an allocation.

        Raises AddressError where there is no memory, or less than `size`.
        """
        for place, held in self.items():
            if place <= address < place + len(held):
                found = held[address - place :]
                if size is not None and size > len(found):
                    raise AddressError(
                        f"{size} bytes are wanted at {address:#x}, where {len(found)} are allocated"
                    )
                return found if size is None else found[:size]
        raise AddressError(self.about(address))

    def about(self, address: int) -> str:
        """Say what is wrong with an address."""
        for place, size in self.freed.items():
            if place <= address < place + size:
                return f"memory at {address:#x} was freed"
        return f"no memory is allocated at {address:#x}"


class HostMemory:
    """Which host memory is page-locked."""

    def __init__(self) -> None:
        self.held: dict[int, int] = {}

    def empty(self, shape: Any, dtype: Any) -> np.ndarray[Any, Any]:
        """Allocate an array, full of what reads as NaN."""
        array = np.empty(shape, dtype)
        array.reshape(-1).view(np.uint8)[:] = POISON
        start = array.ctypes.data
        self.held[start] = array.nbytes
        weakref.finalize(array, self.held.pop, start, None)
        return array

    def has(self, array: np.ndarray[Any, Any]) -> bool:
        """Tell whether an array lies in page-locked memory."""
        start = array.ctypes.data
        return any(
            place <= start and start + array.nbytes <= place + size
            for place, size in list(self.held.items())
        )

"""Parts of the fake TensorRT that builder and runtime share: log, dimensions, host memory."""

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from onnx import TensorProto

KINDS = {
    TensorProto.FLOAT: ("FLOAT", np.float32), TensorProto.FLOAT16: ("HALF", np.float16),
    TensorProto.INT8: ("INT8", np.int8), TensorProto.UINT8: ("UINT8", np.uint8),
    TensorProto.INT32: ("INT32", np.int32), TensorProto.INT64: ("INT64", np.int64),
    TensorProto.BOOL: ("BOOL", np.bool_),
}  # fmt: skip
"""Element type in ONNX → name of the DataType, and the type in numpy."""


class Part:
    """What an object of the fake is."""

    world: Any
    """What all objects of one fake share."""


class MisuseError(AssertionError):
    """A use that a real TensorRT answers with undefined behaviour."""


class ILogger(Part):
    """Base of loggers."""

    def _begin(self) -> None:
        pass

    def log(self, severity: Any, msg: str) -> None:
        raise NotImplementedError("a logger has to say what `log` does")


class Logger(Part):
    """Writes what is at least as severe as `min_severity` to stderr."""

    _STARTS = {"min_severity": "ILogger.Severity.WARNING"}  # noqa: RUF012

    def _begin(self, min_severity: Any = None) -> None:
        self._values = {"min_severity": min_severity} if min_severity is not None else {}

    def log(self, severity: Any, msg: str) -> None:
        if int(severity) <= int(self.min_severity):
            print(f"[TRT] [{severity.name[0]}] {msg}", file=sys.stderr)


class Dims(Part):
    """Sides of a tensor: a sequence that compares with tuples and lists alone, as the real one."""

    def _begin(self, shape: Any = ()) -> None:
        self._sides = tuple(map(int, shape))

    def __len__(self) -> int:
        return len(self._sides)

    def __getitem__(self, arg0: Any) -> Any:
        return self._sides[arg0]

    def __iter__(self) -> Iterator[int]:
        return iter(self._sides)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, list | tuple):
            raise TypeError("__eq__(): incompatible function arguments")
        return self._sides == tuple(other)

    def __hash__(self) -> int:
        return hash(self._sides)

    def __repr__(self) -> str:
        return str(self._sides)

    def __str__(self) -> str:
        return str(self._sides)


class IHostMemory(Part):
    """Bytes that TensorRT made: nothing but a buffer with a size."""

    # What Python 3.10 lets have a buffer has more than that, which is hidden.
    _BASES = (bytearray,)

    def _begin(self, data: bytes) -> None:
        bytearray.extend(self, data)  # type: ignore[arg-type]
        self._size = len(data)

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("__") and name not in ("nbytes", "dtype", "_begin", "_size"):
            raise AttributeError(f"'IHostMemory' object has no attribute {name!r}")
        return object.__getattribute__(self, name)

    def __len__(self) -> int:
        raise TypeError("object of type 'IHostMemory' has no len()")

    def __bool__(self) -> bool:
        return True

    @property
    def nbytes(self) -> int:
        return self._size


def bytes_of(data: Any) -> bytes:
    """Read what has a buffer, of one dimension or more."""
    return memoryview(data).tobytes()


def say(logger: Any, severity: str, message: str) -> None:
    """Log as TensorRT does."""
    logger.log(type(logger).Severity.__members__[severity], message)


BEHAVIOURS = (ILogger, Logger, Dims, IHostMemory)

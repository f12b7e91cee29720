"""What TensorRT says, kept for errors."""

from types import SimpleNamespace
from typing import Any

import pytest
from builders.plans import VERSIONS
from builders.tensorrt_fake import fake_tensorrt

from edgers.engines.tensorrt_log import MOST_LINES, Messages, tensorrt_log


@pytest.mark.parametrize("version", VERSIONS)
def test_errors_are_kept_and_the_rest_is_not(version: str) -> None:
    trt: Any = fake_tensorrt(version)
    logger, messages = tensorrt_log(trt)
    severity = trt.ILogger.Severity
    for name in ("VERBOSE", "INFO", "WARNING"):
        logger.log(getattr(severity, name), name)
    assert messages.taken() == "TensorRT gives no reason."
    logger.log(severity.ERROR, "one\n")
    logger.log(severity.INTERNAL_ERROR, "two")
    assert messages.taken() == "one two"
    assert messages.taken() == "TensorRT gives no reason."


def test_a_process_has_one_logger() -> None:
    trt = fake_tensorrt()
    assert tensorrt_log(trt)[0] is tensorrt_log(trt)[0]


def test_the_last_lines_are_kept() -> None:
    messages = Messages()
    for number in range(MOST_LINES + 2):
        messages.add(str(number))
    assert messages.taken().split() == [str(n) for n in range(2, MOST_LINES + 2)]


def test_a_runtime_without_a_base_for_loggers_has_its_own() -> None:
    class Own:
        pass

    class Bare(SimpleNamespace):
        __hash__ = object.__hash__

    logger, messages = tensorrt_log(Bare(Logger=Own))
    assert isinstance(logger, Own)
    assert messages.taken() == "TensorRT gives no reason."

"""Plans built with a TensorRT, for tests that run or refuse them."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import onnx

SIDES = (32, 64, 96)
"""Smallest, usual and largest side of the tiles, in pixels."""


def log_of(trt: Any) -> Any:
    """Make a logger that keeps what is an error in `errors`."""

    class Log(trt.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.errors: list[str] = []

        def log(self, severity: Any, msg: str) -> None:
            if severity in (trt.ILogger.Severity.ERROR, trt.ILogger.Severity.INTERNAL_ERROR):
                self.errors.append(msg)

    return Log()


def network_of(
    trt: Any, model: onnx.ModelProto, log: Any, strongly_typed: bool = False
) -> tuple[Any, Any, Any]:
    """Give builder, network and parser; the parser has read the model, or has errors."""
    builder = trt.Builder(log)
    names = ["EXPLICIT_BATCH", *(["STRONGLY_TYPED"] if strongly_typed else [])]
    kinds = trt.NetworkDefinitionCreationFlag
    bits = sum(1 << int(getattr(kinds, name)) for name in names if hasattr(kinds, name))
    network = builder.create_network(bits)
    parser = trt.OnnxParser(network, log)
    parser.parse(model.SerializeToString())
    return builder, network, parser


def configured(
    trt: Any, builder: Any, network: Any, flags: Iterable[str] = (), profiles: int = 1
) -> Any:
    """Give a configuration with flags, and profiles for tiles of SIDES."""
    config = builder.create_builder_config()
    for name in flags:
        config.set_flag(getattr(trt.BuilderFlag, name))
    for _ in range(profiles):
        profile = builder.create_optimization_profile()
        for number in range(network.num_inputs):
            tensor = network.get_input(number)
            least, usual, most = (_filled(tensor.shape, side) for side in SIDES)
            profile.set_shape(tensor.name, least, usual, most)
        config.add_optimization_profile(profile)
    return config


def _filled(shape: Any, side: int) -> tuple[int, ...]:
    """Put one tile of a side where a shape leaves sides open."""
    given = (1, shape[1], side, side)
    return tuple(of if of != -1 else one for of, one in zip(shape, given, strict=True))


def plan_of(
    trt: Any, model: onnx.ModelProto, flags: Iterable[str] = (), strongly_typed: bool = False,
    profiles: int = 1,
) -> bytes:  # fmt: skip
    """Build a plan."""
    log = log_of(trt)
    builder, network, _ = network_of(trt, model, log, strongly_typed)
    config = configured(trt, builder, network, flags, profiles)
    plan = builder.build_serialized_network(network, config)
    assert plan is not None, log.errors
    return bytes(plan)


def tile(seed: int = 0, side: int = 64) -> np.ndarray[Any, Any]:
    """Make a tile of three bands."""
    noise = np.random.default_rng(seed).standard_normal((1, 3, side, side))
    return noise.astype(np.float32)

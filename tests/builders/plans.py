"""TensorRT plans that the fake TensorRT builds, and a machine to run them on."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import onnx
import pytest
from builders.cuda_fake import FakeDriver, fake_pycuda
from builders.judged_devices import BOARD, GPU
from builders.tensorrt_fake import FakeTensorRt, fake_tensorrt

from edgers.engines import tensorrt
from edgers.engines.tensorrt_log import tensorrt_log

VERSIONS = ("8.6.1", "10.3.0", "10.13.3", "11.4.0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A machine with a fake GPU and a fake TensorRT."""

    trt: FakeTensorRt
    driver: FakeDriver

    def plan(
        self, model: onnx.ModelProto, sides: tuple[int, int] = (1, 512),
        usual: tuple[int, int] | None = None, batch: int = 2,
    ) -> bytes:  # fmt: skip
        """Build a plan for batches and tiles up to so many, with sides from and to so many pixels.

        `usual`, height and width, adds a second profile for one tile of that size alone.
        """
        trt, (logger, messages) = cast(Any, self.trt), tensorrt_log(self.trt)
        builder = trt.Builder(logger)
        explicit = getattr(trt.NetworkDefinitionCreationFlag, "EXPLICIT_BATCH", None)
        network = builder.create_network(0 if explicit is None else 1 << int(explicit))
        parser = trt.OnnxParser(network, logger)
        assert parser.parse(model.SerializeToString()), messages.taken()
        config = builder.create_builder_config()
        least, most = (1, sides[0], sides[0]), (batch, sides[1], sides[1])
        for low, high in ((least, most), *([((1, *usual),) * 2] if usual else ())):
            profile = builder.create_optimization_profile()
            for i in range(network.num_inputs):
                given = network.get_input(i)
                shapes = [_filled(tuple(given.shape), one) for one in (low, high)]
                profile.set_shape(given.name, shapes[0], shapes[1], shapes[1])
            config.add_optimization_profile(profile)
        plan = builder.build_serialized_network(network, config)
        assert plan is not None, messages.taken()
        return memoryview(plan).tobytes()

    def engine(
        self, model: onnx.ModelProto, settings: Mapping[str, str] | None = None, **about: Any
    ) -> tensorrt.TensorRtEngine:
        """Build a plan and load it; `about` as for `plan`."""
        return tensorrt.TensorRtEngine(self.plan(model, **about), "fp32", settings)


def board(monkeypatch: pytest.MonkeyPatch, version: str = "10.3.0", **about: Any) -> Board:
    """Make this machine one with a GPU and TensorRT; `about` is for `fake_pycuda`."""
    modules = fake_pycuda(**about)
    driver = cast(FakeDriver, modules["pycuda.driver"])
    trt = fake_tensorrt(version, driver=driver)
    for name, module in (*modules.items(), ("tensorrt", trt)):
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(tensorrt, "cuda_problem", lambda: "")
    number = driver.get_driver_version()
    gpu = replace(
        GPU, name="simulated GPU", cc=driver.cc, cuda=(number // 1000, number % 1000 // 10)
    )
    facts = replace(BOARD, gpu=gpu, tensorrt=trt.world.version, module="", part_number="")
    monkeypatch.setattr("edgers.pipeline.model.device_facts", lambda: facts)
    return Board(trt=trt, driver=driver)


def _filled(shape: tuple[int, ...], sides: tuple[int, int, int]) -> tuple[int, ...]:
    """Put a batch, height and width for those that a shape leaves open."""
    left = list(sides if len([side for side in shape if side < 0]) == 3 else sides[1:])
    return tuple(left.pop(0) if side < 0 else side for side in shape)

"""Preprocessing on the device: tensors as on the CPU, and inference on the same stream."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from builders.built import INGEST, kernel_text, kit_kernel
from builders.bundles import tiny_net
from builders.plans import Board, board
from builders.recipes import recipes, stored
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgers.engines.onnxruntime import OnnxRuntimeEngine
from edgers.engines.raw import RawEngine, RawInput
from edgers.engines.tensorrt import TensorRtEngine
from edgers.errors import EngineError
from edgers.kernels.cuda.ingest import ENTRIES
from edgers.kernels.recipe import Recipe, make_recipe
from edgers.kernels.reference.ingest import ingest

KERNELS = [(kit_kernel(one.name), kernel_text(one.name)) for one in ENTRIES]
ZERO = np.zeros((3, 1, 1), np.float32)
PLAIN = make_recipe(
    [("z-score", {"mean": ZERO + 900, "stddev": ZERO + 300})], ZERO + np.float32(0.5), "float32"
)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Board:
    return board(monkeypatch)


@pytest.fixture
def engine(gpu: Board) -> Iterator[TensorRtEngine]:
    made = gpu.engine(tiny_net())
    made.load_kernels(KERNELS)
    yield made
    made.close()


def raw(
    samples: npt.NDArray[Any], missing: npt.NDArray[np.bool_], recipe: Recipe, last: bool = False
) -> RawInput:
    layers, height, width = samples.shape
    shape = (1, height, width, layers) if last else (1, layers, height, width)
    return RawInput(
        samples=samples, missing=missing, recipe=recipe, shape=shape, channels_last=last
    )


def tile(seed: int, height: int = 16, width: int = 12) -> RawInput:
    random = np.random.default_rng(seed)
    samples = random.integers(0, 5000, (3, height, width), np.uint16)
    return raw(samples, random.random(samples.shape) < 0.1, PLAIN)


def test_the_engine_offers_it(engine: TensorRtEngine) -> None:
    assert isinstance(engine, RawEngine)
    assert not isinstance(OnnxRuntimeEngine(tiny_net().SerializeToString()), RawEngine)


@st.composite
def jobs(draw: st.DrawFn) -> RawInput:
    layers = draw(st.integers(1, 3))
    samples = draw(stored(layers, 9))
    seed = draw(st.integers(0, 99))
    missing = np.random.default_rng(seed).random(samples.shape) < draw(st.sampled_from((0, 0.3)))
    return raw(samples, missing, draw(recipes(layers)), draw(st.booleans()))


@given(job=jobs())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_tensors_are_those_of_numpy(engine: TensorRtEngine, job: RawInput) -> None:
    wanted = ingest(job.samples, job.missing, job.recipe, channels_last=job.channels_last)
    found = engine.ingest(job)
    assert found.shape == job.shape
    assert found.dtype == wanted.dtype
    if any(kind == "decibel" for kind, _ in job.recipe.steps):
        # Logarithms are a few units in the last place apart: tests/kernels/test_ingest.py.
        return
    assert np.array_equal(found[0], wanted, equal_nan=wanted.dtype.kind == "f")


def test_the_network_gets_what_the_cpu_would_have_made(engine: TensorRtEngine) -> None:
    reference = OnnxRuntimeEngine(tiny_net().SerializeToString(), "fp32", {"layout": "reference"})
    tiles = [tile(seed, 8 + seed % 7) for seed in range(24)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda one: engine.infer_raw({"x": one})["y"], tiles))
    for one, array in zip(tiles, found, strict=True):
        tensor = ingest(one.samples, one.missing, one.recipe)[np.newaxis]
        assert np.array_equal(array, reference.infer({"x": tensor})["y"])
        assert np.array_equal(array, engine.infer({"x": tensor})["y"])


def test_samples_go_there_as_they_are_stored(
    gpu: Board, engine: TensorRtEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied: list[int] = []
    copy = gpu.driver.memcpy_htod_async

    def noted(dest: Any, src: npt.NDArray[Any], stream: Any = None) -> None:
        copied.append(src.nbytes)
        copy(dest, src, stream)

    monkeypatch.setattr(gpu.driver, "memcpy_htod_async", noted)
    one = tile(0, 64, 64)
    whole = raw(one.samples, np.zeros_like(one.missing), PLAIN)
    engine.infer_raw({"x": whole})
    numbers = 3 * 256
    assert copied == [numbers + whole.samples.nbytes]
    engine.infer_raw({"x": one})
    assert copied[1] == copied[0] + one.missing.nbytes


def test_the_form_of_a_kernel_is_one_that_the_driver_takes(gpu: Board) -> None:
    name, other, third = INGEST[:3]
    engine = gpu.engine(tiny_net())
    kernels = [
        (kit_kernel(name, "ptx"), kernel_text(name)),
        (kit_kernel(name, "cubin"), b"\x7fELF of another device"),
        (kit_kernel(other, "cubin"), b"\x7fELF of another device"),
        (kit_kernel(third, "ptx", since=(12, 8)), kernel_text(third)),
    ]
    assert engine.load_kernels(kernels) == {name}
    engine.close()


def test_an_input_of_another_type_than_the_plan_takes_is_told(engine: TensorRtEngine) -> None:
    recipe = make_recipe([], ZERO, "uint8")
    one = tile(0)
    with pytest.raises(EngineError, match="x is uint8"):
        engine.infer_raw({"x": raw(one.samples, one.missing, recipe)})
    assert engine.infer_raw({"x": one})["y"].shape == (1, 3, 16, 12)

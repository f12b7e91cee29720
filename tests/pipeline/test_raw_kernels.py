"""Scenes preprocessed on the device: same products, and only by kernels that compute rightly."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from builders.built import INGEST, built_bundle
from builders.bundles import BAND_NAMES, contract_document, make_bundle
from builders.cuda_objects import Function
from builders.plans import Board, board
from builders.runs import read_product
from builders.scenes import write_scene

from edgers.bundle import open_bundle
from edgers.contract import contract_from_bytes
from edgers.engines import KNOWN, tensorrt
from edgers.engines.raw import RawInput
from edgers.engines.tensorrt import TensorRtEngine
from edgers.kernels.cpu.ingest import ingest
from edgers.pipeline import model as model_module
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.preprocess import Preprocessor
from edgers.pipeline.run import run_scene
from edgers.scene.raster import SceneWindow


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Board:
    """A board where TensorRT is an engine like others."""
    monkeypatch.setattr(model_module, "ENGINES", KNOWN)
    return board(monkeypatch)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[type]:
    """What the engine is given for each tile."""
    kinds: list[type] = []
    infer: Callable[..., Any] = TensorRtEngine.infer_raw

    def noted(engine: TensorRtEngine, inputs: Any) -> Any:
        kinds.extend(type(given) for given in inputs.values())
        return infer(engine, inputs)

    monkeypatch.setattr(TensorRtEngine, "infer_raw", noted)
    return kinds


def scene_samples() -> npt.NDArray[np.uint16]:
    samples = np.random.default_rng(3).integers(1, 6000, (3, 90, 70), np.uint16)
    samples[:, 20:40, 30:60] = 0
    return samples


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    return write_scene(tmp_path / "s.tif", scene_samples(), names=BAND_NAMES, nodata=0)


def run(bundle: Path, scene: Path, folder: Path) -> tuple[npt.NDArray[Any], dict[str, Any]]:
    """Give the class map, and what is said of how it was made."""
    with load_model(open_bundle(bundle)) as model:
        report = run_scene(model, scene, folder, RunOptions(tile_px=32, workers=4))
    item = next(path for path in report.products if path.suffix == ".json")
    return read_product(report), json.loads(item.read_text())["properties"]


def test_a_scene_gives_the_same_classes_as_on_the_cpu(
    gpu: Board, tmp_path: Path, scene: Path, seen: list[type]
) -> None:
    wanted, facts = run(make_bundle(tmp_path), scene, tmp_path / "cpu")
    assert "edgers:preprocessing" not in facts
    path = built_bundle(tmp_path, gpu)
    with load_model(open_bundle(path)) as model:
        assert (model.choice.name, model.kernels) == ("tensorrt", set(INGEST))
    seen.clear()
    found, facts = run(path, scene, tmp_path / "gpu")
    assert facts["edgers:preprocessing"] == "gpu"
    # The golden tile comes first, and is a tensor.
    assert set(seen[1:]) == {RawInput}
    assert len(np.unique(wanted)) > 1
    assert np.array_equal(found, wanted)


@pytest.mark.parametrize("kernels", [(), ("ingest_uint8_to_float32",)])
def test_without_the_kernel_for_a_scene_the_cpu_preprocesses(
    gpu: Board, tmp_path: Path, scene: Path, seen: list[type], kernels: Sequence[str]
) -> None:
    path = built_bundle(tmp_path, gpu, kernels=kernels)
    with load_model(open_bundle(path)) as model:
        assert model.kernels == set(kernels)
    _, facts = run(path, scene, tmp_path / "out")
    assert "edgers:preprocessing" not in facts
    assert set(seen) <= {np.ndarray}


def test_a_kernel_that_computes_wrongly_is_not_used(
    gpu: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch: Callable[..., Any] = Function.launch

    def wrong(kernel: Function, grid: Any, block: Any, values: tuple[Any, ...]) -> None:
        launch(kernel, grid, block, values)
        if kernel.name == "ingest_uint16_to_float32":
            kernel.array_at(values[6], "float32")[5] += 1

    monkeypatch.setattr(Function, "launch", wrong)
    with load_model(open_bundle(built_bundle(tmp_path, gpu))) as model:
        assert model.kernels == set(INGEST) - {"ingest_uint16_to_float32"}


def test_the_engine_that_steps_in_gets_tensors(
    gpu: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = built_bundle(tmp_path, gpu)
    monkeypatch.setattr(tensorrt, "cuda_problem", lambda: "there is no driver")
    with load_model(open_bundle(path)) as model:
        assert model.choice.name == "onnxruntime"
        assert model.kernels == frozenset()
        assert "no GPU for TensorRT" in model.passed_over[0]


def prepared(**fields: Any) -> Preprocessor:
    document = json.dumps(contract_document(**fields)).encode()
    return Preprocessor(contract_from_bytes(document, "here").inputs[0], (), is_scaled=False)


def window(samples: npt.NDArray[Any]) -> SceneWindow:
    missing = samples == 0
    return SceneWindow(samples=samples, missing=missing, nodata=missing.all(axis=0))


def of_axes(*axes: str, shape: Sequence[int]) -> dict[str, Any]:
    return {"input": {"shape": list(shape), "dim_order": list(axes), "data_type": "float32"}}


@pytest.mark.parametrize(
    "fields",
    [{}, of_axes("batch", "height", "width", "channel", shape=(-1, -1, -1, 3))],
    ids=["channels first", "channels last"],
)
def test_what_goes_to_the_device_makes_the_tensor(fields: dict[str, Any]) -> None:
    prepare, seen = prepared(**fields), window(scene_samples()[:, 18:26, 25:40])
    given = prepare.raw(seen, (8, 15), INGEST)
    assert given is not None
    tensor = prepare.tensor(seen, (8, 15))
    assert given.shape == tensor.shape
    made = ingest(given.samples, given.missing, given.recipe, channels_last=given.channels_last)
    assert np.array_equal(made[np.newaxis], tensor)


def test_other_tensors_are_left_to_the_cpu() -> None:
    seen = window(scene_samples()[:, :8, :8])
    assert prepared().raw(seen, (8, 8), INGEST) is not None
    # Extended at the scene's end; of a type without a kernel; with rows and columns exchanged.
    assert prepared().raw(seen, (8, 12), INGEST) is None
    assert prepared().raw(window(seen.samples.astype(np.int32)), (8, 8), INGEST) is None
    turned = of_axes("batch", "channel", "width", "height", shape=(-1, 3, -1, -1))
    assert prepared(**turned).raw(seen, (8, 8), INGEST) is None

"""Bringing a bundle to life: the engine is chosen and the golden tile must come out right."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from builders.bundles import make_bundle

from edgers.bundle import GOLDEN_OUTPUT, MANIFEST, MEASURED, bundle_bytes, open_bundle
from edgers.errors import EngineError
from edgers.pipeline.model import GOLDEN_TOLERANCE, Model, load_model


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundle"))


def loaded(path: Path) -> Model:
    return load_model(open_bundle(path))


def remade(
    made: Path, folder: Path, *, facts: dict[str, Any] | None = None,
    golden: Callable[[npt.NDArray[Any]], npt.NDArray[Any]] | None = None,
) -> Path:  # fmt: skip
    """Make a bundle again with other facts or another golden output, its hashes right."""
    bundle = open_bundle(made)
    stated = json.loads(bundle.entries[MANIFEST])
    kept = {k: v for k, v in stated.items() if k not in ("id", "measured", "format", "entries")}
    entries = {k: v for k, v in bundle.entries.items() if k not in (MANIFEST, MEASURED)}
    if golden is not None:
        buffer = io.BytesIO()
        np.save(buffer, golden(np.load(io.BytesIO(entries[GOLDEN_OUTPUT]))))
        entries[GOLDEN_OUTPUT] = buffer.getvalue()
    path = folder / "again.edgers"
    path.write_bytes(bundle_bytes(entries, {**kept, **(facts or {})}, {}))
    return path


def test_the_golden_tile_comes_out_right(made: Path) -> None:
    with loaded(made) as model:
        assert model.golden_error == 0.0
        assert model.choice.name == "onnxruntime"
        assert model.source.name == "x"
        assert model.output.name == "y"


def test_a_model_cannot_be_used_after_its_context(made: Path) -> None:
    with loaded(made) as model:
        pass
    with pytest.raises(EngineError):
        model.engine.infer({"x": np.zeros((1, 3, 8, 8), np.float32)})


def off_by(share: float) -> Callable[[npt.NDArray[Any]], npt.NDArray[Any]]:
    def change(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        changed = array.copy()
        changed.flat[7] += share * np.abs(array).max()
        return changed

    return change


def test_another_machines_rounding_passes(made: Path, tmp_path: Path) -> None:
    with loaded(remade(made, tmp_path, golden=off_by(GOLDEN_TOLERANCE / 4))) as model:
        assert 0 < model.golden_error < GOLDEN_TOLERANCE


@pytest.mark.parametrize(
    "change",
    [
        off_by(3 * GOLDEN_TOLERANCE),
        lambda array: array[..., :-1],
        lambda array: np.moveaxis(array, 1, -1),
        lambda array: np.where(array > 0, np.nan, array),
        lambda array: np.full_like(array, np.inf),
    ],
    ids=["off", "cut", "turned", "NaN", "infinite"],
)
def test_a_wrong_answer_is_an_error_of_the_engine(
    made: Path, tmp_path: Path, change: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
) -> None:
    with pytest.raises(EngineError, match="the golden tile comes out wrong on onnxruntime"):
        loaded(remade(made, tmp_path, golden=change))


CHOICE = {"version": "1", "precision": "fp32", "graph": "graph/fp32.onnx"}


def test_the_first_engine_that_is_there_runs(made: Path, tmp_path: Path) -> None:
    names = ("nothing", "onnxruntime", "another")
    engines = [{"name": name, **CHOICE} for name in names]
    with loaded(remade(made, tmp_path, facts={"engines": engines})) as model:
        assert model.choice.name == "onnxruntime"


def test_a_bundle_for_engines_that_are_not_there_is_an_error(made: Path, tmp_path: Path) -> None:
    path = remade(made, tmp_path, facts={"engines": [{"name": "hailo", **CHOICE}]})
    with pytest.raises(EngineError) as caught:
        loaded(path)
    assert "The bundle was made for: hailo." in str(caught.value)
    assert "Installed: onnxruntime." in str(caught.value)

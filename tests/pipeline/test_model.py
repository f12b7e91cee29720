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
from builders.engines import StandIn, stand_in

from edgers.bundle import GOLDEN_OUTPUT, MANIFEST, MEASURED, bundle_bytes, open_bundle
from edgers.engines import ENGINES
from edgers.engines.agreement import TOLERANCE
from edgers.errors import BundleError, EngineError
from edgers.pipeline.model import Model, load_model

GOLDEN_TOLERANCE = TOLERANCE["fp32"]


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
    assert f"Installed: {', '.join(ENGINES)}." in str(caught.value)


def bundle_for(made: Path, tmp_path: Path, *engines: dict[str, Any]) -> Path:
    stated = [{**CHOICE, **engine} for engine in engines]
    return remade(made, tmp_path, facts={"engines": stated})


def test_what_is_passed_over_is_told_with_its_reason(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENGINES, "stubborn", stand_in("stubborn", refuses=True))  # type: ignore[index]
    names = ("missing", "stubborn", "onnxruntime")
    path = bundle_for(made, tmp_path, *({"name": name} for name in names))
    with loaded(path) as model:
        assert model.choice.name == "onnxruntime"
        assert model.passed_over == (
            "missing: not installed here",
            "stubborn fp32: stubborn cannot load the graph",
        )
    with loaded(made) as model:
        assert model.passed_over == ()


def test_an_engine_that_gets_the_golden_tile_wrong_is_closed_and_passed_over(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[StandIn] = []
    wrong = stand_in("wrong", used, spoil=lambda y: y * 1.1)
    monkeypatch.setitem(ENGINES, "wrong", wrong)  # type: ignore[index]
    path = bundle_for(made, tmp_path, {"name": "wrong"}, {"name": "onnxruntime"})
    with loaded(path) as model:
        assert model.choice.name == "onnxruntime"
        assert "the golden tile comes out wrong on wrong 1.2" in model.passed_over[0]
    assert used[0].closed


def test_where_every_engine_fails_all_reasons_are_told(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        monkeypatch.setitem(ENGINES, name, stand_in(name, refuses=True))  # type: ignore[index]
    path = bundle_for(made, tmp_path, {"name": "a"}, {"name": "b"}, {"name": "missing"})
    with pytest.raises(EngineError, match="none of the bundle's engines runs here") as caught:
        loaded(path)
    for words in ("a cannot load", "b cannot load", "missing: not installed"):
        assert words in str(caught.value)


@pytest.mark.parametrize(
    ("precision", "share", "passes"),
    [("fp32", 0.01, False), ("bf16", 0.01, True), ("bf16", 0.05, False), ("new", 0.01, False)],
)
def test_how_close_the_golden_tile_must_come_hangs_on_the_precision(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: str, share: float,
    passes: bool,
) -> None:  # fmt: skip
    rough = stand_in("rough", spoil=lambda y: y * np.float32(1 + share))
    monkeypatch.setitem(ENGINES, "rough", rough)  # type: ignore[index]
    path = bundle_for(made, tmp_path, {"name": "rough", "precision": precision})
    if not passes:
        with pytest.raises(EngineError, match="the golden tile comes out wrong"):
            loaded(path)
        return
    with loaded(path) as model:
        assert model.golden_error == pytest.approx(share, rel=0.01)


def test_an_engine_is_told_its_precision_and_settings_and_is_warm_when_it_comes(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[Any, ...]] = []
    used: list[StandIn] = []
    make = stand_in("mine", used)

    def maker(*given: Any) -> Any:
        told.append(given[1:])
        return make(*given)

    monkeypatch.setitem(ENGINES, "mine", maker)  # type: ignore[index]
    path = bundle_for(
        made, tmp_path, {"name": "mine", "precision": "fp32", "settings": {"streams": "half"}}
    )
    with loaded(path):
        assert told == [("fp32", {"streams": "half"})]
        assert used[0].tiles == 1


@pytest.mark.parametrize("settings", ["fast", {"streams": 2}, [], None])
def test_settings_that_are_no_words_are_refused(
    made: Path, tmp_path: Path, settings: object
) -> None:
    path = bundle_for(made, tmp_path, {"name": "onnxruntime", "settings": settings})
    with pytest.raises(BundleError, match="settings of an engine are not words"):
        loaded(path)


def test_a_setting_of_a_newer_version_is_passed_over(made: Path, tmp_path: Path) -> None:
    newer = {"name": "onnxruntime", "settings": {"colour": "red"}}
    path = bundle_for(made, tmp_path, newer, {"name": "onnxruntime"})
    with loaded(path) as model:
        assert "does not know the setting colour=red" in model.passed_over[0]

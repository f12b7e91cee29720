"""`edgers verify --preflight`, and the preflight that opening a model runs."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from builders.bundles import make_bundle
from builders.judged_devices import BOARD, LAPTOP, board
from builders.planned_bundles import BUILT, KIT, make_planned
from builders.runs import edgers

from edgers.bundle import open_bundle
from edgers.errors import EngineError
from edgers.pipeline.model import load_model
from edgers.pipeline.tensorrt_objection import tensorrt_objection
from edgers.targets.device_facts import DeviceFacts

HEAVY = ("cv2", "numba", "onnx", "onnxruntime", "openvino", "rasterio", "tensorrt", "torch")
"""What takes longer to import than the verdict may."""


def tell(monkeypatch: pytest.MonkeyPatch, facts: DeviceFacts) -> None:
    """Let this machine be another."""
    monkeypatch.setattr("edgers.cli.preflight.device_facts", lambda: facts)
    monkeypatch.setattr("edgers.pipeline.model.device_facts", lambda: facts)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_planned(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_planned(tmp_path_factory.mktemp("kit"), KIT)


def test_a_plan_on_its_board_is_code_0(monkeypatch: pytest.MonkeyPatch, built: Path) -> None:
    tell(monkeypatch, BOARD)
    done = edgers("verify", "--preflight", built)
    assert (done.code, done.err) == (0, "")
    assert "verdict     runs here as it was made: tensorrt fp32" in done.out
    assert "way         tensorrt fp32: fits" in done.out
    assert "ok       cc         Compute capability 8.7" in done.out


def test_a_plan_elsewhere_is_code_2_with_what_would_run(
    monkeypatch: pytest.MonkeyPatch, built: Path
) -> None:
    tell(monkeypatch, LAPTOP)
    done = edgers("verify", "--preflight", built)
    assert (done.code, done.err) == (2, "")
    assert "no       driver     No GPU can be used (libcuda.so.1 is not installed)" in done.out
    assert (
        "verdict     does not run here as it was made; onnxruntime fp32 would run instead"
    ) in done.out


def test_a_kit_says_whether_it_can_be_built(monkeypatch: pytest.MonkeyPatch, kit: Path) -> None:
    tell(monkeypatch, BOARD)
    done = edgers("verify", "--preflight", kit)
    assert done.code == 0
    assert "a plan can be built here, with 'edgers build'" in done.out
    tell(monkeypatch, board({"cc": (7, 2)}))
    done = edgers("verify", "--preflight", kit)
    assert done.code == 2
    assert "no plan can be built here; onnxruntime fp32 would run instead" in done.out


def test_a_bundle_for_a_cpu_is_judged_by_its_runtime(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bundle = make_bundle(tmp_path)
    assert edgers("verify", "--preflight", bundle).code == 0
    monkeypatch.setattr("edgers.cli.preflight.installed_engines", dict)
    done = edgers("verify", "--preflight", bundle)
    assert done.code == 2
    assert "nor in any other way" in done.out


def test_json_holds_the_verdict_the_reasons_and_the_time(
    monkeypatch: pytest.MonkeyPatch, built: Path
) -> None:
    tell(monkeypatch, board({"cc": (7, 2)}, tensorrt=(8, 6, 2)))
    done = edgers("verify", "--preflight", "--json", built)
    told = json.loads(done.out)
    assert (done.code, told["fits"], told["fallback"]) == (2, False, "onnxruntime fp32")
    first = told["ways"][0]
    assert (first["engine"], first["fits"]) == ("tensorrt", False)
    outcomes = {check["name"]: check["outcome"] for check in first["checks"]}
    assert (outcomes["cc"], outcomes["tensorrt"], outcomes["memory"]) == ("no", "no", "ok")
    assert told["bundle_id"] == open_bundle(built).bundle_id
    assert told["preflight_ms"] >= 0


def test_json_alone_and_what_is_no_bundle_are_refused(tmp_path: Path, built: Path) -> None:
    assert edgers("verify", "--json", built).code == 2
    (tmp_path / "b.edgers").write_bytes(b"PK\x03\x04 and no more")
    done = edgers("verify", "--preflight", tmp_path / "b.edgers")
    assert (done.code, done.out) == (2, "")
    assert "damaged or was altered" in done.err


def test_no_runtime_compiler_or_raster_library_is_imported_for_a_verdict(built: Path) -> None:
    code = (
        "import sys; from edgers.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print(sorted(set({HEAVY}) & set(sys.modules)), 'numpy' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "verify", "--preflight", str(built)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "verdict" in done.stdout
    assert done.stdout.splitlines()[-1] == "[] False"


def test_opening_a_model_passes_over_a_plan_that_does_not_fit(
    monkeypatch: pytest.MonkeyPatch, built: Path
) -> None:
    tell(monkeypatch, LAPTOP)

    def crash(*_: object) -> None:
        raise AssertionError("TensorRT was touched")

    monkeypatch.setattr("edgers.pipeline.model.ENGINES", {**engines(), "tensorrt": crash})
    with load_model(open_bundle(built)) as model:
        assert model.choice.name == "onnxruntime"
        (why,) = model.passed_over
    assert why.startswith("tensorrt fp32: No GPU can be used (libcuda.so.1 is not installed)")


def test_a_plan_that_fits_is_loaded_where_the_runtime_is_there(
    monkeypatch: pytest.MonkeyPatch, built: Path
) -> None:
    tell(monkeypatch, BOARD)
    seen: list[bytes] = []

    def load(plan: bytes, *_: object) -> None:
        seen.append(plan)
        raise EngineError("this stand-in loads nothing.")

    monkeypatch.setattr("edgers.pipeline.model.ENGINES", {**engines(), "tensorrt": load})
    with load_model(open_bundle(built)) as model:
        assert model.passed_over == ("tensorrt fp32: this stand-in loads nothing",)
    assert seen == [b"plan"]


def test_where_no_way_is_left_the_objection_is_told(
    monkeypatch: pytest.MonkeyPatch, built: Path
) -> None:
    tell(monkeypatch, LAPTOP)
    monkeypatch.setattr("edgers.pipeline.model.ENGINES", {})
    with pytest.raises(EngineError, match="none of the bundle's engines runs here") as caught:
        load_model(open_bundle(built))
    assert "No GPU can be used" in caught.value.seen
    assert "onnxruntime: not installed here" in caught.value.seen


def test_what_has_no_plan_is_not_objected_to(built: Path, kit: Path) -> None:
    assert tensorrt_objection(open_bundle(kit), LAPTOP) == ""
    bundle = open_bundle(built)
    assert tensorrt_objection(replace(bundle, kit=None), LAPTOP) == ""
    assert tensorrt_objection(bundle, BOARD) == ""
    other = replace(BUILT, plan=replace(BUILT.plan, tensorrt=(8, 6, 1)))  # type: ignore[type-var]
    assert "newer than the 8.6.1" in tensorrt_objection(replace(bundle, kit=other), BOARD)


def engines() -> dict[str, object]:
    from edgers.engines import ENGINES

    return {name: maker for name, maker in ENGINES.items() if name == "onnxruntime"}

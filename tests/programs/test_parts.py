"""Parts of a bundle: what is kept, what is checked, and what commands say of them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders.programs import conv_net, gate_net, load, make_program, value_document
from builders.runs import edgers
from builders.scenes import noise, write_scene

from edgers.bundle import bundle_bytes, open_bundle
from edgers.engines import ENGINES
from edgers.errors import BadInputError, BundleError
from edgers.export.compile import compile_bundle
from edgers.pipeline import memory

CASCADE = {
    "kind": "cascade", "gate": "gate", "output": "score", "threshold": 0.25, "miss_rate": 0.02,
    "stated_on": "made tiles",
}  # fmt: skip


def made(folder: Path, engine: str | None = "onnxruntime") -> Path:
    return make_program(
        folder, value_document(CASCADE), conv_net(1), {"gate": gate_net()}, engine=engine
    )


@pytest.mark.parametrize("missing", ["graph/gate.onnx", "golden/gate.npy"])
def test_a_bundle_that_lacks_a_part_is_refused(tmp_path: Path, missing: str) -> None:
    whole = open_bundle(made(tmp_path))
    manifest = json.loads(whole.entries["manifest.json"])
    facts = {k: v for k, v in manifest.items() if k not in ("format", "entries", "id", "measured")}
    kept = {
        k: v for k, v in whole.entries.items()
        if k not in ("manifest.json", "measured.json", missing)
    }  # fmt: skip
    path = tmp_path / "less.edgers"
    path.write_bytes(bundle_bytes(kept, facts, {}))
    with pytest.raises(BundleError, match="lacks a part"):
        open_bundle(path)


@pytest.mark.skipif(len(ENGINES) < 2, reason="one engine is installed")
def test_a_program_runs_on_the_engine_that_is_fastest_or_its_stand_in(tmp_path: Path) -> None:
    bundle = made(tmp_path, engine=None)
    with load(bundle) as model:
        assert len(model.bundle.engines) > 1
        pixels = np.ones((1, 3, 32, 32), np.float32)
        found = model.infer({"x": pixels})["y"]
    plain = ENGINES["onnxruntime"](conv_net(1).SerializeToString()).infer({"x": pixels})["y"]
    np.testing.assert_allclose(found, plain, atol=1e-4)


def test_a_program_is_compiled_at_fp32_alone(tmp_path: Path) -> None:
    made(tmp_path)
    with pytest.raises(BadInputError, match="FP32 alone"):
        compile_bundle(
            tmp_path / "main.onnx", tmp_path / "c.json", tmp_path / "o.edgers",
            precisions=("fp32", "int8"), parts={"gate": tmp_path / "gate.onnx"},
        )  # fmt: skip
    assert not (tmp_path / "o.edgers").exists()


def test_a_build_kit_holds_no_program(tmp_path: Path) -> None:
    made(tmp_path)
    with pytest.raises(BadInputError, match="not compiled for orin-nano"):
        compile_bundle(
            tmp_path / "main.onnx", tmp_path / "c.json", tmp_path / "o.edgers",
            target="orin-nano", parts={"gate": tmp_path / "gate.onnx"},
        )  # fmt: skip
    assert not (tmp_path / "o.edgers").exists()


def test_commands_tell_of_the_program_and_check_its_parts(tmp_path: Path) -> None:
    bundle = made(tmp_path)
    told = edgers("inspect", bundle)
    assert "program cascade · gate gate · gate_threshold 0.25 · gate_miss_rate 0.02" in told.out
    assert "graph/gate.onnx" in told.out
    assert edgers("verify", bundle).code == 0
    contract, model = tmp_path / "c.json", tmp_path / "main.onnx"
    part = f"gate={tmp_path / 'gate.onnx'}"
    assert edgers("contract", "check", contract, "--model", model, "--part", part).code == 0
    lacking = edgers("contract", "check", contract, "--model", model)
    assert lacking.code == 2
    assert "--part NAME=FILE.onnx" in lacking.err
    wrong = edgers("contract", "check", contract, "--model", model, "--part", f"gate={model}")
    assert wrong.code == 2
    assert "no output 'score'" in wrong.err


def test_ranges_of_a_program_are_not_measured(tmp_path: Path) -> None:
    made(tmp_path)
    scene = write_scene(tmp_path / "s.tif", noise(3, 40, 40, "uint8"), names=("B02", "B03", "B04"))
    done = edgers(
        "calibrate", tmp_path / "main.onnx", scene, "--contract", tmp_path / "c.json", "-o",
        tmp_path / "ranges.json",
    )  # fmt: skip
    assert done.code == 2
    assert "one graph" in done.err


def test_the_memory_of_a_cascade_is_that_of_its_heavy_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with load(made(tmp_path)) as model:
        seen: list[Any] = []
        heavy = model.program.heavy  # type: ignore[attr-defined]
        monkeypatch.setattr(type(heavy), "infer", lambda self, _: seen.append(self) or {})
        memory.measured_need(model, 32)
    assert seen == [heavy]

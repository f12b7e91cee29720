"""Cascades: which tiles the heavy graph is spared, what they hold, and what is told of it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from builders.networks import band_net, index_contract, index_net, two_class_contract
from builders.programs import (
    class_document,
    contract_of,
    conv_net,
    gate_net,
    load,
    make_program,
    run_bundle,
    value_document,
)
from builders.runs import edgers
from builders.scenes import write_scene

from edgers.errors import ContractError, EngineError
from edgers.pipeline.model import load_model
from edgers.pipeline.mosaic import Mosaic
from edgers.programs.cascade import GATED, sure_answer

GATE = {
    "kind": "cascade", "gate": "gate", "output": "score", "threshold": 1000.0, "miss_rate": 0.02,
    "stated_on": "400 made tiles",
}  # fmt: skip


def made(folder: Path, document: dict[str, Any] | None = None, main: Any = None) -> Path:
    document = document or value_document({**GATE, "otherwise": -5.0})
    return make_program(folder, document, main or conv_net(1), {"gate": gate_net()})


def scene(rows: int = 64, columns: int = 64) -> npt.NDArray[np.uint16]:
    """Dark, but for the upper left 16 × 16."""
    samples = np.full((3, rows, columns), 100, np.uint16)
    samples[:, :16, :16] = 2000
    return samples


def read(path: Path) -> npt.NDArray[Any]:
    with rasterio.open(path) as dataset:
        found: npt.NDArray[Any] = dataset.read()
    return found


def test_a_tile_that_passes_is_what_the_heavy_graph_gives(tmp_path: Path) -> None:
    pixels = np.full((1, 3, 16, 16), 1000, np.float32)
    with load(made(tmp_path)) as model:
        found = model.infer({"x": pixels})
        heavy = model.program.heavy.infer({"x": pixels})  # type: ignore[attr-defined]
    assert np.array_equal(found["y"], heavy["y"])
    assert GATED not in found


def test_a_tile_that_does_not_pass_holds_what_the_contract_states(tmp_path: Path) -> None:
    with load(made(tmp_path)) as model:
        found = model.infer({"x": np.full((1, 3, 16, 20), 999, np.float32)})
        passed = model.infer({"x": np.full((1, 3, 16, 20), np.nan, np.float32)})
    assert found["y"].shape == (1, 3, 16, 20)
    assert (found["y"] == -5).all()
    assert GATED in found
    assert GATED not in passed


def test_tiles_are_gated_counted_and_told(tmp_path: Path) -> None:
    bundle = made(tmp_path)
    report = run_bundle(tmp_path, bundle, scene(), tile_px=34)
    values = read(report.products[0])
    assert (values[:, 40:, 40:] == -5).all()
    assert (values[:, :32, :32] != -5).all()
    assert report.gated_tiles == 3
    assert report.document()["gated_tiles"] == 3
    with rasterio.open(report.products[0]) as dataset:
        told = json.dumps(dataset.tags())
    assert "EDGERS_GATE_THRESHOLD" in told
    assert "0.02" in told
    assert "400 made tiles" in told


def test_the_count_outlives_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run_bundle(tmp_path / "whole", made(tmp_path), scene(), tile_px=16)
    add, done = Mosaic.add, []

    def stopped(self: Mosaic, answer: Any) -> None:
        add(self, answer)
        done.append(answer)
        if len(done) == 9:
            raise KeyboardInterrupt

    monkeypatch.setattr(Mosaic, "add", stopped)
    with pytest.raises(KeyboardInterrupt):
        run_bundle(tmp_path / "cut", tmp_path / "b.edgers", scene(), tile_px=16)
    monkeypatch.setattr(Mosaic, "add", add)
    again = run_bundle(tmp_path / "cut", tmp_path / "b.edgers", scene(), tile_px=16)
    assert again.reused_tiles == 9
    assert again.gated_tiles == whole.gated_tiles > 9
    assert again.products[0].read_bytes() == whole.products[0].read_bytes()


@pytest.mark.parametrize(
    ("document", "net"),
    [
        (class_document({**GATE, "otherwise": 2}), band_net),
        ({**index_contract(), "edgers:program": {**GATE, "otherwise": 2}}, index_net),
    ],
)
def test_a_class_map_holds_the_stated_class(tmp_path: Path, document: Any, net: Any) -> None:
    report = run_bundle(tmp_path, made(tmp_path, document, net()), scene(), tile_px=32)
    classes = read(report.products[0])[0]
    assert (classes[32:, 32:] == 2).all()
    assert (classes[:32, :32] == 0).all()


def test_one_score_of_two_classes_says_which_one_it_is() -> None:
    output = contract_of(two_class_contract()).outputs[0]
    assert (sure_answer(output, (1, 1, 2, 2), 0) < -10).all()
    assert (sure_answer(output, (1, 1, 2, 2), 1) > 10).all()


def test_the_halo_is_that_of_the_heavy_graph_and_it_is_proved_without_the_gate(
    tmp_path: Path,
) -> None:
    with load(made(tmp_path)) as model:
        assert model.bundle.halo.height.before_px == 1
        assert model.bundle.halo.is_exact


@pytest.mark.parametrize("entry", ["graph/gate.onnx", "graph/fp32.onnx"])
def test_both_graphs_prove_themselves_at_every_load(tmp_path: Path, entry: str) -> None:
    with load(made(tmp_path)) as model:
        whole = model.bundle
    other = conv_net(7) if entry == "graph/fp32.onnx" else gate_net(band=1)
    entries = {**whole.entries, entry: other.SerializeToString()}
    with pytest.raises(EngineError, match="golden tile comes out wrong"):
        load_model(replace(whole, entries=entries))


def test_a_gate_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="no output 'chance'"):
        made(tmp_path, value_document({**GATE, "output": "chance"}))
    with pytest.raises(ContractError, match="does not give"):
        make_program(tmp_path, value_document(GATE), conv_net(1), {"gate": two_inputs()})
    assert not (tmp_path / "b.edgers").exists()


def two_inputs() -> Any:
    net = gate_net()
    net.graph.input.add().CopyFrom(net.graph.input[0])
    net.graph.input[1].name = "missing"
    return net


def test_the_command_line_takes_parts_and_tells_of_gated_tiles(tmp_path: Path) -> None:
    made(tmp_path)
    scene_path = write_scene(tmp_path / "s.tif", scene(), names=("B02", "B03", "B04"))
    found = edgers(
        "compile", tmp_path / "main.onnx", "--contract", tmp_path / "c.json", "--part",
        f"gate={tmp_path / 'gate.onnx'}", "-o", tmp_path / "cli.edgers", "--engine", "onnxruntime",
    )  # fmt: skip
    assert found.code == 0, found.err
    assert (tmp_path / "cli.edgers").read_bytes() == (tmp_path / "b.edgers").read_bytes()
    ran = edgers(
        "run", tmp_path / "cli.edgers", scene_path, "-o", tmp_path / "o", "--tile", 34
    )  # fmt: skip
    assert "tiles (75.0%) gated out" in ran.out, ran.out + ran.err
    wrong = edgers(
        "compile", tmp_path / "main.onnx", "--contract", tmp_path / "c.json", "--part", "gate",
        "-o", tmp_path / "no.edgers",
    )  # fmt: skip
    assert wrong.code == 2
    assert "NAME=FILE" in wrong.err


def test_tiles_that_are_mixed_are_gated_too(tmp_path: Path) -> None:
    report = run_bundle(
        tmp_path, made(tmp_path), scene(), tile_px=32, overlap_px=4, blend="hann"
    )  # fmt: skip
    values = read(report.products[0])
    assert (values[:, -16:, -16:] == -5).all()
    assert (values[:, :16, :16] != -5).all()
    assert report.gated_tiles == report.tiles - 1

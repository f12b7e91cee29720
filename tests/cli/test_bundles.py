"""`edgers compile`, `inspect` and `verify`."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from builders.bundles import contract_document, make_bundle, tiny_net
from builders.instance_nets import instance_contract, instance_net
from builders.networks import fixed_net, patch_net, plain_contract
from builders.runs import Outcome, edgers
from builders.scenes import noise, write_scene
from builders.tables import matrix_rows_net, row_document, rows_bundle

from edgers.bundle import open_bundle
from edgers.engines import ENGINES


def compiled(folder: Path, document: dict[str, Any] | None = None, *more: object) -> Outcome:
    onnx.save(tiny_net(), folder / "m.onnx")
    (folder / "c.json").write_text(json.dumps(document or contract_document()))
    return edgers(
        "compile", folder / "m.onnx", "--contract", folder / "c.json", "-o",
        folder / "b.edgers", *more,
    )  # fmt: skip


def test_compile_says_what_it_made(tmp_path: Path) -> None:
    done = compiled(tmp_path)
    assert (done.code, done.err) == (0, "")
    bundle = open_bundle(tmp_path / "b.edgers")
    assert "tiny net: 3 bands → land, water, cloud" in done.out
    assert "3 Conv, 1 Identity, 2 Relu · halo 2 px" in done.out
    assert "exact: tiled equals untiled" in done.out
    assert "largest difference 0" in done.out
    assert bundle.bundle_id[:12] in done.out
    assert f"edgers run {tmp_path / 'b.edgers'}" in done.out


@pytest.mark.parametrize(
    ("option", "value", "word"),
    [
        ("--target", "toaster", "target 'toaster' is not known."),
        ("--precision", "int4", "target cpu cannot be compiled to 'int4'."),
    ],
)
def test_a_device_or_precision_that_is_not_known_is_refused(
    tmp_path: Path, option: str, value: str, word: str
) -> None:
    done = compiled(tmp_path, None, option, value)
    assert done.code == 2
    assert word in done.err
    assert not (tmp_path / "b.edgers").exists()


def test_a_bundle_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "b.edgers").write_bytes(b"old")
    document = contract_document()
    document["mlm:input"][0]["name"] = "image"
    assert compiled(tmp_path, document).code == 2
    assert (tmp_path / "b.edgers").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.edgers", "c.json", "m.onnx"]
    assert compiled(tmp_path).code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.edgers", "c.json", "m.onnx"]


def test_a_bundle_is_not_written_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    made = make_bundle(tmp_path)
    done = edgers(
        "compile", made.with_name("m.onnx"), "--contract", made.with_name("c.json"), "-o",
        tmp_path / "no" / "b.edgers",
    )  # fmt: skip
    assert done.code == 2
    assert "cannot be written" in done.err


def test_inspect_tells_all_that_is_in_it(tmp_path: Path) -> None:
    path = make_bundle(tmp_path)
    bundle = open_bundle(path)
    done = edgers("inspect", path)
    assert (done.code, done.err) == (0, "")
    assert bundle.bundle_id in done.out
    assert "x [batch any, channel 3, height any, width any] float32" in done.out
    assert "B04  red  0.665 µm" in done.out
    assert "scaling     z-score" in done.out
    assert "rows: 2 px before, 2 px after, on a grid of 1 px" in done.out
    assert "1  water  #2B6CB0" in done.out
    for name, sha256 in bundle.hashes.items():
        assert f"{sha256}  {name} ({len(bundle.entries[name])} bytes)" in done.out


def test_inspect_tells_a_coarse_and_a_fixed_graph(tmp_path: Path) -> None:
    coarse = edgers("inspect", make_bundle(tmp_path, plain_contract(), patch_net)).out
    assert "one output pixel for 4 input pixels" in coarse
    fixed = edgers("inspect", make_bundle(tmp_path, plain_contract(), fixed_net)).out
    assert "tiles of exactly 64 px" in fixed


def test_inspect_tells_the_tile_of_a_run_and_where_objects_and_masks_are(tmp_path: Path) -> None:
    contract = instance_contract(**{"edgers:tile_px": 96})
    told = edgers("inspect", make_bundle(tmp_path, contract, instance_net)).out
    assert "tile        96 px unless told otherwise" in told
    assert "boxes       xyxy · from score" in told
    assert "masks       window, of m · from 0.5 on" in told
    fixed = edgers("inspect", make_bundle(tmp_path, plain_contract(), fixed_net)).out
    assert "tile        64 px\n" in fixed


def test_inspect_tells_that_a_bundle_takes_tables(tmp_path: Path) -> None:
    path = rows_bundle(tmp_path, row_document(["a", "b"], "feature", 2), matrix_rows_net(np.eye(2)))
    told = edgers("inspect", path).out
    assert "tables      as well, row by row: [batch any, feature 2] float32" in told


def test_inspect_refuses_an_altered_bundle(tmp_path: Path) -> None:
    path = make_bundle(tmp_path)
    path.write_bytes(path.read_bytes() + b"\0")
    done = edgers("inspect", path)
    assert (done.code, done.out) == (2, "")
    assert "is damaged or was altered" in done.err


def test_inspect_tells_what_a_scene_holds(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "s.tif", noise(2, 40, 50), names=("B1", "B2"), nodata=0)
    done = edgers("inspect", path)
    assert (done.code, done.err) == (0, "")
    for word in ("50 × 40 px", "EPSG:32630", "GSD 10 m", "B1", "B2", "uint16", "nodata"):
        assert word in done.out


@pytest.mark.parametrize("command", ["inspect", "verify"])
def test_a_bundle_that_is_not_there_is_said(tmp_path: Path, command: str) -> None:
    done = edgers(command, tmp_path / "none.edgers")
    assert (done.code, done.out) == (2, "")
    assert "none.edgers cannot be read." in done.err


@pytest.mark.parametrize(
    ("path", "value", "word"),
    [
        (("mlm:input", 0, "name"), "image", "The graph's inputs are: x."),
        (("mlm:output", 0, "name"), "mask", "The graph's outputs are: y."),
        (("mlm:input", 0, "input", "data_type"), "uint8", "is uint8, the graph's is float32"),
        (("mlm:output", 0, "result", "data_type"), "int64", "is int64, the graph's is float32"),
    ],
)
def test_check_names_what_does_not_fit_the_graph(
    tmp_path: Path, path: tuple[Any, ...], value: str, word: str
) -> None:
    document = contract_document()
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    onnx.save(tiny_net(), tmp_path / "m.onnx")
    (tmp_path / "c.json").write_text(json.dumps(document))
    done = edgers("contract", "check", tmp_path / "c.json", "--model", tmp_path / "m.onnx")
    assert (done.code, done.out) == (2, "")
    assert word in done.err


def test_compile_times_what_is_installed_and_inspect_shows_it(tmp_path: Path) -> None:
    done = compiled(tmp_path)
    assert (done.code, done.err) == (0, "")
    lines = [text for text in done.out.splitlines() if text.startswith("candidate")]
    assert sum("← ships" in text for text in lines) == 1
    for name in ENGINES:
        assert any(f"{name} fp32" in text for text in lines)
    assert not any("bf16" in text for text in lines)
    bundle = open_bundle(tmp_path / "b.edgers")
    ships = next(text for text in lines if "← ships" in text)
    assert f" {bundle.engines[0].name} fp32" in ships
    assert "tiles/s" in ships
    shown = edgers("inspect", tmp_path / "b.edgers").out
    assert all(text in shown for text in lines)
    assert "tiles_per_s" not in shown


def test_a_named_engine_gives_the_same_bytes_and_is_not_timed(tmp_path: Path) -> None:
    done = compiled(tmp_path, None, "--engine", "onnxruntime")
    assert "tiles/s" not in done.out
    first = (tmp_path / "b.edgers").read_bytes()
    compiled(tmp_path, None, "--engine", "onnxruntime")
    assert (tmp_path / "b.edgers").read_bytes() == first


def test_auto_tries_every_precision_of_the_device(tmp_path: Path) -> None:
    if "openvino" not in ENGINES:
        pytest.skip("openvino is not installed")
    done = compiled(tmp_path, None, "--engine", "openvino", "--precision", "auto")
    assert done.code == 0
    for precision in ("fp32", "bf16", "fp16"):
        assert f"openvino {precision}" in done.out
    assert "onnxruntime" not in done.out


def test_an_engine_that_is_not_known_is_refused(tmp_path: Path) -> None:
    done = compiled(tmp_path, None, "--engine", "toaster")
    assert done.code == 2
    assert "target cpu has no engine 'toaster'." in done.err

"""Compiling graphs with several inputs: contract held against graph, golden tile, proof, draft."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from builders.bundles import make_bundle
from builders.graphs import GraphBuilder
from builders.stacks import (
    closed_stack,
    fusion_document,
    fusion_net,
    input_document,
    series_document,
    series_net,
    stack_document,
)

from edgers.bundle import (
    GOLDEN_INPUT,
    GOLDEN_OUTPUT,
    MANIFEST,
    MEASURED,
    Bundle,
    bundle_bytes,
    golden_inputs,
    open_bundle,
)
from edgers.contract import contract_from_bytes, contract_from_document
from edgers.engines import ENGINES
from edgers.errors import BundleError, ContractError, EngineError
from edgers.export.draft import draft_from_graph
from edgers.export.proof import prove_tiling
from edgers.pipeline.model import load_model
from edgers.tiling.graph import halo_from_graph


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("bundle")
    return open_bundle(make_bundle(folder, fusion_document(), fusion_net))


def test_every_input_has_its_golden_tile(bundle: Bundle) -> None:
    entries = golden_inputs(bundle.contract)
    assert entries == {
        "optical": "golden/input/0.npy", "sar": "golden/input/1.npy", "dem": "golden/input/2.npy"
    }  # fmt: skip
    assert GOLDEN_INPUT not in bundle.entries
    tiles = [np.load(io.BytesIO(bundle.entries[entry])) for entry in entries.values()]
    assert [tile.shape[:2] for tile in tiles] == [(1, 3), (1, 2), (1, 1)]
    assert not np.array_equal(tiles[0][:, :1], tiles[2])
    with load_model(bundle) as model:
        assert model.golden_error == 0.0
        assert [one.name for one in model.inputs] == ["optical", "sar", "dem"]
        assert model.source.name == "optical"


def again(bundle: Bundle, folder: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    """Make a bundle anew with other entries, its hashes right."""
    stated = json.loads(bundle.entries[MANIFEST])
    facts = {k: v for k, v in stated.items() if k not in ("id", "measured", "format", "entries")}
    entries = {k: v for k, v in bundle.entries.items() if k not in (MANIFEST, MEASURED)}
    change(entries)
    path = folder / "again.edgers"
    path.write_bytes(bundle_bytes(entries, facts, {}))
    return path


def swap(entries: dict[str, bytes]) -> None:
    """Put the golden tile of one input upside down."""
    tile = np.load(io.BytesIO(entries["golden/input/1.npy"]))
    buffer = io.BytesIO()
    np.save(buffer, tile[..., ::-1, :])
    entries["golden/input/1.npy"] = buffer.getvalue()


def test_the_golden_tile_depends_on_every_input(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="the golden tile comes out wrong"):
        load_model(open_bundle(again(bundle, tmp_path, swap)))


@pytest.mark.parametrize("entry", ["golden/input/1.npy", GOLDEN_OUTPUT])
def test_a_bundle_without_a_golden_tile_is_refused(
    bundle: Bundle, tmp_path: Path, entry: str
) -> None:
    path = again(bundle, tmp_path, lambda entries: entries.pop(entry))
    with pytest.raises(BundleError, match="lacks a part"):
        open_bundle(path)


def test_a_bundle_of_one_input_is_as_it_was(tmp_path: Path) -> None:
    assert GOLDEN_INPUT in open_bundle(make_bundle(tmp_path)).entries


def test_a_series_is_compiled_and_loaded(tmp_path: Path) -> None:
    bundle = open_bundle(make_bundle(tmp_path, series_document(), series_net))
    assert bundle.halo.is_exact
    with load_model(bundle) as model:
        assert model.golden_error == 0.0
    fixed = make_bundle(tmp_path, series_document(3), lambda: series_net(3))
    assert np.load(io.BytesIO(open_bundle(fixed).entries[GOLDEN_INPUT])).shape[1] == 3


def test_the_proof_looks_at_every_input() -> None:
    graph = GraphBuilder(seed=8)
    graph.channels |= {"a": 1, "b": 1}
    model = closed_stack(
        graph, graph.add(graph.conv("a", 1, kernel=1), graph.conv("b", 1, kernel=5)),
        {name: ["n", 1, "h", "w"] for name in ("a", "b")},
    )  # fmt: skip
    document = stack_document(
        input_document("a", ("B02",)), input_document("b", ("B02",)), scores=2
    )
    contract = contract_from_document(document)
    halo = halo_from_graph(model, contract.inputs, "y")
    engine = ENGINES["onnxruntime"](model.SerializeToString())
    proof = prove_tiling(engine, contract, halo)
    assert proof is not None
    assert proof.holds
    blind = replace(halo, height=replace(halo.height, before_px=1))
    proof = prove_tiling(engine, contract, blind)
    assert proof is not None
    assert not proof.holds


def compiled(folder: Path, document: dict[str, Any]) -> str:
    with pytest.raises(ContractError) as caught:
        make_bundle(folder, document, fusion_net)
    assert not (folder / "b.edgers").exists()
    return str(caught.value)


def test_an_input_that_the_graph_lacks_is_refused(tmp_path: Path) -> None:
    document = fusion_document()
    document["mlm:input"][2]["name"] = "height"
    text = compiled(tmp_path, document)
    assert "input 'height' does not fit the graph" in text
    assert "mlm:input[2].name" in text


def test_an_input_that_the_contract_lacks_is_refused(tmp_path: Path) -> None:
    document = fusion_document()
    del document["mlm:input"][1]
    assert "does not say what the graph's input 'sar' takes" in compiled(tmp_path, document)


def test_each_input_is_held_against_the_graph(tmp_path: Path) -> None:
    document = fusion_document()
    document["mlm:input"][1]["bands"] = [{"name": "VV"}]
    document["mlm:input"][1]["input"]["shape"][1] = -1
    text = compiled(tmp_path, document)
    assert "input 'sar' lists 1 bands, the graph takes 2 channels" in text
    document = fusion_document()
    document["mlm:input"][2]["input"]["data_type"] = "int16"
    assert "input 'dem' is int16, the graph's is float32" in compiled(tmp_path, document)


def filled(text: str) -> dict[str, Any]:
    """Complete a draft as its user would."""
    document: dict[str, Any] = json.loads(text)
    for entry in document["mlm:input"]:
        for i, band in enumerate(entry["bands"]):
            band.pop("common_name")
            band["name"] = f"{entry['name']}{i}"
        del entry["edgers:value_scaling"], entry["edgers:gsd_m"]
    for entry in document["mlm:output"][0]["classification:classes"]:
        entry["name"] = f"class {entry['value']}"
    return document


def test_a_draft_names_every_input(tmp_path: Path) -> None:
    document = filled(draft_from_graph(fusion_net(), "net"))
    contract = contract_from_bytes(json.dumps(document).encode(), "draft")
    assert [(one.name, len(one.bands)) for one in contract.inputs] == [
        ("optical", 3), ("sar", 2), ("dem", 1)
    ]  # fmt: skip
    assert len(contract.outputs[0].classes) == 3
    assert "put the main image first" in document["$comment mlm:input"]
    make_bundle(tmp_path, document, fusion_net)


@pytest.mark.parametrize("net", [series_net, lambda: volume_net()])
def test_a_draft_guesses_the_axes_of_a_series(
    tmp_path: Path, net: Callable[[], onnx.ModelProto]
) -> None:
    document = filled(draft_from_graph(net(), "net"))
    contract = contract_from_bytes(json.dumps(document).encode(), "draft")
    (source,) = contract.inputs
    assert source.is_series
    assert len(source.bands) == 3
    assert len(contract.outputs[0].classes) == 3
    make_bundle(tmp_path, document, net)


def volume_net() -> onnx.ModelProto:
    """A convolution over dates and pixels that takes the tensor as it is: channels first."""
    graph = GraphBuilder(seed=9)
    weight = graph.constant(graph.random.normal(0, 0.3, (3, 3, 1, 3, 3)))
    seen = graph.node("Conv", ["x", weight], kernel_shape=[1, 3, 3], pads=[0, 1, 1, 0, 1, 1])
    most = graph.node("ReduceMax", [seen], axes=[2], keepdims=0)
    return closed_stack(graph, most, {"x": ["n", 3, "t", "h", "w"]})


def test_a_draft_of_one_input_says_nothing_of_others() -> None:
    assert "$comment mlm:input" not in draft_from_graph(series_net(), "net")

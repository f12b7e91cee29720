"""Ensembles: means of values and of probabilities, spreads, weights and halos."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from builders.networks import patch_net
from builders.programs import (
    class_document,
    conv_net,
    load,
    make_program,
    run_bundle,
    value_document,
)
from builders.scenes import noise

from edgers.engines import ENGINES
from edgers.errors import BadInputError, ContractError, EngineError
from edgers.pipeline.model import load_model

MEMBERS = [{"part": "main"}, {"part": "second", "weight": 3}]


def tile(seed: int = 0, size: int = 24) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((1, 3, size, size)).astype(np.float32)


def alone(seed: int, pixels: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    engine = ENGINES["onnxruntime"](conv_net(seed).SerializeToString())
    return engine.infer({"x": pixels})["y"].astype(np.float64)


def made(folder: Path, document: dict[str, Any], second: Any = None) -> Path:
    return make_program(folder, document, conv_net(1), {"second": second or conv_net(2)})


def test_values_are_averaged_by_weight(tmp_path: Path) -> None:
    bundle = made(tmp_path, value_document({"kind": "ensemble", "members": MEMBERS}))
    with load(bundle) as model:
        found = model.infer({"x": tile()})["y"]
    wanted = (alone(1, tile()) + 3 * alone(2, tile())) / 4
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_the_spread_of_members_follows_the_mean(tmp_path: Path) -> None:
    program = {"kind": "ensemble", "members": MEMBERS, "spread": True}
    bundle = made(tmp_path, value_document(program, channels=6))
    with load(bundle) as model:
        found = model.infer({"x": tile()})["y"]
    first, second = alone(1, tile()), alone(2, tile())
    mean = (first + 3 * second) / 4
    spread = np.sqrt(((first - mean) ** 2 + 3 * (second - mean) ** 2) / 4)
    np.testing.assert_allclose(found[:, :3], mean, atol=1e-5)
    np.testing.assert_allclose(found[:, 3:], spread, atol=1e-5)


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_probabilities_are_averaged_where_the_contract_says_so(
    tmp_path: Path, activation: str
) -> None:
    program = {"kind": "ensemble", "members": MEMBERS, "activation": activation}
    bundle = made(tmp_path, class_document(program, **{"edgers:activation": "none"}))

    def chances(scores: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if activation == "sigmoid":
            return 1 / (1 + np.exp(-scores))
        return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)

    with load(bundle) as model:
        found = model.infer({"x": tile()})["y"]
    wanted = (chances(alone(1, tile())) + 3 * chances(alone(2, tile()))) / 4
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_a_scene_in_tiles_equals_a_scene_in_one_with_the_larger_halo(tmp_path: Path) -> None:
    document = value_document({"kind": "ensemble", "members": MEMBERS})
    bundle = made(tmp_path, document, conv_net(2, kernel=7))
    with load(bundle) as model:
        assert model.bundle.halo.height.before_px == 3
        assert model.bundle.halo.is_exact
    samples = noise(3, 60, 50, "uint16")
    products = [
        run_bundle(tmp_path / str(size), bundle, samples, tile_px=size).products[0]
        for size in (16, 512)
    ]
    small, large = (rasterio.open(path).read() for path in products)
    assert np.array_equal(small, large)


def test_every_graph_proves_itself_at_every_load(tmp_path: Path) -> None:
    bundle = made(tmp_path, value_document({"kind": "ensemble", "members": MEMBERS}))
    with load(bundle) as model:
        whole = model.bundle
    other = {**whole.entries, "graph/second.onnx": conv_net(3).SerializeToString()}
    with pytest.raises(EngineError, match="golden tile comes out wrong"):
        load_model(replace(whole, entries=other))


def test_graphs_that_are_not_the_contracts_are_refused(tmp_path: Path) -> None:
    document = value_document({"kind": "ensemble", "members": MEMBERS})
    with pytest.raises(BadInputError, match="not those that the contract calls for"):
        make_program(tmp_path, document, conv_net(1))
    with pytest.raises(BadInputError, match="not those that the contract calls for"):
        make_program(tmp_path, document, conv_net(1), {"other": conv_net(2)})
    with pytest.raises(EngineError, match="different shapes"):
        made(tmp_path, document, conv_net(2, bands=4))
    assert not (tmp_path / "b.edgers").exists()


def test_a_graph_of_another_resolution_is_refused(tmp_path: Path) -> None:
    document = value_document({"kind": "ensemble", "members": MEMBERS})
    with pytest.raises(ContractError, match="do not lie on one grid"):
        made(tmp_path, document, patch_net())

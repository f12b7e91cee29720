"""Stored vectors: files of them, the bundle that holds them, and swapping them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders.bundles import contract_document, make_bundle, tiny_net
from builders.kits import NO_KERNELS
from builders.row_nets import embedding_contract, means_net
from builders.vectors import vectors, write_npz

from edgers.bundle import open_bundle
from edgers.errors import BadInputError, BundleError, ContractError
from edgers.export.compile import compile_bundle
from edgers.stored_vectors import (
    VECTORS,
    StoredVectors,
    vector_entries,
    vectors_from_entries,
)
from edgers.vector_file import vectors_from_file
from edgers.vector_swap import swapped, swapped_from


def test_a_file_gives_what_was_written_whatever_its_form(tmp_path: Path) -> None:
    wanted = vectors(4, 5, scale=50.0, bias=-3.0, activation="sigmoid", tower="text tower")
    as_npz = vectors_from_file(write_npz(tmp_path / "v.npz", wanted))
    (tmp_path / "v.json").write_text(
        json.dumps({**wanted.facts(), "vectors": wanted.matrix.tolist()})
    )
    for found in (as_npz, vectors_from_file(tmp_path / "v.json")):
        assert np.array_equal(found.matrix, wanted.matrix)
        assert found.facts() == wanted.facts()


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"names": ["a"]}, "KeyError"),
        ({"vectors": [[1, 2]]}, "KeyError"),
        ({"names": ["a"], "vectors": [[1, 2], [3, 4]]}, "2 vectors and 1 names"),
        ({"names": ["a", "a"], "vectors": [[1, 2], [3, 4]]}, "there twice"),
        ({"names": ["a", " "], "vectors": [[1, 2], [3, 4]]}, "empty"),
        ({"names": ["a", "b"], "vectors": [[1, 2], [0, 0]]}, "no direction"),
        ({"names": ["a"], "vectors": [1, 2]}, "shape"),
        ({"names": ["a"], "vectors": [["x"]]}, "could not convert"),
        ({"names": ["a"], "vectors": [[1.0]], "scale": 0}, "scale is 0"),
        ({"names": ["a"], "vectors": [[1.0]], "activation": "relu"}, "neither softmax"),
        (["a"], "TypeError|AttributeError"),
    ],
)
def test_a_file_that_holds_no_vectors_is_refused(
    tmp_path: Path, document: Any, message: str
) -> None:
    (tmp_path / "v.json").write_text(json.dumps(document))
    with pytest.raises(BadInputError, match=message):
        vectors_from_file(tmp_path / "v.json")


def test_a_damaged_npz_and_one_with_objects_are_refused(tmp_path: Path) -> None:
    good = write_npz(tmp_path / "v.npz", vectors(3, 4)).read_bytes()
    (tmp_path / "cut.npz").write_bytes(good[: len(good) // 2])
    np.savez(tmp_path / "o.npz", vectors=np.ones((1, 2)), names=np.array([{}], object))
    for name in ("cut.npz", "o.npz", "none.npz"):
        with pytest.raises(BadInputError):
            vectors_from_file(tmp_path / name)


def test_probabilities_are_those_of_the_plain_formula() -> None:
    random = np.random.default_rng(3)
    for activation in ("softmax", "sigmoid"):
        one = vectors(4, 6, scale=20.0, bias=-2.0, activation=activation)
        seen = random.normal(0, 5, (7, 6)).astype(np.float32)
        for row, found in zip(seen, one.probabilities(seen), strict=True):
            logits = [
                20 * row @ text / np.linalg.norm(row) / np.linalg.norm(text) - 2
                for text in one.matrix
            ]
            each = np.exp(logits)
            wanted = each / each.sum() if activation == "softmax" else each / (1 + each)
            assert np.allclose(found, wanted, atol=1e-6)


def test_scales_beyond_what_an_exponential_holds_do_no_harm() -> None:
    for activation in ("softmax", "sigmoid"):
        one = vectors(3, 2, scale=1e6, activation=activation)
        found = one.probabilities(np.array([[1.0, 2.0]], np.float32))
        assert np.isfinite(found).all()


def test_a_bundle_gives_back_its_vectors_and_refuses_damage() -> None:
    wanted = vectors(3, 4)
    entries = vector_entries(wanted)
    found = vectors_from_entries(entries)
    assert found is not None
    assert np.array_equal(found.matrix, wanted.matrix)
    assert vectors_from_entries({}) is None
    with pytest.raises(BundleError):
        vectors_from_entries({**entries, VECTORS: entries[VECTORS][:60]})


def test_an_unknown_name_is_told_with_those_there_are() -> None:
    with pytest.raises(BadInputError, match="class 0, class 1"):
        vectors(2, 3).find("river")


def bundle_with(folder: Path, held: StoredVectors) -> Path:
    return make_bundle(folder, embedding_contract(), means_net(), vectors=held)


def test_swapping_changes_the_vectors_and_nothing_else(tmp_path: Path) -> None:
    old = open_bundle(bundle_with(tmp_path, vectors(3, 3)))
    other = vectors(5, 3, seed=1)
    (tmp_path / "new.edgers").write_bytes(swapped(old, other))
    new = open_bundle(tmp_path / "new.edgers")
    assert new.bundle_id != old.bundle_id
    assert swapped_from(new) == old.bundle_id
    changed = {name for name in old.hashes if old.hashes[name] != new.hashes[name]}
    assert changed == {"vectors/vectors.npy", "vectors/vectors.json"}
    assert {*new.entries} == {*old.entries}
    assert (new.engines, new.halo, new.contract) == (old.engines, old.halo, old.contract)
    found = vectors_from_entries(new.entries)
    assert found is not None
    assert found.names == other.names
    assert swapped_from(open_bundle(tmp_path / "b.edgers")) is None


def test_vectors_may_be_put_into_a_bundle_that_had_none(tmp_path: Path) -> None:
    plain = open_bundle(make_bundle(tmp_path, embedding_contract(), means_net()))
    (tmp_path / "new.edgers").write_bytes(swapped(plain, vectors(2, 3)))
    assert VECTORS in open_bundle(tmp_path / "new.edgers").entries


def test_vectors_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    held = open_bundle(bundle_with(tmp_path, vectors(3, 3)))
    with pytest.raises(ContractError, match="They have 4 numbers, the output 3"):
        swapped(held, vectors(3, 4))
    with pytest.raises(BadInputError, match="already"):
        swapped(held, vectors(3, 3))
    with pytest.raises(ContractError, match="They have 4 numbers, the output 3"):
        bundle_with(tmp_path, vectors(3, 4))
    with pytest.raises(ContractError, match="no embedding"):
        make_bundle(tmp_path, contract_document(), tiny_net, vectors=vectors(3, 3))


def test_a_build_kit_holds_vectors_too(tmp_path: Path) -> None:
    make_bundle(tmp_path, embedding_contract(), means_net(), vectors=vectors(3, 3))
    graph, contract, out = (tmp_path / name for name in ("m.onnx", "c.json", "kit.edgers"))
    compile_bundle(
        graph, contract, out, target="orin-nano", vectors=tmp_path / "v.npz", kit=NO_KERNELS
    )
    kit = open_bundle(out)
    assert kit.kit is not None
    found = vectors_from_entries(kit.entries)
    assert found is not None
    assert found.names == vectors(3, 3).names
    (tmp_path / "new.edgers").write_bytes(swapped(kit, vectors(2, 3, seed=4)))
    assert open_bundle(tmp_path / "new.edgers").kit == kit.kit

"""`edgers retrieve`: the tiles that are most like a vector, of a finished table."""

import csv
from pathlib import Path

import numpy as np
import pytest
from builders.bundles import BAND_NAMES, make_bundle
from builders.row_nets import embedding_contract, means_net
from builders.runs import edgers
from builders.scenes import write_scene
from builders.tables import (
    matrix_rows_net,
    row_document,
    rows_bundle,
    run_rows,
    write_table,
)
from builders.vectors import vectors, write_npz

from edgers.stored_vectors import StoredVectors


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished table: the tile in column i is mostly of the i-th band."""
    folder = tmp_path_factory.mktemp("retrieve")
    samples = np.ones((3, 20, 60), np.float32)
    for i in range(3):
        samples[i, :10, 20 * i : 20 * i + 20] = 50
        samples[i, 10:, 20 * i : 20 * i + 20] = 5
    write_scene(folder / "scene.tif", samples, names=BAND_NAMES)
    directions = StoredVectors(names=("red", "green", "blue"), matrix=np.eye(3, dtype="f4") * 9)
    write_npz(folder / "q.npz", directions)
    bundle = make_bundle(folder, embedding_contract(), means_net(), vectors=directions)
    out = folder / "out"
    assert edgers("run", bundle, folder / "scene.tif", "-o", out, "--tile", 10).code == 0
    return folder


def found(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("source", ["q.npz", "b.edgers"])
def test_the_tiles_of_a_query_come_first(folder: Path, tmp_path: Path, source: str) -> None:
    table, out = folder / "out" / "scene_tiny-net.csv", tmp_path / "top.csv"
    done = edgers(
        "retrieve", table, "--vectors", folder / source, "--query", "green", "-k", 4, "-o", out
    )
    assert done.code == 0, done.err
    rows = found(out)
    assert [row["rank"] for row in rows] == ["1", "2", "3", "4"]
    assert [row["tile"] for row in rows] == ["0_2", "0_3", "1_2", "1_3"]
    cosines = [float(row["cosine"]) for row in rows]
    vector = np.array([1, 50, 1]) / np.linalg.norm([1, 50, 1])
    assert cosines[0] == pytest.approx(vector[1], abs=1e-6)
    assert cosines == sorted(cosines, reverse=True)
    assert rows[0]["bundle_id"] == found(table)[0]["bundle_id"]
    assert "tile 0_2 · cosine 0.9996 · row 0 column 20" in done.out


def test_a_row_of_a_table_finds_rows_like_itself(tmp_path: Path) -> None:
    net, document = matrix_rows_net(np.eye(2)), row_document(["a", "b"], "feature", 2)
    rows = [["7_7", 1, 0], ["x", 0, 1], ["y", 9, 1], ["z", "", 1]]
    write_table(tmp_path / "t.csv", ["tile", "a", "b"], rows)
    run_rows(rows_bundle(tmp_path, document, net), tmp_path / "t.csv", tmp_path / "out")
    done = edgers("retrieve", tmp_path / "out" / "t_rows.csv", "--like", "1")
    assert done.code == 0, done.err
    assert [text.split()[1:3] for text in done.out.splitlines()] == [
        ["row", "1"], ["row", "3"], ["row", "2"],
    ]  # fmt: skip
    wrong = edgers("retrieve", tmp_path / "out" / "t_rows.csv", "--like", "7_7")
    assert wrong.code == 2
    assert "the table has no row '7_7'" in wrong.err


def test_a_tile_finds_tiles_like_itself(folder: Path, tmp_path: Path) -> None:
    table, out = folder / "out" / "scene_tiny-net.csv", tmp_path / "top.csv"
    done = edgers("retrieve", table, "--like", "0_4", "-k", 2, "-o", out)
    assert done.code == 0, done.err
    assert [row["tile"] for row in found(out)] == ["0_4", "0_5"]
    assert float(found(out)[0]["cosine"]) == pytest.approx(1, abs=1e-6)


def test_slips_are_told_in_words(folder: Path, tmp_path: Path) -> None:
    table = folder / "out" / "scene_tiny-net.csv"
    write_npz(tmp_path / "long.npz", vectors(2, 7))
    (tmp_path / "alone.csv").write_bytes(table.read_bytes())
    slips = {
        "no stored vector 'grey'": (table, "--vectors", folder / "q.npz", "--query", "grey"),
        "has no tile '7_7'": (table, "--like", "7_7"),
        "7 numbers, they have 3": (
            table, "--vectors", tmp_path / "long.npz", "--query", "class 0",
        ),
        "alone.npy cannot be read": (tmp_path / "alone.csv", "--like", "0_0"),
        "Give --vectors and --query, --bundle and --text, or --like": (table,),
    }  # fmt: skip
    for message, arguments in slips.items():
        done = edgers("retrieve", *arguments)
        assert done.code == 2
        assert message in done.err


def test_a_table_beside_the_matrix_of_another_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes((folder / "out" / "scene_tiny-net.csv").read_bytes())
    np.save(tmp_path / "t.npy", np.ones((2, 3), np.float32))
    done = edgers("retrieve", tmp_path / "t.csv", "--like", "0_0")
    assert done.code == 2
    assert "12 rows, and a matrix of (2, 3)" in done.err

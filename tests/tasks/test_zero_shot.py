"""Zero-shot classes: an image tower in the bundle, against the vectors of a text tower.

Two tiny towers with seeded weights are run as one model in torch; the bundle has the image tower's
graph and the text tower's vectors, and must say the same of every tile.
"""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from builders.bundles import BAND_NAMES, make_bundle
from builders.graphs import GraphBuilder
from builders.networks import closed
from builders.row_nets import embedding_contract
from builders.runs import edgers
from builders.scenes import noise, write_scene
from builders.vectors import write_npz

from edgers.bundle import open_bundle
from edgers.stored_vectors import StoredVectors

torch = pytest.importorskip("torch")

FEATURES, TILE_PX = 8, 24
WORDS = ("a", "photo", "of", "water", "forest", "city", "field")
PROMPTS = {
    "first": ("a photo of water", "a photo of forest", "a photo of city"),
    "second": ("field", "water city"),
}
LOG_SCALE = 2.5
"""Logarithm of the logit scale, as CLIP keeps it."""


class TwoTowers(torch.nn.Module):  # type: ignore[misc,name-defined]
    """A convolution and a mean for pictures; word vectors, their mean and a matrix for text."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(7)
        self.image = torch.nn.Conv2d(3, FEATURES, 3, padding=1)
        self.words = torch.nn.Embedding(len(WORDS), 5)
        self.text = torch.nn.Linear(5, FEATURES)

    def see(self, picture: Any) -> Any:
        return torch.relu(self.image(picture)).mean(dim=(2, 3))

    def read(self, prompt: str) -> Any:
        tokens = torch.tensor([WORDS.index(word) for word in prompt.split()])
        return self.text(self.words(tokens).mean(dim=0))

    def forward(self, picture: Any, prompts: tuple[str, ...]) -> Any:
        seen = torch.nn.functional.normalize(self.see(picture))
        texts = torch.nn.functional.normalize(torch.stack([self.read(one) for one in prompts]))
        return (np.exp(LOG_SCALE) * seen @ texts.T).softmax(dim=1)


@pytest.fixture(scope="module")
def towers() -> TwoTowers:
    return TwoTowers().eval()


def image_tower(towers: TwoTowers) -> onnx.ModelProto:
    """The image tower as a graph."""
    graph = GraphBuilder()
    weights = [graph.constant(p.detach().numpy()) for p in towers.image.parameters()]
    conv = graph.node("Conv", ["x", *weights], kernel_shape=[3, 3], pads=[1] * 4)
    pooled = graph.node("GlobalAveragePool", [graph.node("Relu", [conv])])
    return closed(graph, graph.node("Flatten", [pooled]), rank=2)


def text_vectors(towers: TwoTowers, prompts: tuple[str, ...]) -> StoredVectors:
    """What the text tower says, as a file of vectors holds it."""
    with torch.no_grad():
        matrix = torch.stack([towers.read(one) for one in prompts]).numpy()
    return StoredVectors(
        names=prompts, matrix=matrix, scale=float(np.exp(LOG_SCALE)), tower="tiny text tower"
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, towers: TwoTowers) -> Path:
    folder = tmp_path_factory.mktemp("zero")
    write_scene(folder / "scene.tif", picture(), names=BAND_NAMES)
    make_bundle(
        folder, embedding_contract(FEATURES), lambda: image_tower(towers),
        vectors=text_vectors(towers, PROMPTS["first"]),
    )  # fmt: skip
    write_npz(folder / "second.npz", text_vectors(towers, PROMPTS["second"]))
    return folder


def picture() -> npt.NDArray[Any]:
    """Samples of every size in turn, so that tiles differ."""
    given = noise(3, 60, 80).astype(np.float32) / 4000
    given[0, :, 40:] *= 3
    given[2, 30:] *= -2
    return given


def check_against_towers(towers: TwoTowers, table: Path, prompts: tuple[str, ...]) -> set[str]:
    """Hold every row against the two towers; give the classes that were told."""
    given = picture()
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 4
    for row in rows:
        top, left = int(row["row_px"]), int(row["column_px"])
        tile = given[None, :, top : top + TILE_PX, left : left + TILE_PX]
        with torch.no_grad():
            wanted = towers(torch.tensor(tile), prompts)[0].numpy()
        assert [float(row[f"p_{one}"]) for one in prompts] == pytest.approx(wanted, abs=1e-5)
        assert row["class_name"] == prompts[int(wanted.argmax())]
    return {row["class_name"] for row in rows}


def test_other_vectors_give_other_classes_without_a_new_graph(
    towers: TwoTowers, folder: Path, tmp_path: Path
) -> None:
    first, second = folder / "b.edgers", tmp_path / "other.edgers"
    done = edgers("run", first, folder / "scene.tif", "-o", tmp_path / "a", "--tile", TILE_PX)
    assert done.code == 0, done.err
    check_against_towers(towers, tmp_path / "a" / "scene_tiny-net.csv", PROMPTS["first"])

    done = edgers("swap", first, "--vectors", folder / "second.npz", "-o", second)
    assert done.code == 0, done.err
    assert "field, water city" in done.out
    assert "by tiny text tower" in done.out
    old, new = open_bundle(first), open_bundle(second)
    assert new.entries["graph/fp32.onnx"] == old.entries["graph/fp32.onnx"]
    assert new.swapped_from == old.bundle_id

    done = edgers("run", second, folder / "scene.tif", "-o", tmp_path / "b", "--tile", TILE_PX)
    assert done.code == 0, done.err
    told = check_against_towers(towers, tmp_path / "b" / "scene_tiny-net.csv", PROMPTS["second"])
    assert told == set(PROMPTS["second"])


def test_inspect_tells_of_vectors_and_of_a_swap(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "other.edgers"
    assert edgers(
        "swap", folder / "b.edgers", "--vectors", folder / "second.npz", "-o", out
    ).code == 0  # fmt: skip
    told = edgers("inspect", out).out
    assert "8 numbers each · by tiny text tower" in told
    assert f"from bundle {open_bundle(folder / 'b.edgers').bundle_id[:12]}" in told
    assert "swapped" not in edgers("inspect", folder / "b.edgers").out


def test_a_refused_swap_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    write_npz(tmp_path / "short.npz", StoredVectors(names=("a",), matrix=np.ones((1, 3), "f4")))
    out = tmp_path / "other.edgers"
    done = edgers("swap", folder / "b.edgers", "--vectors", tmp_path / "short.npz", "-o", out)
    assert done.code == 2
    assert "They have 3 numbers, the output 8" in done.err
    assert not out.exists()

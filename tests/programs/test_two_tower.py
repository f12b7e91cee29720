"""Two towers in one bundle: classes said at a run are those stored before, and torch's."""

import csv
import functools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from builders.bundles import BAND_NAMES as BANDS
from builders.graphs import GraphBuilder
from builders.networks import closed
from builders.programs import close, load, make_program
from builders.row_nets import embedding_contract
from builders.runs import edgers
from builders.scenes import noise, write_scene
from onnx import TensorProto, numpy_helper

from edgers.bundle import open_bundle
from edgers.contract.two_tower import TwoTowerRule
from edgers.errors import BadInputError, BundleError, ContractError, EngineError
from edgers.pipeline.model import load_model
from edgers.pipeline.two_towers import class_vectors, with_classes
from edgers.programs.sentences import Sentences

torch = pytest.importorskip("torch")
library = pytest.importorskip("tokenizers")

FEATURES, WIDE, TILE_PX, LENGTH = 8, 5, 24, 12
BEGIN, END = "<|startoftext|>", "<|endoftext|>"
TEMPLATES = ("a satellite photo of {}", "{} seen from above")
CLASSES = ("flooded road", "dry road", "Lake")
SCALE = 12.0


@functools.cache
def trained() -> str:
    """A tokenizer as CLIP has: small letters, byte pairs with an end of words, own first and last
    tokens; trained on a few words, once, for equal pairs are merged in any order.
    """
    made = library.Tokenizer(library.models.BPE(end_of_word_suffix="</w>", unk_token=END))
    made.normalizer = library.normalizers.Lowercase()
    made.pre_tokenizer = library.pre_tokenizers.WhitespaceSplit()
    trainer = library.trainers.BpeTrainer(
        vocab_size=120, special_tokens=[BEGIN, END], end_of_word_suffix="</w>", show_progress=False
    )  # fmt: skip
    made.train_from_iterator(
        ["a satellite photo of flooded road seen from above", *CLASSES], trainer
    )
    made.post_processor = library.processors.TemplateProcessing(
        single=f"{BEGIN} $A {END}", special_tokens=[(BEGIN, 0), (END, 1)]
    )
    return str(made.to_str())


def clip_tokenizer(*, fills: bool = True) -> Any:
    made = library.Tokenizer.from_str(trained())
    if fills:
        made.enable_padding(pad_id=1, length=LENGTH)
        made.enable_truncation(LENGTH)
    return made


class TwoTowers(torch.nn.Module):  # type: ignore[misc,name-defined]
    """A convolution and a mean for pictures; vectors of tokens, gathered at the last, for text."""

    def __init__(self, seed: int = 7) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.image = torch.nn.Conv2d(3, FEATURES, 3, padding=1)
        self.words = torch.nn.Embedding(120, WIDE)
        self.places = torch.nn.Embedding(LENGTH, WIDE)
        self.text = torch.nn.Linear(WIDE, FEATURES, bias=False)

    def read(self, sentence: str) -> Any:
        """Embed as CLIP does: with padding and truncation, up to the first end."""
        tokens = torch.tensor(clip_tokenizer().encode(sentence).ids)
        seen = (self.words(tokens) + self.places.weight).cumsum(0)
        return self.text(torch.tanh(seen)[int((tokens == 1).int().argmax())])

    def forward(self, picture: Any, activation: str, bias: float) -> Any:
        seen = torch.nn.functional.normalize(torch.relu(self.image(picture)).mean(dim=(2, 3)))
        rows = []
        for name in CLASSES:
            texts = torch.stack([self.read(one.replace("{}", name)) for one in TEMPLATES])
            mean = torch.nn.functional.normalize(texts).mean(dim=0)
            rows.append(torch.nn.functional.normalize(mean, dim=0))
        scores = SCALE * seen @ torch.stack(rows).T + bias
        return scores.softmax(dim=1) if activation == "softmax" else scores.sigmoid()


def image_tower(towers: TwoTowers) -> onnx.ModelProto:
    graph = GraphBuilder()
    weights = [graph.constant(one.detach().numpy()) for one in towers.image.parameters()]
    conv = graph.node("Conv", ["x", *weights], kernel_shape=[3, 3], pads=[1] * 4)
    pooled = graph.node("GlobalAveragePool", [graph.node("Relu", [conv])])
    return closed(graph, graph.node("Flatten", [pooled]), rank=2)


def text_tower(towers: TwoTowers) -> onnx.ModelProto:
    graph = onnx.parser.parse_graph(
        f"""text (int64[1,{LENGTH}] ids, int64[1,{LENGTH}] mask) => (float[1,{FEATURES}] vector)
        <int64 end = {{1}}, int64[1] along = {{1}}> {{
          looked = Gather(words, ids)
          placed = Add(looked, places)
          summed = CumSum(placed, one)
          bent = Tanh(summed)
          ends = Equal(ids, end)
          is_end = Cast<to = 7>(ends)
          at = ArgMax<axis = 1, keepdims = 0>(is_end)
          last = Gather<axis = 1>(bent, at)
          flat = Squeeze(last, along)
          own = Gather<axis = 1>(mask, at)
          here = Cast<to = 1>(own)
          kept = Mul(flat, here)
          vector = MatMul(kept, matrix)
        }}"""
    )
    weights = {
        "words": towers.words.weight, "places": towers.places.weight,
        "matrix": towers.text.weight.T,
    }  # fmt: skip
    given = [numpy_helper.from_array(v.detach().numpy().copy(), k) for k, v in weights.items()]
    given.append(numpy_helper.from_array(np.array(1), "one"))
    return close(
        list(graph.node), {"ids": [1, LENGTH], "mask": [1, LENGTH]}, {"vector": [1, FEATURES]},
        [*graph.initializer, *given], {"ids": TensorProto.INT64, "mask": TensorProto.INT64},
    )  # fmt: skip


def document(**program: Any) -> dict[str, Any]:
    rule = {
        "kind": "two-tower", "text": "text", "tokens": "ids", "mask": "mask", "embedding": "vector",
        "templates": list(TEMPLATES), "scale": SCALE, "length": LENGTH, **program,
    }  # fmt: skip
    return {**embedding_contract(FEATURES), "edgers:program": rule}


def make(folder: Path, towers: TwoTowers, **program: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "words.json").write_text(clip_tokenizer().to_str())
    return make_program(
        folder, document(**program), image_tower(towers), {"text": text_tower(towers)},
        tokenizer=folder / "words.json",
    )  # fmt: skip


@pytest.fixture(scope="module")
def towers() -> TwoTowers:
    return TwoTowers().eval()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, towers: TwoTowers) -> Path:
    return make(tmp_path_factory.mktemp("towers"), towers)


def picture() -> npt.NDArray[Any]:
    given = noise(3, 48, 72).astype(np.float32) / 4000
    given[0, :, 40:] *= 3
    given[2, 30:] *= -2
    return given


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def check_against_torch(towers: TwoTowers, table: Path, activation: str, bias: float) -> None:
    rows = rows_of(table)
    assert len(rows) == 6
    for row in rows:
        top, left = int(row["row_px"]), int(row["column_px"])
        tile = picture()[None, :, top : top + TILE_PX, left : left + TILE_PX]
        with torch.no_grad():
            wanted = towers(torch.tensor(tile), activation, bias)[0].numpy()
        assert [float(row[f"p_{one}"]) for one in CLASSES] == pytest.approx(wanted, abs=1e-4)
    assert len({row[f"p_{CLASSES[0]}"] for row in rows}) == 6


def test_classes_said_at_a_run_are_those_of_a_swap_and_of_torch(
    bundle: Path, towers: TwoTowers, tmp_path: Path
) -> None:
    scene, names = write_scene(tmp_path / "s.tif", picture(), names=BANDS), ", ".join(CLASSES)
    done = edgers(
        "run", bundle, scene, "-o", tmp_path / "live", "--tile", TILE_PX, "--classes", names
    )  # fmt: skip
    assert done.code == 0, done.err
    check_against_torch(towers, tmp_path / "live" / "s_tiny-net.csv", "softmax", 0.0)
    done = edgers("swap", bundle, "--classes", names, "-o", tmp_path / "stored.edgers")
    assert done.code == 0, done.err
    assert "flooded road, dry road, Lake" in done.out
    done = edgers(
        "run", tmp_path / "stored.edgers", scene, "-o", tmp_path / "stored", "--tile", TILE_PX
    )
    assert done.code == 0, done.err
    # One bundle id, so all products are the same.
    for path in (tmp_path / "live").iterdir():
        assert path.read_bytes() == (tmp_path / "stored" / path.name).read_bytes()


def test_sigmoid_has_scale_and_bias(towers: TwoTowers, tmp_path: Path) -> None:
    made = make(tmp_path, towers, activation="sigmoid", bias=-3.0)
    scene = write_scene(tmp_path / "s.tif", picture(), names=BANDS)
    done = edgers(
        "run", made, scene, "-o", tmp_path / "o", "--tile", TILE_PX, "--classes", ",".join(CLASSES)
    )  # fmt: skip
    assert done.code == 0, done.err
    check_against_torch(towers, tmp_path / "o" / "s_tiny-net.csv", "sigmoid", -3.0)


def test_tiles_are_ranked_by_what_a_text_says(
    bundle: Path, towers: TwoTowers, tmp_path: Path
) -> None:
    scene = write_scene(tmp_path / "s.tif", picture(), names=BANDS)
    assert edgers("run", bundle, scene, "-o", tmp_path / "o", "--tile", TILE_PX).code == 0
    table = tmp_path / "o" / "s_tiny-net.csv"
    done = edgers(
        "retrieve",
        table,
        "--bundle",
        bundle,
        "--text",
        "dry road",
        "-k",
        6,
        "-o",
        tmp_path / "h.csv",
    )
    assert done.code == 0, done.err
    with torch.no_grad():
        wanted = torch.nn.functional.normalize(towers.read("dry road"), dim=0).numpy()
    embeddings = np.load(table.with_suffix(".npy"))
    cosines = sorted((embeddings @ wanted / np.linalg.norm(embeddings, axis=1)).tolist())
    found = [float(row["cosine"]) for row in rows_of(tmp_path / "h.csv")]
    assert found == pytest.approx(cosines[::-1], abs=1e-5)


def test_a_bundle_in_memory_has_the_id_of_the_one_that_is_written(
    bundle: Path, tmp_path: Path
) -> None:
    with load(bundle) as model:
        named = with_classes(model, CLASSES).bundle
        assert (
            with_classes(with_classes(model, CLASSES), CLASSES).bundle.bundle_id == named.bundle_id
        )
        assert len(class_vectors(model, ("a", "b")).matrix) == 2
    assert (
        edgers("swap", bundle, "--classes", ",".join(CLASSES), "-o", tmp_path / "b.edgers").code
        == 0
    )
    written = open_bundle(tmp_path / "b.edgers")
    assert (named.bundle_id, named.hashes) == (written.bundle_id, written.hashes)


@pytest.mark.parametrize("entry", ["graph/text.onnx", "graph/fp32.onnx"])
def test_both_towers_prove_themselves_at_every_load(bundle: Path, entry: str) -> None:
    other = TwoTowers(seed=8)
    net = text_tower(other) if "text" in entry else image_tower(other)
    whole = open_bundle(bundle)
    entries = {**whole.entries, entry: net.SerializeToString()}
    with pytest.raises(EngineError, match="golden tile comes out wrong"):
        load_model(replace(whole, entries=entries))


def rule(**program: Any) -> TwoTowerRule:
    return TwoTowerRule(text="text", tokens="ids", embedding="vector", **program)


@pytest.mark.parametrize("text", ["Flooded ROAD", "a satellite photo of  dry road", "", "Lake"])
def test_sentences_are_begun_ended_and_filled_as_the_library_does(text: str) -> None:
    wanted = clip_tokenizer().encode(text)
    by_itself = Sentences(clip_tokenizer().to_str().encode(), rule()).tokens(text)
    plain = clip_tokenizer(fills=False).to_str().encode()
    by_contract = Sentences(plain, rule(bos=0, eos=1, pad=1, length=LENGTH)).tokens(text)
    for found in (by_itself, by_contract):
        assert found.tokens.tolist() == [wanted.ids]
        assert found.count == sum(wanted.attention_mask)
    assert Sentences(plain, rule()).tokens(text).tokens.tolist() == [wanted.ids[: found.count]]


def test_sentences_that_do_not_fit_are_refused_in_words(bundle: Path) -> None:
    told = clip_tokenizer().to_str().encode()
    with pytest.raises(BadInputError, match=r"its first [1-9]"):
        Sentences(told, rule()).tokens("road " * 20)
    with pytest.raises(BundleError, match="what fills a sentence up"):
        Sentences(clip_tokenizer(fills=False).to_str().encode(), rule(length=9))
    done = edgers("swap", bundle, "--classes", " , ", "-o", "never.edgers")
    assert (done.code, "no class is named" in done.err) == (2, True)


def test_a_model_without_a_text_tower_takes_no_words(tmp_path: Path, towers: TwoTowers) -> None:
    made = make_program(tmp_path, embedding_contract(FEATURES), image_tower(towers))
    done = edgers("swap", made, "--classes", "a, b", "-o", tmp_path / "n.edgers")
    assert (done.code, "reads no words" in done.err) == (2, True)
    with pytest.raises(BadInputError, match="a text tower needs a tokenizer"):
        make_program(
            tmp_path, document(), image_tower(towers), {"text": text_tower(towers)}
        )  # fmt: skip
    with pytest.raises(ContractError, match=r"no output 'other'"):
        make(tmp_path, towers, embedding="other")
    with pytest.raises(ContractError, match="takes sentences of 12 tokens"):
        make(tmp_path, towers, length=77)

"""Models that answer in words, over scenes: tables, questions and what is refused."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders.programs import conv_net, load, make_program, run_bundle, value_document
from builders.runs import edgers
from builders.scenes import noise, write_scene
from builders.writers import BOS, CACHE, Writer, text_document, torch_greedy

from edgers.errors import BadInputError, ContractError

pytest.importorskip("torch")
library = pytest.importorskip("tokenizers")

VOCABULARY = [
    "<pad>",
    "<s>",
    "</s>",
    "what",
    "is",
    "here",
    "a",
    "dam",
    "river",
    "town",
    "and",
    "no",
]
TILE = {"shape": [-1, 3, 16, 16], "dim_order": ["batch", "channel", "height", "width"],
        "data_type": "float32"}  # fmt: skip


def tokenizer(folder: Path) -> Path:
    model = library.models.WordLevel({word: i for i, word in enumerate(VOCABULARY)}, "<pad>")
    made = library.Tokenizer(model)
    made.pre_tokenizer = library.pre_tokenizers.Whitespace()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tokenizer.json"
    path.write_text(made.to_str())
    return path


def made(
    folder: Path, words: Path | None = None, document: dict[str, Any] | None = None,
    **program: Any,
) -> Path:  # fmt: skip
    document = document or text_document(cache=CACHE, **program)
    document["mlm:input"][0]["input"] = TILE
    document["mlm:input"][0]["value_scaling"] = [{"type": "scale", "value": 100}]
    writer = Writer(1)
    decoder = writer.decoder(with_cache=True)
    return make_program(folder, document, writer.encoder(), {"decoder": decoder}, tokenizer=words)


def samples() -> Any:
    return noise(3, 32, 48, "uint8")


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def wanted(tile: str, prompt: list[int]) -> list[int]:
    row, column = map(int, tile.split("_"))
    pixels = samples()[:, row * 16 : row * 16 + 16, column * 16 : column * 16 + 16]
    return torch_greedy(Writer(1), pixels[None].astype(np.float32) / 100, prompt)


def test_each_tile_has_an_answer_in_words(tmp_path: Path) -> None:
    bundle = made(tmp_path, tokenizer(tmp_path))
    report = run_bundle(tmp_path, bundle, samples())
    rows = table(report.products[0])
    assert len(rows) == 6
    for row in rows:
        said = " ".join(VOCABULARY[i] for i in wanted(row["tile"], [BOS]) if i > 2)
        assert row["text"] == said
    assert len({row["text"] for row in rows}) > 1


def test_a_question_is_asked_of_each_tile_and_told_in_the_products(tmp_path: Path) -> None:
    bundle = made(tmp_path, tokenizer(tmp_path), prompt="what is {prompt}")
    report = run_bundle(tmp_path, bundle, samples(), ask=("here",))
    for row in table(report.products[0]):
        tokens = wanted(row["tile"], [BOS, 3, 4, 5])
        assert row["text"] == " ".join(VOCABULARY[i] for i in tokens if i > 2)
    assert '"here"' in report.products[-1].read_text()


def test_several_questions_have_a_column_each(tmp_path: Path) -> None:
    bundle = made(tmp_path, tokenizer(tmp_path), prompt="what is {prompt}", question="a dam")
    report = run_bundle(tmp_path, bundle, samples(), ask=("here", "a river"))
    for row in table(report.products[0]):
        for column, prompt in (("text_1", [BOS, 3, 4, 5]), ("text_2", [BOS, 3, 4, 6, 8])):
            said = [VOCABULARY[i] for i in wanted(row["tile"], prompt) if i > 2]
            assert row[column] == " ".join(said)
    told = json.loads(report.products[-1].read_text())["properties"]
    assert told["edgers:asked"] == ["here", "a river"]
    # Where nothing is asked, the contract's question is.
    report = run_bundle(tmp_path / "b", bundle, samples())
    for row in table(report.products[0]):
        tokens = wanted(row["tile"], [BOS, 3, 4, 6, 7])
        assert row["text"] == " ".join(VOCABULARY[i] for i in tokens if i > 2)


def test_without_a_tokenizer_the_tokens_are_told(tmp_path: Path) -> None:
    report = run_bundle(tmp_path, made(tmp_path), samples())
    for row in table(report.products[0]):
        tokens = wanted(row["tile"], [BOS])
        assert row["tokens"].split() == [str(t) for t in (tokens + [0] * 9)[:9]]


def test_a_question_to_a_model_that_takes_none_is_refused(tmp_path: Path) -> None:
    bundle = made(tmp_path / "a")
    with pytest.raises(BadInputError, match="takes no question"):
        run_bundle(tmp_path / "a", bundle, samples(), ask=("here",))
    bundle = made(tmp_path / "b", tokenizer(tmp_path / "b"))
    with pytest.raises(BadInputError, match="takes no question"):
        run_bundle(tmp_path / "b", bundle, samples(), ask=("here",))


def test_what_does_not_go_together_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="a prompt needs a tokenizer"):
        made(tmp_path, prompt="what is {prompt}")
    with pytest.raises(BadInputError, match="nothing to make words of"):
        make_program(
            tmp_path, value_document({"kind": "single"}), conv_net(1),
            tokenizer=tokenizer(tmp_path),
        )  # fmt: skip
    scene = text_document(cache=CACHE)
    scene["mlm:output"][0]["edgers:scope"] = "scene"
    with pytest.raises(ContractError, match="words for a scene"):
        made(tmp_path, document=scene)
    assert not (tmp_path / "b.edgers").exists()


def test_the_command_line_compiles_and_asks(tmp_path: Path) -> None:
    made(tmp_path, tokenizer(tmp_path), prompt="{prompt}")
    scene = write_scene(tmp_path / "s.tif", samples(), names=("B02", "B03", "B04"))
    done = edgers(
        "compile", tmp_path / "main.onnx", "--contract", tmp_path / "c.json", "--part",
        f"decoder={tmp_path / 'decoder.onnx'}", "--tokenizer", tmp_path / "tokenizer.json",
        "--engine", "onnxruntime", "-o", tmp_path / "cli.edgers",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert (tmp_path / "cli.edgers").read_bytes() == (tmp_path / "b.edgers").read_bytes()
    ran = edgers(
        "run", tmp_path / "cli.edgers", scene, "-o", tmp_path / "o", "--ask", "a dam", "--json"
    )  # fmt: skip
    assert ran.code == 0, ran.err
    products = json.loads(ran.out)[0]["products"]
    assert all("text" in row for row in table(Path(products[0])))
    with load(tmp_path / "cli.edgers") as model:
        assert model.bundle.halo.unbounded

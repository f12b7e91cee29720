"""A model that tells where the bright thing of a tile is, as tokens: a name, then two places."""

import json
from pathlib import Path
from typing import Any

import onnx
from builders.networks import plain_contract
from builders.programs import make_program

SIDE_PX = 32
"""Side of its tiles: a bin of a place is a pixel."""
NAMES = ("ship", "Big-Plane", "hut")
"""What is told of what is bright in each band."""
ASKING = ("where", "is", "it", "?")
FIRST = 3 + len(ASKING)
"""Token of the first name."""
WORDS = FIRST + len(NAMES) + SIDE_PX
SURE = 4.0
"""Logit of the right token; of the others 0."""

ENCODER = f"""
<ir_version: 8, opset_import: ["": 17]>
encoder (float[n,3,{SIDE_PX},{SIDE_PX}] x) => (int64[n,6] memory)
<float half = {{0.5}}, float none = {{0}}, int64[1,1] end = {{2}},
 int64 name = {{{FIRST}}}, int64 place = {{{FIRST + len(NAMES)}}}> {{
  bright = Greater(x, half)
  hot = Cast<to = 1>(bright)
  rows = ReduceMax<axes = [1, 3], keepdims = 0>(hot)
  columns = ReduceMax<axes = [1, 2], keepdims = 0>(hot)
  kinds = ReduceMax<axes = [2, 3], keepdims = 0>(hot)
  top = ArgMax<axis = 1>(rows)
  bottom = ArgMax<axis = 1, select_last_index = 1>(rows)
  left = ArgMax<axis = 1>(columns)
  right = ArgMax<axis = 1, select_last_index = 1>(columns)
  kind = ArgMax<axis = 1>(kinds)
  word = Add(kind, name)
  corners = Concat<axis = 1>(left, top, right, bottom)
  places = Add(corners, place)
  all = Concat<axis = 1>(word, places, end)
  most = ReduceMax<axes = [1]>(kinds)
  any = Greater(most, none)
  memory = Where(any, all, end)
}}
"""
DECODER = f"""
<ir_version: 8, opset_import: ["": 17]>
decoder (int64[n,m] ids, int64[n,6] memory) => (float[n,1,v] logits)
<int64 first = {{{FIRST}}}, int64[1] along = {{1}}, int64 depth = {{{WORDS}}},
 float[2] values = {{0, {SURE}}}> {{
  told = GreaterOrEqual(ids, first)
  ones = Cast<to = 7>(told)
  count = ReduceSum(ones, along)
  next = GatherElements<axis = 1>(memory, count)
  logits = OneHot<axis = -1>(next, depth, values)
}}
"""


def teller_document(
    names: tuple[str, ...] = NAMES, steps: int = SIDE_PX, **program: Any
) -> dict[str, Any]:
    """Give a contract for three bands; no `names` for an open vocabulary."""
    document = plain_contract()
    document["mlm:input"][0]["input"]["shape"] = [-1, 3, SIDE_PX, SIDE_PX]
    output = document["mlm:output"][0]
    output["classification:classes"] = [{"value": i + 1, "name": n} for i, n in enumerate(names)]
    if not names:
        del output["classification:classes"]
    output |= {
        "tasks": ["visual-grounding"],
        "result": {"shape": [-1, 8], "dim_order": ["batch", "token"], "data_type": "int64"},
        "edgers:shapes": [{"form": "places", "steps": steps, "corners": "box"}],
    }
    document["edgers:program"] = {
        "kind": "autoregressive", "decoder": "decoder", "memory": "memory",
        "memory_input": "memory", "tokens": "ids", "logits": "logits", "bos": 1, "eos": 2, "pad": 0,
        "max_tokens": 8, **program,
    }  # fmt: skip
    return document


def write_tokenizer(path: Path) -> Path:
    """Write its words, for the library `tokenizers`."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    places = [f"<loc_{i}>" for i in range(SIDE_PX)]
    words = ["<pad>", "<s>", "</s>", *ASKING, *NAMES, *places]
    made = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, "<pad>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    path.write_text(json.dumps(json.loads(made.to_str())))
    return path


def make_teller(folder: Path, document: dict[str, Any], *, with_words: bool = True) -> Path:
    """Compile it in `folder`, and give the bundle's path."""
    folder.mkdir(parents=True, exist_ok=True)
    encoder, decoder = (onnx.parser.parse_model(text) for text in (ENCODER, DECODER))
    words = write_tokenizer(folder / "words.json") if with_words else None
    return make_program(folder, document, encoder, {"decoder": decoder}, tokenizer=words)

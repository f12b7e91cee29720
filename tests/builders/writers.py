"""A small encoder and decoder of random weights, in torch and as graphs, with and without cache."""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from builders.networks import plain_contract
from builders.programs import close, contract_of
from onnx import TensorProto, helper, numpy_helper

from edgers.contract import Contract

WORDS, WIDE, HEADS, LONGEST = 12, 8, 2, 64
"""Vocabulary, features, heads, and positions."""
HEAD = WIDE // HEADS


class Writer:
    """One layer of attention to what was written, one to the image."""

    def __init__(self, seed: int = 0) -> None:
        random = np.random.default_rng(seed)

        def weight(*shape: int) -> Any:
            return random.normal(0, 0.7, shape).astype(np.float32)

        self.weights = {name: weight(WIDE, WIDE) for name in ("q", "k", "v", "o", "cq", "ck", "cv")}
        self.weights |= {
            "words": weight(WORDS, WIDE), "places": weight(LONGEST, WIDE),
            "out": weight(WIDE, WORDS), "patch": weight(WIDE, 3, 4, 4),
        }  # fmt: skip

    def memory(self, image: Any) -> Any:
        """Encode (1, 3, h, w) in torch."""
        import torch

        seen = torch.nn.functional.conv2d(image, torch.from_numpy(self.weights["patch"]), stride=4)
        return torch.tanh(seen.flatten(2).transpose(1, 2))

    def logits(self, memory: Any, tokens: list[int]) -> Any:
        """Decode all tokens anew in torch, (length, vocabulary)."""
        import torch

        w = {name: torch.from_numpy(value) for name, value in self.weights.items()}
        n = len(tokens)
        x = w["words"][torch.tensor(tokens)] + w["places"][:n]
        q, k, v = (
            (x @ w[name]).reshape(n, HEADS, HEAD).transpose(0, 1) for name in ("q", "k", "v")
        )
        scores = q @ k.transpose(1, 2) / HEAD**0.5
        later = torch.triu(torch.ones(n, n, dtype=torch.bool), 1)
        mixed = torch.softmax(scores.masked_fill(later, float("-inf")), -1) @ v
        x = x + mixed.transpose(0, 1).reshape(n, WIDE) @ w["o"]
        seen = torch.softmax(x @ w["cq"] @ (memory[0] @ w["ck"]).T / WIDE**0.5, -1)
        x = x + seen @ (memory[0] @ w["cv"])
        return x @ w["out"]

    def encoder(self) -> onnx.ModelProto:
        nodes = [
            helper.make_node("Conv", ["x", "patch"], ["seen"], strides=[4, 4]),
            helper.make_node("Reshape", ["seen", "flat"], ["row"]),
            helper.make_node("Transpose", ["row"], ["turned"], perm=[0, 2, 1]),
            helper.make_node("Tanh", ["turned"], ["memory"]),
        ]
        weights = [
            numpy_helper.from_array(self.weights["patch"], "patch"),
            numpy_helper.from_array(np.array([0, 0, -1]), "flat"),
        ]
        inputs = {"x": ["n", 3, "h", "w"]}
        return close(nodes, inputs, {"memory": ["n", "s", WIDE]}, weights)

    def decoder(self, *, with_cache: bool) -> onnx.ModelProto:
        nodes: list[onnx.NodeProto] = []
        constants = {
            **self.weights, "zero": np.array(0), "one": np.array(1), "axis1": np.array([1]),
            "split": np.array([0, 0, HEADS, HEAD]), "joined": np.array([0, 0, WIDE]),
            "root": np.float32(HEAD**0.5), "wide": np.float32(WIDE**0.5),
            "never": np.float32(-1e9), "always": np.float32(0), "at1": np.array(1),
            "at2": np.array(2), "ends0": np.array([0]),
        }  # fmt: skip

        def node(op: str, *inputs: str, to: str = "", **attributes: Any) -> str:
            name = to or f"n{len(nodes)}"
            nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
            return name

        def heads(name: str) -> str:
            return node("Transpose", node("Reshape", node("MatMul", x, name), "split"),
                        perm=[0, 2, 1, 3])  # fmt: skip

        new = node("Gather", node("Shape", "ids"), "at1")
        past = node("Gather", node("Shape", "past.0.key"), "at2") if with_cache else "zero"
        total = node("Add", past, new)
        places = node("Range", past, total, "one")
        x = node("Add", node("Gather", "words", "ids"), node("Gather", "places", places))
        q, k, v = heads("q"), heads("k"), heads("v")
        if with_cache:
            k = node("Concat", "past.0.key", k, axis=2, to="present.0.key")
            v = node("Concat", "past.0.value", v, axis=2, to="present.0.value")
        scores = node("Div", node("MatMul", q, node("Transpose", k, perm=[0, 1, 3, 2])), "root")
        columns = node("Range", "zero", total, "one")
        later = node("Greater", columns, node("Unsqueeze", places, "axis1"))
        masked = node("Add", scores, node("Where", later, "never", "always"))
        mixed = node("Transpose", node("MatMul", node("Softmax", masked, axis=-1), v),
                     perm=[0, 2, 1, 3])  # fmt: skip
        x = node("Add", x, node("MatMul", node("Reshape", mixed, "joined"), "o"))
        keys = node("Transpose", node("MatMul", "memory", "ck"), perm=[0, 2, 1])
        seen = node("Div", node("MatMul", node("MatMul", x, "cq"), keys), "wide")
        told = node("MatMul", node("Softmax", seen, axis=-1), node("MatMul", "memory", "cv"))
        node("MatMul", node("Add", x, told), "out", to="logits")
        inputs: dict[str, list[Any]] = {"ids": ["n", "m"], "memory": ["n", "s", WIDE]}
        outputs: dict[str, list[Any]] = {"logits": ["n", "m", WORDS]}
        if with_cache:
            for kind in ("key", "value"):
                inputs[f"past.0.{kind}"] = ["n", HEADS, "p", HEAD]
                outputs[f"present.0.{kind}"] = ["n", HEADS, "all", HEAD]
        weights = [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()]
        return close(nodes, inputs, outputs, weights, {"ids": TensorProto.INT64})


CACHE = {
    "past": "past.{layer}.{kind}", "present": "present.{layer}.{kind}", "layers": 1,
    "shape": [-1, HEADS, 0, HEAD],
}  # fmt: skip

BOS, EOS, PAD = 1, 2, 0
BASE = {
    "kind": "autoregressive", "decoder": "decoder", "memory": "memory", "memory_input": "memory",
    "tokens": "ids", "logits": "logits", "bos": BOS, "eos": EOS, "pad": PAD, "max_tokens": 9,
}  # fmt: skip


def text_document(**program: Any) -> dict[str, Any]:
    """Give a contract for three bands and an answer in tokens."""
    document = plain_contract()
    output = document["mlm:output"][0]
    del output["classification:classes"]
    output["tasks"] = ["image-captioning"]
    output["result"] = {"shape": [-1, 9], "dim_order": ["batch", "token"], "data_type": "int64"}
    return {**document, "edgers:program": {**BASE, **program}}


def text_contract(**program: Any) -> Contract:
    return contract_of(text_document(**program))


def torch_greedy(writer: Writer, pixels: npt.NDArray[Any], prompt: list[int]) -> list[int]:
    import torch

    memory, written = writer.memory(torch.from_numpy(pixels)), list(prompt)
    while len(written) < len(prompt) + 9:
        token = int(writer.logits(memory, written)[-1].argmax())
        if token == EOS:
            break
        written.append(token)
    return written[len(prompt) :]

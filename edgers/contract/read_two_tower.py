"""Reading the rule of a program of two towers."""

from collections.abc import Sequence
from typing import get_args

from edgers.contract.fields import Fields
from edgers.contract.model import ModelInput, ModelOutput
from edgers.contract.two_tower import TokenType, TwoTowerRule
from edgers.kernels.score_rule import Activation

FIELDS = (
    "text", "tokens", "embedding", "mask", "token_type", "bos", "eos", "pad", "length", "templates",
    "scale", "bias", "activation",
)  # fmt: skip
TOKEN_TYPES: tuple[TokenType, ...] = get_args(TokenType)
ACTIVATIONS: tuple[Activation, ...] = ("softmax", "sigmoid")


def read_two_tower(
    stated: Fields, _inputs: Sequence[ModelInput], output: ModelOutput
) -> TwoTowerRule:
    """Read the rule; raises ContractError where it is not usable."""
    if set(output.dim_order) != {"batch", "feature"}:
        raise stated.fail("kind", "The output must have the axes 'batch' and 'feature'.")
    bos, eos = (stated.optional_count(key, 0) for key in ("bos", "eos"))
    if (bos is None) != (eos is None):
        raise stated.fail("bos", "'bos' and 'eos' are stated together, or neither is.")
    templates = stated.texts("templates") if stated.has("templates") else ("{}",)
    if not templates or any(one.count("{}") != 1 for one in templates):
        raise stated.fail("templates", "Each must hold '{}' once, for the name of a class.")
    return TwoTowerRule(
        text=stated.text("text"),
        tokens=stated.text("tokens"),
        embedding=stated.text("embedding"),
        mask=stated.optional_text("mask"),
        token_type=stated.choice("token_type", TOKEN_TYPES, "int64"),
        bos=bos,
        eos=eos,
        pad=stated.optional_count("pad", 0),
        length=stated.optional_count("length", 1),
        templates=templates,
        scale=stated.positive("scale", 1.0),
        bias=stated.number("bias", 0.0),
        activation=stated.choice("activation", ACTIVATIONS, "softmax"),
    )

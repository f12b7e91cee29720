"""Reading `edgers:program`: every field is checked, and one that is not known is refused."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import get_args

from edgers.contract.fields import Fields
from edgers.contract.model import ModelInput, ModelOutput
from edgers.contract.program import (
    MAIN,
    PART_NAMES,
    RESERVED,
    CascadeRule,
    EnsembleRule,
    Member,
    PerPixelRule,
    ProgramRule,
)
from edgers.contract.read_autoregressive import read_autoregressive
from edgers.contract.read_clusters import read_clusters
from edgers.contract.read_sampler import read_sampler
from edgers.contract.read_two_tower import FIELDS as TWO_TOWER_FIELDS
from edgers.contract.read_two_tower import read_two_tower
from edgers.kernels.score_rule import Activation

ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)
FIELDS = {
    "ensemble": ("members", "activation", "spread"),
    "cascade": ("gate", "output", "inputs", "threshold", "miss_rate", "stated_on", "activation",
                "otherwise"),
    "per-pixel": ("pixel_shape",),
    "clusters": ("k", "seed", "sample_px", "iterations", "reference"),
    "sampler": ("method", "steps", "noisy", "time", "time_type", "condition", "schedule",
                "prediction", "clip", "eta", "start", "volume", "seed"),
    "autoregressive": ("decoder", "memory", "memory_input", "tokens", "logits", "bos", "eos", "pad",
                       "max_tokens", "beams", "length_penalty", "cache", "prompt",
                       "question", "max_prompt"),
    "two-tower": TWO_TOWER_FIELDS,
    "single": (),
}  # fmt: skip
"""Fields of each kind beside `kind` and comments."""

Inputs = Sequence[ModelInput]


def read_program(top: Fields, inputs: Inputs, output: ModelOutput) -> ProgramRule | None:
    """Read the program of a contract; None where its one graph is run once a tile.

    Raises ContractError where a field is missing, wrong or not known.
    """
    if not top.has("edgers:program"):
        return None
    stated = top.object("edgers:program")
    kind = stated.choice("kind", tuple(FIELDS))
    stated.refuse_unknown("", ("kind", *FIELDS[kind], *_comments(stated)))
    if kind == "single":
        return None
    rule = READERS[kind](stated, inputs, output)
    for name in rule.parts:
        if not re.fullmatch(PART_NAMES, name) or name in RESERVED:
            raise stated.fail(
                "kind",
                f"Part {name!r} needs another name: small letters, digits and hyphens, and none "
                f"of {', '.join(RESERVED)}.",
            )
    return rule


def _comments(stated: Fields) -> tuple[str, ...]:
    return tuple(key for key in stated.values if key.startswith("$comment"))


def _read_ensemble(stated: Fields, _inputs: Inputs, output: ModelOutput) -> EnsembleRule:
    members = []
    for one in stated.objects("members"):
        one.refuse_unknown("", ("part", "weight"))
        members.append(Member(part=one.text("part"), weight=one.positive("weight", 1.0)))
    names = [one.part for one in members]
    if len(set(names)) != len(names) or len(names) < 2 or MAIN not in names:
        raise stated.fail(
            "members", f"It must list {MAIN!r} and at least one part more, each once."
        )
    activation: Activation = stated.choice("activation", ACTIVATIONS, "none")
    spread = stated.flag("spread", False)
    axis = next((a for a in ("class", "channel") if a in output.dim_order), None)
    if activation != "none" and output.classes and output.activation != "none":
        raise stated.fail(
            "activation",
            "The mean is of probabilities then, so the output's edgers:activation must be 'none'.",
        )
    if activation == "softmax" and axis is None:
        raise stated.fail("activation", "The output has no axis 'class' or 'channel'.")
    if spread and (axis is None or output.classes or _length(output, axis) % 2):
        raise stated.fail(
            "spread",
            "The output must be values with an axis 'channel' of an even length: means, then "
            "standard deviations.",
        )
    return EnsembleRule(members=tuple(members), activation=activation, spread=spread)


def _read_cascade(stated: Fields, inputs: Inputs, output: ModelOutput) -> CascadeRule:
    miss_rate = stated.number("miss_rate")
    if not 0 <= miss_rate <= 1:
        raise stated.fail("miss_rate", "It must lie between 0 and 1.")
    known = tuple(one.name for one in inputs)
    names = stated.texts("inputs") if stated.has("inputs") else known
    if not names or not set(names) <= set(known):
        raise stated.fail("inputs", f"It must name some of: {', '.join(known)}.")
    otherwise = stated.number("otherwise", 0.0)
    if output.classes and otherwise not in [one.value for one in output.classes]:
        raise stated.fail("otherwise", "It must be the value of a class of the output.")
    unknown = [
        axis for axis, length in zip(output.dim_order, output.shape, strict=True)
        if length < 0 and axis not in ("batch", "height", "width")
    ]  # fmt: skip
    if {"height", "width"} - set(output.dim_order) or unknown:
        raise stated.fail(
            "kind", "Its output must have 'height', 'width', and a stated length for other axes."
        )
    return CascadeRule(
        gate=stated.text("gate"),
        output=stated.text("output"),
        inputs=names,
        threshold=stated.number("threshold"),
        miss_rate=miss_rate,
        stated_on=stated.text("stated_on"),
        activation=stated.choice("activation", ("none", "sigmoid"), "none"),
        otherwise=otherwise,
    )


def _read_per_pixel(stated: Fields, _inputs: Inputs, output: ModelOutput) -> PerPixelRule:
    shape = stated.integers("pixel_shape") if stated.has("pixel_shape") else (-1,)
    if shape.count(-1) > 1 or any(size == 0 or size < -1 for size in shape):
        raise stated.fail("pixel_shape", "Sizes must be above zero, and -1 may be there once.")
    if {"height", "width"} - set(output.dim_order) or len(output.dim_order) > 4:
        raise stated.fail("kind", "Its output must have 'height' and 'width', as an image has.")
    return PerPixelRule(pixel_shape=shape)


def _length(output: ModelOutput, axis: str) -> int:
    return output.shape[output.dim_order.index(axis)]


READERS: Mapping[str, Callable[[Fields, Inputs, ModelOutput], ProgramRule]] = {
    "ensemble": _read_ensemble,
    "cascade": _read_cascade,
    "per-pixel": _read_per_pixel,
    "clusters": read_clusters,
    "sampler": read_sampler,
    "autoregressive": read_autoregressive,
    "two-tower": read_two_tower,
}

"""Reading the rule of a sampler."""

from collections.abc import Sequence
from typing import get_args

from edgers.contract.fields import Fields
from edgers.contract.model import ModelInput, ModelOutput
from edgers.contract.sampler import (
    Betas,
    Condition,
    Method,
    Prediction,
    SamplerRule,
    Spacing,
    Start,
    TimeType,
)

MOST_STEPS = 10_000
"""Most steps taken or trained on; published schedules have 1000."""
METHODS: tuple[Method, ...] = get_args(Method)
BETAS: tuple[Betas, ...] = get_args(Betas)
PREDICTIONS: tuple[Prediction, ...] = get_args(Prediction)
SPACINGS: tuple[Spacing, ...] = get_args(Spacing)
STARTS: tuple[Start, ...] = get_args(Start)
CONDITIONS: tuple[Condition, ...] = get_args(Condition)
TIME_TYPES: tuple[TimeType, ...] = get_args(TimeType)


def read_sampler(stated: Fields, inputs: Sequence[ModelInput], output: ModelOutput) -> SamplerRule:
    """Read the rule; raises ContractError where it is not usable."""
    schedule = Fields({}, f"{stated.where}.schedule")
    if stated.has("schedule"):
        schedule = stated.object("schedule")
    schedule.refuse_unknown("", ("betas", "beta_start", "beta_end", "train_steps", "spacing"))
    train_steps = schedule.optional_count("train_steps", 2) or 1000
    rule = SamplerRule(
        method=stated.choice("method", METHODS),
        steps=stated.optional_count("steps", 1) or 0,
        noisy=stated.text("noisy"),
        time=stated.text("time"),
        time_type=stated.choice("time_type", TIME_TYPES, "int64"),
        condition=stated.choice("condition", CONDITIONS, "input"),
        train_steps=train_steps,
        betas=schedule.choice("betas", BETAS, "linear"),
        beta_start=schedule.positive("beta_start", 1e-4),
        beta_end=schedule.positive("beta_end", 0.02),
        spacing=schedule.choice("spacing", SPACINGS, "trailing"),
        prediction=stated.choice("prediction", PREDICTIONS, "epsilon"),
        clip=stated.optional_positive("clip"),
        eta=stated.number("eta", 0.0),
        start=stated.choice("start", STARTS, "noise"),
        is_volume=stated.flag("volume", False),
        seed=stated.optional_count("seed", 0) or 0,
    )
    if not 1 <= rule.steps <= train_steps <= MOST_STEPS:
        raise stated.fail("steps", f"It must be 1 to {train_steps}, the steps of training.")
    if not rule.beta_start <= rule.beta_end < 1:
        raise schedule.fail("beta_end", "It must lie between beta_start and 1.")
    if not 0 <= rule.eta <= 1 or (rule.eta and rule.method != "ddim"):
        raise stated.fail("eta", "It must lie between 0 and 1, and only 'ddim' has one.")
    if rule.seed >= 2**32:
        raise stated.fail("seed", "It must be below 2**32.")
    _check_tensors(stated, rule, inputs, output)
    return rule


def _check_tensors(
    stated: Fields, rule: SamplerRule, inputs: Sequence[ModelInput], output: ModelOutput
) -> None:
    """Refuse what the answer cannot be drawn with."""
    main, axes = inputs[0], ("batch", "channel", "height", "width")
    if output.dim_order != axes or output.shape[1] < 1 or main.dim_order != axes:
        raise stated.fail(
            "kind",
            f"The main input and the output must have the axes {', '.join(axes)}, and the output "
            "a stated number of channels.",
        )
    names = [one.name for one in inputs]
    joins = rule.condition != "input"
    if joins and len(names) > 1:
        raise stated.fail("condition", "Several inputs go in under their own names: 'input'.")
    if rule.time in names or (rule.noisy in names and not joins):
        raise stated.fail("noisy", "'noisy' and 'time' must be other tensors than 'mlm:input'.")
    if output.data_type != "float32" or main.data_type != "float32":
        raise stated.fail("kind", "A sampler computes in float32.")
    needs_alike = rule.start == "image" or (rule.is_volume and joins)
    if needs_alike and output.shape[1] != len(main.bands):
        raise stated.fail("start", "The image and the answer must have the same bands.")

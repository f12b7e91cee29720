"""Reading of `value_scaling`: from JSON to steps, and from steps to ready parameters.

STAC MLM's `value_scaling` is one object for all bands or one object a band, and allows a single
operation. `edgers:value_scaling` is an ordered list of operations whose numbers may be lists with
one entry a band; where it stands, it replaces `value_scaling`.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgers.contract.fields import Fields
from edgers.contract.model import ModelInput, ScalingStep
from edgers.errors import ContractError
from edgers.kernels.scaling import CAST_TYPES, STEPS, Parameters

REVERSIBLE = ("z-score", "min-max", "offset", "scale", "cast", "clip", "clip-min", "clip-max")
"""Steps from whose result the samples can be told, up to what was cut off."""

PERCENTILE = "percentile"
"""Step that brings two percentiles of each band of the scene at hand to 0 and 1."""


Wide = npt.NDArray[np.float64]


def read_scaling(source: Fields, band_count: int) -> tuple[ScalingStep, ...]:
    """Read the scaling of one input as ordered steps.

    Raises ContractError for an unknown step, a wrong count of numbers, or a division by zero.
    """
    if source.has("edgers:value_scaling"):
        steps = source.objects("edgers:value_scaling")
        return tuple(_read_step(step, band_count) for step in steps)
    if source.has("pre_processing_function"):
        raise source.fail(
            "pre_processing_function",
            "Code is not run. Write its steps as 'edgers:value_scaling', which replaces it.",
        )
    if source.has("value_scaling"):
        return _read_mlm(source, list(source.objects("value_scaling")), band_count)
    if source.has("norm_type"):
        return _read_mlm(source, _old_entries(source), band_count)
    return ()


def _old_entries(source: Fields) -> list[Fields]:
    """Read the fields that stood in for `value_scaling` before MLM 1.4."""
    kind = source.choice("norm_type", ("min-max", "z-score"))
    return [
        Fields({**entry.values, "type": kind}, entry.where)
        for entry in source.objects("statistics")
    ]


def _read_mlm(source: Fields, entries: list[Fields], band_count: int) -> tuple[ScalingStep, ...]:
    """Turn an object a band, or one for all, into one step with a number a band."""
    if len(entries) not in (1, band_count):
        raise source.fail("value_scaling", f"It must hold 1 object or {band_count}, one a band.")
    kinds = {entry.values.get("type") for entry in entries}
    if kinds == {None}:
        return ()
    if len(kinds) > 1:
        raise ContractError(
            f"contract field {source.where}.value_scaling mixes operations.",
            seen=f"It has: {', '.join(sorted(str(kind) for kind in kinds))}.",
            rule="All bands must share one operation here.",
            fix="Write the operations one after the other in 'edgers:value_scaling', "
            "with neutral numbers for the bands that an operation leaves alone.",
        )
    steps = [_read_step(entry, 1) for entry in entries]
    merged = {
        name: tuple(step.parameters[name][0] for step in steps) for name in steps[0].parameters
    }
    return (ScalingStep(kind=steps[0].kind, parameters=merged, data_type=steps[0].data_type),)


def _read_step(entry: Fields, band_count: int) -> ScalingStep:
    """Read and check one step."""
    kind = entry.choice("type", (*STEPS, "cast", PERCENTILE))
    if kind == "cast":
        return ScalingStep(kind=kind, data_type=entry.choice("data_type", CAST_TYPES))
    if kind == PERCENTILE:
        return _read_percentile(entry)
    rule = STEPS[kind]
    parameters = {name: entry.numbers(name, (1, band_count)) for name in rule.parameters}
    with np.errstate(over="ignore", under="ignore"):
        single = {name: np.asarray(numbers, np.float32) for name, numbers in parameters.items()}
    for name, numbers in single.items():
        if not np.isfinite(numbers).all():
            raise entry.fail(name, "It must fit single precision, in which scaling is done.")
    for name in rule.nonzero:
        if not single[name].all():
            raise entry.fail(name, f"'{kind}' divides by it, so it must not be zero.")
    if rule.above:
        high, low = rule.above
        if (single[high] <= single[low]).any():
            raise entry.fail(high, f"It must be greater than '{low}'.")
    return ScalingStep(kind=kind, parameters=parameters)


def _read_percentile(entry: Fields) -> ScalingStep:
    """Read a step that takes its numbers from the scene."""
    low, high = (entry.number(name) for name in ("low", "high"))
    if not 0 <= low < high <= 100:
        raise entry.fail("high", "Percentiles are from 0 to 100, and 'low' is less than 'high'.")
    return ScalingStep(kind=PERCENTILE, parameters={"low": (low,), "high": (high,)})


def looks_at_scene(steps: Sequence[ScalingStep]) -> bool:
    """Tell whether a step takes its numbers from the scene itself."""
    return any(step.kind == PERCENTILE for step in steps)


def ready_steps(
    steps: Sequence[ScalingStep], bands: int, dates: int
) -> list[tuple[str, Parameters | str]]:
    """Give each step the float32 (layer or 1, 1, 1) parameters that the kernels take.

    A layer is one of `bands` at one of `dates`; numbers that are one a band are said again for each
    date. Percentiles must have become numbers before (`edgers.pipeline.scene_scaling`).
    """
    assert not looks_at_scene(steps), "a percentile has no numbers without a scene"
    return [
        (
            step.kind,
            step.data_type
            or {
                name: by_layer(numbers * dates if len(numbers) == bands > 1 else numbers)
                for name, numbers in step.parameters.items()
            },
        )
        for step in steps
    ]


def by_layer(numbers: Sequence[float]) -> npt.NDArray[np.float32]:
    """Give a number a layer in the form of a parameter, (layer, 1, 1)."""
    return np.asarray(numbers, np.float32).reshape(-1, 1, 1)


def check_reversible(source: ModelInput) -> None:
    """Raise ContractError where samples cannot be told from what the network takes."""
    for step in source.scaling:
        if step.kind not in REVERSIBLE:
            raise ContractError(
                f"the scaling of input {source.name!r} cannot be undone.",
                seen=f"It has a step {step.kind!r}.",
                rule=f"An input that is restored has only: {', '.join(REVERSIBLE)}.",
                fix="Put that step into the graph, and its inverse at the graph's end.",
            )


def backward(source: ModelInput) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Give factor and summand, (band, 1, 1), that make samples of what the network takes.

    What clips and casts cut off stays cut off. Worked out in double precision.
    """
    factor, summand = np.ones((len(source.bands), 1, 1)), np.zeros((len(source.bands), 1, 1))
    for step in reversed(source.scaling):
        p = {
            name: np.asarray(numbers, np.float64).reshape(-1, 1, 1)
            for name, numbers in step.parameters.items()
        }
        times, plus = _inverse(step.kind, p)
        factor, summand = factor * times, summand * times + plus
    return factor.astype(np.float32), summand.astype(np.float32)


def _inverse(kind: str, p: dict[str, npt.NDArray[np.float64]]) -> tuple[Wide, Wide]:
    """Give factor and summand that undo one step."""
    if kind == "z-score":
        return p["stddev"], p["mean"]
    if kind == "min-max":
        return p["maximum"] - p["minimum"], p["minimum"]
    if kind == "offset":
        return np.ones(1), p["value"]
    if kind == "scale":
        return p["value"], np.zeros(1)
    return np.ones(1), np.zeros(1)

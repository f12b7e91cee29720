"""Reading of `value_scaling`: from JSON to steps, and from steps to ready parameters.

STAC MLM's `value_scaling` is one object for all bands or one object a band, and allows a single
operation. `edgers:value_scaling` is an ordered list of operations whose numbers may be lists with
one entry a band; where it stands, it replaces `value_scaling`.
"""

import numpy as np

from edgers.contract.fields import Fields
from edgers.contract.model import ScalingStep
from edgers.errors import ContractError
from edgers.kernels.scaling import CAST_TYPES, STEPS, Parameters


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
    kind = entry.choice("type", (*STEPS, "cast"))
    if kind == "cast":
        return ScalingStep(kind=kind, data_type=entry.choice("data_type", CAST_TYPES))
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


def ready_steps(steps: tuple[ScalingStep, ...]) -> list[tuple[str, Parameters | str]]:
    """Give each step the float32 (band or 1, 1, 1) parameters that the kernels take."""
    return [
        (
            step.kind,
            step.data_type
            or {
                name: np.asarray(numbers, np.float32).reshape(-1, 1, 1)
                for name, numbers in step.parameters.items()
            },
        )
        for step in steps
    ]

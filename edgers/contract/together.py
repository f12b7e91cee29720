"""Holding the inputs of one contract against one another: all lie on one pixel grid."""

from collections.abc import Sequence

from edgers.contract.model import ModelInput
from edgers.errors import ContractError


def check_together(inputs: Sequence[ModelInput]) -> None:
    """Raise ContractError where the inputs cannot be fed from one scene."""
    names = [one.name for one in inputs]
    if double := next((name for name in names if names.count(name) > 1), None):
        raise ContractError(
            f"contract input {double!r} is there twice.", rule="Each input has a name of its own."
        )
    if all(one.is_optional for one in inputs):
        raise ContractError(
            "all inputs of the contract are optional.",
            seen=f"They are: {', '.join(names)}.",
            rule="One input at least is needed: its files give the pixel grid.",
        )
    if not any(one.nodata.counts and not one.is_optional for one in inputs):
        raise ContractError(
            "no input of the contract decides which pixels are nodata.",
            rule='One input that is not optional must have "edgers:nodata" with "counts": true.',
        )
    for one in inputs:
        if one.is_optional and one.dates < 0:
            raise ContractError(
                f"optional input {one.name!r} takes any number of dates.",
                rule="A stand-in must have a size: state the length of 'time' in the shape.",
            )
    for axis in ("height", "width"):
        stated = {one.name: one.length(axis) for one in inputs if one.length(axis) > 0}
        if len(set(stated.values())) > 1:
            seen = ", ".join(f"{name} {length}" for name, length in stated.items())
            raise ContractError(
                f"the inputs differ in {axis}.",
                seen=f"Stated: {seen}.",
                rule="All inputs lie on one pixel grid.",
                fix="Export the graph so that it resizes inside.",
            )

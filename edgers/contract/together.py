"""Holding the inputs of one contract against one another: all lie on one pixel grid."""

from collections.abc import Sequence

from edgers.contract.model import WHERE_NODATA, ModelInput, ModelOutput
from edgers.contract.scaling import check_reversible
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
    if not any(one.gives_grid for one in inputs):
        raise ContractError(
            "no input of the contract is the new scene.",
            rule="Beside earlier scenes there is an input that is not optional: it gives the grid.",
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


def check_restorations(inputs: Sequence[ModelInput], outputs: Sequence[ModelOutput]) -> None:
    """Raise ContractError where an output cannot be the image of the input it names."""
    by_name = {one.name: one for one in inputs}
    for output in outputs:
        if output.restores is None:
            continue
        source, where = by_name.get(output.restores.input), output.restores.where
        if source is None or (where not in (None, WHERE_NODATA, *by_name)):
            raise ContractError(
                f"contract output {output.name!r} restores an input that is not there.",
                seen=f"It names {output.restores.input if source is None else where!r}.",
                rule=f"The inputs are: {', '.join(by_name)}; 'where' may also be 'nodata'.",
            )
        if source.is_series or source.is_optional:
            raise ContractError(
                f"contract output {output.name!r} restores input {source.name!r}.",
                rule="An input that is restored is one image, and is always there.",
            )
        if output.length("channel") not in (-1, len(source.bands)):
            raise ContractError(
                f"contract output {output.name!r} restores {len(source.bands)} bands and has "
                f"{output.length('channel')}.",
                rule="It has a value for each band of the input, in their order.",
            )
        if output.values:
            raise ContractError(
                f"contract output {output.name!r} has both 'edgers:restores' and 'edgers:values'.",
                rule="What restores an input has the bands of the scene.",
                fix="Leave 'edgers:values' out.",
            )
        check_reversible(source)

"""What kind of answer a model gives: which decoder understands it, and which products it makes."""

from collections.abc import Callable, Mapping
from typing import Literal

from edgers.contract import ModelOutput
from edgers.errors import ContractError
from edgers.tasks.segmentation import check_segmentation, gives_scores
from edgers.tasks.values import check_values

Kind = Literal["classes", "values"]
"""`classes`: a class for each pixel. `values`: one or several numbers for each pixel."""

CHECKS: Mapping[Kind, Callable[[ModelOutput], None]] = {
    "classes": check_segmentation,
    "values": check_values,
}

OF_OBJECTS = ("detection", "instance", "panoptic")
"""Words of tasks that tell objects apart."""


def kind_of(output: ModelOutput) -> Kind:
    """Tell the kind of an output from its task and axes; raises ContractError where none fits."""
    task = output.task
    if "segmentation" in task and "instance" not in task:
        return "classes"
    of_pixels = task and not any(word in task for word in OF_OBJECTS)
    if of_pixels and {"height", "width"} <= set(output.dim_order):
        return "values"
    raise ContractError(
        f"contract output {output.name!r} has task {task!r} and axes "
        f"{', '.join(output.dim_order)}.",
        rule="This version decodes classes, or values, for each pixel: the axes 'height' and "
        "'width' must be there.",
    )


def check_output(output: ModelOutput) -> None:
    """Raise ContractError where an output cannot be decoded."""
    CHECKS[kind_of(output)](output)


def is_mixable(output: ModelOutput) -> bool:
    """Tell whether overlapping tiles can be mixed: numbers can, classes that were chosen cannot."""
    kind = kind_of(output)
    return kind == "values" or (kind == "classes" and gives_scores(output))

"""What kind of answer a model gives: which decoder understands it, and which products it makes."""

from collections.abc import Callable, Mapping
from typing import Literal

from edgers.contract import ModelOutput
from edgers.errors import ContractError
from edgers.tasks.boxes import check_boxes_output
from edgers.tasks.segmentation import check_segmentation, gives_scores
from edgers.tasks.values import check_values

Kind = Literal["classes", "values", "objects"]
"""`classes`: a class for each pixel. `values`: one or several numbers for each pixel. `objects`:
rectangles, each with a class and a score."""

CHECKS: Mapping[Kind, Callable[[ModelOutput], None]] = {
    "classes": check_segmentation,
    "values": check_values,
    "objects": check_boxes_output,
}


def kind_of(output: ModelOutput) -> Kind:
    """Tell the kind of an output from its task and axes; raises ContractError where none fits."""
    task = output.task
    if output.boxes is not None:
        return "objects"
    if "segmentation" in task and "instance" not in task:
        return "classes"
    if {"height", "width"} <= set(output.dim_order) and "detection" not in task:
        return "values"
    raise ContractError(
        f"contract output {output.name!r} has task {task!r} and axes "
        f"{', '.join(output.dim_order)}.",
        rule="This version decodes classes, or values, for each pixel: the axes 'height' and "
        "'width' must be there. It decodes objects where 'edgers:boxes' says what they are.",
    )


def check_output(output: ModelOutput) -> None:
    """Raise ContractError where an output cannot be decoded."""
    CHECKS[kind_of(output)](output)


def is_mixable(output: ModelOutput) -> bool:
    """Tell whether overlapping tiles can be mixed: numbers can, classes that were chosen cannot."""
    kind = kind_of(output)
    return kind == "values" or (kind == "classes" and gives_scores(output))

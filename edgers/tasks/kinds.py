"""What kind of answer a model gives: which decoder understands it, and which products it makes."""

from collections.abc import Callable, Mapping
from typing import Literal

from edgers.contract import ModelOutput
from edgers.errors import ContractError
from edgers.tasks.boxes import check_boxes_output
from edgers.tasks.instances import check_instances
from edgers.tasks.multi_label import check_multi_label
from edgers.tasks.rows import check_rows, gives_rows
from edgers.tasks.segmentation import check_segmentation, gives_scores, is_class_task
from edgers.tasks.values import check_values

Kind = Literal["classes", "labels", "values", "objects", "instances", "rows"]
"""`classes`: a class for each pixel. `labels`: any number of classes for each pixel. `values`: one
or several numbers for each pixel. `objects`: outlines, each with a class and a score.
`instances`: the pixels of each. `rows`: an answer for each tile, or the scene, as a whole."""

PIXEL_DETECTIONS = ("change-detection", "anomaly-detection", "target-detection")
"""Tasks that find pixels, not objects."""


def _check_objects(output: ModelOutput) -> None:
    if not output.shapes:
        check_boxes_output(output)
    elif output.boxes is not None:
        raise ContractError(
            f"contract output {output.name!r} has both 'edgers:boxes' and 'edgers:shapes'.",
            rule="Objects are told by numbers, or by text.",
        )


CHECKS: Mapping[Kind, Callable[[ModelOutput], None]] = {
    "classes": check_segmentation,
    "labels": check_multi_label,
    "values": check_values,
    "objects": _check_objects,
    "instances": check_instances,
    "rows": check_rows,
}

OF_OBJECTS = ("detection", "instance", "panoptic")
"""Words of tasks that tell objects apart."""


def kind_of(output: ModelOutput) -> Kind:
    """Tell the kind of an output from its task and axes; raises ContractError where none fits."""
    task = output.task
    if output.boxes is not None or output.shapes:
        return "objects" if output.masks is None else "instances"
    # A change may also be told by a number, and then there are no classes.
    if is_class_task(task) and (output.classes or "segmentation" in task):
        return "labels" if output.class_rule == "several" else "classes"
    names_objects = any(word in task for word in OF_OBJECTS) and task not in PIXEL_DETECTIONS
    if task and not names_objects and {"height", "width"} <= set(output.dim_order):
        return "values"
    if gives_rows(output):
        return "rows"
    raise ContractError(
        f"contract output {output.name!r} has task {task!r} and axes "
        f"{', '.join(output.dim_order)}.",
        rule="This version decodes classes, or values, for each pixel (axes 'height' and 'width'), "
        "answers for a tile as a whole ('batch' and one of 'class', 'channel', 'feature', "
        "'token'), and objects where 'edgers:boxes' or 'edgers:shapes' says what they are, with "
        "their pixels where 'edgers:masks' says what these are.",
    )


def check_output(output: ModelOutput) -> None:
    """Raise ContractError where an output cannot be decoded."""
    CHECKS[kind_of(output)](output)


def is_mixable(output: ModelOutput) -> bool:
    """Tell whether overlapping tiles can be mixed: numbers can, classes that were chosen cannot."""
    kind = kind_of(output)
    return kind in ("labels", "values") or (kind == "classes" and gives_scores(output))


def gives_flags(output: ModelOutput) -> bool:
    """Tell whether a product says yes or no for each pixel."""
    is_sought = any(one.threshold is not None for one in output.values)
    return kind_of(output) == "labels" or (kind_of(output) == "values" and is_sought)

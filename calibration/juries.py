"""Which kind of answer is judged how."""

from collections.abc import Callable, Mapping

from edgers.calibration.class_maps import class_jury
from edgers.calibration.jury import Jury
from edgers.calibration.label_maps import label_jury
from edgers.calibration.labels import LabelScheme
from edgers.calibration.objects import object_jury
from edgers.calibration.rows import row_jury
from edgers.calibration.value_maps import value_jury
from edgers.contract import ModelOutput
from edgers.errors import BadInputError
from edgers.tasks.kinds import Kind, kind_of

Begin = Callable[[ModelOutput, LabelScheme | None], Jury]

JURIES: Mapping[Kind, Begin] = {
    "classes": class_jury,
    "labels": label_jury,
    "values": value_jury,
    "objects": object_jury,
    "rows": row_jury,
}


def jury_of(output: ModelOutput, scheme: LabelScheme | None = None) -> Jury:
    """Give what judges an output; `scheme` says what the values of labels mean.

    Raises BadInputError where nothing does.
    """
    kind = kind_of(output)
    if kind not in JURIES:
        raise BadInputError(
            f"what a lower precision costs is not judged for task {output.task!r}.",
            fix="Compile at FP32, without scenes.",
        )
    return JURIES[kind](output, scheme)

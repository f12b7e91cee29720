"""Reading `edgers:masks`: what the pictures of objects mean."""

from collections.abc import Sequence
from typing import get_args

from edgers.contract.boxes import BoxHead
from edgers.contract.fields import Fields
from edgers.contract.masks import MaskForm, MaskHead
from edgers.contract.model import ModelOutput
from edgers.errors import ContractError
from edgers.kernels.score_rule import Activation

FIELDS = ("form", "output", "activation", "threshold", "coefficients")
FORMS: tuple[MaskForm, ...] = get_args(MaskForm)
ACTIVATIONS: tuple[Activation, ...] = ("sigmoid", "none")

AXES: dict[MaskForm, tuple[set[str], set[str]]] = {
    "prototypes": ({"channel", "height", "width"}, {"batch"}),
    "boxes": ({"box", "height", "width"}, {"batch", "channel", "class"}),
    "window": ({"box", "height", "width"}, {"batch", "channel", "class"}),
}
"""Axes that the pictures of each form have, and those that they may have."""


def read_masks(source: Fields) -> MaskHead:
    """Read the object `edgers:masks`; raises ContractError where it says too little or too much."""
    source.refuse_unknown("", FIELDS)
    form = source.choice("form", FORMS)
    threshold = source.number("threshold", 0.5)
    if not 0 < threshold < 1:
        raise source.fail("threshold", "It must lie between 0 and 1.")
    count = source.optional_count("coefficients", 1)
    if (count is None) == (form == "prototypes"):
        raise source.fail(
            "coefficients", "Prototypes have as many as there are of them; other forms have none."
        )
    return MaskHead(
        form=form,
        output=source.text("output"),
        activation=source.choice("activation", ACTIVATIONS, "sigmoid"),
        threshold=threshold,
        coefficients=count or 0,
    )


def check_mask_tensors(outputs: Sequence[ModelOutput]) -> None:
    """Raise ContractError where the masks of a detector and its other tensors do not fit."""
    named = {one.name: one for one in outputs}
    for output in outputs:
        told = _columns(output)
        where = f"contract output {output.name!r}"
        if output.masks is None:
            if "coefficients" in told:
                raise ContractError(
                    f"{where} has coefficients of masks, and no masks.",
                    fix="State the prototypes under 'edgers:masks', or call the numbers 'unused'.",
                )
            continue
        if output.boxes is None:
            raise ContractError(
                f"{where} has masks of objects, and no objects.",
                rule="'edgers:masks' goes with 'edgers:boxes'.",
            )
        if ("coefficients" in told) != (output.masks.form == "prototypes"):
            raise ContractError(
                f"{where} has masks of the form {output.masks.form!r}.",
                seen=f"Columns of a box: {', '.join(told)}.",
                rule="Masks from prototypes need the column 'coefficients'; others have none.",
            )
        _check_width(output, output.boxes, output.masks)
        _check_pictures(output, output.masks, named[output.masks.output])


def _check_width(output: ModelOutput, boxes: BoxHead, head: MaskHead) -> None:
    """Refuse boxes with more or fewer numbers than columns, where the contract states how many."""
    counts = {
        "box": boxes.box_numbers,
        "direction": 2,
        "scores": len(output.classes) + boxes.first_class,
        "coefficients": head.coefficients,
    }
    wanted, known = sum(counts.get(one, 1) for one in boxes.columns), output.length("channel")
    if not boxes.levels and known not in (-1, wanted):
        raise ContractError(
            f"contract output {output.name!r} has {known} numbers a box.",
            seen=f"Stated: {', '.join(boxes.columns)}, {len(output.classes)} classes, "
            f"{head.coefficients} coefficients.",
            rule=f"These are {wanted}.",
        )


def _check_pictures(output: ModelOutput, head: MaskHead, pictures: ModelOutput) -> None:
    where, axes = f"contract output {pictures.name!r}", set(pictures.dim_order)
    needed, allowed = AXES[head.form]
    if not needed <= axes <= needed | allowed:
        raise ContractError(
            f"{where} has axes {', '.join(pictures.dim_order)}.",
            rule=f"Masks of the form {head.form!r} have {', '.join(sorted(needed))}, and perhaps "
            f"{', '.join(sorted(allowed))}.",
        )
    known = pictures.length("channel")
    if head.form == "prototypes" and known not in (-1, head.coefficients):
        raise ContractError(
            f"{where} has {known} prototypes.",
            seen=f"Coefficients of a box: {head.coefficients}.",
            rule="Each prototype has one.",
        )
    if head.form != "prototypes" and known not in (-1, 1):
        raise ContractError(
            f"{where} has {known} channels.",
            rule="A mask has one; where there is one for each class, the axis is 'class'.",
        )
    if pictures.length("class") not in (-1, 1) and "class" in axes:
        assert output.boxes is not None
        wanted = len(output.classes) + output.boxes.first_class
        if pictures.length("class") != wanted:
            raise ContractError(
                f"{where} has masks for {pictures.length('class')} classes.",
                seen=f"Classes, and the background before them: {wanted}.",
                rule="Each has one.",
            )


def _columns(output: ModelOutput) -> tuple[str, ...]:
    if output.boxes is None:
        return ()
    return (*output.boxes.columns, *(column for column, _ in output.boxes.tensors))

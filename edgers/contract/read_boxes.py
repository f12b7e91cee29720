"""Reading `edgers:boxes`: what the numbers of a detector mean."""

from collections.abc import Sequence
from typing import get_args

from edgers.contract.boxes import (
    AngleUnit,
    BoxColumn,
    BoxFormat,
    BoxHead,
    BoxLevel,
    Coordinates,
    Offsets,
    Suppression,
    Turning,
)
from edgers.contract.fields import Fields
from edgers.contract.model import ModelOutput
from edgers.errors import ContractError
from edgers.kernels.score_rule import Activation

FIELDS = (
    "format", "columns", "tensors", "angle_unit", "turning", "coordinates", "activation",
    "score_threshold", "suppression", "iou_threshold", "most", "first_class", "offsets", "levels",
)  # fmt: skip
FORMATS: tuple[BoxFormat, ...] = get_args(BoxFormat)
COLUMNS: tuple[BoxColumn, ...] = get_args(BoxColumn)
SCORES: tuple[BoxColumn, ...] = ("scores", "score", "class")
APART: tuple[BoxColumn, ...] = (*SCORES, "coefficients")
"""What may be a tensor of its own."""
UNITS: tuple[AngleUnit, ...] = get_args(AngleUnit)
TURNINGS: tuple[Turning, ...] = get_args(Turning)
COORDINATES: tuple[Coordinates, ...] = get_args(Coordinates)
SUPPRESSIONS: tuple[Suppression, ...] = get_args(Suppression)
OFFSETS: tuple[Offsets, ...] = get_args(Offsets)
ACTIVATIONS: tuple[Activation, ...] = ("none", "sigmoid", "softmax")


def read_boxes(source: Fields) -> BoxHead:
    """Read the object `edgers:boxes`; raises ContractError where it says too little or too much."""
    source.refuse_unknown("", FIELDS)
    columns = _columns(source)
    tensors = _tensors(source)
    _check_scores(source, (*columns, *(column for column, _ in tensors)))
    form = source.choice("format", FORMATS)
    offsets = source.choice("offsets", OFFSETS, "none")
    angles = [one for one in columns if one in ("angle", "direction")]
    if form == "cxcywha" and angles:
        raise source.fail("columns", "The format 'cxcywha' has the angle in the box.")
    if form != "cxcywh" and angles:
        raise source.fail("format", "An angle that stands apart goes with 'cxcywh'.")
    if len(angles) > 1:
        raise source.fail("columns", "Either 'angle' or 'direction' tells how a box is turned.")
    if offsets != "none" and form != "cxcywh":
        raise source.fail("format", "The boxes of a dense head are 'cxcywh' once it is decoded.")
    levels = _levels(source, offsets)
    coordinates = source.choice("coordinates", COORDINATES, "pixels")
    if levels and coordinates != "pixels":
        raise source.fail("coordinates", "A dense head counts in pixels.")
    return BoxHead(
        format=form,
        columns=columns,
        tensors=tensors,
        angle_unit=source.choice("angle_unit", UNITS, "radians"),
        turning=source.choice("turning", TURNINGS, "clockwise"),
        coordinates=coordinates,
        activation=source.choice("activation", ACTIVATIONS, "none"),
        score_threshold=_share(source, "score_threshold", 0.25),
        suppression=source.choice("suppression", SUPPRESSIONS, "class"),
        iou_threshold=_share(source, "iou_threshold", 0.5),
        most=source.optional_count("most", 1) or 1000,
        first_class=source.optional_count("first_class", 0) or 0,
        offsets=offsets,
        levels=levels,
    )


def check_box_tensors(outputs: Sequence[ModelOutput]) -> None:
    """Raise ContractError where a detector names an output that the contract does not list."""
    names = [one.name for one in outputs]
    for output in outputs:
        if output.boxes is None:
            continue
        for name in output.tensors:
            if name not in names:
                raise ContractError(
                    f"contract output {output.name!r} names the tensor {name!r}.",
                    seen=f"The contract's outputs: {', '.join(names)}.",
                    rule="Every tensor of a detector is an entry of 'mlm:output'.",
                )


def _columns(source: Fields) -> tuple[BoxColumn, ...]:
    words = source.texts("columns")
    columns = tuple(one for word in words for one in COLUMNS if one == word)
    if len(columns) != len(words):
        raise source.fail("columns", f"Each must be one of: {', '.join(COLUMNS)}.")
    once = [one for one in columns if one != "unused"]
    if len(set(once)) != len(once) or "box" not in columns:
        raise source.fail("columns", "'box' must be there, and no column but 'unused' twice.")
    return columns


def _tensors(source: Fields) -> tuple[tuple[BoxColumn, str], ...]:
    if not source.has("tensors"):
        return ()
    stated = source.object("tensors")
    stated.refuse_unknown("", APART)
    return tuple((one, stated.text(one)) for one in APART if stated.has(one))


def _check_scores(source: Fields, columns: tuple[BoxColumn, ...]) -> None:
    """Refuse a detector whose scores are not told, or are told twice."""
    if columns.count("coefficients") > 1:
        raise source.fail("columns", "'coefficients' come once: in 'columns' or in 'tensors'.")
    told = [one for one in columns if one in SCORES]
    if len(set(told)) != len(told) or ("scores" in told and len(told) > 1) or not told:
        raise source.fail(
            "columns",
            "Scores come either as 'scores', one a class, or as 'score' with or without 'class'; "
            "in 'columns' or in 'tensors'.",
        )
    if "class" in told and "score" not in told:
        raise source.fail("columns", "A 'class' goes with a 'score'.")


def _levels(source: Fields, offsets: Offsets) -> tuple[BoxLevel, ...]:
    if not source.has("levels"):
        if offsets != "none":
            raise source.fail("levels", "A dense head needs its grids of cells.")
        return ()
    if offsets == "none":
        raise source.fail("offsets", "Levels go with 'ltrb', 'exp' or 'sigmoid'.")
    levels = []
    for entry in source.objects("levels"):
        entry.refuse_unknown("", ("stride", "anchors", "output"))
        stride = entry.optional_count("stride", 1)
        if stride is None:
            raise entry.fail("stride", "It must be a number of pixels.")
        anchors = _anchors(entry)
        if offsets == "sigmoid" and not anchors:
            raise entry.fail("anchors", "This head needs them: pairs of width and height.")
        if offsets == "ltrb" and anchors:
            raise entry.fail("anchors", "Distances have no anchors.")
        output = entry.optional_text("output")
        levels.append(BoxLevel(stride=stride, anchors=anchors, output=output))
    if len({level.output is None for level in levels}) > 1:
        raise source.fail("levels", "Either each level names its output, or none does.")
    return tuple(levels)


def _anchors(entry: Fields) -> tuple[tuple[float, float], ...]:
    stated = entry.values.get("anchors")
    if stated is None:
        return ()
    if not isinstance(stated, list) or not stated:
        raise entry.fail("anchors", "They must be a list of pairs.")
    found = []
    for i, pair in enumerate(stated):
        width, height = Fields({"pair": pair}, f"{entry.where}.anchors[{i}]").numbers("pair", (2,))
        if min(width, height) <= 0:
            raise entry.fail("anchors", "Widths and heights must be above zero.")
        found.append((width, height))
    return tuple(found)


def _share(source: Fields, key: str, default: float) -> float:
    value = source.number(key, default)
    if not 0 <= value <= 1:
        raise source.fail(key, "It must lie between 0 and 1.")
    return value

"""Reading an output of a contract: what it holds, and how that is written down."""

from typing import get_args

from edgers.contract.fields import Fields
from edgers.contract.model import (
    Blend,
    ClassRule,
    Gives,
    ModelClass,
    ModelOutput,
    Normalise,
    OutputValue,
    Restoration,
    Scope,
    Storage,
)
from edgers.contract.read_boxes import read_boxes
from edgers.contract.read_masks import read_masks
from edgers.contract.read_shapes import read_shapes
from edgers.contract.tensor_axes import read_axes
from edgers.kernels.score_rule import Activation

OUTPUT_FIELDS = (
    "edgers:activation",
    "edgers:threshold",
    "edgers:blend",
    "edgers:values",
    "edgers:storage",
    "edgers:boxes",
    "edgers:masks",
    "edgers:shapes",
    "edgers:class_rule",
    "edgers:ignore",
    "edgers:sum_to_one",
    "edgers:restores",
    "edgers:scope",
    "edgers:thresholds",
    "edgers:normalise",
)
ACTIVATIONS: tuple[Activation, ...] = ("softmax", "sigmoid", "none")
BLENDS: tuple[Blend, ...] = get_args(Blend)
CLASS_RULES: tuple[ClassRule, ...] = get_args(ClassRule)
GIVES: tuple[Gives, ...] = get_args(Gives)
SCOPES: tuple[Scope, ...] = get_args(Scope)
NORMALISES: tuple[Normalise, ...] = get_args(Normalise)
STORED_TYPES = ("int16", "uint16", "uint8")
PALETTE = ("B5A886", "2B6CB0", "E2E8F0", "2F855A", "C05621", "805AD5", "D69E2E", "97266D")
"""Colours for classes that name none, in turn: earth, water, cloud, vegetation and on."""


def read_output(source: Fields) -> ModelOutput:
    """Read one entry of `mlm:output`."""
    source.refuse_unknown("edgers:", OUTPUT_FIELDS)
    shape, axes, data_type = read_axes(source, "result")
    tasks = source.texts("tasks")
    threshold = source.number("edgers:threshold", 0.5)
    if not 0 < threshold < 1:
        raise source.fail("edgers:threshold", "It must lie between 0 and 1.")
    rule = source.choice("edgers:class_rule", CLASS_RULES, "one")
    classes = _read_classes(source) if source.has("classification:classes") else ()
    thresholds = source.has("edgers:thresholds")
    normalise = source.has("edgers:normalise")
    return ModelOutput(
        name=source.text("name"),
        task=next((task for task in tasks if "segmentation" in task), tasks[0] if tasks else ""),
        shape=shape,
        dim_order=axes,
        data_type=data_type,
        classes=classes,
        activation=_read_activation(source, rule),
        threshold=threshold,
        blend=source.choice("edgers:blend", BLENDS) if source.has("edgers:blend") else None,
        values=_read_values(source) if source.has("edgers:values") else (),
        storage=_read_storage(source) if source.has("edgers:storage") else None,
        boxes=read_boxes(source.object("edgers:boxes")) if source.has("edgers:boxes") else None,
        masks=read_masks(source.object("edgers:masks")) if source.has("edgers:masks") else None,
        shapes=read_shapes(source, axes) if source.has("edgers:shapes") else (),
        class_rule=rule,
        ignore=_read_ignore(source, classes) if source.has("edgers:ignore") else (),
        sum_tolerance=source.optional_positive("edgers:sum_to_one"),
        restores=_read_restoration(source) if source.has("edgers:restores") else None,
        scope=source.choice("edgers:scope", SCOPES, "tile"),
        thresholds=_read_thresholds(source, rule, len(classes)) if thresholds else (),
        normalise=source.choice("edgers:normalise", NORMALISES) if normalise else None,
    )


def _read_thresholds(source: Fields, rule: ClassRule, classes: int) -> tuple[float, ...]:
    """Read `edgers:thresholds`: one for all classes, or one each."""
    if rule != "several":
        raise source.fail("edgers:thresholds", 'It needs "edgers:class_rule": "several".')
    found = source.numbers("edgers:thresholds", (1, classes))
    if not all(0 < one < 1 for one in found):
        raise source.fail("edgers:thresholds", "Each must lie between 0 and 1.")
    return found * classes if len(found) == 1 else found


def _read_activation(source: Fields, rule: ClassRule) -> Activation:
    """Read `edgers:activation`: classes that do not exclude one another have no softmax."""
    if rule == "one":
        return source.choice("edgers:activation", ACTIVATIONS, "softmax")
    allowed: tuple[Activation, ...] = ("sigmoid", "none")
    return source.choice("edgers:activation", allowed, "sigmoid")


def _read_ignore(source: Fields, classes: tuple[ModelClass, ...]) -> tuple[int, ...]:
    """Read `edgers:ignore`."""
    values, known = source.integers("edgers:ignore"), {one.value for one in classes}
    if not set(values) < known:
        raise source.fail(
            "edgers:ignore", "It lists values of some of the classes, and not of all of them."
        )
    return values


def _read_restoration(source: Fields) -> Restoration:
    """Read `edgers:restores`."""
    stated = source.object("edgers:restores")
    return Restoration(input=stated.text("input"), where=stated.optional_text("where"))


def _read_classes(source: Fields) -> tuple[ModelClass, ...]:
    """Read `classification:classes`."""
    classes = []
    for i, entry in enumerate(source.objects("classification:classes")):
        value = entry.optional_count("value", 0)
        name = entry.optional_text("name", "description", "title")
        if value is None or name is None:
            raise entry.fail("value" if value is None else "name", "A class needs value and name.")
        colour = entry.optional_text("color_hint", "color-hint") or PALETTE[i % len(PALETTE)]
        if len(colour) != 6 or any(digit not in "0123456789abcdefABCDEF" for digit in colour):
            raise entry.fail("color_hint", "It must be six hexadecimal digits, RRGGBB.")
        classes.append(ModelClass(value=value, name=name, colour=colour.upper()))
    for what, items in (("value", [c.value for c in classes]), ("name", [c.name for c in classes])):
        if len(set(items)) != len(items):
            raise source.fail("classification:classes", f"Each {what} must be there once.")
    if max(entry.value for entry in classes) > 65_534:
        raise source.fail("classification:classes", "Values must be at most 65534.")
    return tuple(classes)


def _read_values(source: Fields) -> tuple[OutputValue, ...]:
    """Read `edgers:values`."""
    found = tuple(
        OutputValue(
            name=entry.text("name"),
            unit=entry.optional_text("unit") or "",
            gives=entry.choice("gives", GIVES, "value"),
            threshold=entry.number("threshold") if entry.has("threshold") else None,
            center_wavelength_um=entry.optional_positive("center_wavelength"),
            fwhm_um=entry.optional_positive("full_width_half_max"),
        )
        for entry in source.objects("edgers:values")
    )
    if len({one.name for one in found}) != len(found):
        raise source.fail("edgers:values", "Each name must be there once.")
    return found


def _read_storage(source: Fields) -> Storage:
    """Read `edgers:storage`."""
    stated = source.object("edgers:storage")
    return Storage(
        data_type=stated.choice("data_type", STORED_TYPES),
        scale=stated.positive("scale"),
        offset=stated.number("offset", 0.0),
    )

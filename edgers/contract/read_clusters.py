"""Reading the program that finds clusters in each scene, and the output that it has."""

import colorsys
from collections.abc import Sequence
from dataclasses import replace

from edgers.contract.fields import Fields
from edgers.contract.model import ModelClass, ModelInput, ModelOutput
from edgers.contract.program import ClustersRule
from edgers.contract.read_output import PALETTE

MOST_CLUSTERS = 64
"""Largest k: more colours nobody tells apart."""
MOST_SAMPLE_PX = 2**20
"""Most pixels a fit holds: of 200 features in double precision 1.6 GB."""
FEATURE_AXES = ("channel", "feature")
GOLDEN_RATIO = 0.618034


def read_clusters(
    stated: Fields, _inputs: Sequence[ModelInput], output: ModelOutput
) -> ClustersRule:
    """Read the fields; `output` is the graph's: features of pixels."""
    k = stated.optional_count("k", 2)
    if k is None or k > MOST_CLUSTERS:
        raise stated.fail("k", f"It is a whole number of 2 to {MOST_CLUSTERS}.")
    axes = output.dim_order
    feature = next((one for one in FEATURE_AXES if one in axes), "")
    if set(axes) != {"batch", feature, "height", "width"} or output.classes or output.values:
        raise stated.fail(
            "kind",
            "Its output has the axes 'batch', 'channel' (or 'feature'), 'height' and 'width', and "
            "neither classes nor edgers:values: clusters are made of it.",
        )
    sample_px = stated.optional_count("sample_px", k) or ClustersRule(k=k).sample_px
    if sample_px > MOST_SAMPLE_PX:
        raise stated.fail("sample_px", f"It is at most {MOST_SAMPLE_PX}.")
    return ClustersRule(
        k=k,
        seed=stated.optional_count("seed", 0) or 0,
        sample_px=sample_px,
        iterations=stated.optional_count("iterations", 1) or ClustersRule(k=k).iterations,
        reference=_read_reference(stated, k, output.length(feature)),
        axes=tuple("channel" if axis == feature else axis for axis in axes),
        shape=output.shape,
    )


def _read_reference(stated: Fields, k: int, features: int) -> tuple[tuple[float, ...], ...]:
    """Read centroids whose order is taken."""
    if not stated.has("reference"):
        return ()
    rows = stated.values["reference"]
    if not isinstance(rows, list) or len(rows) != k:
        raise stated.fail("reference", f"It lists {k} centroids.")
    probe = Fields({str(i): row for i, row in enumerate(rows)}, f"{stated.where}.reference")
    lengths = {len(row) if isinstance(row, list) else 0 for row in rows}
    if len(lengths) > 1 or 0 in lengths or (features > 0 and lengths != {features}):
        raise stated.fail("reference", "Each has one number for each feature.")
    return tuple(probe.numbers(str(i), (max(lengths),)) for i in range(k))


def cluster_output(rule: ClustersRule, output: ModelOutput) -> ModelOutput:
    """Give the output that a program of clusters has: the index of one for each pixel."""
    classes = tuple(
        ModelClass(value=i + 1, name=f"cluster {i + 1}", colour=_colour(i)) for i in range(rule.k)
    )
    return replace(
        output, task="semantic-segmentation", shape=(-1, -1, -1),
        dim_order=("batch", "height", "width"), data_type="int64", classes=classes,
    )  # fmt: skip


def feature_output(rule: ClustersRule, output: ModelOutput) -> ModelOutput:
    """Give the output of the graph, of what `cluster_output` made of it."""
    return replace(
        output, task="regression", shape=rule.shape, dim_order=rule.axes, data_type="float32",
        classes=(),
    )  # fmt: skip


def _colour(position: int) -> str:
    """Give a colour: those of the palette, then hues far from one another."""
    if position < len(PALETTE):
        return PALETTE[position]
    red, green, blue = colorsys.hsv_to_rgb(position * GOLDEN_RATIO % 1, 0.6, 0.85)
    return "".join(f"{round(255 * one):02X}" for one in (red, green, blue))

"""Answers for tiles, or a scene, as a whole: a candidate's held against FP32's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from edgers.calibration.jury import JudgedScene, Jury, PairCounts
from edgers.calibration.labels import LabelScheme, refuse_scheme
from edgers.calibration.metrics.flags import FlagMetric
from edgers.calibration.metrics.registry import ACCURACY, COSINE, ROW_F1, ROW_R2, Metric
from edgers.calibration.row_counts import ClassCounts, NumberCounts, VectorCounts
from edgers.calibration.row_file import Reals, RowFile, rows_from_product
from edgers.contract import ModelOutput
from edgers.errors import BadInputError
from edgers.scene.place import Place
from edgers.tasks.rows import row_kind

Answer = Literal["class", "labels", "numbers", "embedding"]
"""What a row says: one class, several, numbers, or a vector."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How rows of one answer are judged."""

    metric: Metric
    """What by."""
    begin: Callable[[ModelOutput, RowFile], Any]
    """Gives a counter, for rows such as these."""
    read: Callable[[ModelOutput, RowFile, tuple[str, ...]], Reals]
    """Gives what the counter counts of a table, for rows of these keys, (part, 1, row)."""


def _classes(_: ModelOutput, file: RowFile, keys: tuple[str, ...]) -> Reals:
    return file.numbers(("class",), keys)


def _labels(output: ModelOutput, file: RowFile, keys: tuple[str, ...]) -> Reals:
    """Tell which classes hold, as the table does: in single precision, as it was written."""
    chances = file.numbers([f"p_{one.name}" for one in output.classes], keys)
    limits = output.thresholds or (output.threshold,) * len(output.classes)
    held = chances.astype(np.float32) >= np.array(limits, np.float32).reshape(-1, 1, 1)
    return np.where(np.isfinite(chances), held, np.nan)


def _numbers(_: ModelOutput, file: RowFile, keys: tuple[str, ...]) -> Reals:
    return file.numbers(tuple(file.columns), keys)


def _embeddings(_: ModelOutput, file: RowFile, keys: tuple[str, ...]) -> Reals:
    return file.embeddings(keys)


WAYS: Mapping[Answer, Way] = {
    "class": Way(metric=ACCURACY, begin=lambda output, _: ClassCounts(output), read=_classes),
    "labels": Way(
        metric=ROW_F1, read=_labels,
        begin=lambda output, _: FlagMetric([one.name for one in output.classes]),
    ),
    "numbers": Way(
        metric=ROW_R2, read=_numbers, begin=lambda _, file: NumberCounts(tuple(file.columns))
    ),
    "embedding": Way(
        metric=COSINE, read=_embeddings, begin=lambda output, _: VectorCounts(output.name)
    ),
}  # fmt: skip


def row_jury(output: ModelOutput, scheme: LabelScheme | None) -> Jury:
    """Judge rows against FP32's; raises BadInputError for words."""
    refuse_scheme(scheme, output)
    kind = row_kind(output)
    if kind == "text":
        raise BadInputError(
            "what a lower precision costs is not judged for answers in words.",
            seen=f"Output {output.name!r} gives tokens.",
            rule="Two answers may say the same in other words, and one word may change it all.",
            fix="Compile at FP32, without scenes.",
        )
    if kind == "labels":
        way = WAYS["labels" if output.class_rule == "several" else "class"]
    else:
        way = WAYS[kind]
    return Jury(
        metric=way.metric, count=partial(_count, output, way), check_label=_no_label,
        takes_labels=False,
    )  # fmt: skip


def _count(
    output: ModelOutput, way: Way, reference: JudgedScene, candidate: JudgedScene
) -> PairCounts:
    one, other = rows_from_product(reference), rows_from_product(candidate)
    assert one is not None
    fp32, counts = way.begin(output, one), way.begin(output, one)
    truth = way.read(output, one, one.keys)
    fp32.add(truth, truth)
    lost = np.full_like(truth, np.nan)
    counts.add(truth, lost if other is None else way.read(output, other, one.keys))
    return PairCounts(truth="fp32", fp32=fp32, candidate=counts)


def _no_label(path: Path, _: Place, __: Place) -> None:
    raise BadInputError(f"labels {path} are of no use.", rule="Rows are held against FP32's.")

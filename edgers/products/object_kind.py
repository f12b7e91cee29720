"""Kinds of objects: rectangles, and masks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgers.products.feature import Column, Feature
from edgers.products.instance_features import INSTANCE_COLUMNS, instance_features
from edgers.products.object_draft import read_records
from edgers.products.object_features import COLUMNS, OBJECT, ObjectFeatures


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectKind:
    """How objects become features."""

    features: Callable[[ObjectFeatures, Path], Iterator[Feature]]
    """Reads them from the file in which they were joined."""
    columns: Sequence[Column]
    """What is known of each."""
    filled: bool = False
    """Whether the picture shows them filled."""


BOXES = ObjectKind(
    features=lambda maker, path: maker.features(read_records(path, OBJECT)), columns=COLUMNS
)
INSTANCES = ObjectKind(features=instance_features, columns=INSTANCE_COLUMNS, filled=True)

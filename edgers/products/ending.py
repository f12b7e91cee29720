"""What is known of a run when its products are made of their drafts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from edgers.products.feature import Column, Feature
from edgers.scene.date import FILE_DATE

OF_SCENES = ("quicklook", "item")
"""Roles of what makes files a scene: its picture and its STAC Item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """When a scene was taken, and what made its products."""

    time: tuple[str, str]
    """When the scene was taken, RFC 3339, and where that was read."""
    provenance: Mapping[str, object]
    """What made the products, so that they can be made again."""
    span: tuple[str, str] | None = None
    """First and last date of a series, RFC 3339."""
    marks: Mapping[Column, str | int] = field(default_factory=dict)
    """What every object tells besides, such as the frame it is of."""
    is_frame: bool = False
    """Whether picture and Item are left out: a stream has many frames, and a log."""

    @property
    def title(self) -> str:
        """Name scene and model in one line."""
        return f"{self.provenance['scene']} · {self.provenance['model']}"

    def facts(self, nodata_share: float) -> dict[str, object]:
        """Give what is written into every product."""
        facts = {**self.provenance, "nodata_share": round(nodata_share, 6)}
        # A file's date is no property of the scene: the same samples must give the same map.
        if self.time[1] != FILE_DATE:
            facts["datetime"] = self.time[0]
        return facts

    def kept(self, names: Mapping[str, str]) -> dict[str, str]:
        """Give those products, by their role, that are made."""
        left_out = OF_SCENES if self.is_frame else ()
        return {role: name for role, name in names.items() if role not in left_out}

    def columns(self, columns: Sequence[Column]) -> tuple[Column, ...]:
        """Give columns with those of the marks."""
        return (*columns, *self.marks)

    def marked(self, features: Iterable[Feature]) -> Iterator[Feature]:
        """Give features with the marks."""
        marks = {column.name: value for column, value in self.marks.items()}
        for one in features:
            yield replace(one, properties={**one.properties, **marks}) if marks else one

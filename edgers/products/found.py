"""What the products of one scene hold, in numbers: for reports and for people."""

from dataclasses import asdict, dataclass

from edgers.products.areas import ClassArea


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRange:
    """What one band of values holds."""

    name: str
    """Name of the band."""
    unit: str
    """Unit of its values; empty where the contract states none."""
    pixels: int
    """Pixels, or rows of a table, that have a value."""
    least: float | None
    """Smallest value; None where no pixel has one."""
    most: float | None
    """Largest value."""
    mean: float | None
    """Mean value."""
    found: ClassArea | None = None
    """What of the scene reaches the threshold; None where the contract states none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SumCheck:
    """Whether the values of each pixel sum up to 1."""

    least: float | None
    """Smallest sum; None where no pixel has values."""
    most: float | None
    """Largest sum."""
    off_px: int
    """Pixels whose sum is further than `tolerance` from 1."""
    tolerance: float
    """How far it may be, by the contract."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectCount:
    """How many objects of one class there are."""

    name: str
    """Class name."""
    objects: int
    """Objects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenCount:
    """What the texts that tell of objects were worth."""

    texts: int
    """Texts: one a tile with data, and question."""
    shapes: int
    """Shapes they tell of."""
    malformed: int
    """What looks like a shape and is none: cut off, off the grid, without an area."""
    unknown: int
    """Shapes that were left out, for what they are said to be is no class of the contract."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelCount:
    """How many rows one class holds in."""

    name: str
    """Class name."""
    rows: int
    """Rows; where several classes may hold, a row counts for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found in one scene; what a model does not give is empty."""

    classes: tuple[ClassArea, ...] = ()
    """What each class covers."""
    values: tuple[ValueRange, ...] = ()
    """What each band of values holds."""
    sums: SumCheck | None = None
    """Whether they sum up to 1; None where they need not."""
    objects: tuple[ObjectCount, ...] = ()
    """How many objects each class has."""
    spoken: SpokenCount | None = None
    """What the texts were worth that tell of the objects; None where numbers do."""
    rows: int | None = None
    """Rows of the table; None where there is none."""
    labels: tuple[LabelCount, ...] = ()
    """How many rows of the table each class holds in."""

    def properties(self) -> dict[str, object]:
        """Give what there is as fields of a STAC Item."""
        fields: dict[str, object] = {
            "edgers:classes": [asdict(one) for one in self.classes],
            "edgers:values": [asdict(one) for one in self.values],
            "edgers:sums": asdict(self.sums) if self.sums else None,
            "edgers:objects": [asdict(one) for one in self.objects],
            "edgers:texts": asdict(self.spoken) if self.spoken else None,
            "edgers:labels": [asdict(one) for one in self.labels],
        }
        kept = {key: value for key, value in fields.items() if value}
        return kept if self.rows is None else {**kept, "edgers:rows": self.rows}

"""What a run has to say about one table."""

from dataclasses import asdict, dataclass
from pathlib import Path

from edgers.products.found import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class TableReport:
    """Results and measurements of one table."""

    scene: str
    """File name of the table."""
    rows: int
    """Rows of the table."""
    reused_rows: int
    """Rows that an earlier, unfinished run had answered."""
    missing_rows: int
    """Rows that lack something, and have no answer."""
    not_finite_rows: int
    """Rows for which the network gave NaN or infinity; they have no answer."""
    found: Found
    """What was found."""
    products: tuple[Path, ...]
    """Files written, the main one first."""
    wall_s: float
    """Seconds from opening the table to the last product."""
    peak_bytes: int
    """Most memory the process held up to now."""
    stage_s: dict[str, float]
    """Seconds of work by stage, summed over its threads."""
    fallback: tuple[str, ...] = ()
    """Engines the bundle prefers to the one that ran, each with the reason why it did not."""

    def document(self) -> dict[str, object]:
        """Give the report as JSON values."""
        facts = asdict(self)
        rows = facts.pop("rows")
        return {
            **{key: value for key, value in facts.items() if key != "found"},
            **facts["found"],
            "table_rows": rows,
            "products": [str(path) for path in self.products],
            "rows_per_s": self.rows / self.wall_s,
        }

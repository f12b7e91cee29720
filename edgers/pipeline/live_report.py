"""What a run over a stream has to say."""

import statistics
from collections import Counter, deque
from dataclasses import asdict, dataclass
from pathlib import Path

KEPT = 10_000
"""Latencies that the median is taken of: those of the last frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveReport:
    """Results and measurements of one stream."""

    source: str
    """Name of the stream."""
    ended_by: str
    """Why it ended."""
    was_lost: bool
    """Whether it ended before its time."""
    done: int
    """Frames with a product."""
    made_before: int
    """Frames that an earlier run had done."""
    skipped: int
    """Frames left out by --every or --max-fps."""
    dropped: int
    """Frames left out because they came faster than they could be worked on."""
    failed: int
    """Frames that could not be used."""
    reconnects: int
    """How often a lost stream was found again."""
    placed: dict[str, int]
    """Frames by how they were placed: file, pose, position, none."""
    latency_median_ms: float | None
    """Median time from the receipt of a frame to its product; None without frames."""
    latency_max_ms: float | None
    """The longest."""
    wall_s: float
    """Seconds from beginning to end."""
    log: Path
    """The file with a line for each frame."""

    def document(self) -> dict[str, object]:
        """Give the report as JSON values."""
        return {**asdict(self), "log": str(self.log)}


class LiveTally:
    """Running counts of a stream; memory does not grow with it."""

    def __init__(self) -> None:
        self.done = self.made_before = self.skipped = self.failed = 0
        self.placed: Counter[str] = Counter()
        self._latencies_ms: deque[float] = deque(maxlen=KEPT)
        self.latency_max_ms: float | None = None

    def add(self, latency_ms: float, geo: str) -> None:
        """Count a frame that is done."""
        self.done += 1
        self.placed[geo] += 1
        self._latencies_ms.append(latency_ms)
        self.latency_max_ms = max(latency_ms, self.latency_max_ms or 0.0)

    @property
    def latency_median_ms(self) -> float | None:
        """Median of the last latencies."""
        return statistics.median(self._latencies_ms) if self._latencies_ms else None

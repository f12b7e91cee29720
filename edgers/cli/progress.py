"""Progress on a terminal as a bar, elsewhere as plain lines."""

import sys
import time

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TimeRemainingColumn,
)
from rich.text import Text

from edgers.cli.show import LABEL_WIDTH
from edgers.pipeline.progress import Progress as Listener
from edgers.pipeline.progress import Silent

LINE_EVERY_S = 5.0
"""Seconds between plain progress lines."""


class _Rates(ProgressColumn):
    """Tiles and megapixels a second."""

    def render(self, task: Task) -> Text:
        """Give the rates so far."""
        elapsed = task.elapsed or 0.0
        megapixels = task.fields["megapixels"]
        if not elapsed or not task.completed:
            return Text("– tiles/s" if megapixels is None else "– tiles/s · – MP/s")
        rate = f"{task.completed / elapsed:.1f} tiles/s"
        return Text(rate if megapixels is None else f"{rate} · {megapixels / elapsed:.2f} MP/s")


class Bar:
    """A bar with rates and the time left."""

    def __init__(self, word: str = "run") -> None:
        self._word = word
        self._progress: Progress | None = None
        self._done_mp: float | None = 0.0

    def start(self, scene: str, tiles: int, megapixels: float) -> None:
        """Draw the bar; without megapixels, it says nothing of them."""
        self._done_mp = 0.0 if megapixels else None
        self._progress = Progress(
            "{task.description:<11}", BarColumn(20), MofNCompleteColumn(), "tiles ·", _Rates(),
            "·", TimeRemainingColumn(elapsed_when_finished=True), console=Console(stderr=True),
        )  # fmt: skip
        self._task = self._progress.add_task(self._word, total=tiles, megapixels=self._done_mp)
        self._progress.start()

    def advance(self, megapixels: float) -> None:
        """Move the bar."""
        assert self._progress is not None
        if self._done_mp is not None:
            self._done_mp += megapixels
        self._progress.update(self._task, advance=1, megapixels=self._done_mp)

    def finish(self) -> None:
        """Leave the bar as it is."""
        if self._progress is not None:
            self._progress.stop()


class Lines:
    """A line every few seconds, for logs."""

    def __init__(self, word: str = "run") -> None:
        self._word = word

    def start(self, scene: str, tiles: int, megapixels: float) -> None:
        """Note the beginning."""
        self._scene, self._tiles, self._total_mp = scene, tiles, megapixels
        self._done, self._done_mp = 0, 0.0
        self._begin = self._told = time.monotonic()

    def advance(self, megapixels: float) -> None:
        """Say where the run is, if the last line is old."""
        self._done += 1
        self._done_mp += megapixels
        now = time.monotonic()
        if now - self._told >= LINE_EVERY_S:
            self._told = now
            elapsed = now - self._begin
            left_s = elapsed * (self._tiles - self._done) / self._done
            pixels = f"{self._done_mp / elapsed:.2f} MP/s · " if self._total_mp else ""
            click.echo(
                f"{self._word:<{LABEL_WIDTH}}{self._scene}: {self._done}/{self._tiles} tiles · "
                f"{self._done / elapsed:.1f} tiles/s · {pixels}{left_s:.0f} s left",
                err=True,
            )

    def finish(self) -> None:
        """Say nothing: the report follows."""


def listener(*, quiet: bool, word: str = "run") -> Listener:
    """Choose by where the output goes; `word` says what is done to the tiles."""
    if quiet:
        return Silent()
    return Bar(word) if sys.stderr.isatty() else Lines(word)

"""Runs that end early and leave their work folder behind, and what lies in it."""

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgers.pipeline.model import Model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.run import run_scene


@dataclass
class StopAfter:
    """Progress that stops a run, as Ctrl-C does, when so many tiles are in the product."""

    tiles: int
    done: int = field(default=0, init=False)

    def start(self, scene: str, tiles: int, megapixels: float) -> None:
        self.done = 0

    def advance(self, megapixels: float) -> None:
        self.done += 1
        if self.done == self.tiles:
            raise KeyboardInterrupt

    def finish(self) -> None: ...


def leave_unfinished(model: Model, scene: Path, out: Path, tiles: int, **options: Any) -> Path:
    """Stop a run after some tiles; give its work folder."""
    try:
        run_scene(model, scene, out, RunOptions(**options), StopAfter(tiles))
    except KeyboardInterrupt:
        return work_folder(out)
    raise AssertionError("the run was not stopped")


def work_folder(out: Path) -> Path:
    """Give the one work folder in an output folder."""
    (found,) = out.glob(".edgers-*")
    return found


def ledger_lines(work: Path) -> list[bytes]:
    """Give the lines of the ledger: the run, then what was noted of input and tiles."""
    return (work / "ledger").read_bytes().splitlines(keepends=True)


def tile_of(line: bytes) -> int | None:
    """Give the tile that a line is about, or None."""
    tile: int | None = json.loads(line.split(b" ", 1)[1]).get("tile")
    return tile


def write_ledger(work: Path, lines: Iterable[bytes]) -> None:
    """Put lines in place of the ledger's."""
    (work / "ledger").write_bytes(b"".join(lines))


def ledger_line(entry: dict[str, Any]) -> bytes:
    """Give an entry as a whole line."""
    text = json.dumps(entry, ensure_ascii=False).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def products(out: Path) -> dict[str, bytes]:
    """Give everything that lies in an output folder, by name."""
    return {path.name: path.read_bytes() for path in out.iterdir()}

"""Running a small network over a stream of frames."""

import json
import threading
import warnings
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from builders.bundles import make_bundle
from builders.frames import colours, write_image
from builders.networks import (
    band_net,
    plain_contract,
)
from rasterio.errors import NotGeoreferencedWarning

from edgers.bundle import open_bundle
from edgers.pipeline.live import LiveOptions, run_live
from edgers.pipeline.live_report import LiveReport
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.scene.frame import Frame, FrameKey
from edgers.scene.frame_source import FrameSource
from edgers.scene.frame_time import FrameTime
from edgers.scene.pose import Pose

NOON = datetime(2024, 5, 4, 12, tzinfo=timezone.utc)
DEADLINE_S = 30


def live(
    folder: Path, source: FrameSource, *, net: Any = band_net, document: Any = None,
    on_frame: Any = None, out: str = "out", tile_px: int | None = None, more: Any = None,
    **options: Any,
) -> LiveReport:  # fmt: skip
    """Compile a network and run it over a source; products go into `folder`/out."""
    bundle = folder / "b.edgers"
    if not bundle.exists():
        made = folder / "model"
        made.mkdir()
        make_bundle(made, document or plain_contract(), net).rename(bundle)
    with load_model(open_bundle(bundle)) as model:
        run = RunOptions(**{"tile_px": tile_px, **(more or {})})
        given = LiveOptions(run=run, **options)
        return run_live(model, source, folder / out, given, on_frame)


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for text in (folder / "out" / "frames.jsonl").read_text().splitlines()]


def product(folder: Path, line: dict[str, Any]) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(folder / "out" / line["product"]) as dataset:
            found: np.ndarray = dataset.read(1)
    return found


def images(folder: Path, count: int = 3, **tags: Any) -> Path:
    folder.mkdir(exist_ok=True)
    for i in range(count):
        write_image(folder / f"p{i}_20240504T12000{i}.png", colours(48, 64, i), **tags)
    return folder


class Script:
    """A source that gives frames as it is told; a step may be a frame's pixels or a call."""

    name = "script"
    patience_s: float | None = None
    ended_by = "end of script"
    was_lost = False
    reconnects = 0

    def __init__(self, *steps: Any, is_live: bool = True, fps: float = 10.0) -> None:
        self.is_live = is_live
        self._steps, self._fps = steps, fps
        self.stopped = threading.Event()
        self.is_closed = False

    def frames(self, first: int) -> Iterator[Frame]:
        number = first
        for step in self._steps:
            if self.stopped.is_set():
                return
            if callable(step):
                step()
                continue
            yield Frame(
                number=number,
                key=FrameKey(source=self.name, size_bytes=None, mtime_ns=None),
                time=FrameTime(utc=NOON + timedelta(seconds=number / self._fps), origin="test"),
                received_s=0.0,
                pose=Pose(),
                pixels=step,
            )
            number += 1

    def stop(self) -> None:
        self.stopped.set()

    def close(self) -> None:
        self.is_closed = True


PICTURE = colours(16, 16)

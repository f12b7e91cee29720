"""Running a model over a stream of frames, each a small scene of its own.

    source ─► thinning ─► bounded queue ─► tiles ─► preprocess ─► infer ─► products and log

A thread of its own reads the source, so a camera is never kept waiting; the queue and its drop
policy bound how old a frame is when its turn comes (`frame_queue.py`). Frames are worked on one
after the other; the tiles of each side by side. A frame that cannot be used is noted and the stream
goes on.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgers.errors import BandError, EdgersError, SceneError, TilingError
from edgers.pipeline.ending import ending_on_signals
from edgers.pipeline.frame_contents import frame_contents
from edgers.pipeline.frame_place import FramePlace, place_frame
from edgers.pipeline.frame_queue import Drop, FrameQueue
from edgers.pipeline.frame_work import FrameWork
from edgers.pipeline.live_report import LiveReport, LiveTally
from edgers.pipeline.made_with import made_with
from edgers.pipeline.model import Model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.text import questions_of
from edgers.products.ending import Ending
from edgers.products.feature import Column
from edgers.products.frame_log import DONE, FAILED, FrameLog
from edgers.products.work_folder import WorkFolder
from edgers.scene.frame import Frame, check_size
from edgers.scene.frame_source import FrameSource
from edgers.scene.frame_time import text_from_utc
from edgers.scene.open import environment

LOOK_EVERY_S = 0.1
"""Seconds after which a wait for a frame looks whether it is to end."""

LAST_WAIT_S = 2.0
"""Longest wait at the end for a source that hangs in a read; it is then left behind."""

FRAME = Column(name="frame", type="int", description="Number of the frame in the stream.")
TIME = Column(name="time", type="str", description="When it was taken, UTC.")

OnFrame = Callable[[Mapping[str, object]], None]
"""Listener: told what is written to the log, frame by frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOptions:
    """What the user may choose for a stream."""

    run: RunOptions = field(default_factory=RunOptions)
    """Tiles, bands and workers, as for a scene."""
    queue: int = 2
    """Frames that wait at most."""
    drop: Drop | None = None
    """Which frame goes where there is no room; None for `oldest` where the source is live, else
    `none`."""
    every: int = 1
    """One frame in this many is worked on."""
    max_fps: float | None = None
    """Most frames a second of the stream's own time that are worked on."""
    restart: bool = False
    """Whether to begin anew where an earlier run left frames."""


def run_live(
    model: Model, source: FrameSource, folder: Path, options: LiveOptions | None = None,
    on_frame: OnFrame | None = None,
) -> LiveReport:  # fmt: skip
    """Run `model` over the frames of `source` until it ends, and put the products into `folder`.

    In the main thread SIGINT, SIGTERM and SIGHUP end the stream with the frame in work; a second
    signal stops it, and products are whole. Raises SceneError where no frame could be used,
    ContractError, BandError or TilingError where the model does not take such frames, OutputError
    where the disk is full or fails.
    """
    options, begin = options or LiveOptions(), time.perf_counter()
    work, asked = FrameWork(model, options.run), questions_of(model, options.run.ask)
    stopped = threading.Event()

    def stop() -> None:
        stopped.set()
        source.stop()

    with (
        ending_on_signals(stop),
        FrameLog(folder, model.bundle.bundle_id, asked, restart=options.restart) as log,
        # One for all frames: what a kill left in it is removed when it is opened again.
        WorkFolder(folder, "watch") as products,
    ):
        drop = options.drop or ("oldest" if source.is_live else "none")
        queue, tally = FrameQueue(options.queue, drop), LiveTally()
        reader = _Reader(source, queue, log, tally, options)
        reader.start()
        try:
            stream = _Stream(model=model, work=work, log=log, folder=products, options=options)

            def is_over() -> bool:
                return stopped.is_set() or reader.hangs()

            while (frame := queue.take(is_over, LOOK_EVERY_S)) is not None:
                entry = stream.step(frame, tally, queue)
                if on_frame is not None:
                    on_frame(entry)
            was_hung = reader.hangs()
        finally:
            source.stop()
            queue.close()
            reader.join(LAST_WAIT_S)
            products.discard()
            # What a thread still reads from must not be closed under it.
            if not reader.is_alive():
                source.close()
        if tally.failed and not tally.done and not tally.made_before:
            assert stream.last_error is not None
            raise stream.last_error
        return LiveReport(
            source=source.name,
            ended_by="interrupt" if stopped.is_set() else "stall" if was_hung else source.ended_by,
            was_lost=source.was_lost or was_hung,
            done=tally.done,
            made_before=tally.made_before,
            skipped=tally.skipped,
            dropped=queue.dropped,
            failed=tally.failed,
            reconnects=source.reconnects,
            placed=dict(tally.placed),
            latency_median_ms=tally.latency_median_ms,
            latency_max_ms=tally.latency_max_ms,
            wall_s=time.perf_counter() - begin,
            log=log.path,
        )


class _Reader(threading.Thread):
    """The thread that reads the source, leaves frames out and hands on the rest."""

    def __init__(
        self, source: FrameSource, queue: FrameQueue, log: FrameLog, tally: LiveTally,
        options: LiveOptions,
    ) -> None:  # fmt: skip
        super().__init__(name="frames", daemon=True)
        self._source, self._queue, self._log, self._tally = source, queue, log, tally
        self._every, self._max_fps = options.every, options.max_fps
        self._due_s: float | None = None
        self._heard_s = time.monotonic()

    def hangs(self) -> bool:
        """Tell whether the source has been silent for longer than it may be."""
        patience_s = self._source.patience_s
        if patience_s is None or not self.is_alive():
            return False
        return time.monotonic() - self._heard_s > patience_s

    def run(self) -> None:
        """Read to the end."""
        try:
            for position, frame in enumerate(self._source.frames(self._log.next_number)):
                self._heard_s = time.monotonic()
                if position == 0 and frame.key.video_frame is not None:
                    self._log.check_source(frame.key)
                if position % self._every or not self._is_due(frame):
                    self._tally.skipped += 1
                elif self._log.has(frame.key):
                    self._tally.made_before += 1
                elif not self._queue.put(frame):
                    return
        except BaseException as error:
            self._queue.finish(error)
            return
        self._queue.finish()

    def _is_due(self, frame: Frame) -> bool:
        """Tell whether a frame is not too soon after the last one by its time.

        The time at which the next is due goes on by whole periods, so that thirty frames a second
        thinned to ten give every third, and twenty-five give ten on average.
        """
        if self._max_fps is None:
            return True
        now_s, period_s = frame.time.utc.timestamp(), 1 / self._max_fps
        # A microsecond, in which times are kept, may be missing.
        if self._due_s is not None and now_s < self._due_s - 1e-6:
            return False
        is_behind = self._due_s is None or now_s >= self._due_s + period_s
        self._due_s = (now_s if is_behind else self._due_s or 0.0) + period_s
        return True


@dataclass(slots=True, kw_only=True)
class _Stream:
    """The work on the frames of one stream."""

    model: Model
    """Network."""
    work: FrameWork
    """What is done to the pixels."""
    log: FrameLog
    """Where lines go."""
    folder: WorkFolder
    """Where products are made."""
    options: LiveOptions
    """What the user chose."""
    last_error: EdgersError | None = None
    """Why the last frame that failed did."""

    def step(self, frame: Frame, tally: LiveTally, queue: FrameQueue) -> Mapping[str, object]:
        """Work on one frame and add its line; one that cannot be used is noted.

        Raises BandError and TilingError on the first frame: the next would meet the same.
        """
        try:
            facts = self._make(frame)
        except SceneError as error:
            if isinstance(error, BandError) and not tally.done and not tally.failed:
                raise
            facts = self._failed(error, tally)
        except TilingError as error:
            if not tally.done and not tally.failed:
                raise
            facts = self._failed(error, tally)
        latency_ms = 1000 * (time.monotonic() - frame.received_s)
        if facts["status"] == DONE:
            tally.add(latency_ms, str(facts["geo"]))
        entry = {
            **_line(frame, facts),
            "latency_ms": round(latency_ms, 3),
            "dropped": queue.dropped,
            "skipped": tally.skipped,
            "failed": tally.failed,
        }
        self.log.add(entry)
        return entry

    def _failed(self, error: EdgersError, tally: LiveTally) -> dict[str, object]:
        tally.failed += 1
        self.last_error = error
        return {"status": FAILED, "error": str(error)}

    def _make(self, frame: Frame) -> dict[str, object]:
        """Make the products of a frame; give what is to be said of it."""
        name, source = frame.key.source, self.model.source
        self.folder.clear()
        with environment(), frame.open(source, self.options.run.renamed) as scene:
            check_size(scene, name)
            placed = place_frame(scene, frame.pose, source, name)
            stem = f"{_stem(frame)}_{frame.number:06d}"
            found = self.work.run(scene, placed.place, self.folder, stem, self._ending(frame))
        product, *others = [path.name for path in found.files.values()]
        return {
            "status": DONE,
            "product": product,
            **({"beside": others} if others else {}),
            "size_px": list(found.grid.output_shape),
            "nodata_share": round(found.nodata_share, 6),
            "not_finite_px": found.not_finite_px,
            **frame_contents(self.model.output, found, placed),
            **_geography(placed, frame),
        }

    def _ending(self, frame: Frame) -> Ending:
        """Say what products are made of and with."""
        model, time = self.model, text_from_utc(frame.time.utc)
        asked = questions_of(model, self.options.run.ask)
        facts = {
            **made_with(model),
            **model.fallback,
            **({"asked": list(asked)} if asked else {}),
            "source": frame.key.source,
            "scene_sha256": frame.sha256(),
            "frame": frame.number,
            "datetime_from": frame.time.origin,
        }
        marks: dict[Column, str | int] = {FRAME: frame.number, TIME: time}
        return Ending(time=(time, frame.time.origin), provenance=facts, marks=marks, is_frame=True)


def _line(frame: Frame, facts: Mapping[str, object]) -> dict[str, object]:
    """Give the line of a frame."""
    key = frame.key
    stated = {} if frame.time.stated is None else {"time_stated": text_from_utc(frame.time.stated)}
    return {
        "frame": frame.number,
        "key": {
            "source": key.source,
            "size_bytes": key.size_bytes,
            "mtime_ns": key.mtime_ns,
            "video_frame": key.video_frame,
        },
        "time": text_from_utc(frame.time.utc),
        "time_from": frame.time.origin,
        **stated,
        **facts,
    }


def _geography(placed: FramePlace, frame: Frame) -> dict[str, object]:
    """Say how a frame is placed."""
    fix = placed.fix
    facts: dict[str, object] = {"geo": fix.geo}
    if fix.why:
        facts["geo_why"] = fix.why
    if fix.lat_deg is not None:
        facts |= {"lon": fix.lon_deg, "lat": fix.lat_deg}
    if fix.view is not None:
        facts |= {"height_m": fix.view.height_m, "height_from": frame.pose.height_from}
    facts["gsd_m"] = placed.gsd_m
    facts["footprint"] = placed.footprint
    return facts


def _stem(frame: Frame) -> str:
    """Give the beginning of a product's name."""
    return "frame" if frame.key.size_bytes is None else Path(frame.key.source).stem

"""`edgers watch`: a bundle over frames."""

import json
import math
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import get_args

import click

from edgers.bundle import open_bundle
from edgers.cli.band_map import renamed_from_options
from edgers.cli.fallback import fallback_lines, no_fallback_option
from edgers.cli.run_options import alert_option, ask_option, vectors_option
from edgers.cli.show import print_lines
from edgers.errors import BadInputError, EdgersError
from edgers.pipeline.frame_queue import Drop
from edgers.pipeline.live import LiveOptions, OnFrame, run_live
from edgers.pipeline.live_report import LiveReport
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.products.features import Format
from edgers.scene.capture import is_camera, public_address
from edgers.scene.frame_folder import FrameFolder
from edgers.scene.frame_source import FrameSource
from edgers.scene.frame_time import utc_from_text
from edgers.scene.pose_file import read_pose_table
from edgers.scene.video import GIVE_UP_S, Camera, VideoFile

LINE_EVERY_S = 5.0
"""Seconds between lines that say how far the stream is."""

HELP = """Run BUNDLE over each frame of SOURCE: a folder of images, a video file, or a camera at an
rtsp:// address.

Each frame gives what 'edgers run' gives of a scene, but for the picture and the STAC Item, and a
line in frames.jsonl in the output folder, with its time, latency, place and what was found. The
stream ends with its file or folder, or at Ctrl-C; --follow waits for images that come into the
folder. The same command leaves out frames that are done.

A camera and a followed folder are live: at most --queue frames wait, and where one more comes
--drop says which goes; what was in the folder before is not dropped. Files wait for their turn.
"""


@click.command(help=HELP)
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("source")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Output folder.")
@click.option("--follow", is_flag=True, help="Wait for images that come into the folder.")
@click.option(
    "--idle", "idle_s", type=click.FloatRange(0, 1e9),
    help="With --follow, end when no image has come for so many seconds.",
)  # fmt: skip
@click.option(
    "--every", type=click.IntRange(1), default=1, show_default=True, help="Take one frame in N."
)
@click.option("--max-fps", type=float, help="Take at most so many frames a second of the stream.")
@click.option(
    "--queue", type=click.IntRange(1, 1000), default=2, show_default=True,
    help="Frames that wait at most.",
)  # fmt: skip
@click.option(
    "--drop", type=click.Choice(get_args(Drop)),
    help="Frame that goes where there is no room: oldest for live sources, else none.",
)  # fmt: skip
@click.option(
    "--poses", type=click.Path(path_type=Path), help="Table of poses (CSV) by time or seconds."
)
@click.option("--start", metavar="TIME", help="Time of a video's first frame, RFC 3339.")
@click.option(
    "--give-up", "give_up_s", type=click.FloatRange(0, 1e9), default=GIVE_UP_S, show_default=True,
    help="Give a lost camera up after so many seconds without a picture.",
)  # fmt: skip
@click.option("--tile", "tile_px", type=click.IntRange(1), help="Longest tile side, px.")
@click.option(
    "--map", "maps", multiple=True, metavar="BAND=NAME",
    help="Use frame band NAME (or its number) as model band BAND.",
)  # fmt: skip
@vectors_option
@alert_option
@ask_option
@no_fallback_option
@click.option("--restart", is_flag=True, help="Begin anew where an earlier run left frames.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON report.")
def command(
    bundle: Path, source: str, out: Path, follow: bool, idle_s: float | None, every: int,
    max_fps: float | None, queue: int, drop: Drop | None, poses: Path | None, start: str | None,
    give_up_s: float, tile_px: int | None, maps: tuple[str, ...], vectors: tuple[Format, ...],
    alert: bool, ask: tuple[str, ...], no_fallback: bool, restart: bool, quiet: bool, as_json: bool,
) -> None:  # fmt: skip
    """Run the command."""
    if max_fps is not None and not 0 < max_fps < math.inf:
        raise BadInputError(f"--max-fps {max_fps:g} is no rate.", rule="It is above zero.")
    options = LiveOptions(
        run=RunOptions(
            tile_px=tile_px, renamed=renamed_from_options(maps), vectors=vectors, alert=alert,
            ask=ask,
        ),
        queue=queue, drop=drop, every=every, max_fps=max_fps, restart=restart,
    )  # fmt: skip
    on_frame = None if quiet or as_json else _lines()
    with load_model(open_bundle(bundle), allow_fallback=not no_fallback) as model:
        if not quiet and not as_json:
            print_lines(fallback_lines(model))
        frames = _opened(source, follow, idle_s, drop, poses, _start(start), give_up_s)
        try:
            report = run_live(model, frames, out, options, on_frame)
        finally:
            # Where the stream itself has not: a reader that hangs still holds it.
            frames.stop()
    if as_json:
        click.echo(json.dumps(report.document(), indent=2))
    elif not quiet:
        print_lines(_report_lines(report))
    if report.was_lost:
        raise EdgersError(
            f"{report.source} was lost.",
            seen=f"It ended by: {report.ended_by}.",
            fix="Run the same command again when it is back.",
        )
    if report.ended_by == "interrupt" and not frames.is_live:
        raise KeyboardInterrupt


def _opened(
    source: str, follow: bool, idle_s: float | None, drop: Drop | None, poses: Path | None,
    start: datetime | None, give_up_s: float,
) -> FrameSource:  # fmt: skip
    """Open the source; raises BadInputError where an option does not fit it."""
    path = Path(source)
    is_folder = not is_camera(source) and path.is_dir()
    if follow and not is_folder:
        raise BadInputError("--follow needs a folder of images.", seen=f"It is {_shown(source)}.")
    if idle_s is not None and not follow:
        raise BadInputError("--idle needs --follow.")
    if start is not None and (is_folder or is_camera(source)):
        raise BadInputError(
            "--start needs a video file.", rule="Images have times, cameras the time of receipt."
        )
    if is_camera(source):
        if drop == "none":
            raise BadInputError(
                "--drop none does not fit a camera.", rule="A camera does not wait."
            )
        if poses is not None:
            raise BadInputError(
                "--poses does not fit a camera.", rule="A table is read once, at the beginning."
            )
        return Camera(source, give_up_s=give_up_s)
    if not source or "://" in source:
        raise BadInputError(
            f"{_shown(source)!r} is no source of frames.",
            rule="Frames come from a folder, a video file or an rtsp:// address.",
        )
    table = None if poses is None else read_pose_table(poses)
    if not is_folder:
        return VideoFile(path, begin=start, poses=table)
    if table is not None and table.is_relative:
        raise BadInputError(
            f"table of poses {poses} does not fit a folder of images.",
            rule="Its column 'seconds' counts from the beginning of a video.",
            fix="Give it a column 'time'.",
        )
    return FrameFolder(path, follow=follow, poses=table, idle_s=idle_s)


def _shown(source: str) -> str:
    return public_address(source) if "://" in source else source


def _start(text: str | None) -> datetime | None:
    if text is None:
        return None
    utc = utc_from_text(text)
    if utc is None:
        raise BadInputError(
            f"--start {text!r} is no time.", rule="Write it as 2026-05-04T10:20:30Z."
        )
    return utc


def _lines() -> OnFrame:
    """Say every few seconds how far the stream is."""
    told_s = time.monotonic()

    def tell(entry: Mapping[str, object]) -> None:
        nonlocal told_s
        if time.monotonic() - told_s >= LINE_EVERY_S:
            told_s = time.monotonic()
            click.echo(
                f"frame       {entry['frame']} · {entry['time']} · {entry['latency_ms']:.0f} ms · "
                f"{entry['dropped']} dropped · {entry['failed']} failed",
                err=True,
            )

    return tell


def _report_lines(report: LiveReport) -> list[tuple[str, str]]:
    """Tell what a stream gave."""
    before = f" · {report.made_before} made before" if report.made_before else ""
    left_out = f"{report.dropped} dropped · {report.skipped} skipped · {report.failed} failed"
    lines = [
        ("stream", f"{report.source} · ended by: {report.ended_by}"),
        ("frames", f"{report.done} done{before} · {left_out}"),
    ]
    if report.reconnects:
        lines.append(("reconnects", str(report.reconnects)))
    if report.latency_median_ms is not None:
        placed = " · ".join(f"{count} by {geo}" for geo, count in sorted(report.placed.items()))
        lines += [
            ("placed", placed),
            ("latency",
             f"{report.latency_median_ms:.0f} ms median · {report.latency_max_ms:.0f} ms longest"),
        ]  # fmt: skip
    speed = report.done / report.wall_s if report.wall_s else 0.0
    lines += [
        ("speed", f"{report.wall_s:.2f} s · {speed:.1f} frames/s"),
        ("log", str(report.log)),
    ]
    return lines

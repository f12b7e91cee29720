"""`edgers pushbroom`: a bundle over rows as they arrive."""

import json
import time
from collections.abc import Sequence
from pathlib import Path

import click

from edgers.bundle import open_bundle
from edgers.cli.band_map import renamed_from_options
from edgers.cli.fallback import fallback_lines, no_fallback_option
from edgers.cli.show import LABEL_WIDTH, found_lines, shape_text
from edgers.errors import BadInputError
from edgers.pipeline.model import load_model
from edgers.pipeline.pushbroom import OnRows, StripOptions, run_strip
from edgers.pipeline.strip_report import StripReport
from edgers.scene.pushbroom import StripSource

LINE_EVERY_S = 5.0
"""Seconds between lines that say how far the strip is."""

HELP = """Run BUNDLE over the rows of SOURCE while they arrive.

SOURCE is an ENVI file that may still grow (its header beside it), a named pipe, or - for standard
input; pipes carry raw BIL or BIP rows that --header describes. What is finished is appended at once
to files in the output folder, and never changed: rows of ENVI rasters, objects as lines of GeoJSON,
tables as CSV. The strip ends with its pipe, when its file has not grown for --idle seconds, with
--until-complete, or at Ctrl-C: what has arrived is then finished. A run always begins anew.
"""


@click.command(help=HELP)
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("source")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Output folder.")
@click.option("--header", type=click.Path(path_type=Path), help="ENVI header of the rows.")
@click.option("--tile", "tile_px", type=click.IntRange(1), help="Longest tile side, px.")
@click.option("--rows", "rows_px", type=click.IntRange(1), help="Most rows of a tile: the lag, px.")
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="BAND=NAME",
    help="Use strip band NAME (or its number) as model band BAND.",
)
@click.option("--name", help="Name of the strip; else that of its file or header.")
@click.option(
    "--idle", "idle_s", type=click.FloatRange(0, 1e9), default=10.0, show_default=True,
    help="End when a file has not grown for so many seconds.",
)  # fmt: skip
@click.option("--until-complete", is_flag=True, help="End with the rows that the header states.")
@click.option("--stdout", "to_stdout", is_flag=True, help="Write finished rows to stdout as well.")
@no_fallback_option
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON report.")
def command(
    bundle: Path, source: str, out: Path, header: Path | None, tile_px: int | None,
    rows_px: int | None, maps: tuple[str, ...], name: str | None, idle_s: float,
    until_complete: bool, to_stdout: bool, no_fallback: bool, quiet: bool, as_json: bool,
) -> None:  # fmt: skip
    """Run the command."""
    where = StripSource(source=source, header=header, idle_s=idle_s, until_complete=until_complete)
    options = StripOptions(
        tile_px=tile_px, rows_px=rows_px, renamed=renamed_from_options(maps), name=_checked(name)
    )
    on_rows = None if quiet or as_json else _lines()
    with load_model(open_bundle(bundle), allow_fallback=not no_fallback) as model:
        if not quiet and not as_json:
            _print(fallback_lines(model), to_stdout)
        if to_stdout:
            # Unbuffered, and not closed at the end: a row leaves when it is written.
            with open(1, "wb", buffering=0, closefd=False) as sink:
                report = run_strip(model, where, out, options, sink=sink, on_rows=on_rows)
        else:
            report = run_strip(model, where, out, options, on_rows=on_rows)
    # Rows on standard output must not be mixed with words.
    if as_json:
        click.echo(json.dumps(report.document(), indent=2), err=to_stdout)
    elif not quiet:
        _print(_report_lines(report), to_stdout)


def _print(lines: Sequence[tuple[str, str]], to_stdout: bool) -> None:
    """Print facts, beside the rows where those go to standard output."""
    for label, text in lines:
        click.echo(f"{label:<{LABEL_WIDTH}}{text}", err=to_stdout)


def _checked(name: str | None) -> str | None:
    """Refuse a name that is no file name."""
    if name is not None and (not name.strip(". ") or {"/", "\0"} & set(name)):
        raise BadInputError(
            f"--name {name!r} is no file name.", rule="It has no / and is more than dots."
        )
    return name


def _lines() -> OnRows:
    """Say every few seconds how far the strip is."""
    told_s = time.monotonic()

    def tell(rows_in: int, rows_out: int) -> None:
        nonlocal told_s
        if time.monotonic() - told_s >= LINE_EVERY_S:
            told_s = time.monotonic()
            click.echo(f"{'rows':<{LABEL_WIDTH}}{rows_in} in · {rows_out} out", err=True)

    return tell


def _report_lines(report: StripReport) -> list[tuple[str, str]]:
    """Tell what a strip gave."""
    size = shape_text(report.rows_in, report.width_px)
    lines = [
        ("strip", f"{report.strip} · {size} px · ended by: {report.ended_by}"),
        ("rows", f"{report.rows_out} out · lag {report.lag_px} · {report.tiles} tiles"),
        *found_lines(report.found),
        ("nodata", f"{report.nodata_share:.1%} of the strip"),
    ]
    if report.not_finite_px:
        text = f"the network gave NaN or infinity on {report.not_finite_px} px; they are nodata"
        lines.append(("warning", text))
    if report.dropped_bytes:
        text = f"the last row was not whole; its {report.dropped_bytes} bytes were dropped"
        lines.append(("warning", text))
    if report.missing_rows:
        lines.append(("warning", f"{report.missing_rows} rows of the header did not come"))
    speed = f"{report.rows_in / report.wall_s:.1f} rows/s"
    lines.append(("speed", f"{report.wall_s:.2f} s · {speed}"))
    first, *others = report.products
    files = [str(first), *(path.name.removeprefix(first.stem) for path in others)]
    lines.append(("products", " · ".join(files)))
    return lines

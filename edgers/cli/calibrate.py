"""`edgers calibrate`: the ranges of a graph's tensors over scenes."""

from pathlib import Path
from typing import Any

import click

from edgers.calibration.calibrate import measure_ranges
from edgers.calibration.label_files import label_of
from edgers.calibration.picture import write_picture
from edgers.calibration.ranges import ranges_bytes
from edgers.calibration.sampling import DEFAULT_COUNT, SampledTiles, sample_tiles
from edgers.calibration.scene_list import scenes_in
from edgers.cli.compile import contract_line
from edgers.cli.progress import listener
from edgers.cli.run_options import options_from_chosen
from edgers.cli.show import line, shape_text
from edgers.contract import contract_from_file
from edgers.errors import BadInputError, OutputError
from edgers.export.graph import check_fit, graph_from_file
from edgers.files import write_whole
from edgers.tiling.graph import halo_from_graph

MOST_NAMES = 3
"""Scenes named in a line."""


@click.command(
    help="Measure the ranges of MODEL's tensors on tiles of each SCENE, as run takes it."
)
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("scenes", metavar="SCENE...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--contract", required=True, type=click.Path(path_type=Path), help="The model's contract."
)
@click.option(
    "-o", "--out", required=True, type=click.Path(path_type=Path), help="File of ranges to write."
)
@click.option(
    "--tiles", "count", default=DEFAULT_COUNT, show_default=True, type=click.IntRange(1),
    help="Tiles to take.",
)  # fmt: skip
@click.option("--tile", "tile_px", type=click.IntRange(1), help="Tile side, px.")
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(0), help="What tiles are drawn by."
)
@click.option(
    "--labels", multiple=True, type=click.Path(path_type=Path), metavar="PATH",
    help="Label raster, or a folder of them, named like the scenes: every class is then sampled.",
)  # fmt: skip
@click.option(
    "--map", "maps", multiple=True, metavar="BAND=NAME",
    help="Use scene band NAME (or its number) as model band BAND.",
)  # fmt: skip
@click.option(
    "--input", "inputs", multiple=True, metavar="NAME=PATH",
    help="Read model input NAME from PATH; again for each file, or date, of it.",
)  # fmt: skip
@click.option(
    "--picture", type=click.Path(path_type=Path), metavar="FILE",
    help="PNG to write, of the scenes and the tiles that were taken.",
)  # fmt: skip
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def command(
    model: Path, scenes: tuple[Path, ...], contract: Path, out: Path, labels: tuple[Path, ...],
    picture: Path | None, quiet: bool, **chosen: Any,
) -> None:  # fmt: skip
    """Run the command."""
    for path in (out, *([picture] if picture else [])):
        _check_folder(path)
    options = options_from_chosen(maps=chosen.pop("maps"), inputs=chosen.pop("inputs"))
    stated = contract_from_file(contract)
    if stated.program is not None:
        is_rows = stated.rows is not None
        raise BadInputError(
            "ranges are measured on models of one graph, run once a tile.",
            seen=f"The contract has {'rows as input' if is_rows else 'an edgers:program'}.",
            fix="Compile it at FP32, or calibrate a graph with a contract of its own.",
        )
    graph = graph_from_file(model)
    check_fit(graph, stated)
    sampled = sample_tiles(
        stated, halo_from_graph(graph, stated.inputs, stated.outputs[0].name),
        scenes_in(scenes, stated, options.renamed), **chosen,
        renamed=options.renamed, inputs=options.inputs,
        labels=(lambda scene: label_of(scene, labels)) if labels else None,
        progress=listener(quiet=quiet, word="sample"),
    )  # fmt: skip
    if labels and not any(source.label for source in sampled.sources):
        raise BadInputError(
            "the labels fit none of the scenes.",
            seen=f"Labels: {', '.join(path.name for path in labels[:MOST_NAMES])}.",
            rule="A label has its scene's name, or differs in the last word after '_'.",
        )
    found = measure_ranges(
        graph, model.read_bytes(), sampled, listener(quiet=quiet, word="measure")
    )
    if picture:
        title = f"{stated.name}: calibration"
        write_whole(picture, write_picture(sampled, title, listener(quiet=quiet, word="draw")))
    write_whole(out, ranges_bytes(found))
    if quiet:
        return
    line("contract", contract_line(stated))
    for label, text in sampled_lines(sampled):
        line(label, text)
    line("tensors", f"{len(found.spans)} of the graph, by {len(next(iter(found.spans.values())))} "
         "methods")  # fmt: skip
    if picture:
        line("picture", f"{picture}")
    line("ranges", f"{out} · {out.stat().st_size / 1e3:.0f} kB")
    line("next", f"edgers compile {model} --contract {contract} --precision auto --ranges {out} "
         "--judge SCENE -o MODEL.edgers")  # fmt: skip


def sampled_lines(sampled: SampledTiles) -> list[tuple[str, str]]:
    """Tell what was sampled."""
    names = [one.name for one in sampled.scenes]
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    several = "s" * (len(names) > 1)
    lines = [("scenes", f"{len(names)} scene{several} · {', '.join(names[:MOST_NAMES])}{more}")]
    tiles = f"{len(sampled)} of {sampled.looked_at} · {shape_text(*sampled.tile_px)} px"
    if sampled.empty:
        tiles += f" · {sampled.empty} mostly nodata, left out"
    lines.append(("tiles", f"{tiles} · seed {sampled.seed}"))
    if len(sampled) < sampled.asked:
        lines.append(("warning", f"{sampled.asked} tiles were asked for; all there are were taken"))
    rarest, seen = min(sampled.strata), len({one.stratum for one in sampled.taken})
    strata = f"{seen} of {len(sampled.strata)} by spectrum"
    lines.append(("strata", f"{strata} · the rarest has {rarest} tile{'s' * (rarest > 1)}"))
    if sampled.classes:
        held = (f"{value} in {tiles} tiles" for value, tiles in sampled.classes.items())
        lines.append(("classes", " · ".join(held)))
    return lines


def _check_folder(path: Path) -> None:
    """Raise OutputError where a file cannot be written: before the work, not after it."""
    if not path.absolute().parent.is_dir():
        raise OutputError(f"{path} cannot be written.", seen="Its folder is not there.")
    if path.is_dir():
        raise OutputError(f"{path} cannot be written.", seen="It is a folder.")

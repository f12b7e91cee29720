"""Options that say what to calibrate and to judge on when precisions other than FP32 may ship."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from edgers.calibration.labels import scheme_from_words
from edgers.cli.band_map import renamed_from_options
from edgers.contract import contract_from_file
from edgers.errors import BadInputError
from edgers.export.accuracy import MAX_DROP, SEARCH_S, AccuracyDemand

Command = TypeVar("Command", bound=Callable[..., object])

_PATH = click.Path(path_type=Path)


OPTIONS = (
    click.option(
        "--calibrate",
        multiple=True,
        type=_PATH,
        metavar="SCENE",
        help="Scene to calibrate INT8 on, folder of scenes or pattern, again for more. Without "
        "--judge every third of them is held back to judge on.",
    ),
    click.option("--ranges", type=_PATH, metavar="FILE", help="Ranges from 'edgers calibrate'."),
    click.option(
        "--judge",
        multiple=True,
        type=_PATH,
        metavar="SCENE",
        help="Scene to judge on, folder or pattern, again for more: none it was calibrated on.",
    ),
    click.option(
        "--labels",
        multiple=True,
        type=_PATH,
        metavar="PATH",
        help="Label raster (of objects a GeoJSON file), or a folder of them, named like the "
        "scenes. Without, what FP32 gives is the truth.",
    ),
    click.option(
        "--label",
        "label_words",
        multiple=True,
        metavar="VALUE=CLASS",
        help="What a label value means: a class, several joined by +, or 'ignore'. Without, "
        "labels have the values of the classes.",
    ),
    click.option(
        "--max-drop",
        default=MAX_DROP,
        show_default=True,
        type=click.FloatRange(0, 1),
        help="Most of the metric that may be lost.",
    ),
    click.option(
        "--search/--no-search",
        default=True,
        show_default=True,
        help="Keep layers in higher precision where the loss is too large.",
    ),
    click.option(
        "--search-time",
        "search_s",
        default=SEARCH_S,
        show_default=True,
        type=click.FloatRange(0),
        metavar="SECONDS",
        help="Time that this may take.",
    ),
    click.option(
        "--tiles",
        type=click.IntRange(1),
        help="Tiles to calibrate on.",
    ),
    click.option(
        "--seed",
        default=0,
        show_default=True,
        type=click.IntRange(0),
        help="What tiles are drawn by.",
    ),
    click.option(
        "--map",
        "maps",
        multiple=True,
        metavar="BAND=NAME",
        help="Use scene band NAME (or its number) as model band BAND.",
    ),
    click.option(
        "--report",
        type=_PATH,
        metavar="FOLDER",
        help="Write a report of what was calibrated and judged, with pictures.",
    ),
)


def accuracy_options(command: Command) -> Command:
    """Give a command the options; it hands them to `demand_from_chosen`."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def demand_from_chosen(
    contract: Path, *, calibrate: tuple[Path, ...], ranges: Path | None, judge: tuple[Path, ...],
    label_words: tuple[str, ...], maps: tuple[str, ...], report: Path | None, **others: Any,
) -> AccuracyDemand | None:  # fmt: skip
    """Give what was asked for; None where there are no scenes.

    Raises BadInputError where something was asked for that takes scenes.
    """
    if not (calibrate or ranges or judge):
        if others["labels"] or label_words or report:
            raise BadInputError(
                "labels and reports are of scenes.", fix="Name scenes with --calibrate SCENE."
            )
        return None
    scheme = None
    if label_words:
        scheme = scheme_from_words(label_words, contract_from_file(contract).outputs[0])
    return AccuracyDemand(
        calibrate=calibrate, ranges=ranges, judge=judge, scheme=scheme, report=report,
        renamed=renamed_from_options(maps), **others,
    )  # fmt: skip

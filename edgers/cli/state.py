"""`edgers state`: the store of scenes kept on board."""

import json
from pathlib import Path

import click

from edgers.bundle import open_bundle
from edgers.cli.band_map import renamed_from_options
from edgers.cli.kept_lines import arrival_lines
from edgers.cli.memory import memory_bytes
from edgers.cli.show import line, print_lines
from edgers.cli.state_options import keeping_in, place_options
from edgers.errors import BadInputError
from edgers.pipeline.options import RunOptions
from edgers.state.keep import shrink
from edgers.state.listing import RingFacts, facts_of_store
from edgers.state.run import add_scene
from edgers.state.store import Store

STORE = click.argument("store", type=click.Path(path_type=Path))


@click.group(help="Keep scenes for models that need earlier ones; list or drop them.")
def command() -> None:
    """Group the commands."""


@command.command("add", help="Keep each SCENE in STORE for the model in BUNDLE, without a run.")
@click.argument("bundle", type=click.Path(path_type=Path))
@STORE
@click.argument("scenes", metavar="SCENE...", nargs=-1, required=True,
                type=click.Path(path_type=Path))  # fmt: skip
@place_options
@click.option("--map", "maps", multiple=True, metavar="BAND=NAME",
              help="Use scene band NAME (or its number) as model band BAND.")  # fmt: skip
def add(
    bundle: Path, store: Path, scenes: tuple[Path, ...], place: str | None, max_state: int | None,
    maps: tuple[str, ...],
) -> None:  # fmt: skip
    """Run `edgers state add`."""
    inputs = open_bundle(bundle).contract.inputs
    options = RunOptions(renamed=renamed_from_options(maps))
    with keeping_in(store, place, max_state) as keeping:
        assert keeping is not None
        for scene in scenes:
            for arrival in add_scene(inputs, scene, options, keeping):
                print_lines(arrival_lines(arrival))


@command.command("list", help="Say what STORE holds: places, inputs, dates, bytes, and damage.")
@STORE
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def list_command(store: Path, as_json: bool) -> None:
    """Run `edgers state list`."""
    with Store(store, is_new=False) as opened:
        facts = facts_of_store(opened)
    if as_json:
        click.echo(json.dumps([one.document() for one in facts], indent=2))
        return
    for one in facts:
        print_lines(_ring_lines(one))
    total = sum(one.size_bytes for one in facts)
    line("together", f"{sum(len(one.scenes) for one in facts)} scenes · {_size(total)}")


@command.command("drop", help="Remove scenes from STORE: those of a place, a date, or both.")
@STORE
@click.option("--place", metavar="NAME", help="Only at this place.")
@click.option("--date", metavar="TEXT", help="Only what was taken then, such as 2024-03 or 2099.")
@click.option("--max-state", metavar="SIZE", callback=memory_bytes,
              help="The oldest, until all takes no more than this.")  # fmt: skip
def drop(store: Path, place: str | None, date: str | None, max_state: int | None) -> None:
    """Run `edgers state drop`."""
    if not (place or date or max_state is not None):
        raise click.UsageError("Say which: --place, --date or --max-state.")
    dropped = 0
    with Store(store, is_new=False) as opened:
        for ring in opened.rings() if place or date else ():
            for one in ring.entries():
                if place in (None, ring.place) and one.facts.time.startswith(date or ""):
                    ring.remove(one)
                    dropped += 1
                    line("dropped", f"{ring.place} {one.facts.time} · {one.facts.scene}")
            ring.remove_made(set())
        if max_state is not None:
            for path in shrink(opened, max_state):
                dropped += 1
                line("dropped", f"{path.parents[1].name} {path.name[:16]}")
    if not dropped:
        raise BadInputError("nothing in the store is as said.", fix="See edgers state list.")


def _ring_lines(facts: RingFacts) -> list[tuple[str, str]]:
    """Tell what a ring holds."""
    shape = f"{facts.width_px} × {facts.height_px} px" if facts.scenes else "nothing"
    head = f"{facts.place} · {facts.input} · {shape} · {_size(facts.size_bytes)}"
    lines = [("place", head)]
    for one in facts.scenes:
        lines.append(
            ("", f"{one.time} · {one.clear:.0%} clear · {_size(one.size_bytes)} · {one.scene}")
        )
    return [*lines, *(("damaged", f"{name}: {reason}") for name, reason in facts.damaged)]


def _size(size_bytes: int) -> str:
    """Write a size as people do."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size_bytes >= factor:
            return f"{size_bytes / factor:.3g} {unit}"
    return f"{size_bytes} bytes"

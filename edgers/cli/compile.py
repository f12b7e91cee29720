"""`edgers compile`: from a graph and its contract to a bundle."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from edgers.bundle import Bundle
from edgers.cli.accuracy_options import accuracy_options, demand_from_chosen
from edgers.cli.certificate import accuracy_lines
from edgers.cli.kit_choices import kit_choices, kit_options_from_chosen
from edgers.cli.kit_lines import kit_lines
from edgers.cli.part_option import part_option, parts_from_texts
from edgers.cli.show import line, print_lines
from edgers.cli.vector_lines import vector_lines
from edgers.contract import Contract, ModelInput
from edgers.export.candidate_table import candidate_text, table_lines
from edgers.export.compile import compile_bundle
from edgers.export.compiled import Compiled
from edgers.targets.target import target_from_name


@click.command(help="Compile MODEL (an .onnx file) with its contract into one bundle.")
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--contract", required=True, type=click.Path(path_type=Path), help="The model's contract."
)
@click.option(
    "-o", "--out", required=True, type=click.Path(path_type=Path), help="Bundle to write."
)
@click.option("--target", default="cpu", show_default=True, help="Device to compile for.")
@click.option(
    "--engine",
    help="Runtime to compile for: nothing is timed, and the same inputs give the same bytes. "
    "Without it, those installed are timed and the fastest that passes ships.",
)
@click.option(
    "--precision",
    "precisions",
    multiple=True,
    default=("fp32",),
    show_default=True,
    help="Precision that may ship, again for each; 'auto' for all the device has.",
)
@part_option
@click.option(
    "--vectors",
    type=click.Path(path_type=Path),
    help="Vectors (.npz or .json) that the embedding is held against: names become classes.",
)
@click.option(
    "--tokenizer",
    type=click.Path(path_type=Path),
    help="tokenizer.json that makes words of the tokens of an autoregressive program.",
)
@accuracy_options
@kit_choices
def command(
    model: Path, contract: Path, out: Path, target: str, engine: str | None,
    precisions: tuple[str, ...], parts: tuple[str, ...], vectors: Path | None,
    tokenizer: Path | None, **chosen: Any,
) -> None:  # fmt: skip
    """Run the command."""
    device = target_from_name(target)
    if "auto" in precisions:
        precisions = device.precisions
    kit = kit_options_from_chosen(chosen)
    demand = demand_from_chosen(contract, **chosen)
    with told_progress() as tell:
        done = compile_bundle(
            model, contract, out, target=target, engine=engine, precisions=precisions,
            demand=demand, vectors=vectors, kit=kit, tell=tell, parts=parts_from_texts(parts),
            tokenizer=tokenizer,
        )  # fmt: skip
    bundle = done.bundle
    line("contract", contract_line(bundle.contract))
    print_lines(vector_lines(bundle))
    line("graph", _graph_line(done))
    line("halo", bundle.halo.reason())
    if done.proof:
        found = f"largest difference {done.proof.difference:.3g}"
        line("proof", f"{done.proof.tiles} random tiles against untiled: {found}")
    for text in table_lines(bundle.measured):
        line("candidate", text)
    print_lines(kit_lines(bundle, device.title))
    print_lines(accuracy_lines(bundle.measured))
    line("engine", _engine_line(bundle))
    line("bundle", f"{out} · {out.stat().st_size / 1e6:.2f} MB · id {bundle.bundle_id[:12]}…")
    if demand is not None and demand.report is not None:
        line("report", str(demand.report / "report.md"))
    is_kit = bundle.kit is not None
    line("next", f"edgers build {out}   (on the device, or on a twin of it)" if is_kit else
         f"edgers run {out} SCENE.tif -o out/")  # fmt: skip


@contextmanager
def told_progress() -> Iterator[Callable[[str], None]]:
    """Give a function that shows what is being done, on a terminal, until the block ends."""
    console = Console(stderr=True)
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with console.status("compiling") as status:
        yield lambda text: status.update(f"compiling · {text}")


def _engine_line(bundle: Bundle) -> str:
    """Say what runs the bundle, and what else where that cannot."""
    names = [candidate_text(one.name, one.precision, one.settings) for one in bundle.engines]
    if bundle.kit is not None:
        return f"tensorrt once it is built · else {', '.join(names)}"
    choice, *others = bundle.engines
    text = f"{choice.name} {choice.version} · {choice.precision}"
    return f"{text} · else {', '.join(names[1:])}" if others else text


def contract_line(contract: Contract) -> str:
    """Say in one line what a model needs and gives."""
    several = len(contract.inputs) > 1
    needs = [(f"{one.name} " if several else "") + _bands(one) for one in contract.inputs]
    output = contract.outputs[0]
    gives = [one.name for one in (output.classes or output.values)] or [output.task]
    return f"{contract.name}: {' + '.join(needs)} → {', '.join(gives)}"


def _bands(source: ModelInput) -> str:
    """Say what one input needs."""
    units = sorted({band.unit for band in source.bands if band.unit})
    details = [*units, *([f"{source.gsd_m:g} m"] if source.gsd_m else [])]
    bands = f"{len(source.bands)} band{'s' * (len(source.bands) > 1)}"
    if source.is_series:
        bands += " a date"
    return bands + (f" ({', '.join(details)})" if details else "")


def _graph_line(done: Compiled) -> str:
    halo = done.bundle.halo
    operators = ", ".join(f"{count} {name}" for name, count in sorted(done.operators.items()))
    sides = (halo.height.before_px, halo.height.after_px, halo.width.before_px, halo.width.after_px)
    return f"{operators} · halo {max(sides)} px"

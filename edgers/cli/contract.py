"""`edgers contract`: start one, or check one."""

from pathlib import Path

import click

from edgers.cli.compile import contract_line
from edgers.cli.part_option import part_option, parts_from_texts
from edgers.cli.show import line
from edgers.contract import contract_from_file
from edgers.export.draft import draft_from_graph
from edgers.export.graph import check_contract, graph_from_file
from edgers.export.parts import check_graphs, graphs_from_files
from edgers.files import write_whole


@click.group(help="Start or check a model contract.")
def command() -> None:
    """Group the two commands."""


@command.command(
    help="Write a commented contract for MODEL (an .onnx file), to be completed by hand."
)
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="File to write; else it is printed."
)
def init(model: Path, out: Path | None) -> None:
    """Run `edgers contract init`."""
    text = draft_from_graph(graph_from_file(model), model.stem)
    if out is None:
        click.echo(text, nl=False)
    else:
        write_whole(out, text.encode())
        line(
            "contract",
            f"{out}: replace every '?', then: edgers contract check {out} --model {model}",
        )


@command.command(help="Check the contract in FILE, and that it fits a graph.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--model", type=click.Path(path_type=Path), help="The .onnx file it is for.")
@part_option
def check(file: Path, model: Path | None, parts: tuple[str, ...]) -> None:
    """Run `edgers contract check`."""
    contract = contract_from_file(file)
    if model is None:
        check_contract(contract)
    else:
        check_graphs(graphs_from_files(model, parts_from_texts(parts), contract), contract)
    line("contract", contract_line(contract))
    line("scaling", " → ".join(step.kind for step in contract.inputs[0].scaling) or "none")
    line(
        "check", "fits the graph" if model else "passes; give --model to hold it against the graph"
    )

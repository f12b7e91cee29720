"""`edgers swap`: other vectors in a bundle."""

from pathlib import Path

import click

from edgers.bundle import open_bundle
from edgers.cli.show import line, print_lines
from edgers.cli.vector_lines import vector_lines
from edgers.files import write_whole
from edgers.vector_file import vectors_from_file
from edgers.vector_swap import swapped


@click.command(help="Put other vectors into BUNDLE; the graph stays as it is, to the byte.")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--vectors",
    required=True,
    type=click.Path(path_type=Path),
    help="Vectors (.npz or .json): 'vectors' (name, feature) and 'names'.",
)
@click.option(
    "-o", "--out", required=True, type=click.Path(path_type=Path), help="Bundle to write."
)
def command(bundle: Path, vectors: Path, out: Path) -> None:
    """Run the command."""
    write_whole(out, swapped(open_bundle(bundle), vectors_from_file(vectors)))
    made = open_bundle(out)
    print_lines(vector_lines(made))
    line("bundle", f"{out} · {out.stat().st_size / 1e6:.2f} MB · id {made.bundle_id[:12]}…")

"""`edgers swap`: other vectors in a bundle."""

from pathlib import Path

import click

from edgers.bundle import open_bundle
from edgers.cli.show import line, print_lines
from edgers.cli.vector_lines import vector_lines
from edgers.files import write_whole
from edgers.pipeline.model import load_model
from edgers.pipeline.two_towers import class_vectors, names_from_text
from edgers.vector_file import vectors_from_file
from edgers.vector_swap import swapped


@click.command(help="Put other vectors into BUNDLE; the graph stays as it is, to the byte.")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--vectors",
    type=click.Path(path_type=Path),
    help="Vectors (.npz or .json): 'vectors' (name, feature) and 'names'.",
)
@click.option(
    "--classes",
    metavar="NAMES",
    help="Names parted by commas, for the bundle's own text tower to make vectors of.",
)
@click.option(
    "-o", "--out", required=True, type=click.Path(path_type=Path), help="Bundle to write."
)
def command(bundle: Path, vectors: Path | None, classes: str | None, out: Path) -> None:
    """Run the command."""
    if (vectors is None) == (classes is None):
        raise click.UsageError("Give --vectors or --classes.")
    opened = open_bundle(bundle)
    if vectors is not None:
        new = vectors_from_file(vectors)
    else:
        with load_model(opened) as model:
            new = class_vectors(model, names_from_text(classes or ""))
    write_whole(out, swapped(opened, new))
    made = open_bundle(out)
    print_lines(vector_lines(made))
    line("bundle", f"{out} · {out.stat().st_size / 1e6:.2f} MB · id {made.bundle_id[:12]}…")

"""`edgers retrieve`: the tiles of a scene, or rows of a table, that are most like a vector."""

from pathlib import Path

import click
import numpy as np
import numpy.typing as npt

from edgers.bundle import open_bundle
from edgers.cli.show import line
from edgers.errors import BadInputError
from edgers.files import making_whole
from edgers.pipeline.model import load_model
from edgers.pipeline.two_towers import sentence_vector
from edgers.products.embedding_table import EmbeddingTable, embeddings_from_product
from edgers.products.retrieval import Hit, most_alike, write_hits
from edgers.stored_vectors import StoredVectors, vectors_from_entries
from edgers.vector_file import vectors_from_file

BUNDLE_ENDING = ".edgers"


@click.command(
    help="Find the tiles or rows most like a vector in TABLE, the .csv that 'edgers run' wrote of "
    "a scene or a table with an embedding model; the .npy lies beside it."
)
@click.argument("table", type=click.Path(path_type=Path))
@click.option(
    "--vectors", type=click.Path(path_type=Path),
    help="Where the query's vector is: an .npz or .json file, or a bundle that holds vectors.",
)  # fmt: skip
@click.option("--query", metavar="NAME", help="Name of the vector to look for.")
@click.option("--text", help="Look for what this says, by the text tower of --bundle.")
@click.option("--bundle", type=click.Path(path_type=Path), help="Bundle with both towers.")
@click.option(
    "--like",
    metavar="TILE",
    help="Look for tiles like this one, such as 3_0, or rows, such as 12, instead.",
)
@click.option("-k", "count", type=click.IntRange(1), default=10, show_default=True, help="Tiles.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Write them as CSV.")
def command(
    table: Path, vectors: Path | None, query: str | None, text: str | None, bundle: Path | None,
    like: str | None, count: int, out: Path | None,
) -> None:  # fmt: skip
    """Run the command."""
    is_whole = (query is None) == (vectors is None) and (text is None) == (bundle is None)
    if [query, text, like].count(None) != 2 or not is_whole:
        raise click.UsageError("Give --vectors and --query, --bundle and --text, or --like.")
    embeddings = embeddings_from_product(table)
    if bundle is not None and text is not None:
        with load_model(open_bundle(bundle)) as model:
            wanted = sentence_vector(model, text)
    else:
        wanted = _wanted(embeddings, vectors, query, like)
    hits = most_alike(embeddings, wanted, count)
    for rank, hit in enumerate(hits, 1):
        line(f"{rank}", _hit_text(embeddings, hit))
    if out is not None:
        with making_whole(out) as draft:
            write_hits(draft, embeddings, hits)
        line("table", str(out))


def _hit_text(table: EmbeddingTable, hit: Hit) -> str:
    """Tell what was found, and the window of a tile in its scene."""
    cells = dict(zip(table.headings, table.rows[hit.position], strict=True))
    text = f"{table.key} {cells[table.key]} · cosine {hit.cosine:.4f}"
    if "row_px" in cells and "column_px" in cells:
        text += f" · row {cells['row_px']} column {cells['column_px']}"
    return text


def _wanted(
    table: EmbeddingTable, vectors: Path | None, query: str | None, like: str | None
) -> npt.NDArray[np.float32]:
    """Give the vector that is looked for."""
    if vectors is not None and query is not None:
        return _vectors(vectors).find(query)
    assert like is not None
    return table.embedding_of(like)


def _vectors(path: Path) -> StoredVectors:
    """Read vectors of a file, or of a bundle."""
    if path.suffix != BUNDLE_ENDING:
        return vectors_from_file(path)
    found = vectors_from_entries(open_bundle(path).entries)
    if found is None:
        raise BadInputError(
            f"bundle {path} holds no vectors.", fix="Give a file of vectors, .npz or .json."
        )
    return found

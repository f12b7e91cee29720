"""Tables: what a model makes that answers for a tile, or a scene, as a whole."""

import io
from collections.abc import Sequence

import numpy as np

from edgers.bundle import GOLDEN_OUTPUT
from edgers.contract import ModelOutput
from edgers.errors import ContractError
from edgers.pipeline.maker import Order
from edgers.pipeline.model import Model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.row_maker import RowMaker
from edgers.pipeline.text import questions_of, words_of
from edgers.products.feature import Column
from edgers.products.features import check_formats
from edgers.products.row_drafts import RowDrafts
from edgers.products.row_products import RowFiles, row_names
from edgers.products.row_table import RowTable
from edgers.products.tally import Tally
from edgers.stored_vectors import VECTORS, vectors_from_entries
from edgers.tasks.row_meaning import RowMeaning
from edgers.tasks.rows import RowDecoder, row_kind


def row_maker(order: Order) -> RowMaker:
    """Open or begin the products; raises ContractError where the output gives no rows."""
    output, place = order.model.output, order.places.computed
    meaning = meaning_of(order.model, order.options)
    drafts = RowDrafts(order.work, order.grid, meaning.length, place, len(order.preview_bands))
    table = RowTable(
        drafts=drafts, grid=order.grid, places=order.places, meaning=meaning,
        of_scene=output.scope == "scene",
    )  # fmt: skip
    check_columns(output, table.columns)
    names = row_table_names(order.model, order.options, order.name)
    files = RowFiles(work=order.work, names=names, table=table)
    tally = Tally(total_px=place.height_px * place.width_px)
    return RowMaker(order.grid, output.name, RowDecoder(output), drafts, files, tally)


def row_table_names(model: Model, options: RunOptions, name: str) -> dict[str, str]:
    """Give the file of each product by its role; raises ContractError where there is no such."""
    tells = row_kind(model.output) == "numbers" or bool(model.output.classes)
    tells = tells or VECTORS in model.bundle.entries
    asked = {
        "--probabilities": options.probabilities,
        "--warp": options.warp,
        "--simplify": options.simplify_px,
        "--alert": options.alert and not tells,
    }
    for option, is_asked in asked.items():
        if is_asked:
            raise ContractError(
                f"output {model.output.name!r} makes a table, no map.",
                seen=f"Its task is {model.output.task!r}.",
                rule="A table has the probability of each class, and outlines of whole tiles; an "
                "alert tells of classes or numbers.",
                fix=f"Run without {option}.",
            )
    check_formats(options.vectors)
    is_embedding = row_kind(model.output) == "embedding"
    return row_names(name, options.vectors, is_embedding=is_embedding, alert=options.alert)


def check_columns(output: ModelOutput, columns: Sequence[Column]) -> None:
    """Raise ContractError where a value is named like another column of its table."""
    headings = [one.name for one in columns]
    if double := next((one for one in headings if headings.count(one) > 1), None):
        raise ContractError(
            f"output {output.name!r} names a value {double!r}, which the table has already.",
            rule=f"The table has: {', '.join(dict.fromkeys(headings))}.",
            fix="Name the value otherwise under 'edgers:values'.",
        )


def meaning_of(model: Model, options: RunOptions) -> RowMeaning:
    """Say what rows of a model hold; raises ContractError where its vectors do not fit it."""
    golden = np.load(io.BytesIO(model.bundle.entries[GOLDEN_OUTPUT]), allow_pickle=False)
    vectors = vectors_from_entries(model.bundle.entries)
    answers = len(questions_of(model, options.ask)) or 1
    return RowMeaning(model.output, golden.shape, vectors, words_of(model), answers)

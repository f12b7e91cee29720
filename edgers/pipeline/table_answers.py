"""What the rows of a table are said to be, and what of the table goes with it."""

import io

import numpy as np

from edgers.bundle import GOLDEN_OUTPUT
from edgers.contract import ModelOutput
from edgers.pipeline.model import Model
from edgers.pipeline.row_inputs import ROWS, RowInputs
from edgers.products.answered_table import AnsweredTable, place_columns
from edgers.products.table_drafts import TableDrafts
from edgers.scene.table import Floats, KnownTable, TablePiece
from edgers.tasks.row_meaning import RowMeaning


def row_meaning(model: Model, output: ModelOutput) -> RowMeaning:
    """Say what rows of a model hold, `output` being that of a row.

    Raises ContractError where what the network gives does not fit the contract.
    """
    golden = np.load(io.BytesIO(model.bundle.entries[GOLDEN_OUTPUT]), allow_pickle=False)
    axes = zip(model.output.dim_order, golden.shape, strict=True)
    sizes = [size for axis, size in axes if axis not in ("height", "width", "batch")]
    return RowMeaning(output, (1, *sizes))


def answered_table(
    table: KnownTable, drafts: TableDrafts, meaning: RowMeaning, inputs: RowInputs
) -> AnsweredTable:
    """Put a table and its answers together.

    What is no number of a spectrum is carried through: columns that the model does not take and
    that are no wavelength, and longitude and latitude in any case.
    """
    places = place_columns(table.headings)
    carried = [
        i for i, band in enumerate(table.bands)
        if i in (places or ()) or (i not in inputs.columns and band.wavelength_um is None)
    ]  # fmt: skip

    def spectra(piece: TablePiece) -> tuple[Floats, list[str]]:
        found = inputs.spectra(piece)
        return found[0], inputs.reasons(found)

    return AnsweredTable(
        table=table, drafts=drafts, meaning=meaning, needed=inputs.columns, carried=carried,
        spectra=spectra, places=places, step=ROWS,
    )  # fmt: skip

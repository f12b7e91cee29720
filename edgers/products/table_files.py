"""The files made of an answered table: CSV, matrix, Parquet, picture and Item."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.contract import Band
from edgers.errors import ContractError
from edgers.products.answered_table import AnsweredTable
from edgers.products.csv_table import cell_text
from edgers.products.disk_errors import disk_errors
from edgers.products.ending import Ending
from edgers.products.feature import Feature, values_of
from edgers.products.features import FORMATS, Format, check_formats
from edgers.products.found import Found
from edgers.products.npy_file import write_npy
from edgers.products.point_parquet import write_rows
from edgers.products.row_products import table_assets
from edgers.products.stac import CLASSIFICATION, STAC_VERSION, asset_documents
from edgers.products.table_extent import TableExtent
from edgers.products.table_picture import SHOWN_ROWS, ShownRows, write_table_picture
from edgers.products.work_folder import WorkFolder


def table_names(
    name: str, vectors: Sequence[Format], *, is_embedding: bool, has_points: bool
) -> dict[str, str]:
    """Give the file of each product by its role, the Item last.

    Raises ContractError where a format is asked for that rows of a table have not, OutputError
    where a package is missing.
    """
    for one in vectors:
        if one in ("csv", "parquet") or (one == "geoparquet" and has_points):
            continue
        raise ContractError(
            f"a table is not written as {one}.",
            seen="Its rows have longitude and latitude." if has_points
            else "Its rows have no longitude and latitude.",
            rule="Tables are CSV and parquet; rows with longitude and latitude geoparquet too.",
        )  # fmt: skip
    check_formats(vectors)
    return {
        "table": f"{name}.csv",
        **({"embeddings": f"{name}.npy"} if is_embedding else {}),
        **{one: f"{name}{FORMATS[one].ending}" for one in vectors if one != "csv"},
        "quicklook": f"{name}.png",
        "item": f"{name}.json",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFiles:
    """The files of one table."""

    work: WorkFolder
    """Where they are made."""
    names: Mapping[str, str]
    """File of each by its role, the Item last."""
    table: AnsweredTable
    """What they hold."""
    bands: Sequence[Band]
    """Bands of the first input, for the picture; empty where rows are points."""

    def finish(self, ending: Ending, found: Found, nodata_share: float) -> list[Path]:
        """Make all of them and move them into place; raises OutputError where the disk fails."""
        names, table = self.names, self.table
        files = {role: self.work.path(name) for role, name in names.items()}
        facts = ending.facts(nodata_share)
        with disk_errors(names["table"]):
            extent, shown = self._write_csv(files["table"], facts, found.rows or 1)
        for role in ("parquet", "geoparquet"):
            if role in names:
                with disk_errors(names[role]):
                    write_rows(files[role], table, facts, with_points=role == "geoparquet")
        if "embeddings" in names:
            with disk_errors(names["embeddings"]):
                shape = table.drafts.rows, table.meaning.length
                write_npy(files["embeddings"], shape, (one.numbers for one in table.pieces()))
        with disk_errors(names["quicklook"]):
            write_table_picture(
                files["quicklook"], table, shown, found, self.bands, title=ending.title,
                nodata_share=nodata_share,
            )  # fmt: skip
        with disk_errors(names["item"]):
            self._write_item(files["item"], ending, facts, found, extent)
        return self.work.commit(list(names.values()))

    def _write_csv(
        self, path: Path, facts: Mapping[str, object], answers: int
    ) -> tuple[TableExtent, ShownRows]:
        """Write all rows, so many with answers; give where they lie, and those that are drawn."""
        table, columns, extent = self.table, self.table.columns, TableExtent()
        origin = str(facts["bundle_id"]), str(facts["scene_sha256"])
        every, before = -(-answers // SHOWN_ROWS), 0
        drawn: list[tuple[npt.NDArray[Any], ...]] = []
        names = [one.name for one in columns]
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\r\n")
            writer.writerow(names)
            for piece in table.pieces(origin):
                for cells in zip(*piece.cells, strict=True):
                    row = Feature(geometry=None, properties=dict(zip(names, cells, strict=True)))
                    writer.writerow([cell_text(value) for value in values_of(row, columns)])
                extent.add(piece.points)
                order = before + np.cumsum(piece.answered)
                kept = piece.answered & ((order - 1) % every == 0)
                before = int(order[-1])
                drawn.append((piece.spectra[kept], piece.points[kept], piece.numbers[kept]))
        spectra, points, numbers = (np.concatenate(one) for one in zip(*drawn, strict=True))
        return extent, ShownRows(spectra=spectra, points=points, numbers=numbers)

    def _write_item(
        self, path: Path, ending: Ending, facts: Mapping[str, object], found: Found,
        extent: TableExtent,
    ) -> None:  # fmt: skip
        classes, box = self.table.meaning.classes, extent.bbox()
        item = {
            "type": "Feature",
            "stac_version": STAC_VERSION,
            "stac_extensions": [CLASSIFICATION] if classes else [],
            "id": path.stem,
            "geometry": extent.geometry(),
            **({"bbox": box} if box else {}),
            "properties": {
                "datetime": ending.time[0],
                "edgers:datetime_from": ending.time[1],
                **found.properties(),
                **{f"edgers:{key}": value for key, value in facts.items()},
            },
            "links": [],
            "assets": asset_documents(table_assets(self.names, self.table.columns, classes)),
        }
        path.write_text(json.dumps(item, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

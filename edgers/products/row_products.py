"""Products of a table in the making: drafts that tiles go into, files made of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgers.contract import ModelClass
from edgers.products.alert import ALERT_ENDING, write_alert
from edgers.products.csv_table import write_csv
from edgers.products.disk_errors import disk_errors
from edgers.products.embedding_parquet import write_embeddings
from edgers.products.ending import Ending
from edgers.products.feature import Column
from edgers.products.features import FORMATS, Format, write_features
from edgers.products.found import Found
from edgers.products.npy_file import write_npy
from edgers.products.row_findings import row_findings
from edgers.products.row_picture import write_row_picture
from edgers.products.row_table import RowTable
from edgers.products.stac import PICTURE, Asset, class_fields, write_item
from edgers.products.work_folder import WorkFolder

TABLE = "text/csv"
MATRIX = "application/x-npy"
ALERT = "alert"
"""Role of the alert."""


def row_names(
    name: str, vectors: Collection[Format], *, is_embedding: bool, alert: bool
) -> dict[str, str]:
    """Give the file of each product by its role; the STAC Item vouches for the others, last.

    `vectors` are formats in which the outlines of tiles are wanted beside the table.
    """
    outlines: dict[str, str] = {
        one: f"{name}{FORMATS[one].ending}" for one in vectors if one != "csv"
    }
    return {
        "table": f"{name}.csv",
        **({"embeddings": f"{name}.npy"} if is_embedding else {}),
        **outlines,
        **({ALERT: f"{name}{ALERT_ENDING}"} if alert else {}),
        "quicklook": f"{name}.png",
        "item": f"{name}.json",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFiles:
    """The files of one table."""

    work: WorkFolder
    """Where they are made."""
    names: Mapping[str, str]
    """File of each by its role, the Item last."""
    table: RowTable
    """What they hold."""

    def finish(self, ending: Ending, found: Found, nodata_share: float) -> list[Path]:
        """Make all of them and move them into place.

        Raises OutputError where the disk is full or fails.
        """
        names, table = ending.kept(self.names), self.table
        files = {role: self.work.path(name) for role, name in names.items()}
        facts = ending.facts(nodata_share)
        origin = str(facts["bundle_id"]), str(facts["scene_sha256"])
        with disk_errors(names["table"]):
            place, columns = table.places.product, table.columns
            features = (one for piece in table.pieces(origin) for one in piece.features)
            rows = write_csv(files["table"], features, columns, place, facts, is_table=True)
        for role in FORMATS:
            if role in names:
                self._write(role, files[role], origin, facts)
        if "embeddings" in names:
            with disk_errors(names["embeddings"]):
                write_npy(files["embeddings"], (rows, table.meaning.length), table.numbers())
        if ALERT in names:
            write_alert(files[ALERT], row_findings(table), facts)
        if "quicklook" in names:
            with disk_errors(names["quicklook"]):
                write_row_picture(
                    files["quicklook"], table, found, title=ending.title, nodata_share=nodata_share
                )
        if "item" in names:
            with disk_errors(names["item"]):
                write_item(
                    files["item"], place=table.places.product, on_map=None, found=found,
                    assets=table_assets(self.names, table.columns, table.meaning.classes),
                    time=ending.time, provenance=facts, span=ending.span,
                )  # fmt: skip
        return self.work.commit(list(names.values()))

    def _write(
        self, role: Format, path: Path, origin: tuple[str, str], facts: Mapping[str, object]
    ) -> None:
        """Write the table in another format; embeddings themselves into GeoParquet alone."""
        table = self.table
        place, pieces = table.places.product, table.pieces(origin)
        if role == "geoparquet" and table.meaning.is_embedding:
            with disk_errors(path.name):
                write_embeddings(path, pieces, table.columns, place, facts)
        else:
            features = (one for piece in pieces for one in piece.features)
            write_features(path, features, table.columns, place, role, facts)


def table_assets(
    names: Mapping[str, str], columns: Sequence[Column], classes: Sequence[ModelClass]
) -> dict[str, Asset]:
    """Give the assets of an Item, of products by their role; `columns` are those of the table."""
    told = [
        {"name": one.name, "type": one.type, **({"unit": one.unit} if one.unit else {})}
        for one in columns
    ]
    said = {"edgers:columns": told, **(class_fields(classes) if classes else {})}
    types: dict[str, str] = {role: one.media_type for role, one in FORMATS.items()}
    types |= {
        ALERT: "application/json",
        "table": TABLE,
        "embeddings": MATRIX,
        "quicklook": PICTURE,
    }
    return {
        role: Asset(name=name, media_type=types[role], fields=said if role == "table" else {})
        for role, name in names.items()
        if role != "item"
    }

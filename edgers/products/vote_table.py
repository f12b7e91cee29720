"""Votes as attributes of the polygons they were cast in: GeoJSON, or CSV without outlines."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rasterio.io import DatasetReader

from edgers.errors import BadInputError
from edgers.products.footprint_votes import Votes
from edgers.products.polygon_file import PolygonFile
from edgers.scene.lonlat import LONLAT

CLASS_TAG = "CLASS_"
"""Tags of a class map's band that name its classes, by value."""
SHARE_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteTable:
    """The attributes that polygons get."""

    classes: Mapping[int, str]
    """Name by class value, in order; empty for a map of values."""
    bands: Sequence[str]
    """Name of each band of a map of values; empty for a map of classes."""
    prefix: str = ""
    """What all attributes begin with."""

    def attributes(self, votes: Votes) -> dict[str, Any]:
        """Give the attributes of one polygon; what no pixel tells is null."""
        whole = votes.pixels + votes.nodata_px
        found: dict[str, Any] = {
            "pixels": votes.pixels,
            "nodata_share": round(votes.nodata_px / whole, SHARE_DIGITS) if whole else None,
        }
        found |= self._class_votes(votes) if self.classes else self._ranges(votes)
        return {f"{self.prefix}{name}": value for name, value in found.items()}

    def _class_votes(self, votes: Votes) -> dict[str, Any]:
        """Give the class of most pixels, the first of equal ones, and the pixels of each."""
        counts = {value: votes.counts.get(value, 0) for value in self.classes}
        best = max(counts, key=lambda value: counts[value])
        has_some = votes.pixels > 0
        return {
            "majority": best if has_some else None,
            "majority_name": self.classes[best] if has_some else None,
            "majority_share": round(counts[best] / votes.pixels, SHARE_DIGITS)
            if has_some
            else None,
            **{f"n_{self.classes[value]}": count for value, count in counts.items()},
        }

    def _ranges(self, votes: Votes) -> dict[str, Any]:
        """Give mean, least and most of each band."""
        found: dict[str, Any] = {}
        for i, band in enumerate(self.bands):
            has_some = bool(votes.sums)
            found[f"{band}_mean"] = votes.sums[i] / votes.pixels if has_some else None
            found[f"{band}_min"] = votes.least[i] if has_some else None
            found[f"{band}_max"] = votes.most[i] if has_some else None
        return found


def vote_table(dataset: DatasetReader, prefix: str) -> VoteTable:
    """Tell what a map holds: classes where its band names them, else values."""
    tags = dataset.tags(1)
    named = {int(key.removeprefix(CLASS_TAG)): name for key, name in tags.items()
             if key.startswith(CLASS_TAG) and key.removeprefix(CLASS_TAG).isdigit()}  # fmt: skip
    if named and dataset.count == 1:
        return VoteTable(classes=dict(sorted(named.items())), bands=(), prefix=prefix)
    bands = [name or f"band {i}" for i, name in enumerate(dataset.descriptions, 1)]
    return VoteTable(classes={}, bands=bands, prefix=prefix)


def check_attributes(table: VoteTable, polygons: PolygonFile) -> None:
    """Raise BadInputError where a polygon has a property of the name of an attribute."""
    names = table.attributes(Votes()).keys()
    for one in polygons.features:
        if taken := sorted(names & one.properties.keys()):
            raise BadInputError(
                f"the polygons have a property {taken[0]!r} already.",
                rule="Attributes are added to the properties they have, and replace none.",
                fix="Give the new ones another beginning: --prefix votes_",
            )


def write_votes(
    path: Path, polygons: PolygonFile, table: VoteTable, votes: Sequence[Votes], *, as_csv: bool
) -> None:
    """Write every feature with its properties and attributes, in the order they came."""
    attributes = [table.attributes(one) for one in votes]
    if as_csv:
        _write_csv(path, polygons, attributes)
        return
    features = [
        {
            "type": "Feature", **one.member, "geometry": one.geometry,
            "properties": {**one.properties, **more},
        }
        for one, more in zip(polygons.features, attributes, strict=True)
    ]  # fmt: skip
    # Coordinates stay as they came, and so does the word on where they lie.
    crs = polygons.crs
    stated = {"type": "name", "properties": {"name": crs.to_string()}}
    member = {} if crs == LONLAT else {"crs": stated}
    document = {"type": "FeatureCollection", **member, "features": features}
    path.write_text(json.dumps(document, ensure_ascii=False) + "\n", encoding="utf-8")


def _write_csv(path: Path, polygons: PolygonFile, attributes: Sequence[Mapping[str, Any]]) -> None:
    """Write a row a feature; lists and objects among its properties as JSON."""
    own = dict.fromkeys(key for one in polygons.features for key in one.properties)
    has_id = any("id" in one.member for one in polygons.features) and "id" not in own
    headings = [*(["id"] if has_id else []), *own, *attributes[0]]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(headings)
        for one, more in zip(polygons.features, attributes, strict=True):
            cells = {"id": one.member.get("id"), **one.properties, **more}
            writer.writerow([_text(cells.get(name)) for name in headings])


def _text(value: Any) -> Any:
    if value is None or (isinstance(value, (str, int, float)) and not isinstance(value, bool)):
        return value
    return json.dumps(value, ensure_ascii=False)

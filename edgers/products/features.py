"""Files of features: which formats there are, what each needs, and one way to write any of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from edgers.errors import OutputError
from edgers.products.csv_table import write_csv
from edgers.products.disk_errors import disk_errors
from edgers.products.feature import AREA, PROVENANCE, Column, Feature, Value
from edgers.products.flatgeobuf import write_flatgeobuf
from edgers.products.geojson import write_geojson
from edgers.products.geoparquet import write_geoparquet
from edgers.products.parquet_table import write_parquet
from edgers.products.shapes import with_areas
from edgers.scene.place import Place

__all__ = [
    "AREA", "FORMATS", "PROVENANCE", "Column", "Feature", "FeatureFile", "Format", "Value",
    "check_formats", "with_areas", "write_features",
]  # fmt: skip

Format = Literal["geojson", "geoparquet", "flatgeobuf", "csv", "parquet"]
Writer = Callable[[Path, Iterable[Feature], Sequence[Column], Place, Mapping[str, object]], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureFile:
    """One format."""

    ending: str
    """Ending of its files."""
    media_type: str
    """Media type."""
    write: Writer
    """Writes features; gives how many there were."""
    packages: tuple[str, ...] = ()
    """Packages it takes that not every installation has."""


FORMATS: Mapping[Format, FeatureFile] = {
    "geojson": FeatureFile(
        ending=".geojson", media_type="application/geo+json", write=write_geojson
    ),
    "geoparquet": FeatureFile(
        ending=".parquet", media_type="application/vnd.apache.parquet", write=write_geoparquet,
        packages=("pyarrow",),
    ),
    "flatgeobuf": FeatureFile(
        ending=".fgb", media_type="application/vnd.flatgeobuf", write=write_flatgeobuf,
        packages=("pyarrow", "pyogrio"),
    ),
    "parquet": FeatureFile(
        ending="_table.parquet", media_type="application/vnd.apache.parquet", write=write_parquet,
        packages=("pyarrow",),
    ),
    "csv": FeatureFile(ending=".csv", media_type="text/csv", write=write_csv),
}  # fmt: skip


def check_formats(names: Iterable[Format]) -> None:
    """Raise OutputError where a format takes a package that is not installed.

    To be called before a run begins: hours later would be too late.
    """
    for name in names:
        for package in FORMATS[name].packages:
            if find_spec(package) is None:
                raise OutputError(
                    f"features cannot be written as {name}.",
                    seen=f"The package {package} is not installed.",
                    fix="Install it with: pip install 'edgers[vectors]', or choose geojson or csv.",
                )


def write_features(
    path: Path, features: Iterable[Feature], columns: Sequence[Column], place: Place,
    format: Format = "geojson", facts: Mapping[str, object] | None = None,  # noqa: A002
) -> int:  # fmt: skip
    """Write features to a file in the work folder, and give how many there were.

    Features are taken one by one, or a thousand at a time, in the order given; the same features
    give the same bytes. `place` is that of the pixels their outlines are in. `facts` are what
    `Ending.facts` gives. Raises OutputError where the disk is full or fails, or a package is
    missing; ValueError where a property has no column or is not of its type.
    """
    check_formats([format])
    with disk_errors(path.name):
        return FORMATS[format].write(path, features, columns, place, facts or {})

"""Opening a table by the ending of its file."""

from collections.abc import Callable, Mapping
from pathlib import Path

from edgers.scene.csv_file import CsvFile
from edgers.scene.geojson_points import GeoJsonPoints
from edgers.scene.parquet_file import ParquetFile
from edgers.scene.spectral_library import SpectralLibrary
from edgers.scene.table import KnownTable

TABLES: Mapping[str, Callable[[Path], KnownTable]] = {
    ".csv": CsvFile,
    ".tsv": CsvFile,
    ".parquet": ParquetFile,
    ".geoparquet": ParquetFile,
    ".geojson": GeoJsonPoints,
    ".sli": SpectralLibrary,
    ".esl": SpectralLibrary,
}
"""What reads a file, by its ending in small letters."""


def is_table(path: Path) -> bool:
    """Tell whether a path is that of a table."""
    return path.suffix.lower() in TABLES


def open_table(path: Path) -> KnownTable:
    """Open a table; raises SceneError where it is damaged."""
    return TABLES[path.suffix.lower()](path)

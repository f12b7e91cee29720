"""The ranges of a network's tensors over the tiles it was calibrated on, kept as JSON.

They belong to a graph and to scenes, not to a device: one file serves every target.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgers.bundle import canonical_json
from edgers.contract.strict_json import strict_json
from edgers.errors import BadInputError
from edgers.files import read_file

FORMAT = 1
"""Version of the file; a reader refuses any other."""

MAX_BYTES = 64_000_000
"""Largest file read: some 300 bytes a tensor."""

METHODS = ("min-max", "percentile", "entropy", "mse")
"""How a range is chosen from what was seen: all of it; 99.999 % of it; where the least information
is lost (Kullback-Leibler divergence); where the squared error of 8 bits is least."""

Span = tuple[float, float]
"""Lowest and highest value that is represented."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledScene:
    """A scene that tiles were taken from."""

    name: str
    """File or folder name."""
    sha256: str
    """Over its files, as in the products of a run."""
    tiles: int
    """Tiles that were taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """What calibration found."""

    graph_sha256: str
    """The graph whose tensors these are."""
    seed: int
    """What tiles were drawn with."""
    tile_px: tuple[int, int]
    """Height and width of the tiles."""
    scenes: tuple[SampledScene, ...]
    """Where they came from."""
    spans: Mapping[str, Mapping[str, Span]]
    """For each tensor, by method."""

    def by_method(self, method: str) -> dict[str, Span]:
        """Give the range of each tensor by one of `METHODS`."""
        return {tensor: found[method] for tensor, found in self.spans.items()}


def ranges_document(ranges: Ranges) -> dict[str, object]:
    """Write ranges as JSON values."""
    return {
        "format": FORMAT,
        "graph_sha256": ranges.graph_sha256,
        "seed": ranges.seed,
        "tile_px": list(ranges.tile_px),
        "scenes": [
            {"name": one.name, "sha256": one.sha256, "tiles": one.tiles} for one in ranges.scenes
        ],
        "spans": {
            tensor: {method: list(span) for method, span in found.items()}
            for tensor, found in ranges.spans.items()
        },
    }


def ranges_bytes(ranges: Ranges) -> bytes:
    """Write ranges as a file: the same ranges give the same bytes."""
    return canonical_json(ranges_document(ranges))


def ranges_from_file(path: Path) -> Ranges:
    """Read a file of ranges; raises BadInputError where it is none, or is damaged."""
    data = read_file(path, "ranges", MAX_BYTES, BadInputError)
    try:
        return ranges_from_document(strict_json(data))
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise BadInputError(
            f"{path} is no file of ranges.",
            seen=f"{type(error).__name__}: {error}.",
            rule="It is written by 'edgers calibrate'.",
        ) from error


def ranges_from_document(document: Any) -> Ranges:
    """Read JSON values.

    Raises AttributeError, KeyError, TypeError or ValueError where they are no ranges.
    """
    if document["format"] != FORMAT:
        raise ValueError(f"format {document['format']!r}, this version reads {FORMAT}")
    height_px, width_px = _list(document["tile_px"])
    return Ranges(
        graph_sha256=_text(document["graph_sha256"]),
        seed=_count(document["seed"]),
        tile_px=(_count(height_px), _count(width_px)),
        scenes=tuple(
            SampledScene(
                name=_text(one["name"]), sha256=_text(one["sha256"]), tiles=_count(one["tiles"])
            )
            for one in _list(document["scenes"])
        ),
        spans={
            str(tensor): {method: _span(found[method]) for method in METHODS}
            for tensor, found in document["spans"].items()
        },
    )


def check_ranges(ranges: Ranges, graph: bytes, path: Path) -> None:
    """Raise BadInputError where ranges were measured on another graph."""
    found = graph_sha256(graph)
    if found != ranges.graph_sha256:
        raise BadInputError(
            f"{path} holds the ranges of another graph.",
            seen=f"The graph has SHA-256 {found[:12]}…, they are of {ranges.graph_sha256[:12]}….",
            fix="Calibrate again with 'edgers calibrate'.",
        )


def graph_sha256(graph: bytes) -> str:
    """Give what names a serialized graph."""
    return hashlib.sha256(graph).hexdigest()


def _list(found: Any) -> list[Any]:
    if not isinstance(found, list):
        raise ValueError(f"{found!r} in place of a list")
    return found


def _text(found: Any) -> str:
    if not isinstance(found, str):
        raise ValueError(f"{found!r} in place of a text")
    return found


def _count(found: Any) -> int:
    if type(found) is not int or found < 0:
        raise ValueError(f"{found!r} in place of a count")
    return found


def _span(found: Any) -> Span:
    low, high = _list(found)
    if any(type(end) not in (int, float) for end in (low, high)):
        raise ValueError(f"a range from {low!r} to {high!r}")
    # A whole number may be too large for a float.
    low, high = (float(str(end)) for end in (low, high))
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ValueError(f"a range from {low} to {high}")
    return low, high

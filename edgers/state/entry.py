"""One kept scene: a GeoTIFF that says in a tag what it is, under a name that holds its own hash.

The name is `20240115T101010Z_` and the SHA-256 of the file's bytes. So nothing beside the files has
to be kept in step with them: a file is there whole, under the name that proves it, or is not there.
"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

from edgers.contract.strict_json import strict_json
from edgers.errors import EdgersError
from edgers.scene.date import rfc3339, time_from_text
from edgers.scene.open import open_raster

TAG = "EDGERS_KEPT"
"""Tag in which a kept scene says what it is."""

NAME = re.compile(r"(\d{8}T\d{6}Z)_([0-9a-f]{64})\.tif")
TIME_IN_NAME = "%Y%m%dT%H%M%SZ"
HASH = re.compile(r"[0-9a-f]{64}")

PIECE_BYTES = 2**20
"""Bytes hashed at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a kept scene says of itself."""

    scene: str
    """Name of the file, folder or Item it was given as."""
    time: str
    """When it was taken, RFC 3339 in UTC."""
    sha256: str
    """Hash of its files, as products state it."""
    clear: float
    """Share of its pixels that have data and no cloud."""

    def tag(self) -> str:
        """Write the facts as they stand in the file."""
        return json.dumps(asdict(self), sort_keys=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One kept scene."""

    path: Path
    """Its file."""
    size_bytes: int
    """Its size."""
    facts: Facts
    """What it says of itself."""

    @property
    def when(self) -> datetime:
        """When it was taken."""
        found = time_from_text(self.facts.time)
        assert found is not None, "checked when it was read"
        return found

    @property
    def clear(self) -> float:
        """Share of its pixels that have data and no cloud."""
        return self.facts.clear

    @property
    def sha256(self) -> str:
        """Hash of the files it was made of."""
        return self.facts.sha256


def entry_name(time: str, digest: str) -> str:
    """Give the name of a file whose bytes have this SHA-256."""
    when = time_from_text(time)
    assert when is not None
    # strftime writes early years short on some systems.
    plain = re.sub(r"[-:]", "", rfc3339(when.astimezone(timezone.utc)))
    return f"{plain}_{digest}.tif"


def file_hash(path: Path) -> str:
    """Give the SHA-256 of a file, read piece by piece."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while piece := handle.read(PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def read_entry(path: Path) -> Entry | str:
    """Read a kept scene; give the reason in words where it is not what its name says."""
    named = NAME.fullmatch(path.name)
    if named is None:
        return "Its name is not that of a kept scene."
    if path.is_symlink() or not path.is_file():
        return "It is not a file of its own."
    try:
        if file_hash(path) != named.group(2):
            return "Its bytes are not those it was written with."
        with open_raster(path) as dataset:
            facts = _facts(dataset.tags().get(TAG, ""))
    except (OSError, EdgersError) as error:
        return f"It cannot be read: {str(error).splitlines()[0]}"
    if facts is None or entry_name(facts.time, named.group(2)) != path.name:
        return f"Its tag {TAG} does not say what it is."
    return Entry(path=path, size_bytes=path.stat().st_size, facts=facts)


def _facts(text: str) -> Facts | None:
    """Read the tag; None where it is another's."""
    try:
        found = strict_json(text.encode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    words = [found.get(key) for key in ("scene", "time", "sha256")]
    clear = found.get("clear")
    if not all(isinstance(one, str) for one in words) or not isinstance(clear, (int, float)):
        return None
    scene, time, sha256 = map(str, words)
    if time_from_text(time) is None or not HASH.fullmatch(sha256) or not 0 <= clear <= 1:
        return None
    return Facts(scene=scene, time=time, sha256=sha256, clear=float(clear))

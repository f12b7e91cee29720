"""The manifest of a bundle: what it says of itself, read without reading the rest of the file.

The manifest gives the id of the bundle and holds the SHA-256 of every other entry. So it can be
held against its id alone, and an entry against the manifest, in a time that does not grow with the
bundle. What is not read is not vouched for: `edgers.bundle.open_bundle` checks every byte.
"""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from edgers.build_kit import BuildKit, kit_from_document
from edgers.errors import BundleError
from edgers.files import check_file

FORMAT = 1
"""Version of the file format; a reader refuses any other."""
MANIFEST, CONTRACT = "manifest.json", "contract.json"
MOST_BYTES = 16 * 2**20
"""Largest manifest or contract read here; those of bundles are some kilobytes."""

# zipfile raises each of these on one sort of damaged archive or another.
DAMAGE = (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError, EOFError,
          KeyError, IndexError, OverflowError)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A runtime that a bundle lists."""

    name: str
    """Name of its package."""
    version: str
    """Version it was checked with."""
    precision: str
    """Precision it computes in."""
    provider: str
    """Provider it was set to; empty where the bundle says nothing of it."""
    graph_bytes: int
    """Size of its graph or plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a bundle says of itself."""

    bundle_id: str
    """SHA-256 over the manifest, in hexadecimal."""
    target: str
    """Device it was compiled for."""
    engines: tuple[Engine, ...]
    """Runtimes in order of preference."""
    kit: BuildKit | None
    """What it has for a GPU; None for a CPU."""
    contract: Mapping[str, object]
    """The contract, as a document."""
    sizes: Mapping[str, int]
    """Bytes of every entry, by name."""


def open_manifest(path: Path) -> Manifest:
    """Read the manifest and the contract of a bundle, both checked; no other entry is read.

    Raises BundleError where the file is no bundle, or either was altered.
    """
    check_file(path, "bundle", BundleError)
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
            held = {name: _entry(archive, name) for name in (MANIFEST, CONTRACT)}
    except DAMAGE as error:
        raise altered(path, f"its archive cannot be read ({error})") from error
    document = manifest_from_bytes(held[MANIFEST], path)
    check_id(document, path)
    listed = document.get("entries")
    if not isinstance(listed, dict) or sha256_of(held[CONTRACT]) != listed.get(CONTRACT):
        raise altered(path, f"entry {CONTRACT} does not match its hash")
    if missing := sorted(set(listed) - set(sizes)):
        raise altered(path, f"entry {missing[0]} is not there")
    try:
        return _manifest(document, json.loads(held[CONTRACT]), sizes)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise BundleError(
            f"bundle {path} lacks a part.",
            seen=f"{type(error).__name__}: {error}.",
            fix="Compile the model again with this version.",
        ) from error


def canonical_json(document: object) -> bytes:
    """Write JSON in the one way a bundle accepts: sorted keys, two spaces, UTF-8, one newline."""
    text = json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return text.encode() + b"\n"


def sha256_of(data: bytes) -> str:
    """Give the SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def altered(path: Path, why: str) -> BundleError:
    """Make the error that a bundle is not as it was written."""
    return BundleError(
        f"bundle {path} is damaged or was altered.",
        seen=f"{why[0].upper()}{why[1:]}.",
        rule="Every byte must be as 'edgers compile' wrote it.",
        fix="Copy the bundle again, or compile it anew.",
    )


def manifest_from_bytes(data: bytes | None, path: Path) -> Mapping[str, object]:
    """Read a manifest; raises BundleError where it is none, or of another format."""
    try:
        document = json.loads(data or b"")
        whole = isinstance(document, dict) and canonical_json(document) == data
    except (ValueError, RecursionError) as error:
        raise altered(path, "it has no readable manifest") from error
    if not whole:
        raise altered(path, "its manifest is not as it was written")
    if document.get("format") != FORMAT:
        raise BundleError(
            f"bundle {path} is of another format.",
            seen=f"Its format is {document.get('format')!r}.",
            rule=f"This version reads format {FORMAT}.",
            fix="Compile the model again with this version.",
        )
    return cast(Mapping[str, object], document)


def check_id(manifest: Mapping[str, object], path: Path) -> None:
    """Hold the id against what it is made from; raises BundleError where it differs."""
    stated = {k: v for k, v in manifest.items() if k not in ("id", "measured")}
    if sha256_of(canonical_json(stated)) != manifest.get("id"):
        raise altered(path, "its manifest does not give its id")


def _entry(archive: zipfile.ZipFile, name: str) -> bytes:
    """Read an entry; raises ValueError where it is packed or over the limit."""
    found = archive.getinfo(name)
    if found.compress_type != zipfile.ZIP_STORED or found.file_size > MOST_BYTES:
        raise ValueError(f"entry {name} is compressed or too large")
    return archive.read(found)


def _manifest(
    document: Mapping[str, object], contract: Mapping[str, object], sizes: Mapping[str, int]
) -> Manifest:
    kit = cast("Mapping[str, object] | None", document.get("kit"))
    return Manifest(
        bundle_id=str(document["id"]),
        target=str(document["target"]),
        engines=tuple(
            Engine(
                name=str(one["name"]),
                version=str(one["version"]),
                precision=str(one["precision"]),
                provider=_provider(one.get("settings", {})),
                graph_bytes=sizes[str(one["graph"])],
            )
            for one in cast(list[Mapping[str, object]], document["engines"])
        ),
        kit=None if kit is None else kit_from_document(kit),
        contract=contract,
        sizes=sizes,
    )


def _provider(settings: object) -> str:
    return str(settings.get("provider", "")) if isinstance(settings, dict) else ""

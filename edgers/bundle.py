"""The bundle: one file that holds a model in the form a device runs, and proves it unaltered.

A ZIP of stored entries in a fixed order with fixed dates, so the same inputs give the same bytes.
`manifest.json` comes first: it lists every other entry with its SHA-256, and its own content gives
the bundle id. `measured.json` holds what was measured when the bundle was made; it is hashed too
but is not part of the id. Opening checks every byte of the file, the ZIP's own headers included,
by writing the archive anew and comparing.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from edgers.build_kit import BuildKit, kit_from_document
from edgers.contract import Contract, contract_from_bytes
from edgers.errors import BundleError
from edgers.files import read_file
from edgers.tiling.halo import Halo, halo_from_document

FORMAT = 1
"""Version of the file format; a reader refuses any other."""
MANIFEST, MEASURED, CONTRACT = "manifest.json", "measured.json", "contract.json"
GOLDEN_INPUT, GOLDEN_OUTPUT = "golden/input.npy", "golden/output.npy"
GOLDEN_INPUTS = "golden/input/{}.npy"
"""Entry of one input of several, by its position in the contract."""
MAX_BUNDLE_BYTES = 2**32 - 1
"""Largest bundle read: what a plain ZIP can hold."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""Earliest date a ZIP can hold; every entry bears it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineChoice:
    """A runtime the bundle was made for, and the graph it runs."""

    name: str
    """Key in `edgers.engines.ENGINES`."""
    version: str
    """Version it was checked with."""
    precision: str
    """Precision of the graph, such as `fp32`."""
    graph: str
    """Entry that holds the graph."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings of the runtime, by name; bundles of older versions have none."""
    golden: str = GOLDEN_OUTPUT
    """Entry that holds what the graph must give for the golden tile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A verified bundle, held in memory."""

    bundle_id: str
    """SHA-256 over the manifest, in hexadecimal."""
    target: str
    """Device it was compiled for."""
    engines: tuple[EngineChoice, ...]
    """Runtimes in order of preference."""
    halo: Halo
    """Halo derived from the graph."""
    contract: Contract
    """What the model needs and gives."""
    entries: Mapping[str, bytes]
    """Every entry by name."""
    hashes: Mapping[str, str]
    """SHA-256 of every entry but the manifest, by name."""
    measured: Mapping[str, object]
    """What was measured when it was made."""
    kit: BuildKit | None = None
    """What it has for a GPU; None for a CPU."""
    swapped_from: str | None = None
    """Id of the bundle it was made of by putting other vectors in; None where it was compiled."""


def golden_inputs(contract: Contract) -> dict[str, str]:
    """Give the entry that holds the golden tile of each input, by tensor name."""
    if len(contract.inputs) == 1:
        return {contract.inputs[0].name: GOLDEN_INPUT}
    return {one.name: GOLDEN_INPUTS.format(i) for i, one in enumerate(contract.inputs)}


def bundle_bytes(
    entries: Mapping[str, bytes], facts: Mapping[str, object], measured: Mapping[str, object]
) -> bytes:
    """Put a bundle together from its entries and the facts for its manifest.

    The same arguments give the same bytes, and the same id whatever `measured` says.
    """
    held = {**entries, MEASURED: canonical_json(measured)}
    manifest = {
        "format": FORMAT,
        **facts,
        "entries": {name: _sha256(data) for name, data in sorted(entries.items())},
    }
    manifest["id"] = _sha256(canonical_json(manifest))
    manifest["measured"] = _sha256(held[MEASURED])
    return _zip({MANIFEST: canonical_json(manifest), **dict(sorted(held.items()))})


def facts_of(bundle: Bundle) -> dict[str, object]:
    """Give the facts of a bundle's manifest, with which it can be put together anew."""
    manifest = json.loads(bundle.entries[MANIFEST])
    return {k: v for k, v in manifest.items() if k not in ("format", "entries", "id", "measured")}


def canonical_json(document: object) -> bytes:
    """Write JSON in the one way a bundle accepts: sorted keys, two spaces, UTF-8, one newline."""
    text = json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return text.encode() + b"\n"


def open_bundle(path: Path) -> Bundle:
    """Read a bundle and check every byte of it.

    Raises BundleError where it is unreadable or altered, whatever the alteration.
    """
    data = read_file(path, "bundle", MAX_BUNDLE_BYTES, BundleError)
    entries = _unzip(data, path)
    manifest = _manifest(entries, path)
    _check_hashes(entries, manifest, path)
    if _zip(entries) != data:
        raise _altered(path, "its archive headers are not as they were written")
    return _bundle(entries, manifest, path)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _zip(entries: Mapping[str, bytes]) -> bytes:
    """Write a stored ZIP whose bytes depend on the entries alone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in entries.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return buffer.getvalue()


def _altered(path: Path, why: str) -> BundleError:
    return BundleError(
        f"bundle {path} is damaged or was altered.",
        seen=f"{why[0].upper()}{why[1:]}.",
        rule="Every byte must be as 'edgers compile' wrote it.",
        fix="Copy the bundle again, or compile it anew.",
    )


def _unzip(data: bytes, path: Path) -> dict[str, bytes]:
    """Read the entries of an archive that may be anything."""
    if not data.startswith(b"PK\x03\x04"):
        raise BundleError(
            f"{path} is not a bundle.",
            seen=f"It starts with {data[:4]!r}." if data else "It is empty.",
            fix="Make one with 'edgers compile'.",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if any(
                e.compress_type != zipfile.ZIP_STORED or e.file_size > len(data) for e in entries
            ):
                raise _altered(path, "an entry is compressed")
            return {entry.filename: archive.read(entry) for entry in entries}
    # zipfile raises each of these on one sort of damaged archive or another.
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError,
            EOFError, KeyError, IndexError, OverflowError) as error:  # fmt: skip
        raise _altered(path, f"its archive cannot be read ({error})") from error


def _manifest(entries: Mapping[str, bytes], path: Path) -> Mapping[str, object]:
    """Read the manifest."""
    try:
        document = json.loads(entries[MANIFEST])
        whole = isinstance(document, dict) and canonical_json(document) == entries[MANIFEST]
    except (KeyError, ValueError, RecursionError) as error:
        raise _altered(path, "it has no readable manifest") from error
    if not whole:
        raise _altered(path, "its manifest is not as it was written")
    if document.get("format") != FORMAT:
        raise BundleError(
            f"bundle {path} is of another format.",
            seen=f"Its format is {document.get('format')!r}.",
            rule=f"This version reads format {FORMAT}.",
            fix="Compile the model again with this version.",
        )
    return cast(Mapping[str, object], document)


def _check_hashes(entries: Mapping[str, bytes], manifest: Mapping[str, object], path: Path) -> None:
    """Hold the id, and every entry, against the hashes."""
    stated = {k: v for k, v in manifest.items() if k not in ("id", "measured")}
    if _sha256(canonical_json(stated)) != manifest.get("id"):
        raise _altered(path, "its manifest does not give its id")
    listed = manifest.get("entries")
    wanted = {**listed, MEASURED: manifest.get("measured")} if isinstance(listed, dict) else {}
    if set(wanted) != set(entries) - {MANIFEST}:
        raise _altered(path, "its entries are not those of its manifest")
    for name, sha256 in wanted.items():
        if _sha256(entries[name]) != sha256:
            raise _altered(path, f"entry {name} does not match its hash")


def _words(found: object) -> dict[str, str]:
    """Read settings; raises TypeError where they are no words."""
    if isinstance(found, dict) and all(isinstance(value, str) for value in found.values()):
        return found
    raise TypeError("the settings of an engine are not words")


def _bundle(entries: Mapping[str, bytes], manifest: Mapping[str, object], path: Path) -> Bundle:
    """Give the verified content its types."""
    try:
        engines = tuple(
            EngineChoice(
                **{k: str(one[k]) for k in ("name", "version", "precision", "graph")},
                settings=_words(one.get("settings", {})),
                golden=str(one.get("golden", GOLDEN_OUTPUT)),
            )
            for one in cast(list[Mapping[str, object]], manifest["engines"])
        )
        halo = halo_from_document(cast(Mapping[str, object], manifest["halo"]))
        target, measured = str(manifest["target"]), json.loads(entries[MEASURED])
        contract = contract_from_bytes(entries[CONTRACT], f"in {path.name}")
        kit, swapped = _kit(manifest), manifest.get("swapped_from")
        needed = (entry for engine in engines for entry in (engine.graph, engine.golden))
        parts = {GOLDEN_OUTPUT, *golden_inputs(contract).values(), *needed, *_kit_entries(kit)}
        if not engines or not parts <= set(entries):
            raise KeyError(*sorted(parts - set(entries)) or ["engines"])
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(
            f"bundle {path} lacks a part.",
            seen=f"{type(error).__name__}: {error}.",
            fix="Compile the model again with this version.",
        ) from error
    return Bundle(
        bundle_id=str(manifest["id"]),
        target=target,
        engines=engines,
        halo=halo,
        contract=contract,
        entries=entries,
        hashes={name: _sha256(data) for name, data in entries.items() if name != MANIFEST},
        measured=measured,
        kit=kit,
        swapped_from=None if swapped is None else str(swapped),
    )


def _kit(manifest: Mapping[str, object]) -> BuildKit | None:
    kit = cast("Mapping[str, object] | None", manifest.get("kit"))
    return None if kit is None else kit_from_document(kit)


def _kit_entries(kit: BuildKit | None) -> set[str]:
    """Name the entries that a kit cannot do without."""
    if kit is None:
        return set()
    attempts = [attempt for band in kit.bands for attempt in band.attempts]
    return {
        *(entry for attempt in attempts for entry in (attempt.graph, attempt.golden)),
        *(kernel.entry for kernel in kit.kernels),
        *([kit.plan.entry] if kit.plan else []),
    }

"""The bundle: one file that holds a model in the form a device runs, and proves it unaltered.

A ZIP of stored entries in a fixed order with fixed dates, so the same inputs give the same bytes.
`manifest.json` comes first: it lists every other entry with its SHA-256, and its own content gives
the bundle id. `measured.json` holds what was measured when the bundle was made; it is hashed too
but is not part of the id. Opening checks every byte of the file, the ZIP's own headers included,
by writing the archive anew and comparing.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from edgers.build_kit import BuildKit, kit_from_document
from edgers.contract import Contract, contract_from_bytes
from edgers.contract.program import CascadeRule
from edgers.errors import BundleError
from edgers.files import read_file
from edgers.manifest import CONTRACT as CONTRACT
from edgers.manifest import FORMAT as FORMAT
from edgers.manifest import MANIFEST as MANIFEST
from edgers.manifest import altered, check_id, manifest_from_bytes, sha256_of
from edgers.manifest import canonical_json as canonical_json
from edgers.tiling.halo import Halo, halo_from_document

MEASURED = "measured.json"
GOLDEN_INPUT, GOLDEN_OUTPUT = "golden/input.npy", "golden/output.npy"
TOKENIZER = "tokenizer.json"
"""Entry of what makes words of tokens, as the library `tokenizers` writes it."""
GOLDEN_GATE = "golden/gate.npy"
"""Entry of what the gate of a cascade says of the golden tile."""
GOLDEN_TEXT = "golden/text.npy"
"""Entry of what a text tower makes of its golden sentence."""
PART = "graph/{}.onnx"
"""Entry of a graph beside the main one, by its name in the contract's program."""
GOLDEN_INPUTS = "golden/input/{}.npy"
"""Entry of one input of several, by its position in the contract."""
ADDED = ("format", "entries", "id", "measured")
"""What `bundle_bytes` adds to the facts of a manifest."""
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
    weights: str = ""
    """Entry of the graph whose weights fill a plan that was built without; empty for others."""


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
    facts: Mapping[str, object] = field(default_factory=dict)
    """Facts of its manifest, as they were given to `bundle_bytes`."""


def golden_inputs(contract: Contract) -> dict[str, str]:
    """Give the entry that holds the golden tile of each input, by tensor name."""
    if len(contract.inputs) == 1:
        return {contract.inputs[0].name: GOLDEN_INPUT}
    return {one.name: GOLDEN_INPUTS.format(i) for i, one in enumerate(contract.inputs)}


def part_entries(contract: Contract) -> dict[str, str]:
    """Give the entry that holds each graph beside the main one, by its name."""
    program = contract.program
    return {} if program is None else {name: PART.format(name) for name in program.parts}


def bundle_bytes(
    entries: Mapping[str, bytes], facts: Mapping[str, object], measured: Mapping[str, object]
) -> bytes:
    """Put a bundle together from its entries and the facts for its manifest.

    The same arguments give the same bytes, and the same id whatever `measured` says.
    """
    held = {**entries, MEASURED: canonical_json(measured)}
    manifest = _manifest(facts, {name: sha256_of(data) for name, data in entries.items()})
    manifest["measured"] = sha256_of(held[MEASURED])
    return _zip({MANIFEST: canonical_json(manifest), **dict(sorted(held.items()))})


def with_entries(
    bundle: Bundle, new: Mapping[str, bytes], facts: Mapping[str, object]
) -> Bundle:  # fmt: skip
    """Give a bundle in memory as it would be opened with entries and facts in place of others.

    Its manifest stays out: nothing but the id and the hashes is worked out anew.
    """
    hashes = {**bundle.hashes, **{name: sha256_of(data) for name, data in new.items()}}
    listed = {name: sha256 for name, sha256 in hashes.items() if name != MEASURED}
    facts = {**bundle.facts, **facts}
    return replace(
        bundle, bundle_id=str(_manifest(facts, listed)["id"]), hashes=hashes, facts=facts,
        entries={**bundle.entries, **new},
    )  # fmt: skip


def _manifest(facts: Mapping[str, object], hashes: Mapping[str, str]) -> dict[str, object]:
    """Give a manifest with its id, by the hashes of what is not measured."""
    manifest = {"format": FORMAT, **facts, "entries": dict(sorted(hashes.items()))}
    return {**manifest, "id": sha256_of(canonical_json(manifest))}


def open_bundle(path: Path) -> Bundle:
    """Read a bundle and check every byte of it.

    Raises BundleError where it is unreadable or altered, whatever the alteration.
    """
    data = read_file(path, "bundle", MAX_BUNDLE_BYTES, BundleError)
    entries = _unzip(data, path)
    manifest = manifest_from_bytes(entries.get(MANIFEST), path)
    _check_hashes(entries, manifest, path)
    if _zip(entries) != data:
        raise altered(path, "its archive headers are not as they were written")
    return _bundle(entries, manifest, path)


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
                raise altered(path, "an entry is compressed")
            return {entry.filename: archive.read(entry) for entry in entries}
    # zipfile raises each of these on one sort of damaged archive or another.
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError,
            EOFError, KeyError, IndexError, OverflowError) as error:  # fmt: skip
        raise altered(path, f"its archive cannot be read ({error})") from error


def _check_hashes(entries: Mapping[str, bytes], manifest: Mapping[str, object], path: Path) -> None:
    """Hold the id, and every entry, against the hashes."""
    check_id(manifest, path)
    listed = manifest.get("entries")
    wanted = {**listed, MEASURED: manifest.get("measured")} if isinstance(listed, dict) else {}
    if set(wanted) != set(entries) - {MANIFEST}:
        raise altered(path, "its entries are not those of its manifest")
    for name, sha256 in wanted.items():
        if sha256_of(entries[name]) != sha256:
            raise altered(path, f"entry {name} does not match its hash")


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
                weights=str(one.get("weights", "")),
            )
            for one in cast(list[Mapping[str, object]], manifest["engines"])
        )
        halo = halo_from_document(cast(Mapping[str, object], manifest["halo"]))
        target, measured = str(manifest["target"]), json.loads(entries[MEASURED])
        contract = contract_from_bytes(entries[CONTRACT], f"in {path.name}")
        kit = _kit(manifest)
        needed = (
            entry
            for engine in engines
            for entry in (engine.graph, engine.golden, engine.weights)
            if entry
        )
        parts = {GOLDEN_OUTPUT, *golden_inputs(contract).values(), *needed, *_kit_entries(kit),
                 *_program_entries(contract)}  # fmt: skip
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
        hashes={name: sha256_of(data) for name, data in entries.items() if name != MANIFEST},
        measured=measured,
        kit=kit,
        facts={key: value for key, value in manifest.items() if key not in ADDED},
    )


def _program_entries(contract: Contract) -> set[str]:
    """Name the entries that a program cannot do without."""
    gate = {GOLDEN_GATE} if isinstance(contract.program, CascadeRule) else set()
    return {*part_entries(contract).values(), *gate}


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

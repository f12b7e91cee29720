"""The bundle file: the same inputs give the same bytes, and no other byte is accepted."""

import hashlib
import io
import json
import random
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from builders.bundles import contract_document, make_bundle
from builders.runs import edgers

from edgers.bundle import (
    CONTRACT,
    GOLDEN_INPUT,
    GOLDEN_OUTPUT,
    MANIFEST,
    MEASURED,
    bundle_bytes,
    canonical_json,
    open_bundle,
)
from edgers.errors import BundleError, EdgersError
from edgers.pipeline.model import load_model

GRAPH_ENTRY = "graph/fp32.onnx"
AXIS = {
    "before_px": 2,
    "after_px": 2,
    "align_px": 1,
    "stride": "1",
    "offset_px": "0",
    "sizes": [0],
    "fixed_px": None,
}
FACTS: dict[str, Any] = {
    "name": "tiny net",
    "target": "cpu",
    "engines": [{"name": "onnxruntime", "version": "1", "precision": "fp32", "graph": GRAPH_ENTRY}],
    "halo": {"height": AXIS, "width": AXIS, "unbounded": None, "caveats": []},
    "made_by": "test",
}
ENTRIES = {
    CONTRACT: canonical_json(contract_document()),
    GRAPH_ENTRY: b"graph",
    GOLDEN_INPUT: b"input",
    GOLDEN_OUTPUT: b"output",
}
MEASURES: dict[str, object] = {"machine": "test"}


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that runs."""
    return make_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def small() -> bytes:
    """A bundle of a few kilobytes, whose graph is no graph."""
    return bundle_bytes(ENTRIES, FACTS, MEASURES)


def refusal(path: Path, data: bytes) -> str:
    """Give the text with which bytes are refused as a bundle."""
    path.write_bytes(data)
    with pytest.raises(BundleError) as caught:
        open_bundle(path)
    return str(caught.value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "b.edgers"


def test_the_small_bundle_is_accepted(path: Path, small: bytes) -> None:
    path.write_bytes(small)
    bundle = open_bundle(path)
    assert dict(bundle.entries) == {
        **ENTRIES,
        MEASURED: canonical_json(MEASURES),
        MANIFEST: bundle.entries[MANIFEST],
    }
    assert bundle.target == "cpu"
    assert bundle.contract.name == "tiny net"
    assert bundle.halo.height.before_px == 2
    assert bundle.measured == MEASURES
    assert bundle.hashes[GRAPH_ENTRY] == hashlib.sha256(b"graph").hexdigest()


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path, real: Path) -> None:
    assert make_bundle(tmp_path).read_bytes() == real.read_bytes()


def test_another_process_gives_the_same_bytes(tmp_path: Path, real: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from edgers.export.compile import compile_bundle;"
        "compile_bundle(*map(Path, sys.argv[1:]), engine='onnxruntime')"
    )
    parts = [real.with_name("m.onnx"), real.with_name("c.json"), tmp_path / "again.edgers"]
    subprocess.run([sys.executable, "-c", code, *map(str, parts)], check=True)
    assert parts[2].read_bytes() == real.read_bytes()


def test_the_id_does_not_hang_on_what_was_measured(path: Path, small: bytes) -> None:
    other = bundle_bytes(ENTRIES, FACTS, {"machine": "another", "seconds": 3.5})
    assert other != small
    ids = []
    for data in (small, other):
        path.write_bytes(data)
        ids.append(open_bundle(path).bundle_id)
    assert ids[0] == ids[1]


@pytest.mark.parametrize("name", ENTRIES)
def test_the_id_hangs_on_every_entry(path: Path, small: bytes, name: str) -> None:
    changed = {**ENTRIES, name: ENTRIES[name].replace(b"tiny net", b"tiny met") + b" "}
    if name == CONTRACT:
        changed[name] = changed[name][:-1]
    assert manifest_of(bundle_bytes(changed, FACTS, MEASURES))["id"] != manifest_of(small)["id"]


def test_the_id_hangs_on_the_facts(small: bytes) -> None:
    other = bundle_bytes(ENTRIES, {**FACTS, "target": "gpu"}, MEASURES)
    assert manifest_of(other)["id"] != manifest_of(small)["id"]


def manifest_of(data: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
    return manifest


def test_the_manifest_is_first_and_the_rest_in_order(small: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(small)) as archive:
        names = archive.namelist()
    assert names == [MANIFEST, *sorted([*ENTRIES, MEASURED])]


def test_the_order_in_which_entries_are_given_is_no_matter(small: bytes) -> None:
    backwards = dict(reversed(ENTRIES.items()))
    assert bundle_bytes(backwards, dict(reversed(FACTS.items())), MEASURES) == small


def test_any_zip_tool_opens_it(real: Path) -> None:
    with zipfile.ZipFile(real) as archive:
        assert archive.testzip() is None
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.read(GRAPH_ENTRY) == real.with_name("m.onnx").read_bytes()


def test_a_flipped_bit_is_refused(path: Path, small: bytes) -> None:
    choose = random.Random(0)
    for _ in range(1000):
        position, bit = choose.randrange(len(small)), choose.randrange(8)
        data = bytearray(small)
        data[position] ^= 1 << bit
        assert str(path) in refusal(path, bytes(data)), (position, bit)


def test_a_flipped_bit_in_any_header_is_refused(path: Path, small: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(small)) as archive:
        first = archive.infolist()[1].header_offset
        directory = archive.start_dir
    for position in [*range(first, first + 45), *range(directory, len(small), 2)]:
        data = bytearray(small)
        data[position] ^= 0x10
        refusal(path, bytes(data))


@pytest.mark.parametrize("share", [0.0005, 0.02, 0.3, 0.6, 0.9, 0.9999])
def test_verify_ends_with_2_on_a_flipped_bit(path: Path, real: Path, share: float) -> None:
    data = bytearray(real.read_bytes())
    data[int(share * len(data))] ^= 4
    path.write_bytes(data)
    done = edgers("verify", path)
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith("error  ")
    assert str(path) in done.err


def test_verify_passes_on_what_was_compiled(real: Path) -> None:
    done = edgers("verify", real)
    assert (done.code, done.err) == (0, "")
    assert "golden tile passes" in done.out
    assert open_bundle(real).bundle_id in done.out


def test_a_cut_bundle_is_refused(path: Path, small: bytes) -> None:
    lengths = {*range(64), *range(0, len(small), 97), *range(len(small) - 40, len(small))}
    for length in lengths:
        refusal(path, small[:length])


@pytest.mark.parametrize("more", [b"\0", b"\n", b"PK\x05\x06", b"x" * 70_000])
def test_appended_bytes_are_refused(path: Path, small: bytes, more: bytes) -> None:
    refusal(path, small + more)


def test_bytes_put_before_it_are_refused(path: Path, small: bytes) -> None:
    assert "is not a bundle" in refusal(path, b"#!/bin/sh\n" + small)
    refusal(path, b"PK\x03\x04" + small)


def zipped(entries: Mapping[str, bytes], **settings: Any) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **settings) as archive:
        for name, data in entries.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            entry.compress_type = settings.get("compression", zipfile.ZIP_STORED)
            archive.writestr(entry, data)
    return buffer.getvalue()


def entries_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_zip_made_here_is_the_bundles_own(small: bytes) -> None:
    assert zipped(entries_of(small)) == small


def test_swapped_entries_are_refused(path: Path, small: bytes) -> None:
    entries = entries_of(small)
    entries[GOLDEN_INPUT], entries[GOLDEN_OUTPUT] = entries[GOLDEN_OUTPUT], entries[GOLDEN_INPUT]
    assert "does not match its hash" in refusal(path, zipped(entries))


def test_an_extra_entry_is_refused(path: Path, small: bytes) -> None:
    text = refusal(path, zipped({**entries_of(small), "more": b""}))
    assert "Its entries are not those of its manifest." in text


@pytest.mark.parametrize("name", [*ENTRIES, MEASURED, MANIFEST])
def test_a_lost_entry_is_refused(path: Path, small: bytes, name: str) -> None:
    entries = entries_of(small)
    del entries[name]
    refusal(path, zipped(entries))


def test_an_entry_given_twice_is_refused(path: Path, small: bytes) -> None:
    once = {f"{name}x" if name == MEASURED else name: d for name, d in entries_of(small).items()}
    more = zipped({**once, MEASURED: b"{}"})
    refusal(path, more.replace(f"{MEASURED}x".encode(), f"{MEASURED}".encode()))


def test_other_compression_is_refused(path: Path, small: bytes) -> None:
    packed = zipped(entries_of(small), compression=zipfile.ZIP_DEFLATED)
    assert "An entry is compressed." in refusal(path, packed)


def test_a_zip_comment_is_refused(path: Path, small: bytes) -> None:
    path.write_bytes(small)
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"hello"
    refusal(path, path.read_bytes())


def rehashed(small: bytes, **changes: Any) -> bytes:
    """Change the manifest and make its id right again."""
    manifest = {**manifest_of(small), **changes}
    stated = {key: value for key, value in manifest.items() if key not in ("id", "measured")}
    manifest["id"] = hashlib.sha256(canonical_json(stated)).hexdigest()
    return zipped({**entries_of(small), MANIFEST: canonical_json(manifest)})


@pytest.mark.parametrize("number", [0, 2, "1", None])
def test_another_format_is_refused_though_its_hashes_are_right(
    path: Path, small: bytes, number: object
) -> None:
    assert rehashed(small) == small
    text = refusal(path, rehashed(small, format=number))
    assert f"Its format is {number!r}." in text
    assert "This version reads format 1." in text


def test_a_manifest_in_another_layout_is_refused(path: Path, small: bytes) -> None:
    entries = entries_of(small)
    entries[MANIFEST] = json.dumps(manifest_of(small)).encode()
    assert "Its manifest is not as it was written." in refusal(path, zipped(entries))


@pytest.mark.parametrize("name", ["contract.json", GRAPH_ENTRY, GOLDEN_INPUT, GOLDEN_OUTPUT])
def test_a_bundle_made_without_a_part_is_refused(path: Path, name: str) -> None:
    entries = {key: data for key, data in ENTRIES.items() if key != name}
    assert "lacks a part" in refusal(path, bundle_bytes(entries, FACTS, MEASURES))


@pytest.mark.parametrize("name", ["target", "engines", "halo"])
def test_a_bundle_made_without_a_fact_is_refused(path: Path, name: str) -> None:
    facts = {key: value for key, value in FACTS.items() if key != name}
    refusal(path, bundle_bytes(ENTRIES, facts, MEASURES))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("engines", []),
        ("engines", ["onnxruntime"]),
        ("engines", [{"name": "onnxruntime"}]),
        ("engines", {}),
        ("halo", []),
        ("halo", {"height": AXIS}),
        ("halo", {**FACTS["halo"], "width": {**AXIS, "stride": "1/0"}}),
        ("halo", {**FACTS["halo"], "width": {**AXIS, "align_px": "many"}}),
        ("halo", {**FACTS["halo"], "width": {**AXIS, "align_px": 0}}),
        ("halo", {**FACTS["halo"], "width": {**AXIS, "align_px": 2}}),
    ],
)
def test_a_bundle_made_with_a_wrong_fact_is_refused(path: Path, name: str, value: Any) -> None:
    refusal(path, bundle_bytes(ENTRIES, {**FACTS, name: value}, MEASURES))


def test_a_golden_tile_that_is_no_array_is_an_error_in_words(path: Path, real: Path) -> None:
    entries = entries_of(real.read_bytes())
    facts = {k: v for k, v in manifest_of(real.read_bytes()).items() if k not in ("id", "measured")}
    entries[GOLDEN_INPUT] = b"no array"
    kept = {name: data for name, data in entries.items() if name not in (MANIFEST, MEASURED)}
    path.write_bytes(bundle_bytes(kept, facts, MEASURES))
    bundle = open_bundle(path)
    with pytest.raises(EdgersError):
        load_model(bundle)


@pytest.mark.parametrize("data", [b"", b"P", b"hello", b"PK\x05\x06" + bytes(18)])
def test_a_file_that_is_no_bundle_is_refused(path: Path, data: bytes) -> None:
    assert "is not a bundle" in refusal(path, data)


def test_a_zip_of_something_else_is_refused(path: Path) -> None:
    assert "it has no readable manifest" in refusal(path, zipped({"readme.txt": b"hi"})).lower()


def test_a_bundle_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.edgers"):
        with pytest.raises(BundleError, match="cannot be read"):
            open_bundle(path)

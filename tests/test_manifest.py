"""Reading what a bundle says of itself, without reading the rest."""

import json
import zipfile
from pathlib import Path
from random import Random

import pytest
from builders.planned_bundles import BUILT, CUBIN_ENTRY, make_planned

from edgers.build_kit import PLAN_ENTRY
from edgers.bundle import CONTRACT, MANIFEST, open_bundle
from edgers.errors import BundleError
from edgers.manifest import canonical_json, open_manifest, sha256_of


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_planned(tmp_path_factory.mktemp("bundle"))


def test_it_says_what_the_whole_bundle_says(path: Path) -> None:
    found, bundle = open_manifest(path), open_bundle(path)
    assert found.bundle_id == bundle.bundle_id
    assert found.target == bundle.target == "orin-nano"
    assert found.kit == bundle.kit == BUILT
    assert found.contract == bundle.contract.document
    assert found.sizes == {name: len(data) for name, data in bundle.entries.items()}
    for engine, choice in zip(found.engines, bundle.engines, strict=True):
        assert (engine.name, engine.version, engine.precision) == (
            choice.name, choice.version, choice.precision,
        )  # fmt: skip
        assert engine.graph_bytes == len(bundle.entries[choice.graph])


def test_an_altered_plan_is_not_noticed_and_an_altered_contract_is(
    path: Path, tmp_path: Path
) -> None:
    data, bundle = path.read_bytes(), open_bundle(path)
    other = tmp_path / "b.edgers"
    other.write_bytes(data.replace(b".cubincubin", b".cubinCUBIN"))
    assert other.read_bytes() != data
    assert open_manifest(other).sizes[CUBIN_ENTRY] == 5
    contract = bundle.entries[CONTRACT]
    other.write_bytes(data.replace(contract, contract.replace(b"tiny", b"TINY")))
    with pytest.raises(BundleError, match="damaged or was altered"):
        open_manifest(other)
    manifest = bundle.entries[MANIFEST]
    other.write_bytes(data.replace(manifest, manifest.replace(b"orin-nano", b"orin-NANO")))
    with pytest.raises(BundleError, match="damaged or was altered"):
        open_manifest(other)


def with_manifest(path: Path, tmp_path: Path, **changed: object) -> Path:
    """Write the bundle again with a manifest that gives its id, whatever it says."""
    bundle = open_bundle(path)
    manifest = {**json.loads(bundle.entries[MANIFEST]), **changed}
    stated = {k: v for k, v in manifest.items() if k not in ("id", "measured")}
    manifest["id"] = sha256_of(canonical_json(stated))
    other = tmp_path / "b.edgers"
    with zipfile.ZipFile(other, "w") as archive:
        for name, data in bundle.entries.items():
            archive.writestr(name, canonical_json(manifest) if name == MANIFEST else data)
    return other


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"kit": {"plan": 3}}, "lacks a part"),
        ({"kit": "none"}, "lacks a part"),
        ({"engines": [{"name": "onnxruntime"}]}, "lacks a part"),
        ({"engines": 7}, "lacks a part"),
        ({"entries": []}, "damaged or was altered"),
        ({"entries": {"contract.json": "0"}}, "damaged or was altered"),
        ({"format": 99}, "of another format"),
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused_in_words(
    path: Path, tmp_path: Path, changed: dict[str, object], words: str
) -> None:
    with pytest.raises(BundleError, match=words):
        open_manifest(with_manifest(path, tmp_path, **changed))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"no archive at all", b"\0" * 5000])
def test_what_is_no_bundle_is_refused_in_words(tmp_path: Path, data: bytes) -> None:
    other = tmp_path / "b.edgers"
    other.write_bytes(data)
    with pytest.raises(BundleError):
        open_manifest(other)


def test_a_bundle_that_lost_its_plan_is_refused(path: Path, tmp_path: Path) -> None:
    bundle, other = open_bundle(path), tmp_path / "b.edgers"
    with zipfile.ZipFile(other, "w") as archive:
        for name, data in bundle.entries.items():
            if name != PLAN_ENTRY:
                archive.writestr(name, data)
    with pytest.raises(BundleError, match="damaged"):
        open_manifest(other)


def test_whatever_is_altered_there_is_a_manifest_or_a_refusal_in_words(
    path: Path, tmp_path: Path
) -> None:
    data, other = path.read_bytes(), tmp_path / "b.edgers"
    whole = open_manifest(path)
    random = Random(7)
    refused = 0
    # The first kilobytes are the manifest, the last the directory of the archive.
    places = [*range(1, 6000, 11), *range(len(data) - 1500, len(data), 5)]
    for place in places:
        altered = bytearray(data)
        altered[place] ^= 1 << random.randrange(8)
        other.write_bytes(altered[: random.choice([None, None, place])])
        try:
            found = open_manifest(other)
        except BundleError:
            refused += 1
        else:
            # What was altered is not read: what is read is as it was written.
            assert (found.bundle_id, found.kit, found.contract) == (
                whole.bundle_id, whole.kit, whole.contract,
            )  # fmt: skip
    assert refused > len(places) / 2

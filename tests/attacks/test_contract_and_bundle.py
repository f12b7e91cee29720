"""Contracts and bundles that are wrong, hostile or damaged."""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import onnx
import pytest
from builders.bundles import BAND_NAMES, contract_document, make_bundle, tiny_net
from builders.networks import fixed_net, two_class_contract
from builders.refusals import edgers_within, is_refusal, refused_run
from builders.runs import edgers
from builders.scenes import noise, write_scene

from edgers.contract import contract_from_bytes
from edgers.errors import ContractError, GraphError
from edgers.export.graph import check_fit


def compiled(folder: Path, contract: bytes | dict[str, Any], net: Any = tiny_net) -> str:
    """Compile with a contract that must be refused; give the text."""
    onnx.save(net(), folder / "m.onnx")
    data = contract if isinstance(contract, bytes) else json.dumps(contract).encode()
    (folder / "c.json").write_bytes(data)
    bundle = folder / "b.edgers"
    done = edgers("compile", folder / "m.onnx", "--contract", folder / "c.json", "-o", bundle)
    assert is_refusal(done), done
    assert sorted(path.name for path in folder.iterdir()) == ["c.json", "m.onnx"]
    return done.err


def changed(*path: Any, to: Any) -> dict[str, Any]:
    document = contract_document()
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return document


INPUT, OUTPUT = ("mlm:input", 0), ("mlm:output", 0)


@pytest.mark.parametrize(
    ("document", "word"),
    [
        (changed(*INPUT, "name", to="image"), "The graph's inputs are: x."),
        (changed(*OUTPUT, "name", to="mask"), "The graph's outputs are: y."),
        (changed(*INPUT, "input", "data_type", to="uint8"), "is uint8, the graph's is float32"),
        (changed(*OUTPUT, "result", "data_type", to="float16"), "the graph's is float32"),
        (changed(*OUTPUT, "tasks", to=["object-detection"]), "has task 'object-detection'"),
        (changed(*OUTPUT, "tasks", to=["instance-segmentation"]), "instance-segmentation"),
        (changed(*OUTPUT, "tasks", to=[]), "has task ''"),
        (
            changed(*OUTPUT, "classification:classes", to=[{"value": 0, "name": "all"}]),
            "A segmentation has at least two.",
        ),
        (
            changed(*OUTPUT, "result", "shape", to=[-1, 4, -1, -1]),
            "has 4 scores a pixel and 3 classes",
        ),
        (two_class_contract(), "the graph"),
    ],
)
def test_a_contract_that_does_not_fit_the_graph_is_refused(
    tmp_path: Path, document: dict[str, Any], word: str
) -> None:
    assert word in compiled(tmp_path, document)


def bands_of(count: int) -> dict[str, Any]:
    document = contract_document(bands=[f"B{i}" for i in range(count)])
    document["mlm:input"][0]["input"]["shape"][1] = count
    return document


@pytest.mark.parametrize("count", [1, 2, 4, 13])
def test_another_number_of_bands_than_channels_is_refused(tmp_path: Path, count: int) -> None:
    assert f"states {count} along 'channel', the graph has 3" in compiled(tmp_path, bands_of(count))


def test_another_number_of_classes_than_scores_is_refused(tmp_path: Path) -> None:
    document = contract_document()
    document["mlm:output"][0]["result"]["shape"] = [-1, -1, -1, -1]
    document["mlm:output"][0]["classification:classes"].append({"value": 3, "name": "snow"})
    compiled(tmp_path, document)


def test_a_side_that_the_graph_does_not_have_is_refused(tmp_path: Path) -> None:
    document = changed(*INPUT, "input", "shape", to=[-1, 3, 128, 128])
    text = compiled(tmp_path, document, fixed_net)
    assert "states 128 along 'height', the graph has 64" in text


def test_a_batch_that_is_not_one_is_refused(tmp_path: Path) -> None:
    def pairs() -> onnx.ModelProto:
        model = tiny_net()
        model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 2
        return model

    assert "batch" in compiled(
        tmp_path, changed(*INPUT, "input", "shape", to=[2, 3, -1, -1]), pairs
    )


def test_an_input_that_the_graph_does_not_have_is_refused(tmp_path: Path) -> None:
    document = contract_document()
    document["mlm:input"].append({**document["mlm:input"][0], "name": "../z"})
    assert "the contract's input '../z' does not fit the graph" in compiled(tmp_path, document)


def nested(depth: int, kind: str = "list") -> bytes:
    before, after = (b"[", b"]") if kind == "list" else (b'{"a":', b"}")
    inner = before * depth + b"1" + after * depth
    return json.dumps(contract_document()).encode()[:-1] + b', "note": ' + inner + b"}"


@pytest.mark.parametrize("kind", ["list", "object"])
@pytest.mark.parametrize("depth", [500, 900, 2000, 200_000])
def test_a_deep_document_is_refused_or_compiled(tmp_path: Path, depth: int, kind: str) -> None:
    onnx.save(tiny_net(), tmp_path / "m.onnx")
    (tmp_path / "c.json").write_bytes(nested(depth, kind))
    parts = tmp_path / "m.onnx", "--contract", tmp_path / "c.json", "-o", tmp_path / "b.edgers"
    done = edgers("compile", *parts, "--engine", "onnxruntime")
    assert is_refusal(done) or (
        done.code == 0 and edgers("verify", tmp_path / "b.edgers").code == 0
    )


@pytest.mark.parametrize(
    "number", ["1" + "0" * 400, "-1" + "0" * 400, "1" * 5000, "1e400", "1e308", "-1e400"]
)
@pytest.mark.parametrize("field", ["edgers:gsd_m", "edgers:tile_px", "edgers:gsd_tolerance"])
def test_a_huge_number_is_refused(field: str, number: str) -> None:
    text = json.dumps(contract_document(**{field: 123456})).replace("123456", number)
    try:
        contract_from_bytes(text.encode(), "c.json")
    except ContractError:
        return
    assert number == "1e308"


@pytest.mark.parametrize("number", ["1" + "0" * 400, "1e309", "1e308"])
@pytest.mark.parametrize(
    "path",
    [
        ("mlm:input", 0, "value_scaling", 0, "stddev"),
        ("mlm:output", 0, "classification:classes", 0, "value"),
        ("mlm:input", 0, "bands", 0, "center_wavelength"),
    ],
    ids=["stddev", "value", "wavelength"],
)
def test_a_huge_number_is_refused_or_compiled(
    tmp_path: Path, path: tuple[Any, ...], number: str
) -> None:
    text = json.dumps(changed(*path, to=123456)).replace("123456", number)
    if path[-1] == "center_wavelength" and number == "1e308":
        return
    compiled(tmp_path, text.encode())


def paths_in(value: Any) -> Iterator[tuple[Any, ...]]:
    """Give the path to every value inside a JSON value."""
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in entries:
        yield (key,)
        if isinstance(inner, dict | list):
            yield from ((key, *path) for path in paths_in(inner))


ODD_VALUES: list[Any] = [
    None, True, 0, -1, 1.5, 10**400, -(10**400), 1e308, "", " ", "x", "\ud800", [], {}, [None],
    [[]], {"a": 1}, [{}], [1, "2"],
]  # fmt: skip
EVERY_FIELD = {
    "edgers:value_scaling": [
        {"type": "clip", "minimum": 0, "maximum": [1, 2, 3]},
        {"type": "cast", "data_type": "uint8"},
    ],
    "edgers:nodata": {"pixel": "any", "fill": 1},
    "edgers:values": "stored",
    "edgers:gsd_m": 10,
    "edgers:gsd_tolerance": 0.5,
    "edgers:tile_px": 64,
    "edgers:overlap_px": 4,
    "edgers:extend": "edge",
}


@pytest.mark.parametrize("odd", ODD_VALUES, ids=lambda value: repr(value)[:12])
def test_an_odd_value_anywhere_is_read_or_refused_in_words(odd: Any) -> None:
    model = tiny_net()
    refusals = 0
    for path in paths_in(contract_document(**EVERY_FIELD)):
        document = deepcopy(contract_document(**EVERY_FIELD))
        place: Any = document
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = odd
        try:
            check_fit(model, contract_from_bytes(json.dumps(document).encode(), "c.json"))
        except (ContractError, GraphError):
            refusals += 1
    assert refusals > 10


def test_a_document_of_thousands_of_keys_is_read_at_once() -> None:
    # A reader that compares each key with all others needs an hour for these.
    many = {f"k{i}": i for i in range(300_000)}
    data = json.dumps(contract_document() | {"note": many}).encode()
    assert contract_from_bytes(data, "c.json").name == "tiny net"


@pytest.mark.parametrize("text", ['"\\ud800"', '"a\\u0000b"', '"\\u202e"', '"a\\nb"'])
def test_a_name_of_odd_characters_is_refused_or_compiled(tmp_path: Path, text: str) -> None:
    data = json.dumps(contract_document()).replace('"tiny net"', text).encode()
    onnx.save(tiny_net(), tmp_path / "m.onnx")
    (tmp_path / "c.json").write_bytes(data)
    parts = tmp_path / "m.onnx", "--contract", tmp_path / "c.json", "-o", tmp_path / "b.edgers"
    done = edgers("compile", *parts, "--engine", "onnxruntime")
    if done.code:
        assert is_refusal(done)
        return
    scene = write_scene(tmp_path / "s.tif", noise(3, 20, 30), names=BAND_NAMES)
    assert edgers("run", tmp_path / "b.edgers", scene, "-o", tmp_path / "out").code == 0
    assert len(list((tmp_path / "out").iterdir())) == 3


@pytest.mark.parametrize("option", ["contract", "model"])
def test_a_device_as_a_contract_or_graph_is_refused_at_once(tmp_path: Path, option: str) -> None:
    onnx.save(tiny_net(), tmp_path / "m.onnx")
    (tmp_path / "c.json").write_text(json.dumps(contract_document()))
    contract = "/dev/zero" if option == "contract" else tmp_path / "c.json"
    model = "/dev/zero" if option == "model" else tmp_path / "m.onnx"
    done = edgers_within(6, "compile", model, "--contract", contract, "-o", tmp_path / "b.edgers")
    assert is_refusal(done), done


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.mark.parametrize("share", [0.001, 0.2, 0.5, 0.8, 0.999])
def test_a_flipped_byte_in_a_bundle_is_refused_before_a_scene_is_run(
    bundle: Path, tmp_path: Path, share: float
) -> None:
    data = bytearray(bundle.read_bytes())
    data[int(share * len(data))] ^= 0xFF
    (tmp_path / "b.edgers").write_bytes(data)
    scene = write_scene(tmp_path / "s.tif", noise(3, 20, 30), names=BAND_NAMES)
    text = refused_run(tmp_path / "b.edgers", scene, tmp_path / "out")
    assert "b.edgers" in text


@pytest.mark.parametrize("data", [b"", b"no bundle", b"PK\x03\x04", b"\0" * 5000])
def test_a_file_that_is_no_bundle_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "b.edgers").write_bytes(data)
    scene = write_scene(tmp_path / "s.tif", noise(3, 20, 30), names=BAND_NAMES)
    refused_run(tmp_path / "b.edgers", scene, tmp_path / "out")


def test_a_folder_or_nothing_as_a_bundle_is_refused(tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "s.tif", noise(3, 20, 30), names=BAND_NAMES)
    for path in (tmp_path, tmp_path / "none.edgers", "", "/dev/null"):
        refused_run(Path(path), scene, tmp_path / "out")


def test_scene_and_bundle_given_the_wrong_way_round_are_refused(
    bundle: Path, tmp_path: Path
) -> None:
    scene = write_scene(tmp_path / "s.tif", noise(3, 20, 30), names=BAND_NAMES)
    assert "s.tif is not a bundle" in refused_run(scene, bundle, tmp_path / "out")

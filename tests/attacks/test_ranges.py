"""Files of ranges that nobody vouches for: cut off, of the wrong types, with numbers that are none.

Each is refused in words; none ends in a traceback or is taken for ranges.
"""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from edgers.calibration.ranges import MAX_BYTES, METHODS, ranges_from_file
from edgers.errors import BadInputError

GOOD: dict[str, Any] = {
    "format": 1,
    "graph_sha256": "0" * 64,
    "seed": 0,
    "tile_px": [64, 64],
    "scenes": [{"name": "a.tif", "sha256": "1" * 64, "tiles": 4}],
    "spans": {"x": {method: [-1.0, 2.0] for method in METHODS}},
}


def refused(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(BadInputError) as caught:
        ranges_from_file(path)
    return str(caught.value)


def changed(*keys: Any, value: Any) -> bytes:
    """Give the good document with the value at `keys` replaced."""
    document = copy.deepcopy(GOOD)
    inner: Any = document
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    return json.dumps(document).encode()


def test_the_good_one_is_read(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps(GOOD))
    assert ranges_from_file(path).by_method("min-max") == {"x": (-1.0, 2.0)}


def test_a_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    whole = json.dumps(GOOD).encode()
    for length in range(0, len(whole), 7):
        assert "no file of ranges" in refused(tmp_path / "r.json", whole[:length])


NO_TEXT: list[Any] = [None, 1, 1.5, True, [], {}]
NO_COUNT: list[Any] = [None, -1, 1.5, 1.0, True, "1", [], {}]
NO_LIST: list[Any] = [None, 1, True, "text", {}]
NO_TABLE: list[Any] = [None, 1, True, "text", [], [[]]]
WRONG: list[tuple[tuple[str | int, ...], list[Any]]] = [
    (("format",), [None, 2, -1, "1", [], {}]),
    (("graph_sha256",), NO_TEXT),
    (("seed",), NO_COUNT),
    (("tile_px",), [*NO_LIST, [], [1], [1, 2, 3]]),
    (("tile_px", 0), NO_COUNT),
    (("scenes",), [*NO_LIST, [1], [[]], [None]]),
    (("scenes", 0), NO_TABLE),
    (("scenes", 0, "name"), NO_TEXT),
    (("scenes", 0, "tiles"), NO_COUNT),
    (("spans",), NO_TABLE),
    (("spans", "x"), NO_TABLE),
    (("spans", "x", "mse"), [*NO_LIST, [], [1], [1, 2, 3]]),
    (("spans", "x", "mse", 1), [None, True, "2", [], {}, -2]),
]
"""Where in the document, and what does not belong there."""


@pytest.mark.parametrize(("keys", "values"), WRONG, ids=[str(keys) for keys, _ in WRONG])
def test_values_of_other_types_are_refused(
    tmp_path: Path, keys: tuple[str | int, ...], values: list[Any]
) -> None:
    for value in values:
        assert "no file of ranges" in refused(tmp_path / "r.json", changed(*keys, value=value))


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 400, "9" * 6000]
)
def test_numbers_that_are_none_are_refused(tmp_path: Path, number: str) -> None:
    text = json.dumps(GOOD).replace("2.0", number)
    assert "no file of ranges" in refused(tmp_path / "r.json", text.encode())


@pytest.mark.parametrize("ends", ["[2, -1]", "[1]", "[1, 2, 3]", '"12"', '["1", "2"]', "[true, 2]"])
def test_ends_that_are_no_range_are_refused(tmp_path: Path, ends: str) -> None:
    text = json.dumps(GOOD).replace("[-1.0, 2.0]", ends)
    assert "no file of ranges" in refused(tmp_path / "r.json", text.encode())


def test_missing_keys_methods_doubles_depth_and_other_formats_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    for key in GOOD:
        assert "no file" in refused(path, json.dumps({**GOOD, key: None}).encode())
        less = {name: value for name, value in GOOD.items() if name != key}
        assert "no file" in refused(path, json.dumps(less).encode())
    assert "no file" in refused(path, json.dumps(GOOD).replace('"mse"', '"other"').encode())
    assert "no file" in refused(path, b'{"format": 1, "format": 1}')
    assert "no file" in refused(path, b"[" * 100_000)
    assert "format 2" in refused(path, changed("format", value=2))
    assert "no file" in refused(path, b"\xff\xfe\x00")


def test_what_is_no_file_or_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="cannot be read"):
        ranges_from_file(tmp_path)
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(BadInputError, match="too large"):
        ranges_from_file(path)

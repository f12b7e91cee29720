"""A damaged file of a target is told with its file, key, value and rule, whatever is wrong."""

import contextlib
import copy
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgers.errors import BadInputError
from edgers.targets.catalogue import device_files, document, document_from_bytes
from edgers.targets.refused import is_refused, refused_from_document
from edgers.targets.software import release_tables_of, software_from_table
from edgers.targets.table import texts
from edgers.targets.target import target_from_document

GPU = "orin-nano-8gb.toml"
BOARD = "boards/edgx-sterna.toml"
REFUSED = "boards/ubotica-cognisat-xe2.toml"
CPU = "cpu.toml"
SOFTWARE = "software/jetpack.toml"

Keys = tuple[str | int, ...]


def read(path: str, values: Mapping[str, Any]) -> None:
    """Read a file of any kind whole."""
    if path.startswith("software/"):
        for table in release_tables_of(path, values):
            for name in texts(table, "targets"):
                software_from_table(table, name)
    elif is_refused(values):
        refused_from_document(path, values)
    else:
        target_from_document(path, values)


def places(values: Any, keys: Keys = ()) -> Iterator[Keys]:
    """Give the way to every value, also to whole tables and lists."""
    if keys:
        yield keys
    if isinstance(values, Mapping):
        for key, value in values.items():
            yield from places(value, (*keys, key))
    elif isinstance(values, list):
        for position, value in enumerate(values):
            yield from places(value, (*keys, position))


def changed(path: str, keys: Keys, value: Any) -> dict[str, Any]:
    """Give a file with another value in one place; `...` takes the place away."""
    values: dict[str, Any] = copy.deepcopy(dict(document(path)))
    inner: Any = values
    for key in keys[:-1]:
        inner = inner[key]
    if value is ...:
        del inner[keys[-1]]
    else:
        inner[keys[-1]] = value
    return values


@pytest.mark.parametrize("path", [*device_files().values(), SOFTWARE, "software/cards.toml"])
def test_files_are_read_as_they_are(path: str) -> None:
    read(path, document(path))


@pytest.mark.parametrize(
    ("path", "keys", "value", "seen", "rule"),
    [
        (GPU, ("gpu", "sm_count"), -8, "gpu.sm_count is -8", "whole number, 1 or more"),
        (GPU, ("gpu", "sm_count"), True, "gpu.sm_count is True", "whole number"),
        (GPU, ("gpu", "cc"), "8", "gpu.cc is '8'", "2 numbers with points"),
        (GPU, ("gpu", "cc"), "8.x", "gpu.cc is '8.x'", "version"),
        (GPU, ("gpu", "cc"), 8.7, "gpu.cc is 8.7", "version"),
        (GPU, ("gpu", "shares_memory"), "yes", "gpu.shares_memory is 'yes'", "true or false"),
        (GPU, ("gpu", "part_numbers"), "p3767", "gpu.part_numbers is 'p3767'", "list of texts"),
        (GPU, ("gpu", "part_numbers"), ["a", "a"], "gpu.part_numbers is", "nothing twice"),
        (GPU, ("gpu", "tensor_cores"), 32, "gpu.tensor_cores is 32", "It has the keys arch, cc"),
        (GPU, ("gpu", "source"), ..., "gpu.source is missing", "It has the keys"),
        (GPU, ("gpu", "source"), " ", "gpu.source is ' '", "text that is not empty"),
        (GPU, ("dla", "confidence"), "sure", "dla.confidence is 'sure'", "low, medium, high"),
        (GPU, ("memory",), ..., "memory is missing", "It has the keys"),
        (GPU, ("memory",), 8, "memory is 8", "It is a table"),
        (GPU, ("memory", "size_gb"), 0, "memory.size_gb is 0", "number above 0"),
        (GPU, ("memory", "size_gb"), float("nan"), "memory.size_gb is nan", "number above 0"),
        (GPU, ("memory", "size_gb"), 10**400, "memory.size_gb is 1", "number above 0"),
        (GPU, ("memory", "free_share"), 1.5, "memory.free_share is 1.5", "at most 1"),
        (GPU, ("power", "modes"), [], "power.modes is []", "one at least"),
        (GPU, ("power", "modes", 0, "power_w"), 90, "power.modes is", "lowest power first"),
        (GPU, ("power", "modes", 1, "name"), "7W", "power.modes is", "a name of its own"),
        (GPU, ("power", "modes", 1, "int8_tops"), "20", "power.modes[1].int8_tops is '20'",
         "number above 0"),
        (GPU, ("power", "modes", 1, "int4_tops"), 40, "power.modes[1].int4_tops is 40",
         "It has the keys"),
        (GPU, ("precisions",), ["fp16", "fp32"], "precisions is", "fp32, then others"),
        (GPU, ("precisions",), ["fp32", "fp8"], "precisions is", "fp32, fp16, int8"),
        (GPU, ("machines",), [], "machines is []", "one at least"),
        (GPU, ("name",), "orin", "name is 'orin'", "the name of the file"),
        (GPU, ("colour",), "green", "colour is 'green'", "It has the keys name, title"),
        (BOARD, ("module",), "kensat", "module is 'kensat'", "It is one of: agx-orin-32gb"),
        (BOARD, ("module",), "none", "module is 'none'", "It is one of"),
        (BOARD, ("machines",), ["riscv64"], "machines is ['riscv64']", "among those of orin-nx"),
        (BOARD, ("memory",), {}, "memory is {}", "It has the keys"),
        (BOARD, ("status",), ..., "status is missing", "It has the keys"),
        (REFUSED, ("unsupported",), "", "unsupported is ''", "text that is not empty"),
        (REFUSED, ("source",), ..., "source is missing", "It has the keys"),
        (CPU, ("candidates", 0, "precision"), "fp64", "candidates[0].precision is 'fp64'",
         "It is one of: fp32"),
        (CPU, ("candidates", 0, "settings"), {"a": 1}, "candidates[0].settings is", "of texts"),
        (SOFTWARE, ("releases", 2, "tensorrt"), "", "releases[2].tensorrt is ''", "version"),
        (SOFTWARE, ("releases", 2, "tensorrt"), "١٠.3", "releases[2].tensorrt is", "version"),
        (SOFTWARE, ("releases", 2, "l4t"), ["36.4"], "releases[2].l4t is", "first and the last"),
        (SOFTWARE, ("releases", 2, "l4t"), ["36.4", "35.1"], "releases[2].l4t is", "first and"),
        (SOFTWARE, ("releases", 2, "l4t"), 36, "releases[2].l4t is 36", "first and the last"),
        (SOFTWARE, ("releases", 2, "dla"), ["nano"], "releases[2].dla is", "in targets too"),
        (SOFTWARE, ("releases",), {}, "releases is {}", "list of tables"),
    ],
)  # fmt: skip
def test_damage_is_told_with_file_key_value_and_rule(
    path: str, keys: Keys, value: Any, seen: str, rule: str
) -> None:
    with pytest.raises(BadInputError) as told:
        read(path, changed(path, keys, value))
    assert told.value.what == f"the target file {path} is damaged."
    assert told.value.seen.startswith(seen)
    assert rule in told.value.rule
    assert "Install EdgeRS again" in told.value.fix


def test_a_device_that_no_release_runs_on_is_damage() -> None:
    values = {**document(GPU), "name": "orin-mini"}
    with pytest.raises(BadInputError) as told:
        target_from_document("orin-mini.toml", values)
    assert "names a release that runs on it" in told.value.rule


KINDS = (
    None,
    True,
    -1,
    0,
    1.5,
    float("inf"),
    float("nan"),
    10**400,
    "",
    "x",
    [],
    [1],
    {},
    {"x": 1},
)


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_no_change_of_one_value_ends_in_another_error(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from([GPU, BOARD, REFUSED, CPU, SOFTWARE]))
    keys = data.draw(st.sampled_from(list(places(document(path)))))
    value = data.draw(st.sampled_from([..., *KINDS]))
    # Some changes are legal, such as another title.
    with contextlib.suppress(BadInputError):
        read(path, changed(path, keys, value))


@pytest.mark.parametrize(
    "held",
    [b"name = ", b"\xff\xfe", b"a = 1\na = 2", b"x = " + b"[" * 100000],
    ids=["toml", "utf-8", "twice", "deep"],
)
def test_what_is_no_toml_is_damage(held: bytes) -> None:
    with pytest.raises(BadInputError, match=r"the target file nano\.toml is damaged"):
        document_from_bytes("nano.toml", held)


def test_a_file_that_is_gone_is_damage() -> None:
    with pytest.raises(BadInputError, match=r"the target file gone\.toml is damaged"):
        document("gone.toml")

"""STAC Items that nobody vouches for: nothing outside their folder is read."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from builders.items import data_asset, item_document, write_bands, write_item
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgers.errors import SceneError
from edgers.scene.folder import scene_files
from edgers.scene.stac_item import MAX_ASSETS, MAX_ITEM_BYTES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Folder of an Item, with a secret beside it that is a good raster."""
    write_bands(tmp_path / "outside")
    inside = tmp_path / "inside"
    write_bands(inside)
    return inside


def refused(path: Path) -> str:
    with pytest.raises(SceneError) as caught:
        scene_files(path)
    assert len(str(caught.value)) < 2000
    return str(caught.value)


@pytest.mark.parametrize(
    "href",
    [
        "https://example.org/b04.tif",
        "http://127.0.0.1:9/b04.tif",
        "file:///etc/passwd",
        "file:b04.tif",
        "s3://bucket/b04.tif",
        "/vsicurl/https://example.org/b04.tif",
        "vsicurl:b04.tif",
        "//example.org/b04.tif",
        "{outside}/b04.tif",
        "../outside/b04.tif",
        "./../outside/b04.tif",
        "x/../../outside/b04.tif",
        "%2e%2e/outside/b04.tif",
        "..%2Foutside%2Fb04.tif",
        "..\\outside\\b04.tif",
        "C:\\b04.tif",
        "GTIFF_RAW:b04.tif",
        "",
        "b04.tif\0.png",
        "a" * 5000,
        "nothing.tif",
        ".",
        "..",
    ],
)
def test_an_address_or_a_way_out_is_refused(folder: Path, href: str) -> None:
    there = href.replace("{outside}", str(folder.parent / "outside"))
    item = write_item(folder, {"r": data_asset("B04", href=there)})
    assert "asset 'r' of STAC Item" in refused(item)


@pytest.mark.parametrize("href", ["file:b04.tif", "GTIFF_RAW:b04.tif", "C:\\b04.tif"])
def test_a_name_that_another_program_takes_for_an_address_is_refused(
    folder: Path, href: str
) -> None:
    (folder / "b04.tif").rename(folder / href)
    item = write_item(folder, {"r": data_asset("B04", href=href)})
    assert "named relative to it" in refused(item)


@pytest.mark.parametrize("href", [None, 7, ["b04.tif"], {"a": 1}, True])
def test_an_href_of_another_type_is_refused(folder: Path, href: Any) -> None:
    assert "asset 'r'" in refused(write_item(folder, {"r": data_asset("B04", href=href)}))


def test_a_link_that_leads_out_is_refused(folder: Path) -> None:
    (folder / "link.tif").symlink_to(folder.parent / "outside" / "b04.tif")
    (folder / "door").symlink_to(folder.parent / "outside")
    (folder / "loop").symlink_to("loop")
    for href in ("link.tif", "door/b04.tif", "loop", "loop/b04.tif"):
        refused(write_item(folder, {"r": data_asset("B04", href=href)}))


def test_a_folder_reached_by_a_link_is_a_folder(folder: Path) -> None:
    write_item(folder, {"r": data_asset("B04")})
    link = folder.parent / "link"
    link.symlink_to(folder)
    assert scene_files(link / "item.json") == [link / "b04.tif"]


def test_a_folder_with_such_an_item_is_refused_too(folder: Path) -> None:
    write_item(folder, {"r": data_asset("B04", href="../outside/b04.tif")})
    assert "asset 'r'" in refused(folder)


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe.tif")
    os.mkfifo(folder / "pipe.json")
    refused(write_item(folder, {"r": data_asset("B04", href="pipe.tif")}))
    assert "It is not a file" in refused(folder / "pipe.json")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"Feature"',
        b'{"type": "Feature"}',
        b'{"type": "Collection", "stac_version": "1.0.0"}',
        b'{"type": "Feature", "stac_version": "1.0.0", "type": "Feature"}',
        b'{"type": "Feature", "stac_version": "1.0.0", "assets": NaN}',
        b'{"type": "Feature", "stac_version": "1.0.0", "a": ' + b"[" * 100 + b"]" * 100 + b"}",
        b"[" * 1_000_000,
        b"\xff\xfe",
    ],
)
def test_what_is_no_item_is_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "item.json"
    path.write_bytes(text)
    assert "is not a STAC Item" in refused(path)


@pytest.mark.parametrize("assets", [None, [], "b04.tif", {}, {"r": None}, {"r": []}, {"r": "x"}])
def test_assets_of_another_shape_are_refused(folder: Path, assets: Any) -> None:
    path = folder / "item.json"
    path.write_text(json.dumps({**item_document({}), "assets": assets}))
    assert "STAC Item" in refused(path)


def test_too_much_is_refused(folder: Path) -> None:
    many = {f"a{i}": data_asset("B04") for i in range(MAX_ASSETS + 1)}
    assert "assets" in refused(write_item(folder, many))
    (folder / "item.json").write_bytes(b" " * (MAX_ITEM_BYTES + 1))
    assert "too large" in refused(folder / "item.json")


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8), st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=4), st.integers(), max_size=2),
)  # fmt: skip
WORDS = ("name", "eo:common_name", "eo:center_wavelength", "unit", "nodata", "raster:scale")


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    fields=st.dictionaries(
        st.sampled_from(("roles", "type", "bands", "eo:bands", "raster:bands", "nodata", "unit")),
        st.one_of(ODD, st.lists(st.dictionaries(st.sampled_from(WORDS), ODD), max_size=2)),
    ),
    datetime=ODD,
)
def test_odd_words_are_left_out_or_refused(
    folder: Path, fields: dict[str, Any], datetime: Any
) -> None:
    item = write_item(folder, {"r": data_asset("B04", **fields)}, datetime=datetime)
    try:
        found = scene_files(item)
    except SceneError as error:
        found, seen = [], str(error)
        if "names no raster to read" not in seen:
            raise
    assert found in ([], [folder / "b04.tif"])

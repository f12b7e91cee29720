"""What is opened as a scene, and what is refused before any driver sees it."""

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders.scenes import noise, write_scene

from edgers.errors import SceneError
from edgers.scene.open import MAX_SIDE_PX, open_raster


def refusal(path: Path | str) -> str:
    with pytest.raises(SceneError) as caught:
        open_raster(Path(path))
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "driver", "dtype"),
    [
        ("s.tif", "GTiff", "uint16"),
        ("s.tif", "COG", "float32"),
        ("s.jp2", "JP2OpenJPEG", "uint16"),
        ("s.png", "PNG", "uint16"),
        ("s.jpg", "JPEG", "uint8"),
    ],
)
def test_each_accepted_format_is_opened(tmp_path: Path, name: str, driver: str, dtype: str) -> None:
    place: dict[str, Any] = {} if driver in ("GTiff", "COG", "JP2OpenJPEG") else {"crs": None}
    path = write_scene(tmp_path / name, noise(3, 40, 50, dtype), driver=driver, **place)
    with open_raster(path) as dataset:
        assert (dataset.count, dataset.height, dataset.width) == (3, 40, 50)
        assert dataset.dtypes[0] == dtype


@pytest.mark.parametrize("options", [{"BIGTIFF": "YES"}, {"ENDIANNESS": "BIG"}])
def test_each_sort_of_tiff_is_opened(tmp_path: Path, options: dict[str, Any]) -> None:
    path = write_scene(tmp_path / "s.tif", noise(1, 8, 8), **options)
    with open_raster(path) as dataset:
        assert np.array_equal(dataset.read(), noise(1, 8, 8))


def test_the_name_of_a_file_says_nothing(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "s.tif", noise(1, 8, 8)).rename(tmp_path / "s.vrt")
    with open_raster(path) as dataset:
        assert dataset.driver == "GTiff"


def test_a_relative_path_and_a_link_are_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_scene(tmp_path / "s.tif", noise(1, 8, 8))
    (tmp_path / "link.tif").symlink_to("s.tif")
    monkeypatch.chdir(tmp_path)
    for name in ("s.tif", "link.tif", "./s.tif"):
        open_raster(Path(name)).close()


def test_a_scene_without_a_place_is_opened_without_a_warning(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "s.tif", noise(1, 8, 8), crs=None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with open_raster(path) as dataset:
            assert dataset.crs is None


@pytest.mark.parametrize(
    "path",
    [
        "http://localhost/s.tif",
        "https://localhost/s.tif",
        "s3://bucket/s.tif",
        "file:///etc/hostname",
        "/vsicurl/http://localhost/s.tif",
        "/vsimem/s.tif",
        "/vsizip/s.zip/s.tif",
        "/vsistdin/",
    ],
)
def test_an_address_is_refused(path: str) -> None:
    text = refusal(path)
    assert "is not a local file" in text or "cannot be read" in text


@pytest.mark.parametrize("prefix", ["GTIFF_DIR:1:", "GTIFF_RAW:", "vrt://", "NETCDF:"])
def test_a_driver_prefix_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    write_scene(tmp_path / "s.tif", noise(1, 8, 8))
    monkeypatch.chdir(tmp_path)
    refusal(f"{prefix}s.tif")


def test_a_file_whose_name_looks_like_a_driver_prefix_is_just_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_scene(tmp_path / "s.tif", noise(2, 8, 8)).rename(tmp_path / "GTIFF_DIR:9:s.tif")
    monkeypatch.chdir(tmp_path)
    with open_raster(Path("GTIFF_DIR:9:s.tif")) as dataset:
        assert dataset.count == 2


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "none.tif")
    assert "cannot be read" in refusal("a\0b.tif")


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tif")
    for path in (tmp_path, tmp_path / "pipe.tif", Path("/dev/zero"), Path("/dev/null")):
        assert "is not a file" in refusal(path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s.tif").touch()
    assert "is empty" in refusal(tmp_path / "s.tif")


@pytest.mark.parametrize(
    "data",
    [
        b"hello",
        b"<VRTDataset/>",
        b"%PDF-1.4",
        b"GIF89a",
        b"BM",
        b"CDF\x01",
        b"\x89HDF\r\n\x1a\n",
        b"II*",
        b"NITF02.10",
        b"Rast",
    ],
)
def test_another_format_is_refused_and_the_accepted_are_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "s.tif").write_bytes(data + bytes(200) if len(data) > 3 else data)
    text = refusal(tmp_path / "s.tif")
    assert "Accepted: GeoTIFF, COG, JPEG 2000, PNG, JPEG." in text


@pytest.mark.parametrize(
    "magic",
    [b"II*\0", b"MM\0*", b"II+\0", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"\xff\x4f\xff\x51"],
)
@pytest.mark.parametrize("rest", [b"", bytes(400), b"\xff" * 400])
def test_a_file_that_only_begins_right_is_refused(
    tmp_path: Path, magic: bytes, rest: bytes
) -> None:
    (tmp_path / "s.tif").write_bytes(magic + rest)
    words = "is damaged" if b"PNG" in magic else "is not a raster that can be read"
    assert words in refusal(tmp_path / "s.tif")


@pytest.mark.parametrize("shape", [(1, MAX_SIDE_PX + 1), (MAX_SIDE_PX + 1, 1)])
def test_an_impossible_size_is_refused(tmp_path: Path, shape: tuple[int, int]) -> None:
    path = write_scene(
        tmp_path / "s.tif", np.zeros((1, *shape), np.uint8), crs=None, compress="DEFLATE"
    )
    text = refusal(path)
    assert "impossible size" in text
    assert "At most" in text or "at most" in text


def test_the_longest_side_is_accepted(tmp_path: Path) -> None:
    samples = np.zeros((1, MAX_SIDE_PX, 1), np.uint8)
    open_raster(write_scene(tmp_path / "s.tif", samples, crs=None, compress="DEFLATE")).close()

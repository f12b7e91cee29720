"""Files that are not what they seem, and paths that lead elsewhere."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest
from builders.bundles import BAND_NAMES, contract_document, make_bundle
from builders.opened import opened_files
from builders.refusals import edgers_within, is_refusal, refused_run
from builders.runs import edgers
from builders.scenes import noise, write_scene

SECONDS = 6


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundle"), contract_document())


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A whole scene in a folder of its own, which no other file may lead to."""
    (tmp_path / "secret").mkdir()
    return write_scene(tmp_path / "secret" / "s.tif", noise(3, 40, 50), names=BAND_NAMES)


def vrt(secret: Path) -> str:
    bands = "".join(
        f'<VRTRasterBand dataType="UInt16" band="{i}"><Description>{name}</Description>'
        f"<SimpleSource><SourceFilename>{secret}</SourceFilename>"
        f"<SourceBand>{i}</SourceBand></SimpleSource></VRTRasterBand>"
        for i, name in enumerate(BAND_NAMES, 1)
    )
    # Without this GDAL does not take a file beside a scene for its mask.
    mask = '<Metadata><MDI key="INTERNAL_MASK_FLAGS_1">2</MDI></Metadata>'
    return f'<VRTDataset rasterXSize="50" rasterYSize="40">{mask}{bands}</VRTDataset>'


@pytest.mark.parametrize("name", ["scene.tif", "scene.vrt", "scene.jp2", "scene"])
def test_a_vrt_is_refused_and_leads_nowhere(
    bundle: Path, tmp_path: Path, secret: Path, name: str
) -> None:
    (tmp_path / name).write_text(vrt(secret))
    with opened_files(secret.parent) as names:
        refused_run(bundle, tmp_path / name, tmp_path / "out")
    assert not names


def test_the_watch_on_the_secret_sees_when_it_is_opened(tmp_path: Path, secret: Path) -> None:
    with opened_files(secret.parent) as names:
        secret.read_bytes()
    assert names == {"s.tif"}


@pytest.mark.parametrize(
    "text",
    [
        "{secret}",
        "<GDAL_WMS><Service name='TMS'><ServerUrl>file://{secret}</ServerUrl></Service></GDAL_WMS>",
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file://{secret}">]><a>&b;</a>',
        "ENVI\nsamples = 50\nlines = 40\nbands = 3\ndata file = {secret}\n",
        '{{"type": "Feature", "assets": {{"a": {{"href": "{secret}"}}}}}}',
        "%PDF-1.4\n%{secret}",
    ],
    ids=["path", "WMS", "XML entity", "ENVI", "STAC", "PDF"],
)
def test_text_as_a_scene_is_refused_and_leads_nowhere(
    bundle: Path, tmp_path: Path, secret: Path, text: str
) -> None:
    (tmp_path / "scene.tif").write_text(text.format(secret=secret))
    with opened_files(secret.parent) as names:
        refused_run(bundle, tmp_path / "scene.tif", tmp_path / "out")
    assert not names


@pytest.mark.parametrize("magic", [b"\xff\xd8\xff", b"II*\0", b"\x89PNG\r\n\x1a\n"])
def test_a_vrt_behind_the_first_bytes_of_a_picture_is_refused_and_leads_nowhere(
    bundle: Path, tmp_path: Path, secret: Path, magic: bytes
) -> None:
    (tmp_path / "scene.tif").write_bytes(magic + vrt(secret).encode())
    with opened_files(secret.parent) as names:
        refused_run(bundle, tmp_path / "scene.tif", tmp_path / "out")
    assert not names


@pytest.mark.parametrize("end", [".msk", ".MSK", ".ovr", ".aux.xml"])
def test_a_file_beside_a_scene_leads_nowhere(
    bundle: Path, tmp_path: Path, secret: Path, end: str
) -> None:
    path = write_scene(tmp_path / "scene.tif", noise(3, 40, 50), names=BAND_NAMES)
    overviews = f'<MDI key="OVERVIEW_FILE">{secret}</MDI>'
    pam = f'<PAMDataset><Metadata domain="OVERVIEWS">{overviews}</Metadata></PAMDataset>'
    (tmp_path / f"scene.tif{end}").write_text(pam if end == ".aux.xml" else vrt(secret))
    with opened_files(secret.parent) as names:
        done = edgers("run", bundle, path, "-o", tmp_path / "out")
    assert not names
    assert done.code == 0 or is_refusal(done)


@pytest.mark.parametrize(
    "path",
    [
        "/vsicurl/http://127.0.0.1:9/s.tif",
        "/vsicurl_streaming/http://127.0.0.1:9/s.tif",
        "/vsis3/bucket/s.tif",
        "http://127.0.0.1:9/s.tif",
        "https://127.0.0.1:9/s.tif",
        "zip://s.zip!s.tif",
        "GTIFF_DIR:1:s.tif",
        "GTIFF_RAW:s.tif",
        'HDF5:"s.h5"://a',
        "WMS:http://127.0.0.1:9/",
        "/dev/zero",
        "/dev/null",
        "/proc/self/mem",
        "..",
        "no/such/file.tif",
    ],
)
def test_a_path_that_is_no_plain_file_is_refused(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_scene(tmp_path / "s.tif", noise(3, 40, 50), names=BAND_NAMES)
    refused_run(bundle, path, tmp_path / "out")


def test_a_pipe_is_refused_at_once(bundle: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "scene.tif")
    done = edgers_within(SECONDS, "run", bundle, tmp_path / "scene.tif", "-o", tmp_path / "out")
    assert is_refusal(done)


def test_a_link_to_a_device_is_refused(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "scene.tif").symlink_to("/dev/zero")
    refused_run(bundle, tmp_path / "scene.tif", tmp_path / "out")


@pytest.mark.parametrize("command", ["verify", "inspect"])
@pytest.mark.parametrize("device", ["pipe", "/dev/zero"])
def test_a_pipe_or_device_as_a_bundle_is_refused_at_once(
    tmp_path: Path, command: str, device: str
) -> None:
    path = tmp_path / "b.edgers"
    if device == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(device)
    assert is_refusal(edgers_within(SECONDS, command, path))


def bare_tiff(width: int, height: int, *, bands: int = 1, rows_per_strip: int = 1) -> bytes:
    """Write a TIFF header that claims a picture and holds none of it."""
    entries = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 0),
        (277, 3, 1, bands),
        (278, 4, 1, rows_per_strip),
        (279, 4, 1, 0),
        (284, 3, 1, 1),
    ]
    parts = [struct.pack("<HHII", *entry) for entry in entries]
    return b"II*\0" + struct.pack("<IH", 8, len(parts)) + b"".join(parts) + bytes(4)


@pytest.mark.parametrize(
    ("width", "height", "rows"),
    [
        (2**31 - 1, 2**31 - 1, 2**31 - 1),
        (2**31 - 1, 1, 1),
        (1, 2**31 - 1, 1),
        (999_999, 999_999, 999_999),
        (2**32 - 1, 2**32 - 1, 1),
        (0, 0, 1),
    ],
)
def test_a_header_that_claims_a_huge_scene_is_refused_at_once(
    bundle: Path, tmp_path: Path, width: int, height: int, rows: int
) -> None:
    path = tmp_path / "scene.tif"
    path.write_bytes(bare_tiff(width, height, rows_per_strip=rows))
    maps = [word for name in BAND_NAMES for word in ("--map", f"{name}=1")]
    done = edgers_within(SECONDS, "run", bundle, path, "-o", tmp_path / "out", *maps)
    assert is_refusal(done), done
    assert not (tmp_path / "out").exists()


def test_a_header_that_claims_thousands_of_bands_is_read_at_once(
    bundle: Path, tmp_path: Path
) -> None:
    path = tmp_path / "scene.tif"
    path.write_bytes(bare_tiff(8, 8, bands=20_000))
    done = edgers_within(SECONDS, "run", bundle, path, "-o", tmp_path / "out")
    assert is_refusal(done), done


def test_a_sparse_scene_holds_nothing_but_is_no_trouble(bundle: Path, tmp_path: Path) -> None:
    path = write_scene(
        tmp_path / "scene.tif", np.zeros((3, 600, 600), np.uint16), names=BAND_NAMES, nodata=0,
        sparse_ok=True, tiled=True,
    )  # fmt: skip
    assert path.stat().st_size < 20_000
    assert "has no data" in refused_run(bundle, path, tmp_path / "out")

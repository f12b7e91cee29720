"""Headers, files and pipes made to harm: each is refused in words, with nothing left behind."""

import os
import socket
from pathlib import Path

import numpy as np
import pytest
from builders.bundles import make_bundle
from builders.networks import band_net, plain_contract
from builders.refusals import edgers_within, is_refusal
from builders.runs import Outcome, edgers
from builders.scenes import noise
from builders.strips import header_text, write_strip
from hypothesis import given, settings
from hypothesis import strategies as st

from edgers.errors import SceneError
from edgers.scene.envi import read_header

SAMPLES = noise(3, 8, 5)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundle"), plain_contract(), band_net)


def listing(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*"))


def refused(bundle: Path, folder: Path, source: Path | str, *more: object) -> str:
    """Run over a source that must be refused, with nothing left behind; give the text."""
    before = listing(folder)
    done = edgers("pushbroom", bundle, source, "-o", folder / "new" / "out", "--idle", 0, *more)
    assert is_refusal(done), done
    assert listing(folder) == before
    return done.err


BAD_FIELDS = {
    "samples none": {"samples": 0},
    "samples negative": {"samples": -5},
    "samples no number": {"samples": "five"},
    "samples with a point": {"samples": "5.0"},
    "samples nan": {"samples": "nan"},
    "samples absurd": {"samples": 10**12},
    "samples of many digits": {"samples": "9" * 5000},
    "samples other digits": {"samples": "٥"},
    "samples missing": {"samples": None},
    "bands none": {"bands": 0},
    "bands absurd": {"bands": 10**9},
    "bands of many digits": {"bands": "9" * 400},
    "bands missing": {"bands": None},
    "row absurd": {"samples": 999_999, "bands": 60_000, "band_names": None},
    "lines negative": {"lines": -1},
    "lines no number": {"lines": "all"},
    "lines infinite": {"lines": "inf"},
    "data type unknown": {"data_type": 7},
    "data type missing": {"data_type": None},
    "data type nan": {"data_type": "nan"},
    "complex samples": {"data_type": 6},
    "bsq": {"interleave": "bsq"},
    "interleave missing": {"interleave": None},
    "interleave other": {"interleave": "bil bip"},
    "byte order missing": {"byte_order": None},
    "byte order other": {"byte_order": 2},
    "offset negative": {"header_offset": -1},
    "offset absurd": {"header_offset": 10**15},
    "names too few": {"band_names": "{B02, B03}"},
    "names too many": {"band_names": "{B02, B03, B04, B05}"},
    "names without end": {"band_names": "{B02, B03, B04"},
    "names of other bands": {"band_names": "{a, b, c}"},
    "names repeated": {"band_names": "{B02, B02, B04}"},
    "wavelengths too few": {"wavelength": "{490}"},
    "wavelength nan": {"wavelength": "{nan, 560, 665}"},
    "wavelength infinite": {"wavelength": "{490, inf, 665}"},
    "wavelength no number": {"wavelength": "{blue, green, red}"},
    "ignored value no number": {"data_ignore_value": "none"},
    "factor zero": {"reflectance_scale_factor": 0},
    "factor nan": {"reflectance_scale_factor": "nan"},
    "factor negative": {"reflectance_scale_factor": -1},
    "factor not asked for": {"reflectance_scale_factor": 10000},
    "factor and gains": {"reflectance_scale_factor": 1, "data_gain_values": "{1, 1, 1}"},
    "gain nan": {"data_gain_values": "{1, nan, 1}"},
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_FIELDS)
def test_a_header_that_cannot_be_is_refused(bundle: Path, tmp_path: Path, case: str) -> None:
    path = write_strip(tmp_path / "s.bil", SAMPLES)
    path.with_suffix(".hdr").write_text(header_text(SAMPLES, **BAD_FIELDS[case]))
    assert "s.hdr" in refused(bundle, tmp_path, path)


@pytest.mark.parametrize(
    "data",
    [b"", b"ENVI", b"ENVI\n", b"envi\nsamples = 5\n", b"ENVIsamples = 5\n", b"\x00" * 100,
     b"ENVI\n\x00\xff", b"ENVI\n" + bytes(range(256)) * 50, b"II*\0" + b"x" * 100,
     b"ENVI\n" + b"a = {" * 10_000, b"ENVI\n" + b"=\n" * 10_000],
)  # fmt: skip
def test_a_header_that_is_none_is_refused(bundle: Path, tmp_path: Path, data: bytes) -> None:
    path = write_strip(tmp_path / "s.bil", SAMPLES)
    path.with_suffix(".hdr").write_bytes(data)
    refused(bundle, tmp_path, path)


def test_a_header_without_end_is_not_read_to_it(bundle: Path, tmp_path: Path) -> None:
    path = write_strip(tmp_path / "s.bil", SAMPLES)
    with path.with_suffix(".hdr").open("r+b") as file:
        file.truncate(2**40)
    assert "too large" in refused(bundle, tmp_path, path)


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=400))
def test_any_bytes_after_the_first_line_give_a_header_or_an_error_in_words(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "random.hdr"
    text = header_text(SAMPLES).encode()
    path.write_bytes(text + data)
    try:
        samples = read_header(path).samples
    except SceneError as error:
        message = str(error)
    else:
        message = f"random.hdr: {samples}"
        assert samples >= 1
    assert "random.hdr" in message


@pytest.mark.parametrize(
    "source", ["none.bil", "http://127.0.0.1/s.bil", "/vsicurl/s.bil", "", "a\0b", "."]
)
def test_a_source_that_is_no_file_is_refused(bundle: Path, tmp_path: Path, source: str) -> None:
    header = tmp_path / "s.hdr"
    header.write_text(header_text(SAMPLES))
    refused(bundle, tmp_path, source, "--header", header)
    refused(bundle, tmp_path, source)


def test_devices_sockets_and_folders_are_refused(bundle: Path, tmp_path: Path) -> None:
    header = tmp_path / "s.hdr"
    header.write_text(header_text(SAMPLES))
    for source in ("/dev/zero", "/dev/null", tmp_path):
        assert "neither a file nor a pipe" in refused(
            bundle, tmp_path, source, "--header", header
        )  # fmt: skip
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "socket"))
        refused(bundle, tmp_path, tmp_path / "socket", "--header", header)


def test_a_header_that_is_a_pipe_or_device_is_refused(bundle: Path, tmp_path: Path) -> None:
    path = write_strip(tmp_path / "s.bil", SAMPLES)
    os.mkfifo(tmp_path / "h.hdr")
    assert "not a file" in refused(bundle, tmp_path, path, "--header", tmp_path / "h.hdr")
    assert "not a file" in refused(bundle, tmp_path, path, "--header", "/dev/zero")


def test_a_strip_without_a_whole_row_is_refused(bundle: Path, tmp_path: Path) -> None:
    path = write_strip(tmp_path / "s.bil", SAMPLES)
    for size in (0, 1, 29):
        with path.open("r+b") as file:
            file.truncate(size)
        assert "has no rows" in refused(bundle, tmp_path, path)


def test_an_empty_strip_leaves_the_product_of_an_earlier_one(bundle: Path, tmp_path: Path) -> None:
    path = write_strip(tmp_path / "s.bil", SAMPLES)
    assert edgers("pushbroom", bundle, path, "-o", tmp_path, "--idle", 0).code == 0
    before = {one: one.read_bytes() for one in tmp_path.glob("s_tiny-net.*")}
    assert len(before) == 3
    path.write_bytes(b"")
    assert edgers("pushbroom", bundle, path, "-o", tmp_path, "--idle", 0).code == 2
    assert {one: one.read_bytes() for one in tmp_path.glob("s_tiny-net.*")} == before


def test_a_wide_claim_costs_no_memory(bundle: Path, tmp_path: Path) -> None:
    """A header can claim rows of 200 MB: what they would take is refused, or never touched."""
    path = tmp_path / "s.bil"
    path.write_bytes(b"12345")
    fields = {"samples": 900_000, "bands": 30, "data_type": 5}
    names = "{B02, B03, B04, " + ", ".join(f"x{i}" for i in range(27)) + "}"
    wide = np.zeros((3, 1, 1), np.uint8)
    path.with_suffix(".hdr").write_text(header_text(wide, **fields, band_names=names))
    out = tmp_path / "out"
    done = edgers_within(60, "pushbroom", bundle, path, "-o", out, "--idle", 0)
    assert is_refusal(done), done
    assert not out.exists()


def test_a_file_cut_while_it_is_read_is_an_error_in_words(bundle: Path, tmp_path: Path) -> None:
    path = write_strip(tmp_path / "s.bil", noise(3, 300, 5))

    done: Outcome | None = None
    real = os.read

    def cutting(handle: int, limit: int) -> bytes:
        data = real(handle, limit)
        if len(data) > 100:
            os.truncate(path, 10)
        return data

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edgers.scene.arrivals.os.read", cutting)
        done = edgers("pushbroom", bundle, path, "-o", tmp_path / "out", "--idle", 0)
    assert is_refusal(done), done
    assert "became shorter" in done.err


@pytest.mark.parametrize("name", ["../s", "a/b", "", "..", ".", "  ", "/etc/x"])
def test_a_name_that_leads_elsewhere_is_refused(bundle: Path, tmp_path: Path, name: str) -> None:
    path = write_strip(tmp_path / "s.bil", SAMPLES)
    assert "no file name" in refused(bundle, tmp_path, path, "--name", name)

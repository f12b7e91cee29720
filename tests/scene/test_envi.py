"""ENVI headers: what they state, in the words of this project."""

from pathlib import Path

import pytest

from edgers.errors import SceneError
from edgers.scene.envi import EnviHeader, read_header

LEAST = {
    "samples": "4", "lines": "0", "bands": "2", "data type": "12", "interleave": "bil",
    "byte order": "0",
}  # fmt: skip


def header(folder: Path, **fields: str) -> EnviHeader:
    values = {**LEAST, **{key.replace("_", " "): value for key, value in fields.items()}}
    path = folder / "s.hdr"
    path.write_text("ENVI\n" + "".join(f"{key} = {value}\n" for key, value in values.items()))
    return read_header(path)


def test_a_plain_header(tmp_path: Path) -> None:
    found = header(tmp_path)
    assert (found.samples, found.lines, len(found.bands)) == (4, 0, 2)
    assert (found.data_type, found.interleave, found.is_big_endian) == ("uint16", "bil", False)
    assert (found.row_bytes, found.offset_bytes, found.nodata) == (16, 0, None)
    assert [band.index for band in found.bands] == [1, 2]
    assert {(band.name, band.scale, band.offset) for band in found.bands} == {("", 1.0, 0.0)}
    assert found.bands[0].wavelength_um is None


@pytest.mark.parametrize(
    ("number", "name", "size"),
    [
        (1, "uint8", 1), (2, "int16", 2), (3, "int32", 4), (4, "float32", 4), (5, "float64", 8),
        (6, "complex64", 8), (9, "complex128", 16), (12, "uint16", 2), (13, "uint32", 4),
        (14, "int64", 8), (15, "uint64", 8),
    ],
)  # fmt: skip
def test_data_types(tmp_path: Path, number: int, name: str, size: int) -> None:
    found = header(tmp_path, data_type=str(number))
    assert (found.data_type, found.row_bytes) == (name, 8 * size)


def test_the_byte_order_is_in_the_stored_type(tmp_path: Path) -> None:
    assert header(tmp_path, byte_order="1").stored_type.str == ">u2"
    assert header(tmp_path, byte_order="0").stored_type.str == "<u2"


def test_names_and_lists_run_over_lines(tmp_path: Path) -> None:
    path = tmp_path / "s.hdr"
    path.write_text(
        "ENVI\r\n; a remark = 7\r\ndescription = {\r\n  samples = 9}\r\nSamples=4\r\nbands  = 2\r\n"
        "DATA  TYPE = 4\r\nINTERLEAVE = BIP\r\nbyte order = 0\r\n"
        "band names = {\r\n red edge,\r\n nir }\r\nno equals sign here\r\n"
    )
    found = read_header(path)
    assert (found.samples, found.interleave, found.data_type) == (4, "bip", "float32")
    assert [band.name for band in found.bands] == ["red edge", "nir"]


@pytest.mark.parametrize(
    ("unit", "numbers", "wanted"),
    [
        ("Nanometers", "490, 842.5", (0.49, 0.8425)),
        ("Micrometers", "0.49, 0.8425", (0.49, 0.8425)),
        ("um", "0.49, 10.9", (0.49, 10.9)),
        ("Unknown", "490, 842.5", (0.49, 0.8425)),
        ("", "0.49, 10.9", (0.49, 10.9)),
        ("Wavenumber", "490, 842.5", (None, None)),
    ],
)
def test_wavelengths(
    tmp_path: Path, unit: str, numbers: str, wanted: tuple[float | None, ...]
) -> None:
    fields = {"wavelength": f"{{{numbers}}}", **({"wavelength_units": unit} if unit else {})}
    found = tuple(band.wavelength_um for band in header(tmp_path, **fields).bands)
    assert found == pytest.approx(wanted)


def test_a_wavelength_in_a_name(tmp_path: Path) -> None:
    found = header(tmp_path, band_names="{Band 1 (490.5 nm), other}").bands
    assert found[0].wavelength_um == pytest.approx(0.4905)
    assert found[1].wavelength_um is None


def test_a_reflectance_scale_factor_divides(tmp_path: Path) -> None:
    found = header(tmp_path, reflectance_scale_factor="10000.0").bands
    assert [(band.scale, band.offset) for band in found] == [(1e-4, 0.0)] * 2


def test_gains_and_offsets_are_by_band(tmp_path: Path) -> None:
    fields = {"data_gain_values": "{0.1, 0.2}", "data_offset_values": "{-1, 3}"}
    found = header(tmp_path, **fields).bands
    assert [(band.scale, band.offset) for band in found] == [(0.1, -1.0), (0.2, 3.0)]


@pytest.mark.parametrize(("text", "value"), [("-9999", -9999.0), ("0", 0.0), ("-1.5e+03", -1500.0)])
def test_the_ignored_value(tmp_path: Path, text: str, value: float) -> None:
    assert header(tmp_path, data_ignore_value=text).nodata == value


@pytest.mark.parametrize(
    ("text", "gsd_m"),
    [
        ("UTM, 1, 1, 500000, 4200000, 30, 30, 33, North, WGS-84", 30.0),
        ("Arbitrary, 1, 1, 0, 0, 2, 8, 0, units=Meters", 4.0),
        ("Geographic Lat/Lon, 1, 1, 10, 50, 0.001, 0.001, WGS-84, units=Degrees", None),
        ("UTM, 1, 1", None),
        ("UTM, 1, 1, 5, 4, wide, 30, 33, North", None),
        ("UTM, 1, 1, 5, 4, 0, 30, 33, North", None),
    ],
)
def test_the_ground_sample_distance_is_that_of_the_map_info(
    tmp_path: Path, text: str, gsd_m: float | None
) -> None:
    assert header(tmp_path, map_info=f"{{{text}}}").gsd_m == gsd_m


def test_a_field_stated_twice_alike_is_one(tmp_path: Path) -> None:
    path = tmp_path / "s.hdr"
    lines = [f"{key} = {value}" for key, value in LEAST.items()]
    path.write_text("\n".join(["ENVI", *lines, "samples = 4"]))
    assert read_header(path).samples == 4
    path.write_text("\n".join(["ENVI", *lines, "samples = 5"]))
    with pytest.raises(SceneError, match="'samples' twice"):
        read_header(path)

"""When a scene was taken, from what says so."""

import os
from pathlib import Path

import pytest

from edgers.scene.date import FILE_DATE, acquisition_time, rfc3339, stated_time, time_from_text


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("T31TDH_20150726T105026_B02", "2015-07-26T10:50:26Z"),
        ("S2B_MSIL1C_20200131T105019_N0208_R051_T31TDH_20200131T120000", "2020-01-31T10:50:19Z"),
        ("s1a-iw-grd-vv-20200101t055555-20200101t055620-030600-001", "2020-01-01T05:55:55Z"),
        ("LC08_L2SP_190024_20210707_20210713_02_T1_SR_B4", "2021-07-07T00:00:00Z"),
        ("HLS.S30.T10SGF.2021123T184919.v2.0.B04", "2021-05-03T18:49:19Z"),
        ("ndvi_2020-02-29", "2020-02-29T00:00:00Z"),
        ("ndvi_2020_02_29_final", "2020-02-29T00:00:00Z"),
        ("99999999_20200229", "2020-02-29T00:00:00Z"),
        ("20211332_20200229", "2020-02-29T00:00:00Z"),
    ],
)
def test_a_date_in_a_name_is_found(name: str, time: str) -> None:
    path = Path(f"/x/{name}.tif")
    assert stated_time(path, {}, Path("/x")) == (time, "file name")
    assert acquisition_time(path, {}) == (time, "file name")


@pytest.mark.parametrize(
    "name",
    ["scene", "20210229", "2021", "120200101", "202001011", "20200101T1200001", "1820-01-01"],
)
def test_what_is_no_date_is_not_taken_for_one(name: str) -> None:
    assert stated_time(Path(f"/x/{name}.tif"), {}, Path("/x")) is None


def test_folders_are_asked_up_to_the_root(tmp_path: Path) -> None:
    path = Path("/2018-01-01/root/2019-01-01/bands/B02.tif")
    assert stated_time(path, {}, Path("/2018-01-01/root")) == (
        "2019-01-01T00:00:00Z", "folder name"
    )  # fmt: skip
    assert stated_time(path, {}, path.parent) is None


def test_tags_come_first_and_a_programs_date_last() -> None:
    path = Path("/x/a_20200101.tif")
    sensing = {"ACQUISITIONDATETIME": "2019-05-05T01:02:03.456Z"}
    written = {"TIFFTAG_DATETIME": "2022:01:01 00:00:00"}
    assert stated_time(path, sensing | written, path) == (
        "2019-05-05T01:02:03Z", "tag ACQUISITIONDATETIME"
    )  # fmt: skip
    assert stated_time(path, written, path) == ("2020-01-01T00:00:00Z", "file name")
    assert stated_time(Path("/x/a.tif"), written, path) == (
        "2022-01-01T00:00:00Z", "tag TIFFTAG_DATETIME"
    )  # fmt: skip


def test_without_a_date_the_files_own_is_said_to_be_that(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.touch()
    os.utime(path, (0, 86_400))
    assert acquisition_time(path, {}) == ("1970-01-02T00:00:00Z", FILE_DATE)


@pytest.mark.parametrize(
    "text",
    ["2020-01-01T01:00:00Z", "2020-01-01T02:00:00+01:00", "2020-01-01T01:00:00.1234567Z",
     "2020-01-01T01:00:00"],
)  # fmt: skip
def test_text_of_a_time_is_read(text: str) -> None:
    found = time_from_text(text)
    assert found is not None
    assert rfc3339(found) == "2020-01-01T01:00:00Z"


def test_other_text_is_none() -> None:
    assert time_from_text("yesterday") is None

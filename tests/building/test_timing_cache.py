"""What builds timed is kept for the same device and software, and for no other."""

from pathlib import Path

import pytest
from builders.small_kits import orin_facts, orin_gpu

from edgers.building.timing_cache import MARK, open_timing_cache, timing_key

KEY = timing_key(orin_facts(), orin_gpu(), (10, 3, 0))


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "edgers" / "timing" / f"{KEY}.cache"


def test_the_key_names_all_that_times_hang_on() -> None:
    assert KEY == "nvidia_jetson_orin_nano_developer_kit-sm87-trt10.3.0-cuda12.6-driver36.4.3"
    others = [
        timing_key(orin_facts(module="NVIDIA Jetson AGX Orin"), orin_gpu(), (10, 3, 0)),
        timing_key(orin_facts(), orin_gpu(cc=(8, 6)), (10, 3, 0)),
        timing_key(orin_facts(), orin_gpu(), (10, 3, 1)),
        timing_key(orin_facts(), orin_gpu(cuda=(12, 7)), (10, 3, 0)),
        timing_key(orin_facts(), orin_gpu(driver="540.4"), (10, 3, 0)),
    ]
    assert len({KEY, *others}) == 6
    card = timing_key(orin_facts(module=""), orin_gpu(name="NVIDIA L4/x"), (10, 3, 0))
    assert card.startswith("nvidia_l4_x-sm87")


def test_times_are_kept_and_found_again(own: Path) -> None:
    first = open_timing_cache(KEY, None)
    assert (first.path, first.timings, first.found) == (own, b"", "new")
    assert first.keep(b"times\n\0") == ""
    again = open_timing_cache(KEY, None)
    assert (again.timings, again.found) == (b"times\n\0", "used")
    assert [path.name for path in own.parent.iterdir()] == [own.name]


def test_nothing_is_kept_of_a_build_that_tells_no_times(own: Path) -> None:
    assert open_timing_cache(KEY, None).keep(b"") == ""
    assert not own.exists()


@pytest.mark.parametrize("length", [0, 5, len(MARK) + 3, 90])
def test_a_damaged_file_is_ignored_and_then_replaced(own: Path, length: int) -> None:
    open_timing_cache(KEY, None).keep(b"times")
    own.write_bytes(own.read_bytes()[:length])
    found = open_timing_cache(KEY, None)
    assert (found.timings, found.found) == (b"", "ignored: it is damaged")
    found.keep(b"other")
    assert open_timing_cache(KEY, None).timings == b"other"


def test_times_of_another_device_are_ignored(tmp_path: Path) -> None:
    file = tmp_path / "t.cache"
    open_timing_cache("another", file).keep(b"times")
    found = open_timing_cache(KEY, file)
    assert found.timings == b""
    assert found.found == "ignored: it is of another device or other software"


def test_a_named_file_that_is_none_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("dear reader")
    found = open_timing_cache(KEY, file)
    found.keep(b"times")
    assert "left as it is" in found.found
    assert file.read_text() == "dear reader"


def test_a_folder_or_a_full_disk_stops_no_build(tmp_path: Path) -> None:
    assert "not used" in open_timing_cache(KEY, tmp_path).found
    (tmp_path / "file").write_text("")
    unkept = open_timing_cache(KEY, tmp_path / "file" / "t.cache")
    assert unkept.keep(b"times") != ""

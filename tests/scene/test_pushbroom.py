"""Rows out of bytes as they arrive, and the ring that keeps the last of them."""

import os
import threading
from pathlib import Path

import numpy as np
import pytest
from builders.scenes import noise
from builders.strips import header_text, raw_rows, write_strip
from hypothesis import given, settings
from hypothesis import strategies as st

from edgers.contract import Band, ModelInput
from edgers.errors import BandError, MemoryPlanError, SceneError
from edgers.scene.arrivals import FileArrivals, PipeArrivals, open_arrivals
from edgers.scene.pushbroom import Strip, StripSource
from edgers.scene.row_ring import RowRing

SAMPLES = noise(3, 9, 5)


def model_input(gsd_m: float | None = None) -> ModelInput:
    return ModelInput(
        name="x",
        bands=tuple(Band(name=name) for name in ("B02", "B03", "B04")),
        shape=(-1, 3, -1, -1),
        dim_order=("batch", "channel", "height", "width"),
        data_type="float32",
        gsd_m=gsd_m,
    )


class Chunks:
    """Bytes in pieces of given sizes."""

    ended_by = ""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._data, self._sizes = data, sizes

    def read(self, limit_bytes: int) -> bytes:
        size = min(self._sizes.pop() if self._sizes else len(self._data), limit_bytes)
        piece, self._data = self._data[:size], self._data[size:]
        return piece

    def stop(self) -> None:
        self._data = b""

    def close(self) -> None:
        """Nothing is held."""


@settings(max_examples=200, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 90)),
    offset=st.integers(0, 70),
    extra=st.integers(0, 29),
    interleave=st.sampled_from(["bil", "bip"]),
)
def test_rows_do_not_hang_on_how_bytes_come(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], offset: int, extra: int,
    interleave: str,
) -> None:  # fmt: skip
    path = tmp_path_factory.getbasetemp() / "s.bil"
    write_strip(path, SAMPLES, interleave=interleave, header_offset=offset)
    data = b"\xaa" * offset + b"".join(raw_rows(SAMPLES, interleave)) + b"\xbb" * extra
    with Strip(StripSource(source=str(path)), model_input(), {}) as strip:
        strip._arrivals.close()
        strip._arrivals = Chunks(data, sizes)
        rows = list(strip.rows())
    assert np.array_equal(np.stack(rows, axis=1), SAMPLES)
    assert strip.dropped_bytes == extra


def test_a_ground_sample_distance_outside_the_contract_is_refused(tmp_path: Path) -> None:
    info = "{UTM, 1, 1, 600000, 4200000, 30, 30, 30, North, WGS-84}"
    path = write_strip(tmp_path / "s.bil", SAMPLES, map_info=info)
    with pytest.raises(SceneError, match="ground sample distance"):
        Strip(StripSource(source=str(path)), model_input(gsd_m=10), {})
    Strip(StripSource(source=str(path)), model_input(gsd_m=30), {}).close()


def test_a_scale_the_contract_says_nothing_of_is_refused(tmp_path: Path) -> None:
    path = write_strip(tmp_path / "s.bil", SAMPLES, reflectance_scale_factor=10_000)
    with pytest.raises(BandError, match="edgers:values"):
        Strip(StripSource(source=str(path)), model_input(), {})


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "70000", "1.5", "1e300"])
def test_a_value_that_no_sample_can_have_is_no_nodata(tmp_path: Path, value: str) -> None:
    for dtype in ("uint16", "float32"):
        samples = np.zeros((3, 2, 5), dtype)
        path = write_strip(tmp_path / "s.bil", samples, data_ignore_value=value)
        with Strip(StripSource(source=str(path)), model_input(), {}) as strip:
            assert not strip.window(samples).missing.any()


def test_a_wait_for_a_pipe_ends_when_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "in")
    arrivals = open_arrivals(tmp_path / "in", 10)
    assert isinstance(arrivals, PipeArrivals)
    found: list[bytes] = []
    thread = threading.Thread(target=lambda: found.append(arrivals.read(10)))
    thread.start()
    arrivals.stop()
    thread.join(30)
    assert found == [b""]
    assert arrivals.ended_by == "interrupt"
    assert arrivals.read(10) == b""
    arrivals.stop()
    arrivals.close()
    arrivals.stop()
    arrivals.close()


def test_a_wait_for_a_file_ends_when_told(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b"abc")
    with open_arrivals(tmp_path / "s", 1e9) as arrivals:
        assert isinstance(arrivals, FileArrivals)
        assert arrivals.read(2) == b"ab"
        assert arrivals.read(2) == b"c"
        found: list[bytes] = []
        thread = threading.Thread(target=lambda: found.append(arrivals.read(10)))
        thread.start()
        arrivals.stop()
        thread.join(30)
    assert found == [b""]
    assert arrivals.ended_by == "interrupt"


def test_a_terminal_is_no_source_of_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "s.hdr").write_text(header_text(SAMPLES))
    where = StripSource(source="-", header=tmp_path / "s.hdr")
    main, side = os.openpty()
    with open(side) as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        with pytest.raises(SceneError, match="terminal"):
            Strip(where, model_input(), {})
    os.close(main)
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(SceneError, match="closed"):
        Strip(where, model_input(), {})


def test_the_ring_gives_the_last_rows_in_order() -> None:
    ring = RowRing(bands=3, rows=4, width_px=5, data_type="uint16")
    for count in range(9):
        ring.add(SAMPLES[:, count])
        for start in range(max(0, count - 3), count + 1):
            for stop in range(start, count + 2):
                found = ring.window(start, stop, 1, 4)
                assert np.array_equal(found, SAMPLES[:, start:stop, 1:4])
    kept = ring.window(5, 8, 0, 5)
    ring.add(SAMPLES[:, 0])
    assert np.array_equal(kept, SAMPLES[:, 5:8])  # a copy: the ring moves on
    for start, stop in ((5, 9), (7, 11)):
        with pytest.raises(AssertionError, match="a row is gone"):
            ring.window(start, stop, 0, 5)


def test_a_ring_that_fits_no_memory_is_refused() -> None:
    for rows in (2**40, 2**62):
        with pytest.raises(MemoryPlanError, match="--rows"):
            RowRing(bands=3, rows=rows, width_px=10**6, data_type="float64")

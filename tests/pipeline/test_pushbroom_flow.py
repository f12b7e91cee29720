"""Rows in and out of a strip: lag, memory, growth, ends, and what is left when something fails."""

import errno
import os
import time
import tracemalloc
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders.networks import (
    band_net,
    plain_contract,
)
from builders.runs import largest_band
from builders.scenes import noise
from builders.strip_runs import (
    DEADLINE_S,
    Running,
    at_rest,
    loaded,
    model_with,
    run_on,
    scene_rows,
)
from builders.strips import raw_rows, read_rows, summary, write_strip

from edgers.errors import EngineError, OutputError
from edgers.pipeline.model import Model
from edgers.pipeline.pushbroom import StripOptions, run_strip
from edgers.scene import pushbroom as strips
from edgers.scene.pushbroom import Strip, StripSource


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Model]:
    """Two convolutions: halo 2."""
    with loaded(tmp_path_factory.mktemp("tiny")) as one:
        yield one


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Model]:
    """Scores are the bands."""
    with loaded(tmp_path_factory.mktemp("plain"), plain_contract(), band_net) as one:
        yield one


@pytest.mark.parametrize("rows_px", [5, 8, 24, 40])
def test_a_row_leaves_when_a_tile_of_rows_has_arrived(
    model: Model, tmp_path: Path, rows_px: int
) -> None:
    height, width, halo = 90, 21, 2
    samples = noise(3, height, width)
    running = Running(model, tmp_path, samples, rows_px=rows_px, tile_px=16)
    for row in range(height):
        running.feed(row)
        arrived = row + 1
        running.wait_for(max(0, arrived - rows_px + 1) * width)
        assert len(running.out) <= max(0, arrived - halo) * width
        assert len(running.out) % width == 0
    running.end()
    assert running.error is None
    assert running.report is not None
    assert running.report.lag_px == rows_px
    assert running.report.rows_out == height
    wanted = scene_rows(model, tmp_path, samples)
    assert running.out == wanted.tobytes()
    assert np.array_equal(read_rows(running.report.products[0]), wanted)


def test_memory_does_not_grow_with_the_strip(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strips, "CHUNK_BYTES", 4096)
    block = noise(3, 500, 64)
    peaks = []
    for copies in (1, 1, 12):  # the first warms up what is kept between runs
        folder = tmp_path / f"{copies}-{len(peaks)}"
        folder.mkdir()
        path = write_strip(folder / "s.bil", np.tile(block, (1, copies, 1)))
        tracemalloc.start()
        report = run_strip(
            model, at_rest(path), folder / "out", StripOptions(rows_px=24, tile_px=48, workers=1)
        )
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert report.rows_out == 500 * copies
        assert report.ring_bytes == 24 * 64 * 3 * 2
    strip_bytes = 11 * block.nbytes
    assert strip_bytes > 2_000_000
    assert peaks[2] - peaks[1] < 0.05 * strip_bytes, peaks


def test_reading_ahead_has_a_bound(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = 0

    def endless(strip: Strip) -> Iterator[Any]:
        nonlocal taken
        for row in np.moveaxis(noise(3, 3000, 16), 1, 0):
            taken += 1
            yield row

    monkeypatch.setattr(Strip, "rows", endless)
    path = write_strip(tmp_path / "s.bil", noise(3, 1, 16))
    ahead = []
    run_strip(
        model_with(model, lambda infer, inputs: (time.sleep(0.002), infer(inputs))[1]),
        at_rest(path),
        tmp_path / "out",
        StripOptions(rows_px=20, workers=1),
        on_rows=lambda _, rows_out: ahead.append(taken - rows_out),
    )
    step, tiles_in_flight, lag = 16, 4, 20
    assert taken == 3000
    assert max(ahead) <= lag + (tiles_in_flight + 1) * step + step + 1


def test_rows_on_disk_are_whole_and_never_change(model: Model, tmp_path: Path) -> None:
    samples = noise(3, 100, 30)
    path = write_strip(tmp_path / "s.bil", samples)
    wanted = scene_rows(model, tmp_path, samples)
    product = tmp_path / "out" / "s_tiny-net.img"
    seen = []

    def look(_: int, rows_out: int) -> None:
        rows = read_rows(product)
        assert rows.shape == (rows_out, 30)
        assert np.array_equal(rows, wanted[:rows_out])
        assert not product.with_suffix(".json").exists()
        seen.append(rows_out)

    run_strip(model, at_rest(path), tmp_path / "out", StripOptions(rows_px=24), on_rows=look)
    assert seen == [22, 42, 62, 82, 100]
    assert summary(product)["rows_out"] == 100


def test_a_file_is_followed_while_it_grows(plain: Model, tmp_path: Path) -> None:
    samples = noise(3, 60, 8)
    path = write_strip(tmp_path / "s.bil", samples, rows=11, lines=60)
    raw = raw_rows(samples)
    done = 11

    def more(_: int, rows_out: int) -> None:
        """Write on only when rows have left: the run cannot have seen the end before."""
        nonlocal done
        with path.open("ab") as file:
            file.write(b"".join(raw[done : done + 7]))
        done += 7

    where = StripSource(source=str(path), idle_s=DEADLINE_S, until_complete=True)
    report = run_strip(plain, where, tmp_path / "out", StripOptions(rows_px=6), on_rows=more)
    assert (report.rows_in, report.missing_rows) == (60, 0)
    assert report.ended_by == "all rows of the header"
    assert np.array_equal(read_rows(report.products[0]), largest_band(samples))


def test_rows_beyond_the_stated_ones_are_left_or_taken(plain: Model, tmp_path: Path) -> None:
    samples = noise(3, 30, 8)
    path = write_strip(tmp_path / "s.bil", samples, lines=20)
    assert run_strip(plain, at_rest(path, until_complete=True), tmp_path / "a").rows_out == 20
    assert run_strip(plain, at_rest(path), tmp_path / "b").rows_out == 30


def test_stated_rows_that_do_not_come_are_told(plain: Model, tmp_path: Path) -> None:
    path = write_strip(tmp_path / "s.bil", noise(3, 30, 8), lines=50)
    report = run_strip(plain, at_rest(path, until_complete=True), tmp_path / "out")
    assert (report.rows_out, report.missing_rows) == (30, 20)
    assert report.ended_by == "no growth for 0 s"


def test_a_network_that_fails_ends_the_run_although_the_pipe_stays_open(
    model: Model, tmp_path: Path
) -> None:
    calls = []

    def failing(infer: Any, inputs: Mapping[str, Any]) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise EngineError("planted.")
        return infer(inputs)

    samples = noise(3, 70, 16)
    running = Running(model_with(model, failing), tmp_path, samples, rows_px=24, workers=1)
    for row in range(44):
        running.feed(row)
    running.wait_for(42 * 16)
    for row in range(44, 70):  # the third row of tiles, and the pipe is left open
        running.feed(row)
    running.join()
    assert isinstance(running.error, EngineError)
    rows = read_rows(tmp_path / "out" / "in_tiny-net.img")
    assert len(rows) == 42
    assert not (tmp_path / "out" / "in_tiny-net.json").exists()
    assert np.array_equal(rows, scene_rows(model, tmp_path, samples)[:42])


def test_a_listener_that_leaves_ends_the_run_although_the_pipe_stays_open(
    model: Model, tmp_path: Path
) -> None:
    running = Running(model, tmp_path, noise(3, 60, 16), rows_px=24)
    running.leave()
    for row in range(24):
        running.feed(row)
    running.join()
    assert isinstance(running.error, OutputError)
    assert "Broken pipe" in str(running.error)
    assert len(read_rows(tmp_path / "out" / "in_tiny-net.img")) == 22


def test_a_full_disk_leaves_whole_rows(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = os.pwrite, []

    def full(handle: int, data: memoryview, offset: int) -> int:
        calls.append(1)
        if len(calls) < 3:
            return real(handle, data, offset)
        if len(calls) == 3:
            return real(handle, data[:40], offset)  # a torn row
        raise OSError(errno.ENOSPC, "No space left on device")

    samples = noise(3, 100, 16)
    path = write_strip(tmp_path / "s.bil", samples)
    with monkeypatch.context() as patch:
        patch.setattr("edgers.products.growing_file.os.pwrite", full)
        with pytest.raises(OutputError, match="No space left"):
            run_strip(model, at_rest(path), tmp_path / "out", StripOptions(rows_px=24))
    product = tmp_path / "out" / "s_tiny-net.img"
    assert product.stat().st_size == 42 * 16
    wanted = scene_rows(model, tmp_path, samples)
    assert np.array_equal(read_rows(product), wanted[:42])
    again = run_strip(model, at_rest(path), tmp_path / "out", StripOptions(rows_px=24))
    assert np.array_equal(read_rows(again.products[0]), wanted)


def test_a_shorter_strip_replaces_a_longer_one(plain: Model, tmp_path: Path) -> None:
    run_on(plain, tmp_path, noise(3, 50, 16))
    samples = noise(3, 20, 16, seed=1)
    report = run_on(plain, tmp_path, samples)
    assert report.products[0].stat().st_size == 20 * 16
    assert np.array_equal(read_rows(report.products[0]), largest_band(samples))


def test_two_runs_do_not_write_one_product(model: Model, tmp_path: Path) -> None:
    path = write_strip(tmp_path / "s.bil", noise(3, 60, 16))
    messages = []

    def second(_: int, rows_out: int) -> None:
        if not messages:
            with pytest.raises(OutputError, match="another run is writing") as caught:
                run_strip(model, at_rest(path), tmp_path / "out")
            messages.append(str(caught.value))

    report = run_strip(
        model, at_rest(path), tmp_path / "out", StripOptions(rows_px=24), on_rows=second
    )
    assert "--name" in messages[0]
    assert report.rows_out == 60
    other = run_strip(model, at_rest(path), tmp_path / "out", StripOptions(name="t"))
    assert other.products[0].name == "t_tiny-net.img"

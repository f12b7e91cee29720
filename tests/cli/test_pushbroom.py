"""`edgers pushbroom`: what it prints, how it ends, and what it hands on."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders.bundles import contract_document, make_bundle
from builders.networks import broken_net, plain_contract
from builders.runs import Outcome, edgers, largest_band
from builders.scenes import noise
from builders.strips import header_text, raw_rows, read_rows, summary, write_strip

DEADLINE_S = 60
LISTENING = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from edgers.cli.main import main
main()
"""
"""The command, also where the tests themselves run with interrupts turned off."""

SAMPLES = noise(3, 100, 20) + 10


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that gives the largest band, and NaN where a sample is 7."""
    return make_bundle(tmp_path_factory.mktemp("bundle"), plain_contract(), broken_net)


@pytest.fixture(scope="module")
def halo_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two convolutions: with 32 rows a tile, rows leave at 32, 60, 88, … rows."""
    return make_bundle(tmp_path_factory.mktemp("halo"), contract_document())


def run(bundle: Path, source: Path | str, out: Path, *more: object) -> Outcome:
    return edgers("pushbroom", bundle, source, "-o", out, "--idle", 0, *more)


def test_a_run_says_what_it_did(bundle: Path, tmp_path: Path) -> None:
    done = run(bundle, write_strip(tmp_path / "s.bil", SAMPLES), tmp_path / "out", "--rows", 32)
    assert (done.code, done.err) == (0, "")
    lines = {line[:12].strip(): line[12:] for line in done.out.splitlines()}
    assert list(lines) == ["strip", "rows", "classes", "nodata", "speed", "products"]
    assert lines["strip"] == "s · 20 × 100 px · ended by: no growth for 0 s"
    assert lines["rows"] == "100 out · lag 32 · 4 tiles"
    assert lines["nodata"] == "0.0% of the strip"
    first, *others = lines["products"].split(" · ")
    assert Path(first) == tmp_path / "out" / "s_tiny-net.img"
    assert others == [".hdr", ".json"]
    assert np.array_equal(read_rows(Path(first)), largest_band(SAMPLES))
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_what_went_wrong_is_warned_of(bundle: Path, tmp_path: Path) -> None:
    samples = SAMPLES.copy()
    samples[0, 5, :3] = 7
    path = write_strip(tmp_path / "s.bil", samples, lines=120)
    with path.open("ab") as file:
        file.write(b"xyz")
    done = run(bundle, path, tmp_path / "out", "--until-complete")
    assert done.code == 0
    assert "NaN or infinity on 3 px; they are nodata" in done.out
    assert "its 3 bytes were dropped" in done.out
    assert "20 rows of the header did not come" in done.out


def test_quiet_prints_nothing(bundle: Path, tmp_path: Path) -> None:
    path = write_strip(tmp_path / "s.bil", SAMPLES)
    assert run(bundle, path, tmp_path / "out", "--quiet") == Outcome(0, "", "")


def test_json_is_the_summary_that_is_written(bundle: Path, tmp_path: Path) -> None:
    path = write_strip(tmp_path / "s.bil", SAMPLES)
    done = run(bundle, path, tmp_path / "out", "--json", "--name", "pass 7")
    assert (done.code, done.err) == (0, "")
    report = json.loads(done.out)
    assert report == summary(tmp_path / "out" / "pass 7_tiny-net.img")
    assert (report["strip"], report["rows_in"], report["rows_out"]) == ("pass 7", 100, 100)
    assert sum(entry["pixels"] for entry in report["classes"]) == 2000
    assert report["provenance"]["halo"].startswith("exact")


def test_a_header_elsewhere_is_taken(bundle: Path, tmp_path: Path) -> None:
    path = write_strip(tmp_path / "s.bil", SAMPLES)
    path.with_suffix(".hdr").rename(tmp_path / "other.hdr")
    done = run(bundle, path, tmp_path / "out")
    assert done.code == 2
    assert "has no header beside it" in done.err
    assert run(bundle, path, tmp_path / "out", "--header", tmp_path / "other.hdr").code == 0
    (tmp_path / "other.hdr").rename(tmp_path / "s.bil.hdr")
    assert run(bundle, path, tmp_path / "out").code == 0


def test_standard_input_needs_a_header(bundle: Path, tmp_path: Path) -> None:
    done = run(bundle, "-", tmp_path / "out")
    assert done.code == 2
    assert "Give it with --header FILE.hdr." in done.err


def test_until_complete_needs_the_number_of_rows(bundle: Path, tmp_path: Path) -> None:
    path = write_strip(tmp_path / "s.bil", SAMPLES)
    done = run(bundle, path, tmp_path / "out", "--until-complete")
    assert done.code == 2
    assert "does not say how many rows" in done.err
    assert not (tmp_path / "out").exists()


class Started:
    """The command in a process of its own, fed through standard input."""

    def __init__(self, bundle: Path, folder: Path, *more: object) -> None:
        self.header, self.out = folder / "s.hdr", folder / "out"
        self.header.write_text(header_text(SAMPLES))
        self.process = subprocess.Popen(
            [sys.executable, "-c", LISTENING, "pushbroom", bundle, "-", "--header", self.header,
             "-o", self.out, "--rows", "32", "--json", *map(str, more)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.product = self.out / "s_tiny-net.img"

    def feed(self, start: int, stop: int) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"".join(raw_rows(SAMPLES)[start:stop]))
        self.process.stdin.flush()

    def wait_for(self, lines: int) -> None:
        """Wait until the product has so many rows."""
        end, header = time.monotonic() + DEADLINE_S, self.product.with_suffix(".hdr")
        while not header.exists() or f"lines = {lines}\n" not in header.read_text():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < end
            os.sched_yield()

    def result(self) -> tuple[int, bytes, str]:
        out, err = self.process.communicate(timeout=DEADLINE_S)
        return self.process.returncode, out, err.decode()


def whole(bundle: Path, folder: Path, rows: int) -> Any:
    """Give the product of the first rows alone."""
    folder.mkdir()
    path = write_strip(folder / "w.bil", SAMPLES, rows=rows)
    assert run(bundle, path, folder, "--quiet", "--rows", 64).code == 0
    return read_rows(folder / "w_tiny-net.img")


def test_standard_input_to_its_end(halo_bundle: Path, tmp_path: Path) -> None:
    started = Started(halo_bundle, tmp_path)
    started.feed(0, 100)
    code, out, err = started.result()
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert (report["ended_by"], report["rows_out"]) == ("end of stream", 100)
    assert np.array_equal(read_rows(started.product), whole(halo_bundle, tmp_path / "w", 100))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_finishes_what_has_arrived(
    halo_bundle: Path, tmp_path: Path, number: signal.Signals
) -> None:
    started = Started(halo_bundle, tmp_path)
    started.feed(0, 60)
    started.wait_for(58)  # which takes all 60 rows
    started.process.send_signal(number)
    started.process.wait(DEADLINE_S)  # while its standard input is still open
    code, out, err = started.result()
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert (report["ended_by"], report["rows_in"], report["rows_out"]) == ("interrupt", 60, 60)
    assert np.array_equal(read_rows(started.product), whole(halo_bundle, tmp_path / "w", 60))


def test_a_signal_before_the_first_row_leaves_nothing(halo_bundle: Path, tmp_path: Path) -> None:
    started = Started(halo_bundle, tmp_path)
    end = time.monotonic() + DEADLINE_S
    while not started.product.exists():
        assert started.process.poll() is None
        assert time.monotonic() < end
        os.sched_yield()
    started.process.send_signal(signal.SIGTERM)
    started.process.wait(DEADLINE_S)
    code, _, err = started.result()
    assert code == 2
    assert "has no rows" in err
    assert not started.out.exists()


def test_a_kill_leaves_whole_rows_and_a_rerun_begins_anew(
    halo_bundle: Path, tmp_path: Path
) -> None:
    started = Started(halo_bundle, tmp_path)
    started.feed(0, 70)
    started.wait_for(58)
    started.process.kill()
    assert started.result()[0] == -signal.SIGKILL
    rows = read_rows(started.product)
    wanted = whole(halo_bundle, tmp_path / "w", 100)
    assert np.array_equal(rows, wanted[:58])
    with started.product.open("ab") as file:
        file.write(b"torn")  # as a kill in the middle of writing leaves it
    assert np.array_equal(read_rows(started.product), wanted[:58])
    again = Started(halo_bundle, tmp_path)
    again.feed(0, 100)
    assert again.result()[0] == 0
    assert np.array_equal(read_rows(again.product), wanted)


def test_rows_go_to_a_next_process_through_standard_output(
    halo_bundle: Path, tmp_path: Path
) -> None:
    started = Started(halo_bundle, tmp_path, "--stdout")
    started.feed(0, 60)
    assert started.process.stdout is not None
    first = os.read(started.process.stdout.fileno(), 2**16)
    assert len(first) in (30 * 20, 58 * 20)  # whole tiles of rows, before the strip has ended
    started.feed(60, 100)
    code, rest, err = started.result()
    assert code == 0
    assert json.loads(err)["rows_out"] == 100
    assert first + rest == read_rows(started.product).tobytes()


def test_a_next_process_that_ends_is_told_in_words(halo_bundle: Path, tmp_path: Path) -> None:
    started = Started(halo_bundle, tmp_path, "--stdout")
    assert started.process.stdout is not None
    started.process.stdout.close()
    started.process.stdout = None
    started.feed(0, 60)
    code, _, err = started.result()
    assert code == 2
    assert err.startswith("error  the rows cannot be handed on.")
    assert "Traceback" not in err
    assert len(read_rows(started.product)) in (30, 58)


def test_a_named_pipe_that_nobody_writes_to_can_be_left(halo_bundle: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "rows.pipe")
    (tmp_path / "rows.hdr").write_text(header_text(SAMPLES))
    out = tmp_path / "out"
    with subprocess.Popen(
        [sys.executable, "-c", LISTENING, "pushbroom", halo_bundle, tmp_path / "rows.pipe",
         "-o", out],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        end = time.monotonic() + DEADLINE_S
        while not out.exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < end
            os.sched_yield()
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 2
    assert "has no rows" in err
    assert not out.exists()


def test_the_help_names_the_command(tmp_path: Path) -> None:
    assert "pushbroom" in edgers("--help").out
    assert "never changed" in edgers("pushbroom", "--help").out

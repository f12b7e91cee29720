"""A run that is stopped leaves nothing half-written."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from builders.bundles import BAND_NAMES, contract_document, make_bundle
from builders.networks import unet
from builders.scenes import write_scene

DEADLINE_S = 30
LISTENING = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from edgers.cli.main import main
main()
"""
"""The command, also where the tests themselves run with interrupts turned off."""

WORK = ".edgers-scene_tiny-net"
"""Folder in which a run is made, and from which it goes on."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle, and a scene that takes it many seconds."""
    made = tmp_path_factory.mktemp("long")
    make_bundle(made, contract_document(), unet)
    samples = np.random.default_rng(0).integers(1, 4000, (3, 512, 512)).astype(np.uint16)
    write_scene(made / "scene.tif", np.tile(samples, (1, 5, 5)), names=BAND_NAMES)
    return made


def started(folder: Path, out: Path) -> subprocess.Popen[str]:
    """Start a run and wait until it has a tile in the making."""
    process = subprocess.Popen(
        [sys.executable, "-c", LISTENING, "run", folder / "b.edgers", folder / "scene.tif",
         "-o", out],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    end = time.monotonic() + DEADLINE_S
    while not any(b'"tile"' in path.read_bytes() for path in out.glob(".edgers-*/ledger")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        os.sched_yield()
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_a_run_leaves_no_product(
    folder: Path, tmp_path: Path, number: signal.Signals
) -> None:
    with started(folder, tmp_path / "out") as process:
        process.send_signal(number)
        _, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "stopped" in err
    assert [path.name for path in (tmp_path / "out").iterdir()] == [WORK]


def test_a_signal_leaves_what_was_there(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "scene_tiny-net.tif").write_text("old")
    with started(folder, out) as process:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 130
    assert sorted(path.name for path in out.iterdir()) == [WORK, "scene_tiny-net.tif"]
    assert (out / "scene_tiny-net.tif").read_text() == "old"

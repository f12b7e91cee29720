"""A build that is interrupted, or killed, leaves nothing."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders.plan_engine import plan_engine
from builders.small_kits import make_kit, orin_facts
from builders.tensorrt_fake import fake_tensorrt

from edgers.building.building import build
from edgers.building.order import BuildOrder
from edgers.building.preparing import prepare
from edgers.building.stoppable import UnstoppableError

IN_THE_BUILDER_S = 1.0
"""Time a build takes here: several times what the waiting thread sleeps."""

COMMAND = """
import signal, sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from builders.small_kits import orin_facts
from builders.tensorrt_fake import fake_tensorrt

def refuse(*_):
    Path({mark!r}).write_text("building")
    time.sleep({seconds})

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.modules["tensorrt"] = fake_tensorrt({version!r}, refuse=refuse)
import edgers.cli.build
edgers.cli.build.device_facts = orin_facts
from edgers.cli.main import main
sys.argv = ["edgers", "build", {kit!r}]
main()
"""


@pytest.fixture(autouse=True)
def own_cache(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(autouse=True)
def ctrl_c() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupting(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(IN_THE_BUILDER_S)


@pytest.mark.parametrize("version", ["8.6.1", "10.3.0", "10.13.3", "11.4.0"])
def test_an_interrupt_ends_a_build_at_its_next_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    trt = fake_tensorrt(version, refuse=interrupting)
    monkeypatch.setitem(sys.modules, "tensorrt", trt)
    ready = prepare(make_kit(tmp_path), None, BuildOrder(), orin_facts())
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt) as caught:
        build(ready, make=plan_engine())
    is_left_alone = isinstance(caught.value, UnstoppableError)
    assert is_left_alone == (version == "8.6.1")
    if is_left_alone:
        assert time.monotonic() - begin < IN_THE_BUILDER_S
        time.sleep(IN_THE_BUILDER_S)
    else:
        (only,) = trt.world.attempts
        assert "cancelled" in only["message"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["k.edgers"]


@pytest.mark.parametrize(
    ("version", "number", "code"),
    [
        # Without a progress monitor nothing ends the builder: the command leaves it.
        ("8.6.1", signal.SIGINT, 130),
        ("8.6.1", signal.SIGTERM, 130),
        ("8.6.1", signal.SIGKILL, -9),
        ("10.3.0", signal.SIGINT, 130),
    ],
)
def test_a_signal_ends_the_command(
    tmp_path: Path, version: str, number: signal.Signals, code: int
) -> None:
    kit, mark = make_kit(tmp_path), tmp_path / "mark"
    text = COMMAND.format(
        tests=str(Path(__file__).parents[1]),
        mark=str(mark),
        version=version,
        kit=str(kit),
        seconds=60 if version == "8.6.1" else IN_THE_BUILDER_S,
    )
    with subprocess.Popen(
        [sys.executable, "-c", text], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        end = time.monotonic() + 30
        while not mark.exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < end
            time.sleep(0.02)
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in err
    assert ("stopped  No bundle was written." in err) == (code == 130)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["k.edgers", "mark"]

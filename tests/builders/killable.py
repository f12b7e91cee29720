"""Runs in processes of their own, made to be killed."""

import os
import random
import signal
from collections.abc import Iterator
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from builders.fork_server import start

from edgers.bundle import open_bundle
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.run import run_scene

STEPS = ("pwrite", "replace", "unlink", "rmdir", "ftruncate", "fsync")
"""Functions of `os` that leave a trace on the disk."""


def start_run(folder: Path, out: Path, die_at: int = 0, **options: Any) -> ForkServerProcess:
    """Start a run of `folder`/b.edgers over `folder`/scene.tif.

    With `die_at` it kills itself before that step on the disk, counted from 1.
    """
    return start(_run, folder, out, die_at, options)


def was_killed(process: ForkServerProcess) -> bool:
    """Wait for a run; tell whether it was killed. Raises where it failed in another way."""
    process.join()
    if process.exitcode not in (0, -signal.SIGKILL):
        raise AssertionError(f"the run ended with {process.exitcode}")
    return process.exitcode != 0


def products(out: Path) -> dict[str, bytes]:
    """Read what a run made."""
    return {path.name: path.read_bytes() for path in out.iterdir()}


def kill_at_random(
    folder: Path, rooms: Path, whole_s: float, *, kills: int, in_turn: int, **options: Any
) -> None:
    """Kill runs at random moments of `whole_s`, up to `in_turn` times on the way to one product.

    Raises AssertionError where products differ from those of `folder`/out.
    """
    wanted, chance = products(folder / "out"), random.Random(7)
    done = made = 0
    while done < kills:
        out, made = rooms / f"out{made}", made + 1
        for _ in range(chance.randint(1, in_turn)):
            process = start_run(folder, out, **options)
            process.join(chance.uniform(0, whole_s))
            process.kill()
            done += was_killed(process)
            # A product that is there is whole, whatever else is missing.
            for path in out.glob("scene*"):
                assert path.read_bytes() == wanted[path.name], path.name
        assert not was_killed(start_run(folder, out, **options))
        assert products(out) == wanted


def _run(folder: Path, out: Path, die_at: int, options: dict[str, Any]) -> None:
    if die_at:
        steps = iter(range(1, die_at))
        for name in STEPS:
            setattr(os, name, dying(getattr(os, name), steps))
    with load_model(open_bundle(folder / "b.edgers")) as model:
        run_scene(model, folder / "scene.tif", out, RunOptions(**options))


def dying(call: Any, steps: Iterator[int]) -> Any:
    """Wrap a function so that the process is killed once there are no steps left."""

    def wrapped(*arguments: Any, **more: Any) -> Any:
        if next(steps, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **more)

    return wrapped

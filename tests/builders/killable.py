"""Runs in processes of their own, made to be killed."""

import os
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


def _run(folder: Path, out: Path, die_at: int, options: dict[str, Any]) -> None:
    if die_at:
        steps = iter(range(1, die_at))
        for name in STEPS:
            setattr(os, name, _dying(getattr(os, name), steps))
    with load_model(open_bundle(folder / "b.edgers")) as model:
        run_scene(model, folder / "scene.tif", out, RunOptions(**options))


def _dying(call: Any, steps: Iterator[int]) -> Any:
    def wrapped(*arguments: Any, **more: Any) -> Any:
        if next(steps, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **more)

    return wrapped

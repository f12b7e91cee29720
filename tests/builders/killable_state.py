"""Runs on a store, in this process or in one that is made to be killed."""

import os
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from builders.fork_server import start
from builders.killable import STEPS, dying

from edgers.bundle import open_bundle
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.state.run import Keeping, Outcome, run_kept
from edgers.state.store import Store


def run_one(
    bundle: Path, scene: Path | None, out: Path, state: Path, place: str | None = None,
    most_bytes: int | None = None, **options: Any,
) -> Outcome:  # fmt: skip
    """Run a model on a scene and what a store holds."""
    with load_model(open_bundle(bundle)) as model, Store(state) as store:
        keeping = Keeping(store=store, place=place, most_bytes=most_bytes)
        return run_kept(model, scene, out, RunOptions(**options), keeping)


def start_kept(
    bundle: Path, scene: Path, out: Path, state: Path, die_at: int = 0
) -> ForkServerProcess:
    """Start `run_one`; with `die_at` it kills itself before that step on the disk."""
    return start(_run, bundle, scene, out, state, die_at)


def _run(bundle: Path, scene: Path, out: Path, state: Path, die_at: int) -> None:
    if die_at:
        steps = iter(range(1, die_at))
        for name in (*STEPS, "mkdir"):
            setattr(os, name, dying(getattr(os, name), steps))
    run_one(bundle, scene, out, state)

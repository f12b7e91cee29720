"""Processes forked from a server that has the modules at hand, so that hundreds take no minutes."""

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any
from unittest import mock

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(
    ["builders.warm_kernels", "edgers.engines.onnxruntime", "edgers.pipeline.run", "edgers.cli.run"]
)

TESTS = str(Path(__file__).parents[1])


def start(target: Callable[..., None], *arguments: Any) -> ForkServerProcess:
    """Start a process that calls `target`."""
    _ensure_server()
    process = SERVER.Process(target=target, args=arguments)
    process.start()
    return process


def _ensure_server() -> None:
    """Start the server where it does not run yet.

    It passes over modules that it does not find, and takes no notice of this process's `sys.path`.
    """
    places = [TESTS, *filter(None, [os.environ.get("PYTHONPATH")])]
    with mock.patch.dict(os.environ, PYTHONPATH=os.pathsep.join(places)):
        forkserver.ensure_running()

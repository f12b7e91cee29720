"""Running a small network over a small scene, and the command line in this process."""

import contextlib
import io
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import numpy.typing as npt
import onnx
import rasterio
from builders.bundles import BAND_NAMES, make_bundle
from builders.networks import band_net, plain_contract
from builders.scenes import write_scene

from edgers.bundle import open_bundle
from edgers.cli.main import main
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.report import SceneReport
from edgers.pipeline.run import run_scene

Net = Callable[[], onnx.ModelProto]


def run_on_file(
    folder: Path, scene: Path, *, net: Net = band_net, document: dict[str, Any] | None = None,
    **options: Any,
) -> SceneReport:  # fmt: skip
    """Compile a network and run it over a scene file; products go into `folder`/out."""
    bundle = make_bundle(folder, document or plain_contract(), net)
    with load_model(open_bundle(bundle)) as model:
        return run_scene(model, scene, folder / "out", RunOptions(**options))


def run_on(
    folder: Path, samples: npt.NDArray[Any], *, net: Net = band_net,
    document: dict[str, Any] | None = None, scene: dict[str, Any] | None = None, **options: Any,
) -> SceneReport:  # fmt: skip
    """Write samples as a scene with three named bands and run a network over it."""
    fields: dict[str, Any] = {"names": BAND_NAMES, **(scene or {})}
    path = write_scene(folder / "scene.tif", samples, **fields)
    return run_on_file(folder, path, net=net, document=document, **options)


def read_product(report: SceneReport, position: int = 0) -> npt.NDArray[Any]:
    """Give the samples of a product; the class map comes first."""
    with rasterio.open(report.products[position]) as dataset:
        samples: npt.NDArray[Any] = dataset.read()
    return samples if position else samples[0]


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str


def edgers(*arguments: object) -> Outcome:
    """Run the command line in this process, as `main` runs it."""
    out, err = io.StringIO(), io.StringIO()
    code: Any = 0
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    with (
        mock.patch.object(sys, "argv", ["edgers", *map(str, arguments)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as stop:
            code = stop.code
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
    return Outcome(int(code or 0), out.getvalue(), err.getvalue())


def largest_band(samples: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Give the class map that `band_net` must give."""
    classes: npt.NDArray[np.intp] = np.argmax(samples, axis=0)
    return classes

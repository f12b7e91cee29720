"""Running a model over strips: from files at rest, and from pipes row by row."""

import os
import select
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy.typing as npt
from builders.bundles import BAND_NAMES, make_bundle, tiny_net
from builders.runs import Net, read_product
from builders.scenes import write_scene
from builders.strips import header_text, raw_rows, write_strip

from edgers.bundle import open_bundle
from edgers.engines import Engine
from edgers.pipeline.model import Model, load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.pushbroom import StripOptions, run_strip
from edgers.pipeline.run import run_scene
from edgers.pipeline.strip_report import StripReport
from edgers.scene.pushbroom import StripSource

DEADLINE_S = 30
"""After which a test that waits for rows has failed; nothing is measured."""


def loaded(folder: Path, document: dict[str, Any] | None = None, net: Net = tiny_net) -> Model:
    return load_model(open_bundle(make_bundle(folder, document, net)))


def at_rest(path: Path, **fields: Any) -> StripSource:
    """Give the source for a file that has stopped growing."""
    return StripSource(source=str(path), idle_s=0, **fields)


def run_on(
    model: Model, folder: Path, samples: npt.NDArray[Any], *, header: dict[str, Any] | None = None,
    **options: Any,
) -> StripReport:  # fmt: skip
    path = write_strip(folder / "s.bil", samples, **(header or {}))
    return run_strip(model, at_rest(path), folder / "out", StripOptions(**options))


def scene_rows(model: Model, folder: Path, samples: npt.NDArray[Any], **scene: Any) -> Any:
    """Give the class map of the whole scene."""
    path = write_scene(folder / "scene.tif", samples, **{"names": BAND_NAMES, **scene})
    return read_product(run_scene(model, path, folder / "scene", RunOptions()))


class Running:
    """A strip that runs in a thread, fed and read by the test through pipes."""

    def __init__(
        self, model: Model, folder: Path, samples: npt.NDArray[Any], **options: Any
    ) -> None:
        self._rows = raw_rows(samples)
        header = folder / "s.hdr"
        header.write_text(header_text(samples))
        os.mkfifo(folder / "in")
        self._from, to = os.pipe()
        self.report: StripReport | None = None
        self.error: BaseException | None = None
        where = StripSource(source=str(folder / "in"), header=header)

        def work() -> None:
            try:
                with open(to, "wb", buffering=0) as sink:
                    self.report = run_strip(
                        model, where, folder / "out", StripOptions(**options), sink=sink
                    )
            except BaseException as error:
                self.error = error

        self._thread = threading.Thread(target=work, daemon=True)
        self._thread.start()
        self._to = os.open(folder / "in", os.O_WRONLY)
        self.out = b""

    def feed(self, row: int) -> None:
        os.write(self._to, self._rows[row])

    def wait_for(self, count_bytes: int) -> None:
        """Read the rows that come until there are so many bytes; fail where they do not come."""
        while len(self.out) < count_bytes:
            assert select.select([self._from], [], [], DEADLINE_S)[0], "a row did not leave in time"
            data = os.read(self._from, 2**20)
            assert data, self.error
            self.out += data

    def end(self) -> None:
        os.close(self._to)
        self.join()
        while data := os.read(self._from, 2**20):
            self.out += data
        os.close(self._from)

    def leave(self) -> None:
        """Stop listening to the rows."""
        os.close(self._from)

    def join(self) -> None:
        self._thread.join(DEADLINE_S)
        assert not self._thread.is_alive()


def model_with(model: Model, infer: Any) -> Model:
    """Give a model whose engine is called through `infer(real, inputs)`."""
    real = model.engine

    class Wrapped:
        info = real.info

        def infer(self, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
            found: Mapping[str, Any] = infer(real.infer, inputs)
            return found

        def close(self) -> None:
            """Leave the real one open."""

    engine: Engine = Wrapped()
    return replace(model, engine=engine)

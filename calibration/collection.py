"""Going through tiles once, and noting what every tensor of a network was seen to hold.

Nothing is kept of a tile but its counts, so memory does not grow with the tiles. Tiles are run side
by side, one thread each, as `edgers run` does; counts are sums, so their order does not matter.
"""

import threading
from collections import deque
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgers.calibration.observed import ACTIVATION_BYTES, Turn, observed_turns
from edgers.calibration.ranges import Span
from edgers.calibration.spans import spans_of
from edgers.calibration.tally import Tally, tally_of
from edgers.calibration.tiles import Tiles
from edgers.engines import Tensors
from edgers.engines.onnxruntime import OnnxRuntimeEngine
from edgers.engines.settings import stream_count
from edgers.errors import BadInputError, EngineError, GraphError
from edgers.pipeline.progress import Progress, Silent

if TYPE_CHECKING:
    import onnx

Tallies = dict[str, Tally]


def collect_spans(
    model: "onnx.ModelProto", tiles: Tiles, *, progress: Progress | None = None,
    place: Callable[[int], str] = "tile {}".format, limit_bytes: int = ACTIVATION_BYTES,
) -> dict[str, Mapping[str, Span]]:  # fmt: skip
    """Give the range of every float activation of a graph over `tiles`, by tensor and method.

    Tensors are the graph's inputs and all that is worked out from them; what never held a value is
    left out. `place` says in words where the tile of a position lies. Raises GraphError where the
    graph cannot be made to show its tensors, or one holds NaN or infinity; BadInputError without
    tiles.
    """
    found = collect_tallies(model, tiles, progress=progress, place=place, limit_bytes=limit_bytes)
    return {tensor: spans_of(tally) for tensor, tally in found.items() if tally.counts is not None}


def collect_tallies(
    model: "onnx.ModelProto", tiles: Tiles, *, progress: Progress | None = None,
    place: Callable[[int], str] = "tile {}".format, limit_bytes: int = ACTIVATION_BYTES,
) -> Tallies:  # fmt: skip
    """As `collect_spans`, and give what was seen itself."""
    progress = progress or Silent()
    with closing(_each(tiles)) as given:
        first = next(given, None)
    if first is None:
        raise BadInputError("there is no tile to calibrate with.", fix="Give another scene.")
    shapes = {name: value.shape for name, value in first.items()}
    turns = observed_turns(model, shapes, limit_bytes // stream_count("processors"))
    found: Tallies = {name: Tally() for name in first}
    del first
    progress.start("all tensors", len(tiles) * len(turns), 0.0)
    try:
        for number, turn in enumerate(turns):
            # Inputs are there in every turn; they are counted in one.
            looked_at = (*turn.tensors, *(found if number == 0 else ()))
            found |= {name: Tally() for name in turn.tensors}
            look = _Look(turn=turn, looked_at=looked_at, found=found, place=place)
            _run(look, tiles, progress)
    finally:
        progress.finish()
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What is looked at in one turn, and what was found so far."""

    turn: Turn
    """The graph."""
    looked_at: tuple[str, ...]
    """Tensors that are counted."""
    found: Tallies
    """What they held."""
    place: Callable[[int], str]
    """Where a tile lies, in words."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Held while something is noted."""

    def at(self, engine: OnnxRuntimeEngine, tensors: Tensors, number: int) -> None:
        """Run one tile and count what its tensors hold; raises GraphError at NaN or infinity."""
        values = {**tensors, **engine.infer(tensors)}
        for name in self.looked_at:
            if values[name].dtype.kind != "f":
                continue
            try:
                seen = tally_of(values[name])
            except ValueError as error:
                raise GraphError(
                    f"tensor {name!r} holds {error} on a tile, so it has no range.",
                    seen=f"On {self.place(number)}.",
                    rule="All values that a range is made of are finite.",
                    fix="Look at that tile and at the scaling in the contract, or mend the graph.",
                ) from error
            with self.lock:
                self.found[name].merge(seen)


def _run(look: _Look, tiles: Tiles, progress: Progress) -> None:
    """Run all tiles; the first that fails, in their order, is the one that is told of."""
    workers = stream_count("processors")
    with ExitStack() as opened:
        engine = _engine(look.turn)
        opened.callback(engine.close)
        pool = opened.enter_context(ThreadPoolExecutor(workers))
        waiting: deque[Future[None]] = deque()
        given = opened.enter_context(closing(_each(tiles)))
        for number, tensors in enumerate(given):
            waiting.append(pool.submit(look.at, engine, tensors, number))
            if len(waiting) > 2 * workers:
                waiting.popleft().result()
                progress.advance(0.0)
        while waiting:
            waiting.popleft().result()
            progress.advance(0.0)


def _each(tiles: Tiles) -> Generator[Tensors, None, None]:
    """Go through tiles as a generator, which can be left before its end."""
    yield from tiles


def _engine(turn: Turn) -> OnnxRuntimeEngine:
    try:
        return OnnxRuntimeEngine(turn.graph)
    except EngineError as error:
        raise GraphError(
            "the graph cannot be made to show its tensors.", seen=error.seen or error.what
        ) from error

"""Tiles of scenes to calibrate on, chosen so that they cover what the scenes show."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgers.calibration.candidates import TileWindow, tile_sides_px, tile_windows
from edgers.calibration.label_values import LabelValues
from edgers.calibration.ranges import SampledScene
from edgers.calibration.signature import signature_length, signature_of
from edgers.calibration.source import Labels, Source, open_source, reading, sources_of
from edgers.calibration.strata import Signatures, drawn, strata_of, ticket
from edgers.contract import Contract
from edgers.engines import Tensors
from edgers.errors import BadInputError
from edgers.pipeline.preprocess import ScenePreprocessor
from edgers.pipeline.progress import Progress, Silent
from edgers.tiling.halo import Halo

DEFAULT_COUNT = 256
"""Tiles where nothing else is asked for. Published INT8 recipes take some 500 images of 224 px
(TensorRT's developer guide); this is a sixth of their pixels, but drawn to cover, not at random."""

MOST_NODATA = 0.5
"""Share of nodata above which a window is no candidate: what stands in for it would count more than
what was measured."""

MOST_CANDIDATES = 4096
"""Windows of a scene that are looked at, spread evenly: 67 MP at 128 px, which is all of a scene of
8 192 px, a few seconds of reading a band, and more than enough to draw 256 from."""

MOST_SIGNATURE_BYTES = 128 * 2**20
"""What is kept of all candidates of all scenes; with more, each scene has fewer of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A tile that was taken."""

    source: Source
    """Its scene."""
    window: TileWindow
    """Where it lies."""
    stratum: int
    """Which spectral stratum it is of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A window that may become a tile."""

    source: Source
    window: TileWindow
    classes: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledTiles:
    """The tiles that were taken; gone through as `Tiles`, each time read anew."""

    contract: Contract
    """What the network takes."""
    renamed: Mapping[str, str]
    """Scene band by model band, as the user named them."""
    sources: tuple[Source, ...]
    """Scenes, by name."""
    taken: tuple[Taken, ...]
    """Tiles by scene, row and column."""
    prepared: Mapping[str, ScenePreprocessor]
    """Scaling of each scene, by its hash."""
    tile_px: tuple[int, int]
    """Height and width."""
    seed: int
    """What they were drawn with."""
    asked: int
    """Tiles that were asked for."""
    windows: Mapping[str, Sequence[TileWindow]]
    """Windows that were looked at in each scene, by its hash."""
    empty: int
    """Windows that were left out as mostly nodata."""
    strata: tuple[int, ...]
    """Windows in each spectral stratum."""
    classes: Mapping[int, int]
    """Tiles taken that hold a class, by label value; empty without labels."""

    def __len__(self) -> int:
        return len(self.taken)

    def __iter__(self) -> Iterator[Tensors]:
        """Give the tensors of each tile; raises SceneError where a scene was changed."""
        for source in self.sources:
            windows = [one.window for one in self.taken if one.source is source]
            if not windows:
                continue
            prepare = self.prepared[source.sha256]
            with open_source(self.contract, source, self.renamed) as scene:
                for at in windows:
                    # The settings are a thread's own: they must not outlast the read.
                    with reading():
                        seen = scene.read(at.row, at.column, at.height, at.width)
                    yield prepare.tensors(seen, at.shape)

    @property
    def scenes(self) -> tuple[SampledScene, ...]:
        """The scenes, with how many tiles were taken from each."""
        counts = {source.sha256: 0 for source in self.sources}
        for one in self.taken:
            counts[one.source.sha256] += 1
        return tuple(
            SampledScene(name=one.name, sha256=one.sha256, tiles=counts[one.sha256])
            for one in self.sources
        )

    @property
    def looked_at(self) -> int:
        """Count the windows that were looked at."""
        return sum(len(windows) for windows in self.windows.values())

    def place(self, number: int) -> str:
        """Say where a tile lies."""
        one = self.taken[number]
        return f"{one.source.name}, row {one.window.row}, column {one.window.column}"


def sample_tiles(
    contract: Contract, halo: Halo, scenes: Sequence[Path], *, count: int = DEFAULT_COUNT,
    seed: int = 0, tile_px: int | None = None, renamed: Mapping[str, str] | None = None,
    inputs: Mapping[str, Sequence[Path]] | None = None, labels: Labels | None = None,
    progress: Progress | None = None,
) -> SampledTiles:  # fmt: skip
    """Choose `count` tiles of `scenes`, or all where there are fewer.

    Each scene is looked at once: its windows are described and put into strata by spectrum, and
    tiles are drawn so that every stratum, and with labels every class, is there. The same scenes,
    in any order, and the same seed give the same tiles. `inputs` are files by input name, as
    `edgers run --input` takes them; `labels` finds the label raster of a scene. Raises SceneError,
    BandError or TilingError as a run does, and BadInputError where there is no tile to take.
    """
    renamed, progress = renamed or {}, progress or Silent()
    sides = tile_sides_px(contract, halo, tile_px)
    sources = sources_of(contract, scenes, inputs or {}, renamed, labels)
    most = _most_windows(contract, len(sources), count)
    windows = {one.sha256: tile_windows(one.shape, sides, halo, most) for one in sources}
    total = sum(len(found) for found in windows.values())
    candidates: list[_Candidate] = []
    signatures = np.empty((total, signature_length(contract.inputs)), np.float32)
    prepared: dict[str, ScenePreprocessor] = {}
    progress.start(f"{len(sources)} scene{'s' * (len(sources) > 1)}", total, 0.0)
    try:
        for source in sources:
            found = _described(contract, source, renamed, windows[source.sha256], prepared)
            with closing(found):
                for candidate, signature in found:
                    progress.advance(0.0)
                    if candidate is not None:
                        signatures[len(candidates)] = signature
                        candidates.append(candidate)
    finally:
        progress.finish()
    if not candidates:
        raise _no_tile(sources, total)
    stratum = strata_of(signatures[: len(candidates)], count)
    chosen = drawn(
        [ticket(seed, c.source.sha256, c.window.row, c.window.column) for c in candidates],
        stratum, [c.classes for c in candidates], count,
    )  # fmt: skip
    classes: dict[int, int] = {}
    for one in (value for i in chosen for value in candidates[i].classes):
        classes[one] = classes.get(one, 0) + 1
    return SampledTiles(
        contract=contract, renamed=renamed, sources=tuple(sources), prepared=prepared,
        taken=tuple(
            Taken(source=candidates[i].source, window=candidates[i].window, stratum=int(stratum[i]))
            for i in chosen
        ),
        tile_px=sides, seed=seed, asked=count, windows=windows, empty=total - len(candidates),
        strata=tuple(np.bincount(stratum).tolist()), classes=dict(sorted(classes.items())),
    )  # fmt: skip


def _most_windows(contract: Contract, scenes: int, count: int) -> int:
    """Give the windows of a scene that are looked at, at most.

    Never fewer than would make half of the tiles asked for a choice.
    """
    kept = MOST_SIGNATURE_BYTES // (4 * signature_length(contract.inputs) * scenes)
    return max(min(MOST_CANDIDATES, kept), 2 * count // scenes, 1)


def _described(
    contract: Contract, source: Source, renamed: Mapping[str, str],
    windows: Sequence[TileWindow], prepared: dict[str, ScenePreprocessor],
) -> Generator[tuple[_Candidate | None, Signatures | None], None, None]:  # fmt: skip
    """Look at the windows of a scene; give each with its signature, None where it is nodata."""
    with reading(), open_source(contract, source, renamed) as scene:
        prepare = prepared[source.sha256] = ScenePreprocessor(contract.inputs, scene)
        labels = LabelValues(source.label, scene) if source.label else None
        try:
            for at in windows:
                seen = scene.read(at.row, at.column, at.height, at.width)
                if seen.nodata.mean() > MOST_NODATA:
                    yield None, None
                    continue
                inside = (at.row, at.column, at.height, at.width)
                yield (
                    _Candidate(
                        source=source, window=at,
                        classes=labels.values(*inside) if labels else frozenset(),
                    ),
                    signature_of(contract.inputs, prepare.tensors(seen, at.shape), seen.inputs),
                )  # fmt: skip
        finally:
            if labels:
                labels.close()


def _no_tile(sources: Sequence[Source], windows: int) -> BadInputError:
    return BadInputError(
        "there is nothing to calibrate on.",
        seen=f"All {windows} windows of {len(sources)} scenes are mostly nodata.",
        rule=f"A tile is at most {MOST_NODATA:.0%} nodata.",
        fix="Give scenes with data.",
    )

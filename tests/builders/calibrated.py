"""Scenes and models to calibrate on, and tiles that are made up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from builders.bundles import BAND_NAMES, contract_document, tiny_net
from builders.memory import FRESH, own_peak_bytes
from builders.scenes import noise, write_scene

from edgers.calibration.collection import collect_spans
from edgers.calibration.sampling import SampledTiles, sample_tiles
from edgers.contract import contract_from_document
from edgers.engines import Tensors
from edgers.tiling.graph import halo_from_graph


@dataclass(frozen=True)
class MadeTiles:
    """Tiles of normal noise, `growth` times as wide each time, made anew for each pass."""

    count: int
    side_px: int = 16
    growth: float = 1.0
    order: tuple[int, ...] = ()

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Tensors]:
        for i in self.order or range(self.count):
            random = np.random.default_rng(i)
            shape = (1, 3, self.side_px, self.side_px)
            yield {"x": (random.normal(0, self.growth**i, shape)).astype(np.float32)}


def flat_scene(
    path: Path, tiles: Sequence[int], tile_px: int = 16, across: int = 10, **fields: Any
) -> Path:
    """Write a scene of flat tiles, by row, each of its value with a little noise."""
    rows = -(-len(tiles) // across)
    samples = noise(3, rows * tile_px, across * tile_px).astype(np.float32) / 4000 * 20
    for i, value in enumerate(tiles):
        row, column = i // across * tile_px, i % across * tile_px
        samples[:, row : row + tile_px, column : column + tile_px] += value
    return write_scene(path, samples.astype(np.uint16), names=BAND_NAMES, **fields)


def sampled(
    scenes: Sequence[Path], *, net: onnx.ModelProto | None = None,
    document: dict[str, Any] | None = None, **chosen: Any,
) -> SampledTiles:  # fmt: skip
    """Sample tiles for a network; 16 px where nothing else is said."""
    contract = contract_from_document(document or contract_document())
    graph = net or tiny_net()
    halo = halo_from_graph(graph, contract.inputs, contract.outputs[0].name)
    return sample_tiles(contract, halo, scenes, **{"tile_px": 16, **chosen})


def places(tiles: SampledTiles) -> list[tuple[str, int, int]]:
    """Give scene, row and column of each tile taken."""
    return [(one.source.name, one.window.row, one.window.column) for one in tiles.taken]


def labels_like(path: Path, values: npt.NDArray[Any], **fields: Any) -> Path:
    """Write labels, (height, width)."""
    return write_scene(path, values[np.newaxis], **fields)


def collection_peak(count: int) -> int:
    """Collect ranges over so many tiles in a process of its own; give the most memory it held."""
    here, there = FRESH.Pipe(duplex=False)
    process = FRESH.Process(target=_collect, args=(there, count))
    process.start()
    there.close()
    found: int = here.recv()
    process.join()
    return found


def _collect(there: Connection, count: int) -> None:
    collect_spans(tiny_net(), MadeTiles(count, side_px=48))
    there.send(own_peak_bytes())

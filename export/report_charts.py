"""Charts of a report: what the network is given by band, and what each layer loses."""

import io
from collections.abc import Collection, Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from edgers.calibration.layers import Layer
from edgers.calibration.sensitivity import Sensitivity
from edgers.calibration.tiles import Tiles
from edgers.contract import Contract

BINS = 100
"""Bars of a histogram."""

ACROSS = 4
"""Histograms in a row."""

TAIL_PERCENT = 0.1
"""Share of samples at either end that lies outside a histogram, so that one cloud does not squeeze
all else into a bar."""

PER_TILE = 4096
"""Most samples of a band that are drawn of a tile, evenly spread."""

INT8, HIGHER = "#2b6cb0", "#b7791f"
"""Colours of layers by what they ship in."""

MOST_BARS = 60
"""Layers in a chart: the most sensitive."""


def band_chart(tiles: Tiles, contract: Contract) -> bytes:
    """Draw a histogram of each band of the main input, as the network is given it; give a PNG."""
    source = contract.main
    samples = _samples(tiles, source.name, source.dim_order.index("channel"), len(source.bands))
    across = min(ACROSS, len(samples))
    down = -(-len(samples) // across)
    figure = Figure(figsize=(3 * across, 2 * down), layout="constrained")
    for number, (band, values) in enumerate(zip(source.bands, samples, strict=True)):
        axes = figure.add_subplot(down, across, number + 1)
        low, high = np.percentile(values, [TAIL_PERCENT, 100 - TAIL_PERCENT])
        axes.hist(values, bins=BINS, range=(low, max(high, low + 1e-6)), color=INT8)
        axes.set_title(band.name, fontsize=9)
        axes.tick_params(labelsize=7)
        axes.set_yticks([])
    return _png(figure)


def _samples(
    tiles: Tiles, name: str, channel: int, bands: int
) -> Sequence[np.ndarray]:  # fmt: skip
    """Thin the samples of each band over all tiles."""
    kept: list[list[np.ndarray]] = [[] for _ in range(bands)]
    for tensors in tiles:
        by_band = np.moveaxis(tensors[name], channel, 0).reshape(bands, -1)
        step = max(1, by_band.shape[1] // PER_TILE)
        for band, values in zip(kept, by_band[:, ::step], strict=True):
            band.append(values.astype(np.float32))
    return [np.concatenate(band) for band in kept]


def layer_chart(
    sensitivity: Sensitivity, layers: Sequence[Layer], kept: Collection[str]
) -> bytes:  # fmt: skip
    """Draw what each layer loses when it alone is quantized, in the order of the graph."""
    position = {layer.name: i for i, layer in enumerate(layers)}
    effects = sorted(sensitivity.measured[:MOST_BARS], key=lambda one: position[one.layer])
    names = [one.layer for one in effects]
    colours = [HIGHER if name in kept else INT8 for name in names]
    figure = Figure(figsize=(9, 1.6 + 0.28 * len(names)), layout="constrained")
    panels = (
        ("output that changes, %", [100 * one.changed_share for one in effects]),
        ("SQNR at the output, dB", [one.output_sqnr_db for one in effects]),
        ("SQNR at the layer, dB", [one.own_sqnr_db for one in effects]),
    )
    first = None
    for number, (title, values) in enumerate(panels):
        axes = figure.add_subplot(1, len(panels), number + 1, sharey=first)
        first = first or axes
        axes.barh(range(len(names)), values, color=colours)
        axes.set_title(title, fontsize=9)
        axes.tick_params(labelsize=7)
        if number:
            axes.tick_params(labelleft=False)
        else:
            axes.set_yticks(range(len(names)), names)
            axes.invert_yaxis()
    figure.suptitle(
        "Each layer quantized alone" + (" (brown: kept in higher precision)" if kept else ""),
        fontsize=10,
    )
    return _png(figure)


def _png(figure: Figure) -> bytes:
    file = io.BytesIO()
    FigureCanvasAgg(figure)
    # Without the version of Matplotlib in it the same chart is the same file.
    figure.savefig(file, format="png", dpi=110, metadata={"Software": None})
    return file.getvalue()

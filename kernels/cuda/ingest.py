"""From stored samples to the tensor a network takes: one thread a sample."""

import math
from typing import Any

from numba import cuda, float32

from edgers.kernels.cuda.entry import Entry
from edgers.kernels.recipe import DECIBEL, NOTHING, TRUNCATE


def ingest(
    samples: Any, missing: Any, numbers: Any, endings: Any, segments: int, fill: Any,
    out: Any, layers: int, pixels: int, layer_step: int, pixel_step: int, out_layer_step: int,
    out_pixel_step: int, has_missing: int, is_whole: int,
) -> None:  # fmt: skip
    """Scale one sample; arguments as in `edgers.kernels.recipe.Segments`, steps in samples.

    `missing` has the layout of `samples`, and is not looked at unless `has_missing`. With
    `is_whole` a NaN becomes 0.
    """
    i = cuda.grid(1)
    if i >= layers * pixels:
        return
    layer = i // pixels
    pixel = i - layer * pixels
    place = layer * layer_step + pixel * pixel_step
    v = float32(samples[place])
    for segment in range(segments):
        n = segment * 8 * layers + layer
        v = float32(float32(v * numbers[n]) + numbers[n + layers])
        low = numbers[n + 2 * layers]
        high = numbers[n + 3 * layers]
        # NaN compares as false and stays.
        v = low if v < low else v
        v = high if v > high else v
        v = float32(float32(v - numbers[n + 4 * layers]) / numbers[n + 5 * layers])
        low = numbers[n + 6 * layers]
        high = numbers[n + 7 * layers]
        v = low if v < low else v
        v = high if v > high else v
        if endings[segment] == DECIBEL:
            if v > float32(0):
                v = float32(math.log10(v)) * float32(10)
            elif v == float32(0):
                v = float32(-math.inf)
            else:
                v = float32(math.nan)
        # Infinity and NaN have no whole part, and numbers from 2²³ on no other.
        elif endings[segment] != NOTHING and abs(v) < float32(8388608):
            down = float32(math.floor(v))
            rest = v - down
            half = float32(down / float32(2))
            is_odd = half != float32(math.floor(half))
            up = rest > float32(0.5) or (rest == float32(0.5) and is_odd)
            if endings[segment] == TRUNCATE:
                up = v < float32(0) and down < v
            v = down + float32(1) if up else down
    if is_whole and v != v:
        v = float32(0)
    if has_missing and missing[place]:
        v = fill[layer]
    out[layer * out_layer_step + pixel * out_pixel_step] = v


ENTRIES = tuple(
    Entry(
        name=f"ingest_{source}_to_{tensor}",
        function=ingest,
        signature=(
            f"{source}*", "uint8*", "float32*", "int32*", "int32", "float32*", f"{tensor}*",
            *("int32",) * 8,
        ),
    )
    for source in ("uint8", "int16", "uint16", "float32")
    for tensor in ("float32", "float16", "int8", "uint8")
)  # fmt: skip

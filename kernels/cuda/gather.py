"""A tile with its halo, cut from an image in memory: one thread a sample of the tile."""

from typing import Any

from numba import cuda

from edgers.kernels.cuda.entry import Entry

REFLECT, EDGE, ZERO = range(3)
"""What stands beyond the image's edge, as in `edgers.kernels.extension`."""


def gather(
    image: Any, height: int, width: int, layer_step: int, row_step: int, pixel_step: int,
    row: int, column: int, extend: int, tile: Any, layers: int, tile_height: int,
    tile_width: int,
) -> None:  # fmt: skip
    """Copy one sample; steps are those of the image, in samples, the tile is contiguous."""
    i = cuda.grid(1)
    pixels = tile_height * tile_width
    if i >= layers * pixels:
        return
    layer = i // pixels
    rest = i - layer * pixels
    r = row + rest // tile_width
    c = column + rest % tile_width
    if extend == ZERO and (r < 0 or r >= height or c < 0 or c >= width):
        tile[i] = 0
        return
    if extend == REFLECT and height > 1:
        # The remainder is written out: of a negative number it differs between languages.
        period = 2 * (height - 1)
        r = r - period * (r // period)
        r = r if r < height else period - r
    if extend == REFLECT and width > 1:
        period = 2 * (width - 1)
        c = c - period * (c // period)
        c = c if c < width else period - c
    r = 0 if r < 0 else r
    r = height - 1 if r >= height else r
    c = 0 if c < 0 else c
    c = width - 1 if c >= width else c
    tile[i] = image[layer * layer_step + r * row_step + c * pixel_step]


ENTRIES = tuple(
    Entry(
        name=f"gather_{kind}",
        function=gather,
        signature=(f"{kind}*", *("int32",) * 8, f"{kind}*", *("int32",) * 3),
    )
    for kind in ("uint8", "int16", "uint16", "float32")
)

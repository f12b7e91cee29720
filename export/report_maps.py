"""Class maps of a report: FP32's, the shipped one's, and where they differ."""

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
from PIL import Image, ImageDraw, ImageFont

from edgers.contract import ModelOutput
from edgers.products.quicklook import EMPTY, INK, PAPER, Preview
from edgers.scene.open import environment

PANEL_PX = 512
"""Longest side of a map."""

MARGIN_PX, LINE_PX, FONT_PX = 16, 24, 15
SAME, OTHER = (232, 234, 237), (200, 30, 60)
"""Colours of pixels that have the same class in both, and another."""

Bytes = npt.NDArray[np.uint8]


def map_sheet(fp32: Path, shipped: Path, output: ModelOutput, title: str) -> bytes:
    """Draw three maps beside one another; give a PNG.

    Large maps are thinned; a pixel of the third is red where any of those it stands for differs.
    """
    with environment(), rasterio.open(fp32) as one, rasterio.open(shipped) as other:
        nodata = int(one.nodata)
        step = max(1, -(-max(one.shape) // PANEL_PX))
        maps = [_thinned(dataset, step) for dataset in (one, other)]
        apart, share = _apart(one, other, step, nodata)
    panels = [
        Preview(classes=m, samples=m[np.newaxis], nodata=nodata).class_picture(output.shown_classes)
        for m in maps
    ]
    changed = np.where(apart[..., np.newaxis], np.array(OTHER), np.array(SAME)).astype(np.uint8)
    changed[maps[0] == nodata] = EMPTY
    words = ("FP32", "shipped", f"{share:.2%} of the pixels differ")
    return _sheet([*panels, changed], words, title)


def _thinned(dataset: rasterio.io.DatasetReader, step: int) -> npt.NDArray[np.generic]:
    """Read every so manieth pixel, (height, width)."""
    rows = [
        dataset.read(1, window=((row, row + 1), (0, dataset.width)))[:, ::step]
        for row in range(0, dataset.height, step)
    ]
    return np.concatenate(rows)


def _apart(
    one: rasterio.io.DatasetReader, other: rasterio.io.DatasetReader, step: int, nodata: int
) -> tuple[npt.NDArray[np.bool_], float]:
    """Tell for each pixel of the thinned map whether any under it differs, and how many do."""
    rows, differing, valid = [], 0, 0
    for row in range(0, one.height, step):
        window = ((row, min(row + step, one.height)), (0, one.width))
        a, b = (dataset.read(1, window=window) for dataset in (one, other))
        apart = a != b
        differing += int(apart.sum())
        valid += int(((a != nodata) | (b != nodata)).sum())
        starts = np.arange(0, one.width, step)
        rows.append(np.logical_or.reduceat(apart.any(axis=0), starts))
    return np.stack(rows), differing / valid if valid else 0.0


def _sheet(panels: list[Bytes], words: tuple[str, ...], title: str) -> bytes:
    font = ImageFont.load_default(size=FONT_PX)
    factor = max(1, PANEL_PX // max(panels[0].shape[:2]))
    images = [Image.fromarray(p.repeat(factor, axis=0).repeat(factor, axis=1)) for p in panels]
    width, height = images[0].size
    step = max(width, *(int(font.getlength(text)) for text in words)) + MARGIN_PX
    sheet = Image.new(
        "RGB", (3 * step + MARGIN_PX, height + 2 * LINE_PX + 2 * MARGIN_PX), PAPER
    )  # fmt: skip
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN_PX, MARGIN_PX // 2), title, fill=INK, font=font)
    for number, (image, text) in enumerate(zip(images, words, strict=True)):
        left = MARGIN_PX + number * step
        draw.text((left, MARGIN_PX // 2 + LINE_PX), text, fill=INK, font=font)
        sheet.paste(image, (left, MARGIN_PX // 2 + 2 * LINE_PX))
    file = io.BytesIO()
    sheet.save(file, format="PNG", compress_level=3)
    return file.getvalue()

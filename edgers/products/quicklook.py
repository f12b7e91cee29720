"""A picture for people: the scene beside its class map, with a legend."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from edgers.contract import ModelClass
from edgers.products.areas import ClassArea

MIN_SIDE_PX = 320
"""Small scenes are enlarged to this, by whole numbers, so that the legend has room."""
MARGIN_PX, LINE_PX, FONT_PX = 16, 24, 15
INK, PAPER, EMPTY = (28, 32, 36), (255, 255, 255), (104, 108, 114)
STRETCH_PERCENT = (2.0, 50.0, 98.0)
"""Percentiles of each band: black, the middle, and white."""
CONTRAST = 4.0
"""White is at most this many times as far from black as the middle is; else clouds or snow take all
the light and the ground is black."""

Bytes = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]
Plot = Callable[[int, int], Image.Image]
"""Draws a panel of a width and a height."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A thinned scene and its class map."""

    classes: npt.NDArray[np.generic]
    """Class values, (height, width)."""
    samples: npt.NDArray[np.generic]
    """Scene samples, (band, height, width): three bands for colour, one for grey."""
    nodata: int
    """Class value of pixels without data."""

    def scene_picture(self) -> Bytes:
        """Give the scene as (height, width, 3), each band stretched; nodata in grey."""
        image = np.zeros((*self.classes.shape, 3), np.uint8)
        for i in range(3):
            band = self.samples[min(i, len(self.samples) - 1)]
            seen = np.isfinite(band) & (self.classes != self.nodata)
            if seen.any():
                image[..., i] = stretched(band, stretch_of(band[seen]))
        image[self.classes == self.nodata] = EMPTY
        return image

    def class_picture(self, classes: Sequence[ModelClass]) -> Bytes:
        """Give the class map as (height, width, 3) in the classes' colours."""
        image = np.full((*self.classes.shape, 3), EMPTY, np.uint8)
        for entry in classes:
            image[self.classes == entry.value] = tuple(bytes.fromhex(entry.colour))
        return image


def stretch_of(samples: npt.NDArray[Any]) -> tuple[float, float]:
    """Give the samples that become black and white."""
    low, middle, high = (float(p) for p in np.percentile(samples, STRETCH_PERCENT))
    return low, min(high, low + CONTRAST * (middle - low))


def stretched(band: npt.NDArray[Any], stretch: tuple[float, float]) -> Bytes:
    """Give a band as grey of 0 to 255, in its own shape."""
    low, high = stretch
    # Cut off first: infinity becomes the largest number, and more than that by dividing.
    grey = (np.clip(np.nan_to_num(band), low, high) - low) / max(high - low, 1e-12)
    found: Bytes = (grey * 255).astype(np.uint8)
    return found


def write_quicklook(
    path: Path, preview: Preview, classes: Sequence[ModelClass], areas: Sequence[ClassArea],
    *, title: str, nodata_share: float,
) -> None:  # fmt: skip
    """Draw the scene, its classes and the legend into a PNG."""
    rows = area_rows(classes, areas)
    panels = [preview.scene_picture(), preview.class_picture(classes)]
    write_sheet(path, panels, [*rows, nodata_row(nodata_share)], title=title)


def area_rows(
    classes: Sequence[ModelClass], areas: Sequence[ClassArea]
) -> list[tuple[Colour, str]]:
    """Give the lines of the legend that tell what each class covers."""
    return [(rgb(c.colour), _legend_line(a)) for c, a in zip(classes, areas, strict=True)]


def nodata_row(nodata_share: float) -> tuple[Colour, str]:
    """Give the line of the legend that tells how much has no data."""
    return EMPTY, f"nodata  {nodata_share:.1%} of the scene"


def write_sheet(
    path: Path, pictures: Sequence[Bytes], rows: Sequence[tuple[Colour, str]], *, title: str,
    plot: Plot | None = None,
) -> None:  # fmt: skip
    """Draw panels of one size, (height, width, 3), side by side, and a legend, into a PNG.

    `plot` draws one more panel, of the width and height it is given, to the right of them.
    """
    factor = enlarged(pictures[0].shape[:2])
    panels = [
        Image.fromarray(picture.repeat(factor, axis=0).repeat(factor, axis=1))
        for picture in pictures
    ]
    font = ImageFont.load_default(size=FONT_PX)
    width, height = panels[0].size
    if plot is not None:
        panels.append(plot(width, height))
    height = max(panel.height for panel in panels)
    text_px = max(int(font.getlength(text)) for _, text in [*rows, (INK, title)])
    sheet = Image.new(
        "RGB",
        (max(sum(panel.width for panel in panels), text_px + 2 * LINE_PX)
         + (len(panels) + 1) * MARGIN_PX,
         height + 3 * MARGIN_PX + LINE_PX * (len(rows) + 1)),
        PAPER,
    )  # fmt: skip
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN_PX, MARGIN_PX // 2), title, fill=INK, font=font)
    top = MARGIN_PX // 2 + LINE_PX
    left = MARGIN_PX
    for panel in panels:
        sheet.paste(panel, (left, top))
        left += panel.width + MARGIN_PX
    for i, (colour, text) in enumerate(rows):
        y = top + height + MARGIN_PX + i * LINE_PX
        draw.rectangle((MARGIN_PX, y, MARGIN_PX + 16, y + 16), fill=colour, outline=INK)
        _write(draw, (MARGIN_PX + LINE_PX + 2, y), text)
    # With more the file is as large, and takes longer.
    sheet.save(path, format="PNG", compress_level=3)


def enlarged(shape: tuple[int, ...]) -> int:
    """Give how many times a picture of this height and width is enlarged."""
    return max(1, MIN_SIDE_PX // max(shape))


def _write(draw: ImageDraw.ImageDraw, place: tuple[int, int], text: str) -> None:
    """Write text, raising the 2 of a square by hand: the font that comes with Pillow lacks it."""
    font, small = (ImageFont.load_default(size=size) for size in (FONT_PX, FONT_PX * 2 // 3))
    plain, square, _ = text.partition("²")
    draw.text(place, plain, fill=INK, font=font)
    if square:
        draw.text((place[0] + font.getlength(plain), place[1] - 2), "2", fill=INK, font=small)


def rgb(colour: str) -> Colour:
    """Read a colour of six hexadecimal digits."""
    red, green, blue = bytes.fromhex(colour)
    return red, green, blue


def _legend_line(area: ClassArea) -> str:
    size = "" if area.area_km2 is None else f"  {area.area_km2:,.3f} km²"
    return f"{area.name}  {area.share:.1%}{size}"

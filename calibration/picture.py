"""A picture of what was sampled: each scene with its tiles outlined, and a tile of each stratum."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from edgers.calibration.mosaic import ScenePicture, scene_picture
from edgers.calibration.sampling import SampledTiles, Taken
from edgers.calibration.source import Source, open_source, reading
from edgers.pipeline.progress import Progress, Silent
from edgers.products.quicklook import INK, PAPER

PAGE_PX = 1264
"""Width of the page: it fits a screen."""

ACROSS, MOST_SCENES = 3, 9
"""Most scenes in a row, and at all: those with the most tiles."""

LARGEST_PX = 800
"""Longest side of a scene: one alone does not fill the page, so that it can be seen at once."""

THUMB_PX, THUMBS_ACROSS = 96, 12
"""Side of a tile in the sheet, and tiles in a row."""

MARGIN_PX, LINE_PX, FONT_PX, SMALL_PX = 16, 22, 15, 12
OUTLINE, EDGE = (255, 212, 0), (20, 20, 20)
"""Colours of a tile's outline: bright, and dark beside it, to be seen on snow and on water."""

DARKENED = 0.6
"""Light that is left where no tile was taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Thumb:
    """A tile in the sheet."""

    image: Image.Image
    """What it shows."""
    caption: str
    """Tiles taken of its stratum, of those there are."""


def write_picture(sampled: SampledTiles, title: str, progress: Progress | None = None) -> bytes:
    """Draw what was sampled; give a PNG.

    Scenes are read once more, window by window. Raises SceneError where one was changed.
    """
    progress = progress or Silent()
    pictured = sorted(sampled.sources, key=lambda one: -len(_of(sampled, one)))[:MOST_SCENES]
    pictured.sort(key=lambda one: one.name)
    across = min(ACROSS, len(pictured))
    panel_px = min(LARGEST_PX, (PAGE_PX - MARGIN_PX) // across - MARGIN_PX)
    shown = _one_a_stratum(sampled)
    sources = [s for s in sampled.sources if s in pictured or any(t.source is s for t in shown)]
    panels: dict[str, Image.Image] = {}
    thumbs: dict[int, _Thumb] = {}
    windows = sum(len(sampled.windows[one.sha256]) for one in sources)
    progress.start("picture", windows, 0.0)
    try:
        for source in sources:
            with reading(), open_source(sampled.contract, source, sampled.renamed) as scene:
                drawn = scene_picture(
                    scene, sampled.contract.main, sampled.windows[source.sha256], panel_px,
                    lambda: progress.advance(0.0),
                )  # fmt: skip
                panels[source.sha256] = _outlined(drawn, _of(sampled, source))
                for one in shown:
                    if one.source is source:
                        image = Image.fromarray(drawn.window(scene, one.window))
                        thumbs[one.stratum] = _thumb(sampled, one.stratum, image)
    finally:
        progress.finish()
    by_size = sorted(thumbs, key=lambda number: (-sampled.strata[number], number))
    sheet = _Sheet(title=title, sampled=sampled)
    sheet.add_scenes([(one, panels[one.sha256]) for one in pictured], across, panel_px)
    sheet.add_thumbs([thumbs[number] for number in by_size])
    return sheet.png()


def _of(sampled: SampledTiles, source: Source) -> list[Taken]:
    return [one for one in sampled.taken if one.source is source]


def _one_a_stratum(sampled: SampledTiles) -> list[Taken]:
    """Choose a tile to show of each stratum."""
    found: dict[int, Taken] = {}
    for one in sampled.taken:
        found.setdefault(one.stratum, one)
    return list(found.values())


def _thumb(sampled: SampledTiles, stratum: int, image: Image.Image) -> _Thumb:
    taken = sum(one.stratum == stratum for one in sampled.taken)
    share = THUMB_PX / max(image.size)
    size = max(1, round(image.width * share)), max(1, round(image.height * share))
    resample = Image.Resampling.NEAREST if share > 1 else Image.Resampling.BOX
    return _Thumb(
        image=image.resize(size, resample), caption=f"{taken} of {sampled.strata[stratum]}"
    )


def _outlined(drawn: ScenePicture, taken: Sequence[Taken]) -> Image.Image:
    """Outline the tiles in the picture of a scene, and darken what was not taken."""
    frames = []
    shown = (drawn.image * DARKENED).astype(np.uint8)
    for at in (one.window for one in taken):
        left, top = (math.floor(p * drawn.scale) for p in (at.column, at.row))
        right = max(left + 2, math.ceil((at.column + at.width) * drawn.scale) - 1)
        bottom = max(top + 2, math.ceil((at.row + at.height) * drawn.scale) - 1)
        inside = np.s_[top : bottom + 1, left : right + 1]
        shown[inside] = drawn.image[inside]
        frames.append((left, top, right, bottom))
    image = Image.fromarray(shown)
    draw = ImageDraw.Draw(image)
    for left, top, right, bottom in frames:
        if right - left > 8:
            draw.rectangle((left + 1, top + 1, right - 1, bottom - 1), outline=EDGE, width=3)
            draw.rectangle((left + 1, top + 1, right - 1, bottom - 1), outline=OUTLINE, width=2)
        else:
            draw.rectangle((left, top, right, bottom), outline=OUTLINE)
    return image


class _Sheet:
    """The page: parts are added from top to bottom.

    The font that comes with Pillow lacks the signs for times and for what is left out.
    """

    def __init__(self, *, title: str, sampled: SampledTiles) -> None:
        self._sampled = sampled
        self._parts: list[Image.Image] = []
        count, looked_at = len(sampled), sampled.looked_at
        height, width = sampled.tile_px
        self._text(title, FONT_PX + 5)
        self._text(
            f"{count} tiles of {width} x {height} px taken, of {looked_at} looked at in "
            f"{_many(len(sampled.sources), 'scene')}; {sampled.empty} were mostly nodata. "
            f"Seed {sampled.seed}."
        )
        if sampled.classes:
            held = ", ".join(f"{value} in {tiles}" for value, tiles in sampled.classes.items())
            self._text(f"Label values in the tiles taken: {held}.")

    def add_scenes(
        self, panels: Sequence[tuple[Source, Image.Image]], across: int, panel_px: int
    ) -> None:
        """Add the scenes, so many in a row."""
        for begin in range(0, len(panels), across):
            row = panels[begin : begin + across]
            tallest = max(panel.height for _, panel in row)
            part = self._part(tallest + 2 * LINE_PX + MARGIN_PX)
            for i, (source, panel) in enumerate(row):
                left = MARGIN_PX + i * (panel_px + MARGIN_PX)
                name = _fitting(source.name, panel_px)
                self._write(part, (left, 0), name)
                taken = len(_of(self._sampled, source))
                of = len(self._sampled.windows[source.sha256])
                height, width = source.shape
                text = f"{taken} of {_many(of, 'tile')} · {width} x {height} px"
                self._write(part, (left, LINE_PX - 3), text, SMALL_PX)
                part.paste(panel, (left, 2 * LINE_PX - 4))
        left_out = len(self._sampled.sources) - len(panels)
        if left_out:
            self._text(f"And {_many(left_out, 'more scene')}, with fewer tiles each.")

    def add_thumbs(self, thumbs: Sequence[_Thumb]) -> None:
        """Add a tile of each stratum, the commonest first."""
        self._text(
            f"A tile of each of the {len(thumbs)} strata by spectrum, the commonest first; "
            "below it, how many of its kind were taken."
        )
        step = (PAGE_PX - 2 * MARGIN_PX) // THUMBS_ACROSS
        for begin in range(0, len(thumbs), THUMBS_ACROSS):
            part = self._part(THUMB_PX + LINE_PX + 4)
            for i, thumb in enumerate(thumbs[begin : begin + THUMBS_ACROSS]):
                part.paste(thumb.image, (MARGIN_PX + i * step, 0))
                self._write(part, (MARGIN_PX + i * step, THUMB_PX + 3), thumb.caption, SMALL_PX)

    def png(self) -> bytes:
        """Give the page as a PNG."""
        page = Image.new(
            "RGB", (PAGE_PX, sum(p.height for p in self._parts) + 2 * MARGIN_PX), PAPER
        )
        top = MARGIN_PX
        for part in self._parts:
            page.paste(part, (0, top))
            top += part.height
        file = io.BytesIO()
        page.save(file, format="PNG", compress_level=6)
        return file.getvalue()

    def _part(self, height_px: int) -> Image.Image:
        part = Image.new("RGB", (PAGE_PX, height_px), PAPER)
        self._parts.append(part)
        return part

    def _text(self, text: str, size_px: int = FONT_PX) -> None:
        part = self._part(size_px + 11)
        self._write(part, (MARGIN_PX, 0), _fitting(text, PAGE_PX - 2 * MARGIN_PX, size_px), size_px)

    def _write(
        self, part: Image.Image, place: tuple[int, int], text: str, size_px: int = FONT_PX
    ) -> None:
        font = ImageFont.load_default(size=size_px)
        ImageDraw.Draw(part).text(place, text, fill=INK, font=font)


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _fitting(text: str, width_px: int, size_px: int = FONT_PX) -> str:
    """Leave out the middle of a text that is too wide."""
    font = ImageFont.load_default(size=size_px)
    half, shown = len(text) // 2, text
    while half > 4 and font.getlength(shown) > width_px:
        half -= 1
        shown = f"{text[:half]}...{text[-half:]}"
    return shown
